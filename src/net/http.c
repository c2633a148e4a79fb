/* SPDX-License-Identifier: MIT
 *
 * http.c - one connection that speaks HTTP: heads and bodies in, requests to the dispatcher.
 *
 *     IDLE ─first byte─▶ IN_HEAD ─whole head─▶ IN_BODY ─whole body─▶ BUSY ─answered─▶ IDLE
 *       any damage, any deadline ─▶ refusal, OVER
 *
 * Every request is read twice: by the guard, which takes the head apart, and by llhttp, which must
 * come to the same framing and decodes the body. Where they differ the request is refused. The parser
 * starts afresh for each request, and after any refusal the connection closes, so a byte that was
 * read as one thing is never read again as another.
 *
 * A body that is streamed goes to its handler from IN_BODY, piece by piece; while the handler wants no
 * more the connection is not read, and the client is not blamed for the time that takes.
 *
 * A handler may answer in a later turn. Then the request is freed and the next one read at the end of
 * that turn, never below the handler's own call.
 */
#include "net/grant.h"
#include "net/http_private.h"

#include <errno.h>
#include <stdlib.h>

enum {
    IN_MAX = 64 * 1024,
    OUT_HIGH = 256 * 1024,          /* with this much unsent the next request waits */
    CHUNK_OVERHEAD_MAX = 64 * 1024, /* of chunk headers and trailers, beyond 8 bytes per byte */
    BODY_BYTES_PER_MS = 1,          /* a body slower than this for long is given up */
    REFUSAL_LINGER_MS = 2000,
    REQUESTS_AT_ONCE = 8, /* of one connection; with more it waits its turn (http_turns.c) */
};

struct request {
    struct http_req req;
    struct http_private priv;
};

static void empty_request(struct http_req *req)
{
    buf_fini(&req->priv->body);
    buf_fini(&req->priv->extra);
    arena_reset(&req->arena);
    grant_unref(req->grant);
}

void http_drop_spare(struct http_server *s)
{
    if (s->spare)
        arena_fini(&s->spare->arena);
    free(s->spare);
    s->spare = NULL;
}

/* One is kept for the next, so that ten thousand handshakes do not leave ten thousand holes of its size
 * between what stays. */
static void request_free(struct http_req *req)
{
    struct http_server *s = req->priv->hc ? req->priv->hc->server : NULL;

    empty_request(req);
    if (s && s->live > 0 && !s->spare) {
        s->spare = req;
        return;
    }
    arena_fini(&req->arena);
    free(req);
}

static struct http_req *request_new(struct http_conn *hc)
{
    struct http_server *s = hc->server;
    struct request *r;
    struct arena arena = {0};

    if (s->spare) {
        r = LIST_ITEM(s->spare, struct request, req);
        arena = s->spare->arena;
        s->spare = NULL;
    } else {
        r = malloc(sizeof *r);
    }
    if (!r)
        return NULL;
    *r = (struct request){.req = {.priv = &r->priv, .conn = hc->c, .arena = arena}, .priv.hc = hc};
    return &r->req;
}

static void http_conn_free(struct http_conn *hc)
{
    turn_hook_cancel(&hc->go_on);
    list_remove(&hc->turn);
    if (hc->req)
        request_free(hc->req);
    free(hc);
}

void http_refuse(struct http_conn *hc, int status, const char *message)
{
    struct buf answer = {0};
    struct http_refusal why = {status, message};

    hc->state = HTTP_OVER;
    http_clear_deadline(hc);
    http_count_answer(hc->server, why.status);
    http_add_refusal(&answer, &why);
    conn_write(hc->c, answer.p, answer.n);
    buf_fini(&answer);
    conn_close(hc->c, REFUSAL_LINGER_MS);
}

