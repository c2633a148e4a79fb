/* SPDX-License-Identifier: MIT
 *
 * query_histogram.c - counts by time and level.
 */
#include "store/query_impl.h"

struct histogram {
    int64_t start_us, bucket_us;
    struct query_bucket *buckets;
    uint32_t count;
};

static int count_record(const struct record *r, void *ctx)
{
    struct histogram *h = ctx;
    uint64_t at = ((uint64_t)r->time_us - (uint64_t)h->start_us) / (uint64_t)h->bucket_us;

    if (r->time_us >= h->start_us && at < h->count)
        h->buckets[at].levels[r->level < LEVEL_COUNT ? r->level : LEVEL_NONE]++;
    return 0;
}

int query_histogram(const struct query *q, const struct store_view *v, int64_t start_us,
                    int64_t bucket_us, struct query_bucket *ret_buckets, uint32_t count)
{
    struct histogram h = {start_us, bucket_us, ret_buckets, count};

    lm_assert(bucket_us > 0);
    memset(ret_buckets, 0, count * sizeof *ret_buckets);
    return query_each(q, v, count_record, &h);
}
