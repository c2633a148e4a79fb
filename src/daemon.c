/* SPDX-License-Identifier: MIT
 *
 * daemon.c - the pipeline, wired in the order a line travels.
 *
 *     keepers ─▶ keeper_server ─▶ hub ─▶ sinks: metrics, fanout ─▶ WebSocket, SSE
 *     HTTP    ─▶ http_in ────────▶┘└─▶ journal ─▶ store ─▶ queries, replay
 *     doors: the local socket (frames or HTTP, told apart by the first byte) and TCP (HTTP)
 *
 * This is the only place where all modules meet; none of them includes this file's struct.
 *
 * Threads: the main thread becomes the loop thread.
 * Owns:    every module.
 */
#include "daemon.h"

#include "api/dispatch.h"
#include "api/ipc.h"
#include "base/clock.h"
#include "base/diag.h"
#include "conf/settings_again.h"
#include "proc/self.h"
#include "proc/upgrade.h"
#include "net/peers.h"
#include "net/throttle.h"
#include "net/tls.h"
#include "hub/own.h"
#include "source/keeper_in.h"
#include "stream/admin.h"
#include "store/applog.h"
#include "source/ring_in.h"
#include "source/tailer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOCK_PATIENCE_US = 1000 * 1000,
    HTTP_BODY_MAX = 64 * 1024, /* of routes that take it whole */
    SNIFF_MAX = 4096,
    DESCRIPTORS_KEPT = 128, /* for everything but clients over TCP */
};

struct daemon {
    const struct settings *settings;
    struct loop loop;
    struct metrics metrics;
    struct hub hub;
    struct store *store;
    struct applog *applog;
    struct fanout *fanout;
    struct admin *admin;
    struct supervise *supervise;
    struct keeper_server *keepers;
    struct http_in *http_in;
    struct ipc *ipc;
    struct ring_server *rings;
    struct tail *tail;
    struct auth *auth;
    struct http_server http;
    struct api api;
    struct listener *local, *tcp;
    struct peers peers;
    struct tls *tls;                     /* NULL: TCP is served in plain */
    struct process_observer start_watch; /* until the URL has been said */
    uv_signal_t sigint, sigterm, sighup, sigusr2;
    struct settings *reloaded; /* the processes' configuration of today; NULL = that of the start */
    struct hand_over inherited, next; /* from the program before, for the one after */
    void (*upgrade_done)(void *ctx, const char *why); /* NULL = nobody asked for an upgrade */
    void *upgrade_ctx;
    struct list strangers; /* local connections that have said nothing yet */
    struct own_records own;
    int lock_fd;
    uint64_t children_nofile; /* what the soft limit of descriptors was; 0 = not changed */
    bool stopping, said_url, upgrading;
};

/* --- one hub per state directory --- */

static int make_dirs(const char *path, struct errinfo *info)
{
    char part[4096];

    for (size_t i = 1; i <= strlen(path); i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)i, path);
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            return err_set(info, -errno,
                           "cannot make the folder %s: %s; choose another with --state-dir", part,
                           err_text(-errno));
    }
    return 0;
}

/* A hub that was killed a moment ago may still be on its way out: the kernel takes up to some tenths
 * of a second to unmap a large journal, and gives the lock back last. */
static bool lock_within(int fd, int64_t patience_us)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int64_t until = clock_mono_us() + patience_us;

    while (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        if (clock_mono_us() > until)
            return false;
        usleep(10 * 1000);
    }
    return true;
}

