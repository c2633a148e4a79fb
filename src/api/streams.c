/* SPDX-License-Identifier: MIT
 *
 * streams.c - the doors to the live streams: WebSocket, SSE, and who is there.
 */
#include "api/dispatch.h"
#include "api/params.h"
#include "net/ws_link.h"
#include "record/json.h"
#include "stream/sse_out.h"
#include "stream/ws_out.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TAIL_MAX = 10000 };

/* Where to begin: Last-Event-ID (a reconnecting EventSource repeats its URL, so the header wins), then
 * `after`, then `tail`. False: the request has been answered. */
static bool read_start(struct http_req *req, struct api *api, struct sub_start *ret)
{
    static const char *const policies[] = {"drop", "wait"};
    struct sub_start start = {.from = SUB_FROM_NOW};
    int slow = 0;
    struct str header = http_header(req, "last-event-id"), after = http_query(req, "after");
    uint64_t tail = 0;

    if (!params_number(req, "tail", TAIL_MAX, &tail) ||
        !params_choice(req, "slow", policies, 2, &slow))
        return false;
    if (tail > 0)
        start = (struct sub_start){.from = SUB_FROM_TAIL, .tail = (uint32_t)tail};
    if (header.n || after.p) {
        bool known = hub_cursor_parse(api->hub, header.n ? header : after, &start.after,
                                      &start.foreign_cursor);
        if (!known && !header.n) {
            http_reply_error(req, 400, "bad_parameter", NULL,
                             "after must be the cursor or id of the last record you have");
            return false;
        }
        start.from = SUB_FROM_CURSOR;
        start.foreign_cursor |= !known;
    }
    start.lossless = slow == 1;
    *ret = start;
    return true;
}

static struct filter *read_request(struct http_req *req, struct api *api, struct sub_start *start)
{
    struct filter *f = params_filter(req, api_params(req));

    if (f && !read_start(req, api, start)) {
        params_filter_free(f);
        f = NULL;
    }
    return f;
}

void stream_sse(struct http_req *req, struct api *api)
{
    struct sub_start start;
    struct buf head = {0};

    if (req->method == HTTP_HEAD_M) {
        http_reply(req, 200, "text/event-stream", STR_NONE);
        return;
    }
    struct filter *f = read_request(req, api, &start);
    if (!f)
        return;
    http_add_header(req, "Cache-Control", "no-cache, no-store");
    http_add_header(req, "X-Accel-Buffering", "no");
    req->keep_alive = false; /* the stream ends with the connection */
    http_write_head(req, 200, "text/event-stream", &head);
    BUF_LIT(&head, "\r\nretry: 1000\n\n");
    struct conn *c = http_take_conn(req);
    conn_write(c, head.p, head.n);
    buf_fini(&head);
    sse_out_open(api->fanout, c, f, &start);
}

void stream_ws(struct http_req *req, struct api *api)
{
    struct ws_terms terms = {0};
    struct sub_start start;
    int window_bits;

    if (!ws_handshake_ok(req, "; for plain HTTP use /api/v1/logs/stream/sse"))
        return;
    struct filter *f = read_request(req, api, &start);
    if (!f)
        return;
    if (ws_offers_protocol(req, "logmill.plain"))
        terms.protocol = "logmill.plain";
    struct conn *c = ws_accept(req, &terms, &window_bits);
    ws_out_open(api->fanout, c, f, &start);
}

/* --- status --- */

struct job_count {
    struct str id;
    uint32_t websocket, sse;
};

struct counts {
    struct map by_job; /* id -> struct job_count, in the request's arena */
    struct job_count global;
    struct arena *arena;
};

static void count_one(const char *transport, struct str job, void *ctx)
{
    struct counts *c = ctx;
    struct job_count *j = job.p ? map_find(&c->by_job, job) : &c->global;

    if (!j) {
        j = arena_alloc(c->arena, sizeof *j);
        if (!j)
            return;
        *j = (struct job_count){.id = job};
        if (map_put(&c->by_job, job, j) < 0)
            return;
    }
    if (strcmp(transport, "sse") == 0)
        j->sse++;
    else
        j->websocket++;
}

static void add_counts(struct buf *out, const struct job_count *j)
{
    buf_printf(out, "{\"websocket\":%" PRIu32 ",\"sse\":%" PRIu32 "}", j->websocket, j->sse);
}

void stream_status(struct http_req *req, struct api *api)
{
    struct counts c = {.arena = &req->arena};
    struct buf out = {0};
    const char *comma = "";

    fanout_visit(api->fanout, count_one, &c);
    BUF_LIT(&out, "{\"status\":\"active\",\"connections\":{\"global\":");
    add_counts(&out, &c.global);
    BUF_LIT(&out, ",\"jobs\":{");
    for (struct map_slot *s = map_next(&c.by_job, NULL); s; s = map_next(&c.by_job, s)) {
        const struct job_count *j = s->value;
        buf_add_str(&out, str_from(comma));
        json_add_string(&out, j->id);
        buf_add_char(&out, ':');
        add_counts(&out, j);
        comma = ",";
    }
    BUF_LIT(&out, "}}}\n");
    http_reply(req, 200, "application/json", buf_str(&out));
    buf_fini(&out);
    map_fini(&c.by_job);
}
