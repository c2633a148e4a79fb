/* SPDX-License-Identifier: MIT
 *
 * running.h - the queries and downloads that are under way: seen and ended by an operator.
 *
 * GET /api/v1/queries lists them with how far they have come, DELETE /api/v1/queries/{id} ends one.
 * Whoever works on a request in the pool embeds a struct running and is in the list as long as it
 * works.
 *
 * Threads: loop thread; what is pointed to may change on any.
 * Owns:    nothing: the members point into the struct around it.
 */
#ifndef LM_API_RUNNING_H
#define LM_API_RUNNING_H

#include "base/list.h"
#include "net/http.h"
#include "store/query.h"

struct running_list {
    struct list list;
    uint64_t last_number;
};

struct running {
    struct list link;
    uint64_t number;
    int64_t started_us;              /* monotonic */
    char target[200];                /* path and query, cut */
    struct query_progress *progress; /* NULL: not known */
    const uint64_t *sent;            /* bytes; NULL: an answer in one piece */
    atomic_bool *cancel;
};

void running_init(struct running_list *l);
/* The pointers of r are set. */
void running_add(struct running_list *l, struct running *r, const struct http_req *req);
/* Safe on a zeroed one. */
void running_remove(struct running *r);

#endif