static int lock_state(struct daemon *d, struct errinfo *info)
{
    char path[4096], pid[16] = "";

    if (d->inherited.lock >= 0) { /* the same process, so the lock holds and the pid is right */
        d->lock_fd = d->inherited.lock;
        return 0;
    }
    snprintf(path, sizeof path, "%s/lock", d->settings->state_dir);
    d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (d->lock_fd < 0)
        return err_set(info, -errno, "cannot open %s: %s", path, err_text(-errno));
    if (lock_within(d->lock_fd, LOCK_PATIENCE_US)) {
        int n = snprintf(pid, sizeof pid, "%d\n", getpid());
        if (ftruncate(d->lock_fd, 0) < 0 || pwrite(d->lock_fd, pid, (size_t)n, 0) != n)
            return err_set(info, -EIO, "cannot write %s", path);
        return 0;
    }
    ssize_t n = read(d->lock_fd, pid, sizeof pid - 1);
    return err_set(info, -LM_E_LOCKED,
                   "another hub (pid %.*s) is using %s: stop it first, or start this one with "
                   "another --state-dir",
                   n > 0 ? (int)strcspn(pid, "\n") : 1, n > 0 ? pid : "?", d->settings->state_dir);
}

/* --- what sources see of the hub --- */

static int intake_publish(void *hub, struct batch *b)
{
    return hub_publish(hub, b);
}

static const struct position *intake_position(void *hub, const struct origin *o)
{
    return positions_get(&((struct hub *)hub)->positions, o);
}

static void intake_forget(void *hub, const struct origin *o)
{
    positions_forget(&((struct hub *)hub)->positions, o);
}

static void intake_each_file(void *hub, origin_fn *fn, void *ctx)
{
    positions_each(&((struct hub *)hub)->positions, ORIGIN_FILE, fn, ctx);
}

static uint64_t intake_acked_id(void *hub)
{
    return hub_acked_id(hub);
}

static bool intake_has_room(void *hub)
{
    return hub_has_room(hub);
}

static bool intake_can_acknowledge(void *hub)
{
    return !journal_is_stuck(((struct hub *)hub)->journal);
}

static void intake_partial(void *hub, struct labels *l, enum stream stream, struct str text)
{
    struct daemon *d = LIST_ITEM((struct hub *)hub, struct daemon, hub);
    fanout_partial(d->fanout, l, stream, text);
}

static uint64_t intake_next_id(void *hub)
{
    return hub_last_id(hub) + 1;
}

static uint32_t intake_push_wait_ms(void *hub, struct str source)
{
    struct limit *limit = &((struct hub *)hub)->limit;
    uint32_t wait_ms = limit_wait_ms(limit, source);
    uint64_t refused = wait_ms ? limit_refused(limit, source) : 0;

    if (refused)
        diag_warn("Source %.*s is over push_rate_limit (%" PRIu64 " records/s): %" PRIu64
                  " requests were told to come again",
                  STR_FMT(source), limit->rate, refused);
    return wait_ms;
}

static void intake_push_charge(void *hub, struct str source, uint64_t records)
{
    limit_charge(&((struct hub *)hub)->limit, source, records);
}

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
}

/* --- the hub's own events become records too --- */

static void on_diag(enum diag_level level, const char *text, void *ctx)
{
    static const enum level levels[] = {LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR};
    struct daemon *d = ctx;

    own_add(&d->own, levels[level], str_from(text), STR_NONE);
}

/* --- doors --- */

/* Without a word where TLS is spoken: a handshake costs too much for that. */
static void refuse_conn(struct daemon *d, struct conn *c, const char *status)
{
    char answer[160];
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 %s\r\nConnection: close\r\nRetry-After: 5\r\n"
                     "Content-Length: 0\r\n\r\n",
                     status);

    d->metrics.connections_refused_total++;
    if (d->tls) {
        conn_close(c, 0);
        return;
    }
    conn_write(c, answer, (size_t)n);
    conn_close(c, 100);
}

static void serve_http(struct daemon *d, struct conn *c)
{
    if (http_serve(&d->http, c) < 0)
        conn_close(c, 0);
}

/* A local connection that has said nothing yet. */
struct stranger {
    struct list link;
    struct daemon *daemon;
    struct conn *conn;
};

static void forget_stranger(struct conn *c)
{
    struct stranger *stranger = c->self;

    list_remove(&stranger->link);
    free(stranger);
}

