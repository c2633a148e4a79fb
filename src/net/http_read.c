/* SPDX-License-Identifier: MIT
 *
 * http_read.c - from bytes to a request: heads and bodies.
 *
 * Every request is read twice: by the guard, which takes the head apart, and by llhttp, which must
 * come to the same framing and decodes the body. Where they differ the request is refused. The
 * parser starts afresh for each request, and after any refusal the connection closes, so a byte
 * that was read as one thing is never read again as another.
 *
 * Threads: loop thread. Owns: nothing.
 */
#include "net/http_impl.h"

enum {
    CHUNK_OVERHEAD_MAX = 64 * 1024, /* of chunk headers and trailers, beyond 8 bytes per byte */
    BODY_BYTES_PER_MS = 1,          /* a body slower than this for long is given up */
};

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
    struct http_req *req = hc->req = http_request_new(hc);
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

bool http_take_head(struct http_conn *hc)
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

bool http_read_body(struct http_conn *hc)
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

bool http_take_body(struct http_conn *hc)
{
    if (!hc->message_complete && (hc->c->in.n == 0 || !http_read_body(hc)))
        return false;
    return hc->message_complete;
}
