/* SPDX-License-Identifier: MIT
 *
 * parts.c - each part of the pipeline: what it is opened with, and what it tells the others.
 *
 * Functions stand in the order in which daemon.c calls them, which is the order a line travels;
 * only the sources come after the streams, so that no line arrives before there is somebody to see
 * it.
 *
 * Threads: loop thread. Owns: nothing; what is opened belongs to the daemon, also when opening
 * fails half-way.
 */
#include "daemon/daemon_parts.h"

#include "base/diag.h"
#include "net/throttle.h"
#include "source/keeper_in.h"
#include "store/oldfiles.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

enum { HTTP_BODY_MAX = 64 * 1024 }; /* of routes that take it whole */

/* --- hub and store --- */

static void count_batch(const struct batch *b, void *ctx)
{
    struct metrics *m = ctx;

    m->batches_total++;
    m->records_total += b->count;
    m->bytes_total += b->text_n;
    m->unstored_total += b->unstored ? b->count : 0;
    m->live_only_total += b->live_only ? b->count : 0;
    for (uint32_t i = 0; i < b->count; i++)
        m->records_by_level_total[b->records[i].level]++;
}

static void on_acked(uint64_t acked_id, void *ctx)
{
    struct daemon *d = ctx;
    keeper_server_acked(d->keepers, acked_id);
    http_in_acked(d->http_in, acked_id);
    ipc_acked(d->ipc, acked_id);
    if (d->rings)
        ring_server_acked(d->rings, acked_id);
}

static void on_room(void *ctx)
{
    struct daemon *d = ctx;
    if (d->keepers)
        keeper_server_go_on(d->keepers);
    if (d->http_in)
        http_in_go_on(d->http_in);
}

static void on_diag(enum diag_level level, const char *text, void *ctx)
{
    static const enum level levels[] = {LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR};
    struct daemon *d = ctx;

    own_add(&d->own, levels[level], str_from(text), STR_NONE);
}

/* What is deleted on another disk makes no room on this one. */
static bool is_same_disk(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev;
}

/* The disk is full: files that anybody may have, and that the history has as well, go first. */
static bool drop_oldest_file(void *ctx)
{
    struct daemon *d = ctx;
    const struct settings *s = d->settings;
    char name[ROTATED_NAME_MAX];
    uint64_t bytes;

    if (d->applog && is_same_disk(s->application_dir, s->state_dir) &&
        applog_drop_oldest(d->applog, &bytes)) {
        diag_warn("The disk is full: the oldest application file was deleted (%" PRIu64 " bytes)",
                  bytes);
        return true;
    }
    if (!is_same_disk(s->log_dir, s->state_dir) || !oldfiles_drop_rotated(s->log_dir, name, &bytes))
        return false;
    diag_warn("The disk is full: %s/%s of an earlier run was deleted (%" PRIu64 " bytes)",
              s->log_dir, name, bytes);
    return true;
}

int daemon_open_hub(struct daemon *d, struct errinfo *info)
{
    const struct settings *s = d->settings;
    struct hub_opts opts = {.loop = &d->loop,
                            .state_dir = s->state_dir,
                            .journal_max = s->journal_max,
                            .durability = s->durability,
                            .sync_interval_ms = s->sync_interval_ms,
                            .push_rate = s->push_rate_limit};
    struct store_opts store = {.loop = &d->loop,
                               .state_dir = s->state_dir,
                               .max_age_ms = s->retention_max_age_ms,
                               .max_bytes = s->retention_max_bytes,
                               .keeps = s->keeps,
                               .keep_count = s->keep_count,
                               .min_ms = s->retention_min_ms,
                               .drop_file = drop_oldest_file,
                               .ctx = d};
    int err = store_open(&d->store, &store, info);

    if (err == 0) {
        opts.sealed_end = store_end_id(d->store);
        opts.sealed_positions = store_positions(d->store);
        opts.sealed_positions_end = store_positions_end(d->store);
        err = hub_open(&d->hub, &opts, info);
    }
    if (err == 0)
        err = store_attach(d->store, &d->hub);
    if (err < 0)
        return err;
    d->metrics.journal_damage_total =
        d->hub.recovered.damaged_places + d->hub.recovered.damaged_files;
    d->hub.on_room = on_room;
    d->hub.room_ctx = d;
    d->hub.on_acked = on_acked;
    d->hub.acked_ctx = d;
    hub_add_sink(&d->hub, count_batch, &d->metrics);
    err = own_init(&d->own, &d->hub, &d->loop, str_from(s->hub_name),
                   &d->metrics.own_records_lost_total);
    if (err == 0)
        diag_listen(on_diag, d);
    return err;
}

/* --- sinks, and the sources before them --- */

int daemon_open_applog(struct daemon *d, struct errinfo *info)
{
    struct applog_opts opts = {
        .loop = &d->loop, .settings = d->settings, .zone = &d->api.zone, .metrics = &d->metrics};

    if (zone_load(&d->api.zone, d->settings->time_zone) < 0)
        return err_set(info, -LM_E_INVALID,
                       "'time_zone': there is no time zone '%s' on this machine; UTC, +01:00 and "
                       "names such as Europe/Berlin (package tzdata) are understood",
                       d->settings->time_zone);
    int err = applog_new(&d->applog, &opts);
    if (err == 0)
        hub_add_sink(&d->hub, applog_sink, d->applog);
    return err;
}