/* The first byte tells the protocol (docs/ipc-protocol.md, "First byte"). */
static void sniff(struct conn *c)
{
    struct daemon *d = ((struct stranger *)c->self)->daemon;
    unsigned char first = (unsigned char)c->in.p[0];
    bool frames = first <= FRAME_HELLO_MAX && first != '\r' && first != '\n';
    struct stranger *stranger = c->self;
    enum ipc_kind kind = frames ? ipc_serve_local(d->ipc, c) : IPC_NO;

    if (kind == IPC_UNDECIDED)
        return;
    list_remove(&stranger->link);
    free(stranger);
    if (kind == IPC_TAKEN || (frames && ring_serve_local(d->rings, c)))
        return;
    if (frames) {
        if (keeper_serve(d->keepers, c) < 0)
            diag_warn("No memory for another keeper; it will try again");
        return;
    }
    serve_http(d, c);
}

static void await_first_byte(struct daemon *d, struct conn *c)
{
    static const struct conn_ops sniff_ops = {.on_data = sniff, .on_close = forget_stranger};
    struct stranger *stranger = malloc(sizeof *stranger);

    if (!stranger) {
        conn_close(c, 0);
        return;
    }
    *stranger = (struct stranger){.daemon = d, .conn = c};
    list_push(&d->strangers, &stranger->link);
    c->ops = &sniff_ops;
    c->self = stranger;
    c->in_max = SNIFF_MAX;
}

static void ignore_conn(struct conn *c)
{
    (void)c;
}

static void on_accept(struct loop *l, int fd, bool is_local, void *ctx)
{
    static const struct conn_ops silent_ops = {.on_data = ignore_conn, .on_close = ignore_conn};
    struct daemon *d = ctx;
    struct conn *c;

    if (conn_open(l, fd, is_local, &silent_ops, d, &c) < 0)
        return;
    enum peers_verdict verdict = is_local ? PEERS_ADMITTED : peers_admit(&d->peers, c);
    if (verdict == PEERS_FULL)
        refuse_conn(d, c, "503 Service Unavailable");
    else if (verdict == PEERS_ADDRESS_FULL)
        refuse_conn(d, c, "429 Too Many Requests");
    else if (is_local)
        await_first_byte(d, c);
    else if (!d->tls || conn_start_tls(c, d->tls, d->settings->http_head_timeout_ms) == 0)
        serve_http(d, c);
}

/* --- stopping --- */

static void close_handle(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, NULL);
}

/* For the next program they stay open: who calls meanwhile waits in the queue. */
static void close_doors(struct daemon *d)
{
    if (d->upgrading) {
        d->next.tcp = listener_release(d->tcp);
        d->next.local = listener_release(d->local);
    } else {
        listener_close(d->tcp);
        listener_close(d->local);
    }
    d->tcp = d->local = NULL;
}

/* Children have ended (or stay with their keepers): close the doors, let the last bytes out. The loop
 * ends by itself when nothing is left to wait for. */
static void finish(void *ctx)
{
    struct daemon *d = ctx;

    diag_info(d->upgrading ? "The new program takes over" : "Stopped");
    own_flush(&d->own);
    diag_listen(NULL, NULL);
    close_doors(d);
    socketio_close(d->api.socketio);
    tail_close(d->tail);
    fanout_close(d->fanout);
    admin_close(d->admin);
    store_stop(d->store);
    keeper_server_close(d->keepers);
    ipc_close(d->ipc);
    ring_server_close(d->rings);
    supervise_free(d->supervise);
    d->supervise = NULL;
    http_close_all(&d->http);
    LIST_FOR_EACH (link, &d->strangers)
        conn_close(LIST_ITEM(link, struct stranger, link)->conn, 0);
    close_handle((uv_handle_t *)&d->sigint);
    close_handle((uv_handle_t *)&d->sigterm);
    close_handle((uv_handle_t *)&d->sighup);
    close_handle((uv_handle_t *)&d->sigusr2);
}

