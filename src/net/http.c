/* SPDX-License-Identifier: MIT
 *
 * http.c - one connection that speaks HTTP: requests to the dispatcher, one after the other.
 *
 *     IDLE ─first byte─▶ IN_HEAD ─whole head─▶ IN_BODY ─whole body─▶ BUSY ─answered─▶ IDLE
 *       any damage, any deadline ─▶ refusal, OVER
 *
 * http_read.c takes heads and bodies from what has come. A body that is streamed goes to its
 * handler from IN_BODY, piece by piece; while the handler wants no more the connection is not read,
 * and the client is not blamed for the time that takes.
 *
 * A handler may answer in a later turn. Then the request is freed and the next one read at the end
 * of that turn, never below the handler's own call.
 *
 * Threads: loop thread. Owns: struct http_conn.
 */
#include "net/http_impl.h"

#include <errno.h>
#include <stdlib.h>

enum {
    IN_MAX = 64 * 1024,
    OUT_HIGH = 256 * 1024, /* with this much unsent the next request waits */
    REFUSAL_LINGER_MS = 2000,
    REQUESTS_AT_ONCE = 8, /* of one connection; with more it waits its turn (http_turns.c) */
};

static void http_conn_free(struct http_conn *hc)
{
    turn_hook_cancel(&hc->go_on);
    list_remove(&hc->turn);
    if (hc->req)
        http_request_free(hc->req);
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

/* Gives the handler what is there of a streamed body. True: it has taken all of it and wants
 * more. */
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
    while (give_piece(hc) && hc->c->in.n > 0 && http_read_body(hc))
        continue;
}

/* The request is over: ready for the next, or for the end. */
static void end_request(struct http_conn *hc)
{
    bool keep_alive = hc->req->keep_alive;

    http_request_free(hc->req);
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
        if ((hc->state == HTTP_IDLE || hc->state == HTTP_IN_HEAD) && !http_take_head(hc))
            return;
        if (hc->state == HTTP_IN_BODY && hc->req->priv->stream) {
            pass_on_body(hc);
            return;
        }
        if (hc->state != HTTP_IN_BODY || !http_take_body(hc))
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
        http_request_free(req);
    else if (!hc->in_dispatch)
        turn_hook_ask(hc->server->loop, &hc->go_on);
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
