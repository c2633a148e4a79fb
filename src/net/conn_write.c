/* SPDX-License-Identifier: MIT
 *
 * conn_write.c - bytes out.
 *
 * What the caller has is sent at once, straight from its memory; only what the socket does not take
 * waits in c->out, of which p->sent bytes at the front have left already. Who writes with
 * conn_writev() keeps the rest itself and is told when there is room again.
 *
 * With TLS (tls.h) the same bytes go through a link. A record of it that is stuck in a full socket
 * counts as unsent here, though its bytes have left c->out.
 *
 * Threads: loop thread. Owns: nothing.
 */
#include "net/conn_impl.h"

#include <errno.h>
#include <sys/socket.h>

void conn_note_untaken(struct conn *c)
{
    untaken_note(&c->loop->untaken, &c->priv->holds, c->out.n);
}

/* Sends one piece. Returns bytes taken (0 when the socket is full), or a negative errno. */
static ssize_t send_some(struct conn *c, const struct iovec *iov, size_t count)
{
    /* sendmsg() does not write to the array; only the type of msg_iov lacks the const. */
    union {
        const struct iovec *in;
        struct iovec *out;
    } pieces = {.in = iov};
    struct msghdr msg = {.msg_iov = pieces.out, .msg_iovlen = count};
    ssize_t n;

    if (c->priv->handshaking)
        return 0;
    if (c->priv->tls)
        return tls_write(c->priv->tls, iov, count);
    do
        n = sendmsg(c->priv->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    return errno == EAGAIN ? 0 : -errno;
}

/* Moving the rest down is put off until half has gone, so that a large answer is not moved once per
 * send. */
int conn_flush(struct conn *c)
{
    struct conn_private *p = c->priv;
    int err = p->tls ? tls_flush(p->tls) : 0;

    if (err < 0)
        return err;
    while (p->sent < c->out.n) {
        struct iovec rest = {c->out.p + p->sent, c->out.n - p->sent};
        ssize_t n = send_some(c, &rest, 1);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        p->sent += (size_t)n;
    }
    if (p->sent * 2 >= c->out.n) {
        buf_consume(&c->out, p->sent);
        p->sent = 0;
        conn_shrink(&c->out);
    }
    conn_note_untaken(c);
    return 0;
}

static int queue(struct conn *c, const void *bytes, size_t n)
{
    buf_add(&c->out, bytes, n);
    if (c->out.failed) {
        conn_end(c, CLOSING);
        return -ENOMEM;
    }
    conn_note_untaken(c);
    conn_update_events(c);
    return 0;
}

int conn_write(struct conn *c, const void *bytes, size_t n)
{
    conn_check(c);
    if (c->priv->state != OPEN || n == 0)
        return 0;
    size_t done = 0;
    if (c->out.n == 0) {
        struct iovec piece = conn_piece(bytes, n);
        ssize_t sent = send_some(c, &piece, 1);
        if (sent < 0) {
            conn_end(c, FAILED);
            return 0;
        }
        done = (size_t)sent;
    }
    return queue(c, (const char *)bytes + done, n - done);
}

int conn_write_buf(struct conn *c, struct buf *b, size_t done)
{
    struct conn_private *p = c->priv;
    int err = 0;

    conn_check(c);
    lm_assert(done <= b->n);
    if (c->out.n > 0 && p->state == OPEN) {
        err = queue(c, b->p + done, b->n - done);
    } else if (p->state == OPEN && done < b->n) {
        buf_fini(&c->out);
        c->out = *b;
        *b = (struct buf){0};
        buf_trim(&c->out);
        p->sent = done;
        conn_note_untaken(c);
        conn_update_events(c);
    }
    buf_fini(b);
    return err;
}

ssize_t conn_writev(struct conn *c, const struct iovec *iov, int n)
{
    size_t total = 0;

    conn_check(c);
    lm_assert(n > 0);
    if (c->priv->state != OPEN)
        return -EPIPE;
    if (c->out.n)
        return 0;
    ssize_t sent = send_some(c, iov, (size_t)n);
    if (sent < 0) {
        conn_end(c, FAILED);
        return sent;
    }
    for (int i = 0; i < n; i++)
        total += iov[i].iov_len;
    if ((size_t)sent < total)
        conn_want_drained(c);
    return sent;
}

void conn_want_drained(struct conn *c)
{
    conn_check(c);
    c->priv->want_drained = true;
    conn_update_events(c);
}

size_t conn_unsent(const struct conn *c)
{
    conn_check(c);
    return c->out.n - c->priv->sent;
}
