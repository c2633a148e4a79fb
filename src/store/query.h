/* SPDX-License-Identifier: MIT
 *
 * query.h - asking for what was logged.
 *
 * A query is a filter, a range of ids and times, an order and a window (offset, limit) over a
 * snapshot of what is stored. Its answer is rows, or what they add up to: counts by time and level,
 * the most frequent values of a key, the most frequent shapes of a message.
 *
 *     struct store_view *v = store_view_take(s, 0);          loop thread
 *     query_run(&q, v, emit, ctx, &result);                  any thread
 *     store_view_drop(s, v);                                 loop thread
 *
 * What was cleared or has expired is not there. Where a whole answer would take too long, it says
 * so: no call returns half a truth as a whole one. What is damaged is passed over, noted in the
 * view, and store_view_unread() says how many records the answer goes without.
 *
 * Threads: anywhere; a query shares nothing but the view and the filter, which do not change. What
 * is
 *          expensive uses a second thread of its own; callbacks come on the caller's thread.
 * Owns:    nothing.
 */
#ifndef LM_STORE_QUERY_H
#define LM_STORE_QUERY_H

#include "record/filter.h"
#include "store/view.h"

#include <stdatomic.h>

enum query_order { QUERY_OLDEST_FIRST, QUERY_NEWEST_FIRST };
enum query_count {
    QUERY_COUNT_EXACT,
    QUERY_COUNT_NONE,
    QUERY_COUNT_CAPPED, /* exact up to count_cap matches beyond the window, then "at least" */
};

enum { QUERY_COUNT_CAP = 10000 };

/* How far a query has come; may be read from any thread while it runs. */
struct query_progress {
    _Atomic uint64_t done, all; /* records, ruled out or looked at */
};

struct query {
    const struct filter *filter;
    uint64_t min_id, max_id; /* both included */
    int64_t from_us, to_us;  /* of the record's time: from included, to excluded */
    enum query_order order;
    enum query_count count;
    uint64_t count_cap; /* of QUERY_COUNT_CAPPED */
    uint64_t offset;
    uint32_t limit;
    bool bytes; /* facets also say how many bytes messages have: all of them are read for that */
    const atomic_bool *cancel;       /* looked at all the time; NULL = never */
    struct query_progress *progress; /* NULL: nobody wants to know */
};

/* Matches everything that is stored, oldest first, limit 100, exact count, cap QUERY_COUNT_CAP. */
void query_init(struct query *q, const struct filter *filter);

struct query_result {
    uint64_t total; /* matching records; with QUERY_COUNT_NONE at least those emitted */
    bool at_least;  /* total may be larger: the cap was reached, or nobody counted to the end */
    uint32_t emitted;
};

/* Called for every row of the window, in order. The record is valid during the call. Non-zero stops
 * the query, which returns it. */
typedef int query_emit_fn(const struct record *r, void *ctx);

/* A query with a regex may take this long. */
#define QUERY_REGEX_MAX_US (INT64_C(60) * 1000 * 1000)

/* 0, -ENOMEM, -ECANCELED, -LM_E_EXPENSIVE when a regex of the filter took too long, on one record
 * or on all, so that the result would not be whole; -LM_E_DAMAGED or -EIO when part of the store
 * cannot be read and the view does not keep note of it (view.h); or what emit returned. On failure
 * *ret is untouched. The other queries fail in the same ways. */
int query_run(const struct query *q, const struct store_view *v, query_emit_fn *emit, void *ctx,
              struct query_result *ret) LM_MUST_CHECK;

/* --- around one record --- */

/* The `before` records before id and the `after` records from it on (the record itself is the first
 * of these) that match the query's filter and ranges, oldest first. Order, window and count of q
 * are not looked at. Returns how many were emitted in *ret_n. */
int query_context(const struct query *q, const struct store_view *v, uint64_t id, uint32_t before,
                  uint32_t after, query_emit_fn *emit, void *ctx, uint32_t *ret_n) LM_MUST_CHECK;

/* --- what rows add up to; order, window and count of q are not looked at --- */

/* The smallest and the largest time of a record that the ranges of q let through, as far as it is
 * known without looking at every record: none lies outside. False when there is nothing stored. */
bool query_time_range(const struct query *q, const struct store_view *v, int64_t *ret_min_us,
                      int64_t *ret_max_us);

/* Bucket i counts the matching records with start_us + i * bucket_us <= time < start_us +
 * (i + 1) * bucket_us, by level (0: none was known). Records outside all buckets are not counted.
 * bucket_us > 0. */
struct query_bucket {
    uint64_t levels[LEVEL_COUNT];
};
int query_histogram(const struct query *q, const struct store_view *v, int64_t start_us,
                    int64_t bucket_us, struct query_bucket *ret_buckets,
                    uint32_t count) LM_MUST_CHECK;

/* How often something occurred among the matching records. */
struct query_tally {
    struct str text; /* a value, or a pattern */
    uint64_t count;
    uint64_t bytes; /* of their messages; of facets 0 unless the query wants to know */
    uint64_t levels[LEVEL_COUNT];
    uint64_t first_id, last_id; /* smallest and largest */
    int64_t min_time_us, max_time_us;
};
typedef int query_tally_fn(const struct query_tally *t, void *ctx);

struct query_tallies {
    uint64_t records;  /* that match */
    uint64_t with_key; /* of them, those that have the key (patterns: all) */
    uint64_t distinct; /* values or patterns that were seen */
    uint64_t other;    /* records whose value was not counted by itself, being beyond the limit */
};

/* Different values, and different patterns, that are counted one by one. */
enum { QUERY_TALLIES_MAX = 50000 };

/* The top_n most frequent values of a key (as filters know it: level, stream, source, a label, a
 * path into fields), most frequent first. Of an array of values each counts, once a record.
 * -LM_E_INVALID: nobody counts by id, timestamp or message. */
int query_facets(const struct query *q, const struct store_view *v, struct str key, uint32_t top_n,
                 query_tally_fn *emit, void *ctx, struct query_tallies *ret) LM_MUST_CHECK;

/* The top_n most frequent shapes of messages: what varies from line to line (numbers, ids,
 * addresses, times) is a `*`. */
int query_patterns(const struct query *q, const struct store_view *v, uint32_t top_n,
                   query_tally_fn *emit, void *ctx, struct query_tallies *ret) LM_MUST_CHECK;

/* The shape of one message, appended. */
void query_pattern_of(struct buf *out, struct str message);

#endif
