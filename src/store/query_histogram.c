/* SPDX-License-Identifier: MIT
 *
 * query_histogram.c - counts by time and level.
 *
 * Where a chunk is wanted whole and buckets begin at full minutes, its table of minutes is the
 * answer. Else the columns of time and level are, for the rows that match; texts are read only when
 * the filter asks for them.
 */
#include "store/query_impl.h"

#include <errno.h>
#include <stdlib.h>

struct histogram {
    int64_t start_us, bucket_us;
    struct query_bucket *buckets;
    uint32_t count;
    bool by_minutes; /* buckets begin at full minutes */
    uint32_t
        levels; /* bit n: what the filter lets through, when it asks for nothing else; else 0 */
    struct found found;
};

static void add(struct histogram *h, int64_t time_us, unsigned level, uint64_t n)
{
    uint64_t at = ((uint64_t)time_us - (uint64_t)h->start_us) / (uint64_t)h->bucket_us;

    if (time_us >= h->start_us && at < h->count)
        h->buckets[at].levels[level < LEVEL_COUNT ? level : LEVEL_NONE] += n;
}

static int count_record(const struct record *r, void *ctx)
{
    add(ctx, r->time_us, r->level, 1);
    return 0;
}

/* --- by the table of minutes --- */

static bool wanted_whole(const struct searcher *s, const struct chunk *c)
{
    const struct find_range *g = &s->range;

    return c->first_id >= g->min_id && c->end_id - 1 <= g->max_id && c->min_time_us >= g->from_us &&
           c->max_time_us < g->to_us && !g->tombs && !(c->meta_flags & META_CLASSES);
}

static int64_t first_minute(const struct chunk *c)
{
    return c->min_time_us / MINUTE_US - (c->min_time_us % MINUTE_US < 0);
}

static int add_minutes(struct histogram *h, const struct chunk *c, struct str raw, uint64_t minutes)
{
    int64_t minute = first_minute(c);
    uint64_t step, n;

    for (; minutes > 0; minutes--) {
        if (!format_varint(&raw, &step) || raw.n == 0)
            return -LM_E_DAMAGED;
        unsigned mask = (unsigned char)*raw.p;
        raw = str_of(raw.p + 1, raw.n - 1);
        minute += (int64_t)step;
        for (unsigned level = 0; level < 8; level++) {
            if (!(mask >> level & 1))
                continue;
            if (!format_varint(&raw, &n))
                return -LM_E_DAMAGED;
            if (h->levels >> level & 1)
                add(h, minute * MINUTE_US, level, n);
        }
    }
    return raw.n ? -LM_E_DAMAGED : 0;
}

/* 1: the chunk has no table. */
static int count_by_minutes(struct searcher *s, const struct part *p, struct histogram *h)
{
    struct chunk_reader *r = &s->finder.reader;
    struct str raw;
    uint64_t minutes;
    int err = reader_open(r, p->chunk);

    if (err == 0)
        err = reader_column(r, COLUMN_MINUTES, &raw, &minutes);
    if (err < 0)
        return err;
    return raw.n ? add_minutes(h, p->chunk, raw, minutes) : 1;
}

/* --- by rows --- */

static int count_rows(struct searcher *s, const struct part *p, struct histogram *h)
{
    struct chunk_reader *r = &s->finder.reader;
    int err = part_find(s, p, false, &h->found);

    if (err < 0 || h->found.count == 0)
        return err;
    if (!p->chunk) {
        uint32_t n = 0;
        const struct part_window all = {.limit = UINT32_MAX};
        return part_emit(s, p, &h->found, &all, count_record, h, &n);
    }
    err = r->chunk == p->chunk ? 0 : reader_open(r, p->chunk);
    if (err == 0)
        err = reader_need(r, NEED_TIMES | NEED_KINDS);
    for (uint32_t row = 0; row < p->chunk->count && err == 0; row++)
        if (found_has(&h->found, row))
            add(h, r->times[row], reader_level(r, row), 1);
    return err;
}

static int count_part(struct searcher *s, const struct part *p, void *sums)
{
    struct histogram *h = sums;
    int err = 1;

    if (p->chunk && h->by_minutes && h->levels && wanted_whole(s, p->chunk))
        err = count_by_minutes(s, p, h);
    if (err < 0 && unread_pass_table(s->range.unread, &s->finder.reader, err) == 0)
        err = 1; /* the rows say the same */
    return err == 1 ? count_rows(s, p, h) : err;
}

/* --- what the filter asks --- */

/* The levels it lets through, when it is about nothing else. */
static uint32_t levels_of(const struct filter *f)
{
    uint32_t levels = UINT32_MAX;

    if (!f->root)
        return levels;
    if (f->root->kind == EXPR_TERM && f->root->term->kind == TERM_LEVEL)
        return f->root->term->mask;
    return 0;
}

int query_histogram(const struct query *q, const struct store_view *v, int64_t start_us,
                    int64_t bucket_us, struct query_bucket *ret_buckets, uint32_t count)
{
    struct histogram h[EXEC_THREADS] = {
        {.start_us = start_us,
         .bucket_us = bucket_us,
         .buckets = ret_buckets,
         .count = count,
         .by_minutes = start_us % MINUTE_US == 0 && bucket_us % MINUTE_US == 0,
         .levels = levels_of(q->filter)}};
    int err;

    lm_assert(bucket_us > 0);
    memset(ret_buckets, 0, count * sizeof *ret_buckets);
    h[1] = h[0];
    h[1].buckets = calloc((size_t)count + 1, sizeof *ret_buckets);
    err = h[1].buckets ? exec_each(q, v, count_part, (void *[]){&h[0], &h[1]}) : -ENOMEM;
    for (uint32_t i = 0; i < count && err == 0; i++)
        for (int level = 0; level < LEVEL_COUNT; level++)
            ret_buckets[i].levels[level] += h[1].buckets[i].levels[level];
    free(h[1].buckets);
    found_fini(&h[0].found);
    found_fini(&h[1].found);
    return err;
}
