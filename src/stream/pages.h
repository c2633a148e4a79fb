/* SPDX-License-Identifier: MIT
 *
 * pages.h - the memory of feeds: pages from one pool with one limit.
 *
 * A page holds whole encoded frames one after another and, growing down from its end, one entry per
 * record: entries of records that share a frame have the same end. With the counts `before` it, the exact number of records of each level between any two
 * places of a feed is a subtraction, which is what makes `dropped` notices exact.
 *
 *     bytes: [frame][frame][frame] ……… free ……… [entry 2][entry 1][entry 0]
 *
 * Threads: loop thread. Owns: a pool owns nothing but its count; pages belong to their feed.
 */
#ifndef LM_STREAM_PAGES_H
#define LM_STREAM_PAGES_H

#include "record/level.h"

#include <stdint.h>

enum { PAGE_SIZE = 16 * 1024 };

struct page_entry {
    uint64_t id;
    uint32_t end; /* offset behind the frame */
    uint32_t level;
};

struct page {
    struct page *next;
    uint64_t start;               /* bytes of the feed before this page */
    uint64_t before[LEVEL_COUNT]; /* records of each level before this page */
    uint32_t size, used, count;
    uint32_t readers; /* subscribers whose place is in this page */
    char bytes[];
};

struct page_pool {
    uint64_t used, limit; /* bytes */
};

/* A page with room for a frame of n bytes and so many records. NULL when memory is short; the limit is the caller's to
 * look at (page_pool_over). */
struct page *page_new(struct page_pool *pool, uint32_t n, uint32_t records);
void page_free(struct page_pool *pool, struct page *p);

static inline bool page_pool_over(const struct page_pool *pool)
{
    return pool->used > pool->limit;
}

static inline struct page_entry *page_entry(const struct page *p, uint32_t i)
{
    return (struct page_entry *)(void *)(uintptr_t)(p->bytes + p->size) - 1 - i;
}

static inline bool page_has_room(const struct page *p, size_t n, uint32_t records)
{
    return p->size - p->used >= n + (p->count + records) * sizeof(struct page_entry);
}

/* Offset at which the frame of the i-th record starts, when that is the first of its frame. */
static inline uint32_t page_frame_start(const struct page *p, uint32_t i)
{
    return i == 0 ? 0 : page_entry(p, i - 1)->end;
}

#endif
