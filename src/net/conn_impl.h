/* SPDX-License-Identifier: MIT
 *
 * conn_impl.h - what the files conn*.c share, and nobody else sees.
 *
 *     conn.c        states, and what poll says     conn_read.c    socket ─▶ c->in ─▶ on_data
 *     conn_peer.c   who and how is the other end   conn_write.c   c->out ─▶ socket
 *
 * Threads: loop thread. Owns: see conn.h.
 */
#ifndef LM_NET_CONN_IMPL_H
#define LM_NET_CONN_IMPL_H

#include "net/conn.h"
#include "net/tls.h"

enum { CONN_MAGIC = 0x434f4e4e };

/* See conn.c. */
enum conn_state { OPEN, LINGERING, FAILED, CLOSING };

struct conn_private {
    struct conn conn;
    uv_poll_t poll;
    uv_timer_t *linger;           /* made when a deadline is needed */
    struct turn_hook at_turn_end; /* finishes FAILED and CLOSING, else reads on */
    struct untaken_holder holds;  /* c->out */
    int fd;
    int events;           /* what poll waits for now */
    int handles;          /* of libuv, not yet closed */
    size_t sent;          /* bytes at the front of conn.out that are gone already */
    struct tls_link *tls; /* NULL: plain */
    enum conn_state state;
    bool handshaking;
    bool paused, want_drained, eof, shut;
};

static inline void conn_check(const struct conn *c)
{
    lm_assert(c->magic == CONN_MAGIC);
    lm_assert(c->priv->sent <= c->out.n);
}

static inline bool conn_may_read(const struct conn *c)
{
    return !c->priv->paused && !c->priv->eof && c->in.n < c->in_max;
}

static inline bool conn_has_unsent(const struct conn *c)
{
    return c->out.n > 0 || (c->priv->tls && tls_stuck(c->priv->tls) > 0);
}

/* An empty buffer of more than this many bytes gives its memory back. */
enum { CONN_BUF_KEEP = 16 * 1024 };

static inline void conn_shrink(struct buf *b)
{
    if (b->n == 0 && b->cap > CONN_BUF_KEEP)
        buf_fini(b);
}

/* --- conn.c --- */

/* FAILED: what lies unread is still delivered; CLOSING: nothing more is. Over when the turn
 * ends. */
void conn_end(struct conn *c, enum conn_state state);
/* Asks libuv for what this state waits for; a change costs two system calls, so only changes. */
void conn_update_events(struct conn *c);

/* --- conn_read.c --- */

/* One recv into c->in, or into nothing while LINGERING. Returns bytes read, 0 at the end of the
 * stream, -EAGAIN or another error. */
ssize_t conn_receive(struct conn *c);
/* Reads and delivers, at most `reads` times. Returns as conn_receive() does. */
ssize_t conn_receive_and_tell(struct conn *c, unsigned reads);

/* --- conn_write.c --- */

/* Sends from c->out until it is empty or the socket is full. 0, or a negative errno. */
int conn_flush(struct conn *c);
/* c->out has become more or less: tells the one who bounds all of them. */
void conn_note_untaken(struct conn *c);

/* --- conn_peer.c --- */

/* Fills in who the peer of a new connection is. */
void conn_note_peer(struct conn *c);
/* Answers leave at once, dead peers are noticed, and what the kernel holds unsent stays small, so
 * that a slow client's lag is ours to see. */
void conn_tune_tcp(int fd);

#endif