static void on_stop_signal(uv_signal_t *handle, int signum)
{
    struct daemon *d = handle->data;

    if (d->stopping) {
        diag_warn("Asked again: stopping at once; children stay with their keepers");
        finish(d);
        return;
    }
    d->stopping = true;
    if (d->settings->on_exit == EXIT_LEAVE) {
        diag_info("%s: stopping; children stay with their keepers",
                  signum == SIGINT ? "SIGINT" : "SIGTERM");
        finish(d);
        return;
    }
    diag_info("%s: stopping", signum == SIGINT ? "SIGINT" : "SIGTERM");
    supervise_stop_all(d->supervise);
}

static void reload_certificate(struct daemon *d)
{
    struct errinfo info = {0};

    if (!d->tls)
        return;
    if (tls_reload(d->tls, &info) == 0)
        diag_info("The certificate %s was read again", d->settings->tls_cert);
    else
        diag_error("%s; the old certificate stays in use", info.text);
}

/* Processes, tokens, hosts, origins and the certificate change at once, everything else at the next
 * start. */
static int reload(void *daemon, struct buf *said, struct errinfo *info)
{
    struct daemon *d = daemon;
    struct settings *fresh = calloc(1, sizeof *fresh), *old = d->reloaded;
    struct reload_report report;
    struct arena arena = {0};
    struct buf later = {0};
    int argc = 0;
    char **argv = self_argv(&arena, &argc);
    int rc = fresh && argv ? settings_load_again(fresh, argc, argv, info)
                           : err_set(info, -ENOMEM, "memory is short");

    if (rc == 0)
        rc = auth_configure(d->auth, fresh);
    if (rc == 0) {
        reload_certificate(d);
        supervise_reload(d->supervise, fresh, &report);
        buf_printf(said, "processes: %u started, %u started anew, %u stopped, %u as before",
                   report.started, report.restarted, report.stopped, report.kept);
        buf_printf(said, "; %zu tokens", fresh->token_count);
        if (settings_differ(d->settings, fresh, &later) > 0)
            buf_printf(said, "; from the next start on: %.*s", STR_FMT(buf_str(&later)));
        d->reloaded = fresh;
        fresh = old;
    }
    if (fresh)
        settings_fini(fresh);
    free(fresh);
    arena_fini(&arena);
    buf_fini(&later);
    return rc;
}

static void on_hangup(uv_signal_t *handle, int signum)
{
    struct daemon *d = handle->data;
    struct errinfo info = {0};
    struct buf said = {0};

    (void)signum;
    if (d->stopping)
        return;
    if (reload(d, &said, &info) < 0)
        diag_error("SIGHUP: %s; the old configuration holds", info.text);
    else
        diag_info("SIGHUP: %.*s", STR_FMT(buf_str(&said)));
    buf_fini(&said);
}

/* --- becoming the next program --- */

static void on_upgrade_checked(void *ctx, const char *why)
{
    struct daemon *d = ctx;
    void (*done)(void *, const char *) = d->upgrade_done;

    d->upgrade_done = NULL;
    done(d->upgrade_ctx, why);
    if (why || d->stopping) {
        diag_error("No upgrade, the old program goes on: %s", why ? why : "the hub is stopping");
        return;
    }
    d->stopping = d->upgrading = true;
    finish(d);
}

static int upgrade(void *daemon, void (*done)(void *ctx, const char *why), void *ctx,
                   struct errinfo *info)
{
    struct daemon *d = daemon;

    if (d->upgrade_done || d->stopping)
        return err_set(info, -LM_E_REFUSED, "the hub is stopping or being upgraded already");
    d->upgrade_done = done;
    d->upgrade_ctx = ctx;
    int rc = upgrade_check(&d->loop, on_upgrade_checked, d, info);
    if (rc < 0)
        d->upgrade_done = NULL;
    return rc;
}

static void nobody_waits(void *ctx, const char *why)
{
    (void)ctx;
    (void)why;
}

