/* SPDX-License-Identifier: MIT
 *
 * http_send.c - one piece is being sent while the next is made.
 *
 * A piece is built with room in front for the head of its chunk, so that each leaves in one write.
 * A piece of no bytes is not sent: as a chunk it would be the end.
 */
#include "net/http_send.h"

#include "net/http_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_HEAD = 10 }; /* "0003fffa\r\n" */

struct http_send_private {
    struct http_send *s;
    struct job job;
    struct loop *loop;
    struct pack *pack;
    struct buf plain; /* a piece before it is packed */
    struct buf piece; /* as it goes out, behind CHUNK_HEAD bytes */
    int made;         /* of the latest piece: 1, 0 or what failed */
    bool running;     /* a piece is being made */
    bool ready;       /* the piece waits for the one before it to leave */
    bool begun;       /* the head is out */
    bool chunked;
    bool ended; /* the last piece is with the connection */
};

static void make_piece(struct http_send_private *p);

/* The maker gets its struct back. The request has been answered or is being freed. */
static void finish(struct http_send_private *p)
{
    struct http_send *s = p->s;

    pack_free(p->pack);
    buf_fini(&p->plain);
    buf_fini(&p->piece);
    free(p);
    s->ops->over(s);
}

/* The body is whole, or nobody is there to get it. */
static void end_answer(struct http_send_private *p)
{
    struct http_req *req = p->s->req;

    req->priv->answered = true;
    req->priv->sending = NULL;
    finish(p);
    http_req_over(req);
}

/* Waiting for the client; it is sent away when it takes nothing. */
static void watch_client(struct http_send_private *p)
{
    struct http_conn *hc = p->s->req->priv->hc;

    hc->unsent = conn_unsent(hc->c);
    http_set_deadline(hc, hc->server->idle_timeout_ms);
}

static void send_head(struct http_send_private *p)
{
    struct http_send *s = p->s;
    struct http_req *req = s->req;
    struct buf head = {0};
    bool sized = s->length != HTTP_LENGTH_UNKNOWN && s->pack == PACK_NONE;

    p->chunked = !sized && req->priv->hc->parser.http_minor > 0;
    if (!sized && !p->chunked)
        req->keep_alive = false;
    http_write_head(req, s->status, s->content_type, &head);
    if (sized)
        buf_printf(&head, "Content-Length: %llu\r\n", (unsigned long long)s->length);
    else if (p->chunked)
        BUF_LIT(&head, "Transfer-Encoding: chunked\r\n");
    BUF_LIT(&head, "\r\n");
    if (buf_error(&head) < 0)
        conn_close(req->conn, 0);
    else
        conn_write(req->conn, head.p, head.n);
    buf_fini(&head);
    p->begun = true;
}

static void send_piece(struct http_send_private *p)
{
    struct http_send *s = p->s;
    struct conn *c = s->req->conn;
    size_t n = p->piece.n - CHUNK_HEAD, skip = p->chunked ? 0 : CHUNK_HEAD;
    char head[CHUNK_HEAD + 1];

    p->ready = false;
    snprintf(head, sizeof head, "%08zx\r\n", n);
    memcpy(p->piece.p, head, CHUNK_HEAD);
    if (p->chunked && n > 0)
        BUF_LIT(&p->piece, "\r\n");
    if (n == 0)
        skip = p->piece.n;
    if (p->chunked && p->made == 0)
        BUF_LIT(&p->piece, "0\r\n\r\n");
    if (buf_error(&p->piece) < 0)
        conn_close(c, 0);
    conn_write(c, p->piece.p + skip, p->piece.n - skip);
    s->sent += n;
    p->ended = p->made == 0;
    if (p->ended && c->out.n == 0) {
        end_answer(p);
        return;
    }
    if (c->out.n)
        watch_client(p);
    if (!p->ended)
        make_piece(p);
}

/* The first piece decides what is answered. False: all is over. */
static bool begin(struct http_send_private *p, size_t n)
{
    struct http_send *s = p->s;
    struct http_req *req = s->req;

    req->priv->sending = NULL;
    if (!s->ops->begin(s, p->made, n)) {
        finish(p);
        return false;
    }
    lm_assert(p->made >= 0);
    if (s->is_coding && s->pack == PACK_GZIP)
        http_add_header(req, "Content-Encoding", "gzip");
    if (p->made == 0) {
        s->sent = n;
        http_reply(req, s->status, s->content_type, str_of(p->piece.p + CHUNK_HEAD, n));
        finish(p);
        return false;
    }
    req->priv->sending = p;
    send_head(p);
    if (req->method == HTTP_HEAD_M)
        end_answer(p);
    return req->method != HTTP_HEAD_M;
}

static void piece_made(struct http_send_private *p)
{
    struct conn *c = p->s->req->conn;
    size_t n = p->made < 0 ? 0 : p->piece.n - CHUNK_HEAD;

    if (!p->begun && !begin(p, n))
        return;
    if (p->made < 0)
        conn_close(c, 0); /* and what is unsent with it: the client sees that it was cut */
    else if (c->out.n == 0)
        send_piece(p);
    else
        p->ready = true;
}

static void work(struct job *job)
{
    static const char room[CHUNK_HEAD];
    struct http_send_private *p = LIST_ITEM(job, struct http_send_private, job);
    struct http_send *s = p->s;

    buf_add(&p->piece, room, CHUNK_HEAD);
    p->made = s->ops->next(s, p->pack ? &p->plain : &p->piece);
    if (p->pack && p->made >= 0) {
        int err = buf_error(&p->plain);
        if (err == 0)
            err = pack_add(p->pack, buf_str(&p->plain), p->made == 0, &p->piece);
        p->made = err < 0 ? err : p->made;
    }
    if (p->made >= 0 && buf_error(&p->piece) < 0)
        p->made = -ENOMEM;
}

static void done(struct job *job)
{
    struct http_send_private *p = LIST_ITEM(job, struct http_send_private, job);

    p->running = false;
    if (p->s->ops->settle)
        p->s->ops->settle(p->s);
    if (p->s->req->conn)
        piece_made(p);
    else
        end_answer(p);
}

static void make_piece(struct http_send_private *p)
{
    struct http_send *s = p->s;
    int err = s->ops->prepare ? s->ops->prepare(s) : 0;

    buf_clear(&p->piece);
    buf_clear(&p->plain);
    if (err == 0) {
        err = job_ask(p->loop, &p->job, s->kind, work, done);
        p->running = err == 0;
        if (err < 0 && s->ops->settle)
            s->ops->settle(s);
    }
    if (err == 0)
        return;
    p->made = err;
    piece_made(p);
}

static void client_gone(struct http_req *req)
{
    struct http_send_private *p = req->priv->sending;

    atomic_store(&p->s->cancelled, true);
    if (!p->running)
        end_answer(p);
}

void http_send_drained(struct http_send_private *p)
{
    http_clear_deadline(p->s->req->priv->hc);
    if (p->ready)
        send_piece(p);
    else if (p->ended)
        end_answer(p);
}

void http_send(struct http_req *req, struct http_send *s)
{
    struct http_send_private *p = calloc(1, sizeof *p);

    s->req = req;
    if (!p || (s->pack != PACK_NONE && pack_new(&p->pack, s->pack) < 0)) {
        free(p);
        http_reply_error(req, 503, "no_memory", NULL, "the hub is short of memory; try again");
        s->ops->over(s);
        return;
    }
    p->s = s;
    p->loop = req->conn->loop;
    s->priv = p;
    req->priv->sending = p;
    http_hold(req, client_gone);
    make_piece(p);
}