static int on_headers_complete(llhttp_t *parser)
{
    struct http_conn *hc = parser->data;
    bool chunked = parser->flags & F_CHUNKED;

    if (chunked != hc->head.chunked || parser->content_length != hc->head.content_length)
        return -1;
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
    struct http_conn *hc = parser->data;
    struct http_private *p = hc->req->priv;
    struct buf *body = &p->body;

    if (n > (p->stream ? p->stream->max : hc->server->body_max) - p->body_total) {
        hc->why = (struct http_refusal){413, "the body is larger than is accepted here"};
        return HPE_USER;
    }
    p->body_total += n;
    buf_add(body, at, n);
    if (body->failed) {
        hc->why = (struct http_refusal){503, "out of memory"};
        return HPE_USER;
    }
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct http_conn *hc = parser->data;

    hc->message_complete = true;
    return HPE_PAUSED; /* what follows is the next request */
}

static const llhttp_settings_t parser_settings = {
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* Gives bytes to the parser. Returns how many belong to this request; 0: refused. */
static size_t parse(struct http_conn *hc, struct str bytes)
{
    llhttp_errno_t e = llhttp_execute(&hc->parser, bytes.p, bytes.n);

    if (e == HPE_OK)
        return bytes.n;
    if (hc->message_complete && (e == HPE_PAUSED || e == HPE_PAUSED_UPGRADE))
        return (size_t)(llhttp_get_error_pos(&hc->parser) - bytes.p);
    if (e == HPE_INVALID_METHOD)
        hc->why = (struct http_refusal){501, "this method is not known here"};
    else if (!hc->why.status)
        hc->why = (struct http_refusal){400, "the request is not well-formed"};
    http_refuse(hc, hc->why.status, hc->why.message);
    return 0;
}

/* A whole head of n bytes is in: makes the request of it. False: refused. */
static bool begin_request(struct http_conn *hc, size_t n)
{
    struct http_req *req = hc->req = request_new(hc);
    struct str bytes = req ? arena_copy(&req->arena, str_of(hc->c->in.p, n)) : STR_NONE;

    if (!bytes.p) {
        http_refuse(hc, 503, "out of memory");
        return false;
    }
    buf_consume(&hc->c->in, n);
    if (!http_head_parse(bytes, &hc->head, req, &hc->why) ||
        !http_target_parse(&hc->head, req, &hc->why)) {
        http_refuse(hc, hc->why.status, hc->why.message);
        return false;
    }
    req->method = hc->head.method;
    req->method_name = hc->head.method_name;
    req->keep_alive = hc->head.keep_alive;
    req->priv->body_open = hc->server->streams && hc->server->streams(req, hc->server->ctx);
    if (!req->priv->body_open && hc->head.content_length > hc->server->body_max) {
        http_refuse(hc, 413, "the body is larger than is accepted here");
        return false;
    }
    llhttp_init(&hc->parser, HTTP_REQUEST, &parser_settings);
    hc->parser.data = hc;
    hc->message_complete = false;
    size_t parsed = parse(hc, bytes);
    if (parsed && parsed != n)
        http_refuse(hc, 400, "the request is not well-formed");
    return parsed == n;
}

static void expect_body(struct http_conn *hc)
{
    hc->body_raw = hc->body_mark = 0;
    http_set_deadline(hc, hc->server->head_timeout_ms);
    if (hc->head.expects_continue && hc->c->in.n == 0)
        conn_write(hc->c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

/* The handler hears of its request before the body does come. False: it has answered already. */
static bool dispatch_stream(struct http_conn *hc)
{
    struct http_private *p = hc->req->priv;

    http_clear_deadline(hc);
    hc->server->dispatch(hc->req, hc->server->ctx);
    lm_assert(p->answered != (p->stream != NULL) && !p->taken);
    if (p->answered)
        hc->state = HTTP_BUSY;
    return !p->answered;
}

static bool take_head(struct http_conn *hc)
{
    struct buf *in = &hc->c->in;

    /* Old clients send an empty line after a body (RFC 9112, 2.2). */
    while (hc->scan.at == 0 && in->n >= 2 && memcmp(in->p, "\r\n", 2) == 0)
        buf_consume(in, 2);
    if (hc->scan.at == 0 && in->n == 1 && in->p[0] == '\r')
        return false;
    size_t n = http_head_scan(&hc->scan, buf_str(in), &hc->why);
    if (hc->why.status) {
        http_refuse(hc, hc->why.status, hc->why.message);
        return false;
    }
    if (n == 0) {
        if (in->n && hc->state == HTTP_IDLE) {
            hc->state = HTTP_IN_HEAD;
            http_set_deadline(hc, hc->server->head_timeout_ms);
        }
        return false;
    }
    if (!begin_request(hc, n))
        return false;
    hc->state = HTTP_IN_BODY;
    if (hc->req->priv->body_open && !dispatch_stream(hc))
        return false;
    if (!hc->message_complete)
        expect_body(hc);
    return true;
}

/* Decodes what has come of the body. False: refused. */
static bool read_body(struct http_conn *hc)
{
    struct buf *in = &hc->c->in;
    uint64_t total;
    size_t n = parse(hc, buf_str(in));

    if (n == 0)
        return false;
    buf_consume(in, n);
    hc->body_raw += n;
    total = hc->req->priv->body_total;
    if (hc->body_raw - total > CHUNK_OVERHEAD_MAX + total * 8) {
        http_refuse(hc, 400, "the chunks of the body carry more overhead than data");
        return false;
    }
    if (hc->body_raw - hc->body_mark >= hc->server->head_timeout_ms * BODY_BYTES_PER_MS) {
        hc->body_mark = hc->body_raw;
        http_set_deadline(hc, hc->server->head_timeout_ms);
    }
    return true;
}

/* True when the body is whole. */
static bool take_body(struct http_conn *hc)
{
    if (!hc->message_complete && (hc->c->in.n == 0 || !read_body(hc)))
        return false;
    return hc->message_complete;
}

/* Gives the handler what is there of a streamed body. True: it has taken all of it and wants more. */
static bool give_piece(struct http_conn *hc)
{
    struct http_private *p = hc->req->priv;
    bool last = hc->message_complete;

    if (p->body.n == 0 && !last)
        return true;
    p->body_open = !last;
    size_t taken = p->stream->on_piece(hc->req, buf_str(&p->body), last);
    lm_assert(taken <= p->body.n);
    buf_consume(&p->body, taken);
    p->stalled = p->body.n > 0;
    if (p->answered || (last && !p->stalled))
        hc->state = HTTP_BUSY;
    if (hc->state == HTTP_BUSY || p->stalled) /* the client has done its part */
        http_clear_deadline(hc);
    return hc->state == HTTP_IN_BODY && !p->stalled;
}

static void pass_on_body(struct http_conn *hc)
{
    if (hc->req->priv->stalled)
        return;
    while (give_piece(hc) && hc->c->in.n > 0 && read_body(hc))
        continue;
}

/* The request is over: ready for the next, or for the end. */
static void end_request(struct http_conn *hc)
{
    bool keep_alive = hc->req->keep_alive;

    request_free(hc->req);
    hc->req = NULL;
    hc->scan = (struct http_scan){0};
    if (!keep_alive) {
        hc->state = HTTP_OVER;
        conn_close(hc->c, hc->c->out.n ? hc->server->idle_timeout_ms : REFUSAL_LINGER_MS);
        return;
    }
    hc->state = HTTP_IDLE;
    http_await_next(hc);
}

/* Returns whether hc is ready for another request. */
static bool dispatch(struct http_conn *hc)
{
    struct http_req *req = hc->req;

    hc->state = HTTP_BUSY;
    http_clear_deadline(hc);
    req->body = buf_str(&req->priv->body);
    hc->in_dispatch = true;
    hc->server->dispatch(req, hc->server->ctx);
    hc->in_dispatch = false;
    if (req->priv->taken) {
        http_conn_free(hc);
        return false;
    }
    if (req->priv->answered) {
        end_request(hc);
        return hc->state == HTTP_IDLE;
    }
    lm_assert(req->priv->held);
    return false;
}

static void go_on(struct http_conn *hc)
{
    unsigned left = REQUESTS_AT_ONCE;

    do {
        if (hc->c->out.n > OUT_HIGH)
            return;
        if (left-- == 0 && hc->c->in.n > 0) {
            http_wait_turn(hc);
            return;
        }
        if ((hc->state == HTTP_IDLE || hc->state == HTTP_IN_HEAD) && !take_head(hc))
            return;
        if (hc->state == HTTP_IN_BODY && hc->req->priv->stream) {
            pass_on_body(hc);
            return;
        }
        if (hc->state != HTTP_IN_BODY || !take_body(hc))
            return;
    } while (dispatch(hc));
}

static bool is_waiting(const struct http_conn *hc)
{
    return !list_empty(&hc->turn);
}

void http_go_on_and_read(struct http_conn *hc)
{
    struct conn *c = hc->c;

    if (is_waiting(hc))
        return;
    conn_pause_reading(c, false); /* it may become somebody else's */
    go_on(hc);
    if (c->self == hc)
        conn_pause_reading(c, is_waiting(hc));
}

static void on_turn_end(struct turn_hook *hook)
{
    struct http_conn *hc = LIST_ITEM(hook, struct http_conn, go_on);

    if (hc->req->priv->taken) {
        http_conn_free(hc);
        return;
    }
    end_request(hc);
    if (hc->state != HTTP_IDLE)
        return;
    http_go_on_and_read(hc);
}

void http_req_over(struct http_req *req)
{
    struct http_conn *hc = req->priv->hc;

    if (!hc)
        request_free(req);
    else if (!hc->in_dispatch)
        turn_hook_ask(hc->server->loop, &hc->go_on);
}

void http_hold(struct http_req *req, void (*on_gone)(struct http_req *req))
{
    lm_assert(!req->priv->answered && !req->priv->taken);
    req->priv->held = true;
    req->priv->on_gone = on_gone;
}

bool http_stream_body(struct http_req *req, const struct http_stream *ops)
{
    struct http_private *p = req->priv;

    lm_assert(p->body_open && !p->answered && !p->stream);
    if (p->hc->head.content_length > ops->max) {
        http_reply_error(req, 413, "too_large", NULL,
                         "the body is larger than is accepted here: send it in pieces");
        return false;
    }
    p->stream = ops;
    http_hold(req, ops->on_gone);
    return true;
}

void http_go_on(struct http_req *req)
{
    struct http_private *p = req->priv;

    if (!p->hc || !p->stalled)
        return;
    p->stalled = false;
    http_set_deadline(p->hc, p->hc->server->head_timeout_ms);
    http_go_on_and_read(p->hc);
}

struct conn *http_take_conn(struct http_req *req)
{
    struct conn *c = req->conn;

    lm_assert(c && !req->priv->answered && !req->priv->taken);
    req->priv->taken = true;
    http_reaper_remove(req->priv->hc);
    http_req_over(req);
    if (c->in.n == 0)
        buf_fini(&c->in); /* what takes over may be silent for long */
    return c;
}

static void on_data(struct conn *c)
{
    go_on(c->self);
}

static void on_drained(struct conn *c)
{
    struct http_conn *hc = c->self;

    if (hc->req && hc->req->priv->sending)
        http_send_drained(hc->req->priv->sending);
    else
        http_go_on_and_read(hc);
}

static void on_close(struct conn *c)
{
    struct http_conn *hc = c->self;
    struct http_req *req = hc->req;

    http_reaper_remove(hc);
    if (req && req->priv->held && !req->priv->answered) {
        hc->req = NULL;
        req->conn = NULL;
        req->priv->hc = NULL;
        if (req->priv->on_gone)
            req->priv->on_gone(req);
    }
    http_conn_free(hc);
}

int http_serve(struct http_server *s, struct conn *c)
{
    static const struct conn_ops ops = {on_data, on_drained, on_close};
    struct http_conn *hc = calloc(1, sizeof *hc);

    if (!hc)
        return -ENOMEM;
    hc->server = s;
    hc->c = c;
    int r = http_reaper_add(hc);
    if (r < 0) {
        free(hc);
        return r;
    }
    turn_hook_init(&hc->go_on, on_turn_end);
    list_init(&hc->turn);
    /* Who connects wants something; to hold a connection for nothing is an attack. */
    http_set_deadline(hc, s->head_timeout_ms < s->idle_timeout_ms ? s->head_timeout_ms
                                                                  : s->idle_timeout_ms);
    c->ops = &ops;
    c->self = hc;
    c->in_max = IN_MAX;
    if (c->in.n)
        go_on(hc);
    return 0;
}