static void on_upgrade_signal(uv_signal_t *handle, int signum)
{
    struct errinfo info = {0};

    (void)signum;
    if (upgrade(handle->data, nobody_waits, NULL, &info) < 0)
        diag_error("SIGUSR2: %s", info.text);
}

/* Everything is closed but what the next program goes on with. */
static int become_next(struct daemon *d, struct errinfo *info)
{
    d->next.lock = d->lock_fd;
    d->next.nofile = d->children_nofile;
    int rc = upgrade_exec(&d->next);

    return err_set(info, rc,
                   "the new program cannot be executed: %s; start the hub again: "
                   "children go on with their keepers, and nothing is lost",
                   err_text(rc));
}

/* --- starting --- */

static int watch_signal(struct daemon *d, uv_signal_t *handle, uv_signal_cb fn, int signum)
{
    uv_signal_init(&d->loop.uv, handle);
    handle->data = d;
    return uv_signal_start(handle, fn, signum);
}

/* The disk is full: files that anybody may have, and that the history has as well, go first. */
static bool drop_oldest_file(void *ctx)
{
    struct daemon *d = ctx;
    uint64_t bytes;

    if (!d->applog || !applog_drop_oldest(d->applog, &bytes))
        return false;
    diag_warn("The disk is full: the oldest application file was deleted (%" PRIu64 " bytes)",
              bytes);
    return true;
}

static int open_hub(struct daemon *d, struct errinfo *info)
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
                               .min_ms = s->retention_min_ms,
                               .drop_file = drop_oldest_file,
                               .ctx = d};
    int err = store_open(&d->store, &store, info);

    if (err == 0) {
        opts.sealed_end = store_end_id(d->store);
        opts.sealed_positions = store_positions(d->store);
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

/* The days of files and downloads, and the daily files. */
static int open_applog(struct daemon *d, struct errinfo *info)
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

static int open_streams(struct daemon *d)
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

/* "Every address" is none to go to: this machine's own stands for it. */
static const char *reachable_address(const struct listener *ls, char out[128])
{
    struct str text = str_from(listener_address(ls)), any4 = STR("0.0.0.0:"), any6 = STR("[::]:");

    if (str_starts(text, any4))
        snprintf(out, 128, "127.0.0.1:%s", text.p + any4.n);
    else if (str_starts(text, any6))
        snprintf(out, 128, "[::1]:%s", text.p + any6.n);
    else
        snprintf(out, 128, "%s", text.p);
    return out;
}

/* The URL is the last line of a start: once every configured process has begun, or failed to. */
static void say_url(struct daemon *d)
{
    char ticket[33], address[128];
    const struct process *p;

    if (d->said_url || d->stopping || !d->tcp)
        return;
    for (size_t i = 0; (p = supervise_at(d->supervise, i)); i++)
        if (p->configured && p->state == PROCESS_STARTING && p->restarts == 0 && !p->child_pid)
            return;
    d->said_url = true;
    supervise_unobserve(&d->start_watch);
    if (auth_ticket(d->auth, ticket) == 0)
        diag_private("Open http%s://%s/?ticket=%s", d->tls ? "s" : "",
                     reachable_address(d->tcp, address), ticket);
}

static void on_process_change(struct process_observer *o, const struct process *p)
{
    (void)p;
    say_url(LIST_ITEM(o, struct daemon, start_watch));
}

static struct intake intake_of(struct daemon *d)
{
    return (struct intake){.hub = &d->hub,
                           .publish = intake_publish,
                           .position = intake_position,
                           .forget = intake_forget,
                           .each_file = intake_each_file,
                           .acked_id = intake_acked_id,
                           .has_room = intake_has_room,
                           .can_acknowledge = intake_can_acknowledge,
                           .next_id = intake_next_id,
                           .partial = intake_partial,
                           .push_wait_ms = intake_push_wait_ms,
                           .push_charge = intake_push_charge,
                           .labels = &d->hub.labels,
                           .metrics = &d->metrics};
}

static int open_sources(struct daemon *d, struct errinfo *info)
{
    struct supervise_opts opts = {.loop = &d->loop,
                                  .settings = d->settings,
                                  .nofile = d->children_nofile,
                                  .on_stopped = finish,
                                  .ctx = d};
    struct intake intake = intake_of(d);
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

static int open_admin(struct daemon *d)
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

static void on_wrong_token(const struct http_req *req, uint32_t tries, void *ctx)
{
    struct str peer = str_from(req->conn->peer);
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
    struct intake intake = intake_of(d);
    int err = ipc_new(&d->ipc, &d->api, &intake);

    d->api.ipc = d->ipc;
    if (err == 0)
        hub_add_sink(&d->hub, ipc_sink, d->ipc);
    return err < 0 ? err : ring_server_new(&d->rings, &d->loop, &intake, d->settings->socket, info);
}

static int open_api(struct daemon *d, struct errinfo *info)
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
                          .control = {.reload = reload, .upgrade = upgrade, .daemon = d},
                          .base_path = base_path(d->settings)};
    running_init(&d->api.running);
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

static int open_tls(struct daemon *d, struct errinfo *info)
{
    const struct settings *s = d->settings;

    if (!s->tls_cert[0] && !s->tls_key[0])
        return 0;
    if (!s->tls_cert[0] || !s->tls_key[0])
        return err_set(info, -LM_E_INVALID,
                       "TLS needs both tls.cert and tls.key; tls.%s is missing",
                       s->tls_cert[0] ? "key" : "cert");
    return tls_new(&d->tls, s->tls_cert, s->tls_key, info);
}

/* Clients are not given the descriptors that the journal, the store and keepers need. */
static void limit_connections(struct daemon *d)
{
    uint32_t max = d->settings->max_connections, each = d->settings->max_connections_per_address;
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};

    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t kept = limit.rlim_cur / 2 < DESCRIPTORS_KEPT ? limit.rlim_cur / 2 : DESCRIPTORS_KEPT;
    if (max > limit.rlim_cur - kept) {
        max = (uint32_t)(limit.rlim_cur - kept);
        diag_warn("At most %" PRIu32 " connections at a time, not %" PRIu32
                  ": this program may open %" PRIu64 " files (ulimit -n)",
                  max, d->settings->max_connections, (uint64_t)limit.rlim_cur);
    }
    d->peers = (struct peers){
        .max = max, .max_near = each ? each : max, .max_far = each ? each : max / 10 + 1};
}

