/* SPDX-License-Identifier: MIT
 *
 * conn.h - one accepted connection: bytes in, bytes out, closed once.
 *
 * A connection knows no protocol. Whoever speaks on it sets `ops` and `self` and may hand it on to
 * another protocol at any time (HTTP → WebSocket) by setting them anew.
 *
 *     socket ─▶ c->in ─▶ ops->on_data          conn_write()  ─▶ c->out ─▶ socket
 *                                              conn_writev() ─────────▶ socket (no copy)
 *
 * What a peer does not take is bounded for all connections together (untaken.h): one that holds
 * much and takes nothing is closed when others need the room.
 *
 * Closing is deferred: conn_close() stops all callbacks except on_close, which comes once, before
 * the turn ends, and is the last time the pointer may be used. When it is the peer or the network
 * that ends the connection, what had arrived before is still given to on_data first.
 *
 * Threads: loop thread only.
 * Owns:    the socket, `in`, `out`.
 */
#ifndef LM_NET_CONN_H
#define LM_NET_CONN_H

#include "base/buf.h"
#include "base/list.h"
#include "net/loop.h"

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

struct conn;

struct conn_ops {
    /* New bytes are at the end of c->in. Take what is understood with buf_consume(&c->in, n). */
    void (*on_data)(struct conn *c);
    /* Everything that could not be sent at once has been sent: c->out is empty, more may be
     * written. May be NULL. */
    void (*on_drained)(struct conn *c);
    /* The connection is over (peer closed, error, conn_close()). Never NULL. */
    void (*on_close)(struct conn *c);
};

struct conn {
    unsigned magic;
    struct loop *loop;
    const struct conn_ops *ops;
    void *self;     /* of the protocol that set ops */
    struct buf in;  /* received, not yet taken */
    struct buf out; /* accepted by conn_write(), not yet sent */
    size_t in_max;  /* reading pauses while c->in holds this much (set by the protocol); who takes
                       * bytes outside on_data says conn_pause_reading(c, false) afterwards */
    bool is_local;  /* over the Unix socket; then peer_uid is the kernel's word */
    uid_t peer_uid;
    bool is_loopback; /* over TCP from this machine */
    bool is_tls;
    uint16_t port;
    unsigned char address[16]; /* of the peer over TCP, IPv4 mapped into IPv6 */
    struct list watches;       /* struct conn_watch */
    int64_t last_rx_us;        /* monotonic; at first when it was opened */
    struct conn_private *priv;
};

/* Takes ownership of the accepted, non-blocking socket fd. On failure the fd is closed. */
int conn_open(struct loop *l, int fd, bool is_local, const struct conn_ops *ops, void *self,
              struct conn **ret_conn) LM_MUST_CHECK;

/* Speaks TLS from now on: right after conn_open(), before anything was sent. The handshake must be
 * done within handshake_ms; what is written before it is done waits. On failure the connection is
 * closing. */
struct tls;
int conn_start_tls(struct conn *c, struct tls *t, unsigned handshake_ms) LM_MUST_CHECK;

/* Tries to send at once and queues a copy of the rest. Never blocks. The caller bounds what it
 * queues by looking at c->out.n (0 = all sent; otherwise at most twice what is unsent). -ENOMEM
 * when the copy cannot be made, and the connection is closing; errors of the socket surface as
 * on_close. */
int conn_write(struct conn *c, const void *bytes, size_t n);

/* A piece for conn_writev(), which does not write to it: only the type of iov_base lacks the
 * const. */
static inline struct iovec conn_piece(const void *bytes, size_t n)
{
    union {
        const void *in;
        void *out;
    } start = {.in = bytes};
    return (struct iovec){start.out, n};
}

/* The same without a copy of what does not leave at once: all of b but its first `done` bytes,
 * which have left already. b is empty afterwards. */
int conn_write_buf(struct conn *c, struct buf *b, size_t done);

/* Sends straight from the caller's memory, after c->out. Returns how many bytes the kernel took
 * (on_drained will come when that is not all of them), or a negative errno after which the
 * connection is already closing. */
ssize_t conn_writev(struct conn *c, const struct iovec *iov, int n) LM_MUST_CHECK;

/* Asks for on_drained as soon as the socket takes bytes again. */
void conn_want_drained(struct conn *c);

/* Bytes that were accepted from us and that the kernel has not taken. */
size_t conn_unsent(const struct conn *c);

/* Bytes the kernel (or TLS) has taken from us and not yet seen acknowledged by the peer
 * (SIOCOUTQ). */
size_t conn_kernel_unsent(struct conn *c);

/* Has the peer, or the way to it, gone without a word? The kernel has sent the same bytes again and
 * again for some 15 s, or asked a peer without room for more four times (each after twice the time,
 * 2 min at most), and nothing came back. A peer that is there and does not read is not lost. */
bool conn_is_lost(const struct conn *c);

/* "127.0.0.1:51234" or "unix uid 1000", for people; returns out. */
enum { CONN_PEER_MAX = 64 };
const char *conn_peer(const struct conn *c, char out[CONN_PEER_MAX]);

/* Stops or resumes reading (back-pressure). */
void conn_pause_reading(struct conn *c, bool pause);

/* 0 = closes now. Otherwise sends what is in c->out, says that no more will come, and closes when
 * the peer has closed too or after linger_ms at the latest: closing with unread bytes would make
 * the kernel reset the connection and take our last answer with it. Idempotent. */
void conn_close(struct conn *c, unsigned linger_ms);

/* Somebody other than the protocol who wants to know when a connection ends: called once, after
 * on_close; the watch is in no list then. Embedded in its owner. */
struct conn_watch {
    struct list link;
    void (*gone)(struct conn_watch *w);
};
void conn_watch(struct conn *c, struct conn_watch *w);

#endif
