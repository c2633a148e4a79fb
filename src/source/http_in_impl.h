/* SPDX-License-Identifier: MIT
 *
 * http_in_impl.h - what http_in.c and http_in_answer.c share, and nobody else sees.
 *
 * Threads: loop thread. Owns: see each struct.
 */
#ifndef LM_SOURCE_HTTP_IN_IMPL_H
#define LM_SOURCE_HTTP_IN_IMPL_H

#include "net/inflate.h"
#include "source/http_in.h"
#include "source/push.h"

enum { UNPACK_ROOM = 64 * 1024 };

/* Each request is in one of the lists. */
struct http_in {
    struct http_in_opts opts;
    struct http_stream stream;
    struct push_shared shared;
    struct list reading; /* in the order they came */
    struct list queued;  /* want to go on in the next turn */
    struct list stalled; /* wait until the journal has room */
    uv_timer_t timer;    /* runs while there are any */
    struct list waiting; /* for the disk */
    struct turn_hook turn;
    size_t slice; /* plain text that may still be looked at in this turn */
    size_t held;  /* bytes, by all */
    int64_t told_us;
    char room[UNPACK_ROOM];
};

struct request {
    struct list link;
    struct http_in *server;
    struct http_req *req;
    struct push push;
    struct str key; /* in the request, or in scoped */
    char scoped[PUSH_KEY_MAX];
    struct inflate *inflate; /* NULL: the body is plain */
    size_t held;
    int64_t stalled_us; /* monotonic: since when there is no room for it; 0: there is */
};

/* --- http_in_answer.c --- */

/* Every answer ends the request: r is gone afterwards. */

/* Gives everything back but the request of HTTP, to which an answer is still due. */
struct http_req *http_in_release(struct request *r);
/* 429: all bodies together hold too much. */
void http_in_refuse_full(struct request *r);
/* 429: the sealer was behind for too long. */
void http_in_refuse_behind(struct request *r);
/* 507: the journal cannot take it; `err` says why. */
void http_in_refuse_unstored(struct request *r, int err);
/* The journal, memory or the limit of its source said no. */
void http_in_refuse_error(struct request *r, int err);
/* What inflate_next() says of a body that cannot be unpacked. */
void http_in_refuse_unpacking(struct request *r, ssize_t err);
/* 400: none of it is a record. */
void http_in_answer_nothing(struct request *r);
/* 200, with what was taken and what was not. */
void http_in_answer_taken(struct request *r);

#endif
