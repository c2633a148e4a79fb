/* SPDX-License-Identifier: MIT
 *
 * search.h - one question to the store: asked by a request, worked on in the pool, answered once.
 *
 *     search_new ─▶ the handler reads its own parameters ─▶ search_start ─▶ work (pool) ─▶ reply
 *
 * The snapshot is held from search_start() until the work is done. If the client leaves, the work
 * is told to stop (query.cancel), and so it is by DELETE /api/v1/queries/{id}; what runs is listed
 * there.
 *
 * Threads: loop thread, except work.
 * Owns:    filter, view, out.
 */
#ifndef LM_API_SEARCH_H
#define LM_API_SEARCH_H

#include "api/dispatch.h"
#include "base/list.h"
#include "store/query.h"

/* An answer that is made in one piece may be this large. */
#define SEARCH_ANSWER_MAX ((size_t)64 * 1024 * 1024)

struct search {
    struct job job;
    struct http_req *req;
    struct api *api;
    struct filter *filter;
    struct query query;      /* all records, by the request's filter, oldest first */
    struct store_view *view; /* taken by search_start(), unless the handler has one already */
    struct running running;
    struct query_progress progress;
    atomic_bool cancel;
    bool counted;               /* in api->questions */
    struct buf out;             /* what work has made */
    struct store_unread unread; /* records that could not be looked at */
    int err;                    /* what work returned */
    int (*work)(struct search *s);
    void (*reply)(struct search *s);
    void (*fini)(struct search *s); /* of the handler's own part; may be NULL */
};

/* `size` bytes that begin with a struct search, the rest zero, with the filter of the request.
 * NULL: the request has been answered. */
void *search_new(struct http_req *req, struct api *api, size_t size) LM_MUST_CHECK;
/* The same where not all parameters that the route names are the handler's own: the others are of
 * the filter. */
void *search_new_own(struct http_req *req, struct api *api, size_t size,
                     const char *const *own) LM_MUST_CHECK;
/* For a handler that gives up before search_start(). NULL is fine. */
void search_free(struct search *s);

/* The parameters from, to and cursor, where the route has them: the snapshot that `cursor` names,
 * else the present, so that pages do not shift. False: answered. */
bool search_read_range(struct search *s) LM_MUST_CHECK;

/* Takes ownership of s. With `queries_max` questions under way already it is answered 503. `work`
 * returns 0 or a negative code; then the client is told what failed and `reply` is not called.
 * `reply` answers the request. */
void search_start(struct search *s, int (*work)(struct search *), void (*reply)(struct search *));

/* Answers with what is in s->out as JSON, or 503 when memory was short. An answer that goes without
 * records that cannot be read says how many and where (tally_add_unread()). */
void search_reply_json(struct search *s);
/* The answer to a question that failed. */
void search_reply_failure(struct http_req *req, int err);

#endif