int daemon_open_streams(struct daemon *d)
{
    struct fanout_opts opts = {.loop = &d->loop,
                               .hub = &d->hub,
                               .store = d->store,
                               .metrics = &d->metrics,
                               .feed_memory = d->settings->feed_memory,
                               .client_lag = d->settings->client_lag,
                               .resume_limit = d->settings->resume_limit};
    int err = fanout_new(&d->fanout, &opts);

    if (err == 0)
        hub_add_sink(&d->hub, fanout_sink, d->fanout);
    return err;
}

int daemon_open_sources(struct daemon *d, struct errinfo *info)
{
    struct supervise_opts opts = {.loop = &d->loop,
                                  .settings = d->settings,
                                  .nofile = d->children_nofile,
                                  .at_rest = d->inherited.at_rest,
                                  .on_stopped = daemon_finish,
                                  .ctx = d};
    struct intake intake = daemon_intake(d);
    int err = supervise_new(&d->supervise, &opts, info);

    if (err == 0)
        err = keeper_server_new(&d->keepers, &d->loop, &intake, d->supervise);
    struct http_in_opts push = {.loop = &d->loop,
                                .intake = intake,
                                .body_max = d->settings->body_max,
                                .memory_max = d->settings->push_memory};
    if (err == 0)
        err = http_in_new(&d->http_in, &push);
    struct tail_opts follow = tail_defaults();
    follow.loop = &d->loop;
    follow.intake = intake;
    follow.settings = d->settings;
    return err < 0 ? err : tail_new(&d->tail, &follow, info);
}

int daemon_open_admin(struct daemon *d)
{
    struct admin_opts opts = {.loop = &d->loop,
                              .hub = &d->hub,
                              .store = d->store,
                              .supervise = d->supervise,
                              .own = &d->own,
                              .hub_name = d->settings->hub_name,
                              .rate_limit = d->settings->admin_stream_rate_limit,
                              .client_lag = d->settings->client_lag,
                              .debug = d->settings->debug == YES};
    int err = admin_new(&d->admin, &opts);

    if (err == 0)
        hub_add_sink(&d->hub, admin_sink, d->admin);
    return err;
}

/* --- questions --- */

static void on_wrong_token(const struct http_req *req, uint32_t tries, void *ctx)
{
    char text[CONN_PEER_MAX];
    struct str peer = str_from(conn_peer(req->conn, text));
    const char *port = req->conn->is_local ? NULL : memrchr(peer.p, ':', peer.n);

    (void)ctx;
    if (port)
        peer.n = (size_t)(port - peer.p);
    if (tries < THROTTLE_TRIES)
        diag_warn("Refused a wrong token or ticket from %.*s (%.*s %.*s)", STR_FMT(peer),
                  STR_FMT(req->method_name), STR_FMT(req->path));
    else
        diag_warn("Refused %d wrong tokens from %.*s within a minute; for the rest of it further "
                  "ones are refused without a word here (429)",
                  THROTTLE_TRIES, STR_FMT(peer));
}

/* What stands before every route. */
static const char *base_path(const struct settings *s)
{
    return strcmp(s->base_path, "none") == 0 ? "" : s->base_path;
}

static int open_ipc(struct daemon *d, struct errinfo *info)
{
    struct intake intake = daemon_intake(d);
    int err = ipc_new(&d->ipc, &d->api, &intake);

    d->api.ipc = d->ipc;
    if (err == 0)
        hub_add_sink(&d->hub, ipc_sink, d->ipc);
    return err < 0 ? err : ring_server_new(&d->rings, &d->loop, &intake, d->settings->socket, info);
}

int daemon_open_api(struct daemon *d, struct errinfo *info)
{
    int err = auth_new(&d->auth, SCOPE_NONE);

    if (err == 0)
        err = auth_configure(d->auth, d->settings);
    if (err == 0)
        auth_listen(d->auth, on_wrong_token, d);
    d->api = (struct api){.loop = &d->loop,
                          .auth = d->auth,
                          .hub = &d->hub,
                          .store = d->store,
                          .fanout = d->fanout,
                          .supervise = d->supervise,
                          .admin = d->admin,
                          .own = &d->own,
                          .http_in = d->http_in,
                          .http = &d->http,
                          .metrics = &d->metrics,
                          .settings = d->settings,
                          .zone = d->api.zone,
                          .control = daemon_control(d),
                          .base_path = base_path(d->settings)};
    running_init(&d->api.running);
    d->loop.untaken.max = d->settings->answer_memory;
    d->http = (struct http_server){.loop = &d->loop,
                                   .dispatch = api_dispatch,
                                   .streams = api_streams,
                                   .ctx = &d->api,
                                   .body_max = HTTP_BODY_MAX,
                                   .head_timeout_ms = d->settings->http_head_timeout_ms,
                                   .idle_timeout_ms = d->settings->http_idle_timeout_ms};
    if (err == 0)
        err = open_ipc(d, info);
    return err < 0 ? err : streams_open(&d->api, HTTP_BODY_MAX);
}
