/* SPDX-License-Identifier: MIT
 *
 * http_send.h - an answer that is made piece by piece, in the pool, no faster than the client takes
 * it.
 *
 *     prepare ─▶ next (pool) ─▶ settle ─▶ [piece] ─▶ socket
 *        ▲                                  │ one is being sent, the next is made meanwhile
 *        └──────────── drained ◀────────────┘
 *
 * Memory is two pieces, however long the answer and however slow the client. Nothing is held
 * between pieces unless the maker holds it: prepare takes what next reads from, settle gives it
 * back.
 *
 * The head waits for the first piece, so that a maker that finds nothing can still answer 404, and
 * an answer that fits into one piece gets a Content-Length. Otherwise the length is what the maker
 * said, or the answer is chunked (HTTP/1.0: ends with the connection). A failure after the head
 * closes the connection in the middle of the body, which every client notices.
 *
 * A client that takes nothing for the server's idle time-out is sent away.
 *
 * Threads: loop thread, except next.
 * Owns:    the pieces. The struct is the maker's, which gets it back with over().
 */
#ifndef LM_NET_HTTP_SEND_H
#define LM_NET_HTTP_SEND_H

#include "net/http.h"
#include "net/pack.h"

#include <stdatomic.h>

#define HTTP_LENGTH_UNKNOWN UINT64_MAX
/* A good size for a piece: larger ones cost memory, smaller ones turns of the loop. */
enum { HTTP_PIECE = 256 * 1024 };

struct http_send;

struct http_send_ops {
    /* Before each piece. A negative code fails the piece. May be NULL. */
    int (*prepare)(struct http_send *s);
    /* In the pool: appends the next piece to out, about HTTP_PIECE bytes, perhaps none. 1: there is
     * more; 0: that was all; negative: it failed. Should look at s->cancelled when it takes
     * long. */
    int (*next)(struct http_send *s, struct buf *out);
    /* After each piece for which prepare was called. May be NULL. */
    void (*settle)(struct http_send *s);
    /* The first piece is there: `made` is what next (or prepare) returned, `n` how many bytes it
     * has. True: the head goes out, with s->status and s->content_type and what was added by
     * http_add_header(). False: the request has been answered otherwise. Not called when the client
     * has left before. */
    bool (*begin)(struct http_send *s, int made, size_t n);
    /* The last call, always: everything is with the kernel, or the client left, or it failed, or
     * begin answered otherwise. Frees the struct. */
    void (*over)(struct http_send *s);
};

struct http_send {
    const struct http_send_ops *ops;
    int status;
    const char *content_type;
    uint64_t length;     /* of the body when it is known and not packed, else HTTP_LENGTH_UNKNOWN */
    enum pack_kind pack; /* compress the pieces */
    bool is_coding;     /* ... and say so in Content-Encoding; else the packed bytes are the body */
    enum job_kind kind; /* of a piece */
    struct http_req *req;
    atomic_bool cancelled; /* the client left */
    uint64_t sent;         /* bytes of the body handed to the connection */
    struct http_send_private *priv;
};

/* Answers req by the maker's pieces. The struct has its ops and what is known of the answer; the
 * rest is zero. When memory is short the request is answered with 503 and over() called before this
 * returns. */
void http_send(struct http_req *req, struct http_send *s);

#endif
