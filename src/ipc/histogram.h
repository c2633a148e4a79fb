/* SPDX-License-Identifier: MIT
 *
 * histogram.h - how long things took: counts in buckets that grow by a quarter of a power of two.
 *
 * Bucket b holds times up to histogram_limit_us(b); an answer of histogram_quantile() is right to
 * within 25 %.
 *
 * Threads: one at a time. Owns: nothing.
 */
#ifndef LM_IPC_HISTOGRAM_H
#define LM_IPC_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 128 }; /* up to 2^32 µs */

struct histogram {
    uint64_t count;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline uint32_t histogram_bucket(uint64_t us)
{
    if (us < 4)
        return (uint32_t)us;
    uint32_t log = 63 - (uint32_t)__builtin_clzll(us);
    uint32_t bucket = 4 * (log - 1) + (uint32_t)((us >> (log - 2)) & 3);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The largest time of a bucket. */
static inline uint64_t histogram_limit_us(uint32_t bucket)
{
    if (bucket < 4)
        return bucket;
    uint32_t log = bucket / 4 + 1;
    return ((uint64_t)(4 + bucket % 4 + 1) << (log - 2)) - 1;
}

static inline void histogram_add(struct histogram *h, uint64_t us)
{
    h->count++;
    h->buckets[histogram_bucket(us)]++;
}

/* A time that at least `share` (0 to 1) of all did not exceed; 0 when there are none. */
static inline uint64_t histogram_quantile(const struct histogram *h, double share)
{
    double want = (double)h->count * share, seen = 0;
    uint32_t b = 0;

    if (!h->count)
        return 0;
    for (; b < HISTOGRAM_BUCKETS - 1; b++) {
        seen += (double)h->buckets[b];
        if (seen >= want && seen > 0)
            break;
    }
    return histogram_limit_us(b);
}

#endif
