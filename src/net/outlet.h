/* SPDX-License-Identifier: MIT
 *
 * outlet.h - where somebody's frames go: a connection, or the mailbox of a client that polls.
 *
 * It looks like a connection to write to, and stays the same when the transport behind it changes.
 * What is written are whole frames, save that outlet_writev() may be told that only a part was
 * taken; the writer then gives the rest of that frame to outlet_write(), which takes all of it.
 *
 * Threads: loop thread. Owns: nothing.
 */
#ifndef LM_NET_OUTLET_H
#define LM_NET_OUTLET_H

#include "net/conn.h"

struct outlet;

struct outlet_ops {
    /* As conn_writev(); takes whole pieces. 0: full, a call will come when there is room. */
    ssize_t (*writev)(struct outlet *o, const struct iovec *iov, int n);
    /* Takes all. */
    void (*write)(struct outlet *o, const void *bytes, size_t n);
    /* It ends soon, outside of the call. */
    void (*close)(struct outlet *o);
    /* When the peer was last heard of (monotonic). */
    int64_t (*heard_us)(const struct outlet *o);
};

struct outlet {
    struct conn *conn;            /* NULL: through ops */
    const struct outlet_ops *ops; /* not needed as long as there is a connection */
    bool owed;                    /* the hub is stopping, and something must leave before the end */
};

static inline ssize_t outlet_writev(struct outlet *o, const struct iovec *iov, int n)
{
    return o->conn ? conn_writev(o->conn, iov, n) : o->ops->writev(o, iov, n);
}

static inline void outlet_write(struct outlet *o, const void *bytes, size_t n)
{
    if (o->conn)
        conn_write(o->conn, bytes, n);
    else
        o->ops->write(o, bytes, n);
}

/* As conn_close(). */
static inline void outlet_close(struct outlet *o, unsigned linger_ms)
{
    if (o->conn)
        conn_close(o->conn, linger_ms);
    else
        o->ops->close(o);
}

/* When the peer was last heard of (monotonic). */
static inline int64_t outlet_heard_us(const struct outlet *o)
{
    return o->conn ? o->conn->last_rx_us : o->ops->heard_us(o);
}

#endif