/* Those of the program before this one, if they are where the configuration wants them. */
static void adopt_doors(struct daemon *d)
{
    const struct settings *s = d->settings;

    if (d->inherited.local >= 0 &&
        listener_adopt(&d->loop, d->inherited.local, s->socket, true, on_accept, d, &d->local) < 0)
        d->local = NULL;
    if (d->inherited.tcp >= 0 &&
        listener_adopt(&d->loop, d->inherited.tcp, s->listen, false, on_accept, d, &d->tcp) < 0)
        d->tcp = NULL;
}

static int open_doors(struct daemon *d, struct errinfo *info)
{
    int err = open_tls(d, info);

    limit_connections(d);
    adopt_doors(d);
    if (err == 0 && !d->local)
        err = listener_open_unix(&d->loop, d->settings->socket, on_accept, d, &d->local, info);
    if (err == 0 && !d->tcp && strcmp(d->settings->listen, "none") != 0)
        err = listener_open_tcp(&d->loop, d->settings->listen, d->settings->token_count > 0,
                                on_accept, d, &d->tcp, info);
    if (err == 0 && d->tcp && listener_is_open(d->tcp) && !d->tls)
        diag_warn("%s can be reached from other machines, and without TLS tokens and lines travel "
                  "in the clear: set tls.cert and tls.key, or let only a TLS proxy reach it",
                  listener_address(d->tcp));
    return err;
}

