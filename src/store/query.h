/* SPDX-License-Identifier: MIT
 *
 * query.h - asking for what was logged.
 *
 * A query is a filter, a range of ids and times, an order and a window (offset, limit) over a snapshot
 * of what is stored.
 *
 *     struct store_view *v = store_view_take(s, 0);          loop thread
 *     query_run(&q, v, emit, ctx, &result);                  any thread
 *     store_view_drop(s, v);                                 loop thread
 *
 * Threads: query_run() anywhere; it shares nothing but the view and the filter, which do not change.
 * Owns:    nothing.
 */
#ifndef LM_STORE_QUERY_H
#define LM_STORE_QUERY_H

#include "record/filter.h"
#include "store/view.h"

#include <stdatomic.h>

enum query_order { QUERY_OLDEST_FIRST, QUERY_NEWEST_FIRST };
enum query_count { QUERY_COUNT_EXACT, QUERY_COUNT_NONE };

struct query {
    const struct filter *filter;
    uint64_t min_id, max_id; /* both included */
    int64_t from_us, to_us;  /* of the record's time: from included, to excluded */
    enum query_order order;
    enum query_count count;
    uint64_t offset;
    uint32_t limit;
    const atomic_bool *cancel; /* looked at once a frame; NULL = never */
};

/* Matches everything that is stored, oldest first, limit 100, exact count. */
void query_init(struct query *q, const struct filter *filter);

struct query_result {
    uint64_t total; /* matching records; with QUERY_COUNT_NONE at least those emitted */
    uint32_t emitted;
};

/* Called for every row of the window, in order. The record is valid during the call. Non-zero stops
 * the query, which returns it. */
typedef int query_emit_fn(const struct record *r, void *ctx);

/* A query with a regex may take this long. */
#define QUERY_REGEX_MAX_US (INT64_C(60) * 1000 * 1000)

/* 0, -ENOMEM, -ECANCELED, -LM_E_EXPENSIVE when a regex of the filter took too long, on one record or
 * on all, so that the result would not be whole; or what emit returned. */
int query_run(const struct query *q, const struct store_view *v, query_emit_fn *emit, void *ctx,
              struct query_result *ret) LM_MUST_CHECK;

#endif
