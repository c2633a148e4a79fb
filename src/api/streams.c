/* SPDX-License-Identifier: MIT
 *
 * streams.c - the doors to the live streams: WebSocket, SSE, Socket.IO, and who is there.
 */
#include "api/dispatch.h"
#include "api/params.h"
#include "net/ws_link.h"
#include "record/json.h"
#include "stream/socketio_out.h"
#include "stream/sse_out.h"
#include "stream/ws_out.h"

#include <inttypes.h>

enum { TAIL_MAX = 10000 };

/* Where to begin: Last-Event-ID (a reconnecting EventSource repeats its URL, so the header wins),
 * then `after`, then `tail`. False: the request has been answered. */
static bool read_place(struct http_req *req, struct api *api, struct sub_start *start)
{
    struct str header = http_header(req, "last-event-id"), after = http_query(req, "after");
    uint64_t tail = 0;

    if (!params_number(req, "tail", TAIL_MAX, &tail))
        return false;
    if (tail > 0)
        *start = (struct sub_start){.from = SUB_FROM_TAIL, .tail = (uint32_t)tail};
    if (!header.n && !after.p)
        return true;
    bool known = hub_cursor_parse(api->hub, header.n ? header : after, &start->after,
                                  &start->foreign_cursor);
    if (!known && !header.n) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "after must be the cursor or id of the last record you have");
        return false;
    }
    start->from = SUB_FROM_CURSOR;
    start->foreign_cursor |= !known;
    return true;
}

/* Everything that streams have in common. False: answered. */
static bool read_wish(struct http_req *req, void *ctx, struct stream_wish *ret)
{
    static const char *const slows[] = {"drop", "wait"}, *const levels[] = {"all", "basic"};
    static const char *const resumes[] = {"limit", "all"};
    struct stream_wish wish = {.start.from = SUB_FROM_NOW};
    int slow = 0, basic = 0, whole = 0;
    uint64_t batch_ms = 0;

    wish.filter = params_filter(req, api_params(req));
    if (!wish.filter)
        return false;
    if (!read_place(req, ctx, &wish.start) || !params_choice(req, "slow", slows, 2, &slow) ||
        !params_choice(req, "levels", levels, 2, &basic) ||
        !params_choice(req, "resume", resumes, 2, &whole) ||
        !params_number(req, "batch_ms", BATCH_MS_MAX, &batch_ms)) {
        params_filter_free(wish.filter);
        return false;
    }
    wish.start.lossless = slow == 1;
    wish.start.whole = whole == 1;
    wish.basic_levels = basic == 1;
    wish.batch_ms = (uint32_t)batch_ms;
    *ret = wish;
    return true;
}

void stream_sse(struct http_req *req, struct api *api)
{
    struct stream_wish wish;
    struct buf head = {0};

    if (req->method == HTTP_HEAD_M) {
        http_reply(req, 200, "text/event-stream", STR_NONE);
        return;
    }
    if (!read_wish(req, api, &wish))
        return;
    http_add_header(req, "Cache-Control", "no-cache, no-store");
    http_add_header(req, "X-Accel-Buffering", "no");
    req->keep_alive = false; /* the stream ends with the connection */
    http_write_head(req, 200, "text/event-stream", &head);
    BUF_LIT(&head, "\r\nretry: 1000\n\n");
    struct conn *c = http_take_conn(req);
    conn_write(c, head.p, head.n);
    buf_fini(&head);
    struct form form = {.basic_levels = wish.basic_levels, .batch_ms = wish.batch_ms};
    sse_out_open(api->fanout, c, wish.filter, form, &wish.start);
}

/* `subscribe=none`: on logmill.v1 every subscription may come by message. False: answered. */
static bool read_subscribe(struct http_req *req, bool v1, struct stream_wish *wish)
{
    static const char *const words[] = {"url", "none"};
    int none = 0;

    if (!params_choice(req, "subscribe", words, 2, &none))
        return false;
    if (none && !v1) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "subscribe=none needs the subprotocol logmill.v1");
        return false;
    }
    if (none) {
        params_filter_free(wish->filter);
        wish->filter = NULL;
    }
    return true;
}

void stream_ws(struct http_req *req, struct api *api)
{
    struct ws_terms_out out = {.v1 = ws_offers_protocol(req, "logmill.v1")};
    struct ws_terms terms = {0};
    struct stream_wish wish;

    if (!ws_handshake_ok(req, "; for plain HTTP use /api/v1/logs/stream/sse") ||
        !read_wish(req, api, &wish))
        return;
    if (!read_subscribe(req, out.v1, &wish)) {
        params_filter_free(wish.filter);
        return;
    }
    if (out.v1)
        terms.protocol = "logmill.v1";
    else if (ws_offers_protocol(req, "logmill.plain"))
        terms.protocol = "logmill.plain";
    if (out.v1 && api->settings->ws_compression == SETTING_ON)
        terms.least_window = WS_WINDOW_BITS;
    out.basic_levels = wish.basic_levels;
    out.batch_ms = wish.batch_ms;
    out.grant = req->grant;
    struct conn *c = ws_accept(req, &terms, &out.window_bits);
    ws_out_open(api->fanout, c, wish.filter, &wish.start, &out);
}

/* --- Socket.IO --- */

int streams_open(struct api *api, size_t body_max)
{
    struct socketio_opts opts = {.fanout = api->fanout,
                                 .read = read_wish,
                                 .ctx = api,
                                 .ping_interval_ms = api->settings->socketio_ping_interval_ms,
                                 .ping_timeout_ms = api->settings->socketio_ping_timeout_ms,
                                 .sessions_max = api->settings->max_connections,
                                 .payload_max = body_max,
                                 .queue = api->settings->socketio_queue};
    return socketio_new(&api->socketio, &opts);
}

void stream_socketio(struct http_req *req, struct api *api)
{
    socketio_handle(api->socketio, req);
}

/* --- status --- */

struct job_count {
    struct str id;
    uint32_t websocket, sse, socketio;
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
    else if (strcmp(transport, "socketio") == 0)
        j->socketio++;
    else
        j->websocket++;
}

/* The shape that clients know, and Socket.IO where there is some. */
static void add_counts(struct buf *out, const struct job_count *j)
{
    buf_printf(out, "{\"websocket\":%" PRIu32 ",\"sse\":%" PRIu32, j->websocket, j->sse);
    if (j->socketio)
        buf_printf(out, ",\"socketio\":%" PRIu32, j->socketio);
    buf_add_char(out, '}');
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