static int start(struct daemon *d, struct errinfo *info)
{
    int err = make_dirs(d->settings->state_dir, info);

    if (err == 0)
        err = lock_state(d, info);
    if (err == 0)
        err = open_hub(d, info);
    if (err == 0)
        err = open_applog(d, info);
    if (err == 0)
        err = open_streams(d);
    if (err == 0)
        err = open_sources(d, info);
    if (err == 0)
        err = open_admin(d);
    if (err == 0)
        err = open_api(d, info);
    if (err == 0)
        err = open_doors(d, info);
    if (err < 0 && info->code == 0)
        err_set(info, err, "cannot start: %s", err_text(err));
    return err;
}

/* After the loop has ended; also after a start that failed half-way. */
static void clean_up(struct daemon *d)
{
    diag_listen(NULL, NULL);
    listener_close(d->tcp);
    listener_close(d->local);
    supervise_free(d->supervise);
    keeper_server_free(d->keepers);
    d->keepers = NULL; /* on_room() may still come */
    ipc_free(d->ipc);
    ring_server_free(d->rings);
    http_in_free(d->http_in);
    socketio_free(d->api.socketio);
    tail_free(d->tail);
    fanout_free(d->fanout);
    admin_free(d->admin);
    applog_free(d->applog);
    d->applog = NULL;
    zone_fini(&d->api.zone);
    auth_free(d->auth);
    tls_free(d->tls);
    peers_fini(&d->peers);
    own_fini(&d->own);
    store_close(d->store);
    hub_close(&d->hub);
    if (d->reloaded)
        settings_fini(d->reloaded);
    free(d->reloaded);
    if (d->lock_fd >= 0 && !d->upgrading)
        close(d->lock_fd);
}

/* Somebody cut a mapped journal file short, or the disk cannot read it. No code below could go on;
 * the handler only says what it was, and the instruction meets the default action again. */
static void on_bus_error(int signum)
{
    static const char text[] =
        "logmill serve: a file of the journal was cut short or cannot be read. Start it again: "
        "what is whole stays, and keepers hold what was not acknowledged.\n";

    (void)signum;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
}

/* Each client and each file of the journal takes a descriptor, and 1024, which a shell gives, is no
 * promise the hub could keep. Children get the old limit: programs that use select() count on it. */
static void raise_descriptor_limit(struct daemon *d)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
        return;
    d->children_nofile = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        d->children_nofile = 0;
}

int daemon_run(const struct settings *settings, struct errinfo *info)
{
    static struct daemon d;
    int err;

    d = (struct daemon){.settings = settings, .lock_fd = -1, .next = {-1, -1, -1, 0}};
    upgrade_take_over(&d.inherited);
    if (settings->debug == YES)
        diag_min_level(DIAG_DEBUG);
    raise_descriptor_limit(&d);
    if (d.inherited.nofile)
        d.children_nofile = d.inherited.nofile;
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGBUS,
              &(struct sigaction){.sa_handler = on_bus_error, .sa_flags = (int)SA_RESETHAND}, NULL);
    err = loop_init(&d.loop);
    if (err < 0)
        return err_set(info, err, "cannot start the event loop: %s", err_text(err));
    list_init(&d.strangers);
    err = start(&d, info);
    if (err == 0) {
        watch_signal(&d, &d.sigint, on_stop_signal, SIGINT);
        watch_signal(&d, &d.sigterm, on_stop_signal, SIGTERM);
        watch_signal(&d, &d.sighup, on_hangup, SIGHUP);
        watch_signal(&d, &d.sigusr2, on_upgrade_signal, SIGUSR2);
        diag_info("Local socket: %s", settings->socket);
        d.start_watch.changed = on_process_change;
        supervise_observe(d.supervise, &d.start_watch);
        supervise_start(d.supervise);
        say_url(&d);
        loop_run(&d.loop);
    }
    clean_up(&d);
    return err == 0 && d.upgrading ? become_next(&d, info) : err;
}
