/* SPDX-License-Identifier: MIT
 *
 * conn_read.c - bytes in.
 *
 * Reading goes through a buffer on the stack, not into c->in directly, so that ten thousand idle
 * connections do not hold ten thousand read buffers.
 *
 * Threads: loop thread. Owns: nothing.
 */
#include "net/conn_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/socket.h>

enum { READ_MAX = 64 * 1024 };

static ssize_t take_in(struct conn *c, char *bytes, size_t size)
{
    ssize_t n;

    if (c->priv->tls)
        return tls_read(c->priv->tls, bytes, size);
    do
        n = recv(c->priv->fd, bytes, size, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

ssize_t conn_receive(struct conn *c)
{
    char bytes[READ_MAX];
    ssize_t n;

    n = take_in(c, bytes, sizeof bytes);
    if (n < 0)
        return n;
    if (n == 0) {
        c->priv->eof = true;
        return 0;
    }
    c->last_rx_us = clock_mono_us();
    if (c->priv->state == LINGERING)
        return n;
    buf_add(&c->in, bytes, (size_t)n);
    return c->in.failed ? -ENOMEM : n;
}

ssize_t conn_receive_and_tell(struct conn *c, unsigned reads)
{
    ssize_t n = -EAGAIN;

    while (reads-- > 0 && (c->priv->state == OPEN || c->priv->state == FAILED) &&
           conn_may_read(c)) {
        n = conn_receive(c);
        if (n <= 0)
            break;
        c->ops->on_data(c);
        conn_shrink(&c->in);
        if (n < READ_MAX && c->priv->state == OPEN)
            break;
    }
    return n;
}

void conn_pause_reading(struct conn *c, bool pause)
{
    conn_check(c);
    c->priv->paused = pause;
    conn_update_events(c);
}
