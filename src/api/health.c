/* SPDX-License-Identifier: MIT
 *
 * health.c - is it alive, how is it doing, which processes are there.
 */
#include "api/dispatch.h"
#include "base/clock.h"
#include "record/json.h"

#include <inttypes.h>

void health_get(struct http_req *req, struct api *api)
{
    (void)api;
    http_reply(req, 200, "application/json", STR("{\"status\":\"ok\"}\n"));
}

void ready_get(struct http_req *req, struct api *api)
{
    if (journal_acked_id(api->hub->journal) > 0)
        http_reply(req, 200, "application/json", STR("{\"status\":\"ready\"}\n"));
    else
        http_reply_error(req, 503, "not_ready", NULL,
                         "the journal is not open yet; try again in a moment");
}

static void count_client(const char *transport, struct str job, void *ctx)
{
    struct metrics *m = ctx;

    (void)job;
    if (transport[0] == 's')
        m->clients_sse++;
    else
        m->clients_websocket++;
}

void metrics_get(struct http_req *req, struct api *api)
{
    struct metrics *m = api->metrics;
    struct buf out = {0};

    m->clients_sse = m->clients_websocket = m->processes = 0;
    fanout_visit(api->fanout, count_client, m);
    while (supervise_at(api->supervise, m->processes))
        m->processes++;
    m->connections = api->loop->conns;
    m->journal_bytes_total = journal_written(api->hub->journal);
    m->journal_syncs_total = journal_syncs(api->hub->journal);
    metrics_write(m, &out);
    http_reply(req, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&out));
    buf_fini(&out);
}

static void add_process(struct buf *out, const struct process *p)
{
    char started[27];
    size_t n = clock_rfc3339(p->started_us, started);

    BUF_LIT(out, "{\"name\":");
    json_add_string(out, str_from(p->name));
    buf_printf(out, ",\"state\":\"%s\",\"reason\":", process_state_name(p->state));
    json_add_string(out, str_from(p->reason));
    buf_printf(out,
               ",\"pid\":%" PRId32 ",\"restarts\":%" PRIu32 ",\"configured\":%s,\"started_at\":",
               p->child_pid, p->restarts, p->configured ? "true" : "false");
    if (p->started_us)
        json_add_string(out, str_of(started, n));
    else
        BUF_LIT(out, "null");
    BUF_LIT(out, ",\"log_file\":");
    json_add_string(out, str_from(p->log_file));
    buf_add_char(out, '}');
}

void processes_get(struct http_req *req, struct api *api)
{
    struct buf out = {0};
    const struct process *p;

    BUF_LIT(&out, "{\"processes\":[");
    for (size_t i = 0; (p = supervise_at(api->supervise, i)); i++) {
        if (i > 0)
            buf_add_char(&out, ',');
        add_process(&out, p);
    }
    BUF_LIT(&out, "]}\n");
    http_reply(req, 200, "application/json", buf_str(&out));
    buf_fini(&out);
}
