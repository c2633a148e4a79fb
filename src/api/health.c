/* SPDX-License-Identifier: MIT
 *
 * health.c - is it alive, how is it doing.
 */
#include "api/dispatch.h"
#include "api/processes.h"

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
    if (strcmp(transport, "sse") == 0)
        m->clients_sse++;
    else if (strcmp(transport, "socketio") == 0)
        m->clients_socketio++;
    else
        m->clients_websocket++;
}

void metrics_get(struct http_req *req, struct api *api)
{
    struct metrics *m = api->metrics;
    struct buf out = {0};

    m->clients_sse = m->clients_socketio = m->clients_websocket = m->processes = 0;
    fanout_visit(api->fanout, count_client, m);
    while (supervise_at(api->supervise, m->processes))
        m->processes++;
    m->downloads = api->downloads;
    m->connections = api->loop->conns;
    m->unread_bytes = api->loop->untaken.bytes;
    m->unread_closed_total = api->loop->untaken.given_up;
    m->http_requests_total = api->http->answers;
    m->http_errors_total = api->http->refusals;
    m->journal_bytes_total = journal_written(api->hub->journal);
    m->journal_unsealed = journal_unsealed(api->hub->journal);
    m->live_only = hub_is_live_only(api->hub);
    m->store_chunks = store_chunks(api->store);
    m->store_bytes = store_bytes(api->store);
    m->store_damage_total = store_damaged(api->store);
    m->store_first_id = store_start_id(api->store);
    m->journal_syncs_total = journal_syncs(api->hub->journal);
    metrics_write(m, &out);
    processes_add_metrics(api->supervise, &out);
    http_reply(req, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&out));
    buf_fini(&out);
}
