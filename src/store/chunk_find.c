/* SPDX-License-Identifier: MIT
 *
 * chunk_find.c - from a chunk to its matching rows.
 */
#include "store/chunk_find.h"

#include "base/clock.h"
#include "store/chunk_dead.h"
#include "store/find_texts.h"

#include <errno.h>

void finder_fini(struct finder *f)
{
    reader_close(&f->reader);
    prune_fini(&f->pruner);
    texts_fini(&f->texts);
    buf_fini(&f->sets_at);
    buf_fini(&f->memo);
    arena_fini(&f->bits);
    *f = (struct finder){0};
}

int find_checkpoint(const struct plan *plan, const struct find_range *range)
{
    if (range->cancel && atomic_load_explicit(range->cancel, memory_order_relaxed))
        return -ECANCELED;
    if (!plan->filter->costly)
        return 0;
    if (filter_overruns(plan->filter) > 0 || clock_mono_us() > range->end_us)
        return -LM_E_EXPENSIVE;
    return 0;
}

/* --- sets of rows --- */

void found_fini(struct found *f)
{
    buf_fini(&f->bits_at);
    arena_fini(&f->kept_at);
}

/* Nothing found; memory is kept for the next time. */
static void found_clear(struct found *f)
{
    buf_clear(&f->bits_at);
    arena_reset(&f->kept_at);
    f->kept = NULL;
    f->kept_count = f->count = 0;
    f->listed = false;
}

int found_none(struct found *f, uint32_t rows)
{
    size_t n = ((size_t)rows + 63) / 64 * 8;

    found_clear(f);
    if (buf_reserve(&f->bits_at, n + 8) < 0)
        return -ENOMEM;
    memset(f->bits_at.p, 0, n + 8);
    f->bits_at.n = n;
    f->listed = true;
    return 0;
}

void found_add(struct found *f, uint32_t row)
{
    f->bits_at.p[row / 8] = (char)(f->bits_at.p[row / 8] | 1 << row % 8);
    f->count++;
}

/* --- what label sets say --- */

bool find_set_alive(const struct finder *f, uint32_t set)
{
    return f->sets[set].verdict.truth != TRUTH_NO && f->sets[set].dead_to < f->range->max_id &&
           f->sets[set].dead_to + 1 < f->reader.chunk->end_id;
}

/* Asks every set; false when none is left. */
static bool any_set_alive(struct finder *f)
{
    bool any = false;

    for (uint32_t i = 0; i < f->reader.chunk->set_count; i++)
        any = any || find_set_alive(f, i);
    return any;
}

static int decide_sets(struct finder *f)
{
    const struct chunk *c = f->reader.chunk;
    int err = reader_need(&f->reader, NEED_SETS);

    buf_clear(&f->sets_at);
    if (err == 0)
        err = buf_reserve(&f->sets_at, (size_t)c->set_count * sizeof *f->sets + 1);
    if (err < 0)
        return err;
    f->sets = (struct find_set *)(void *)f->sets_at.p;
    for (uint32_t i = 0; i < c->set_count; i++) {
        const struct reader_set *set = &f->reader.sets[i];
        filter_decide(f->plan->filter, set->labels, &f->sets[i].verdict);
        f->sets[i].dead_to = dead_class(c, set->class, f->range->now_us)
                                 ? UINT64_MAX - 1
                                 : tombs_dead_to(f->range->tombs, set->labels);
        f->cut =
            f->cut || (f->sets[i].dead_to >= c->first_id && f->sets[i].dead_to + 1 < c->end_id);
    }
    return 0;
}

static void drop_dead_blocks(const struct finder *f, struct block_mask *blocks)
{
    const struct chunk_reader *r = &f->reader;

    for (uint32_t i = 0; i < r->chunk->block_count; i++) {
        const char *d = r->blocks[i].head;
        bool alive = false;
        for (uint32_t set = format_u32(d + BLOCK_FIRST_SET); set <= format_u32(d + BLOCK_LAST_SET);
             set++)
            alive = alive || find_set_alive(f, set);
        if (!alive || (int64_t)format_u64(d + BLOCK_MAX_TIME) < f->range->from_us ||
            (int64_t)format_u64(d + BLOCK_MIN_TIME) >= f->range->to_us)
            mask_drop(blocks, i);
    }
}

/* --- the steps --- */

/* Do the labels leave texts or fields to be asked of any set? */
static bool asks_texts(const struct finder *f)
{
    bool open = false;

    for (uint32_t i = 0; i < f->reader.chunk->set_count; i++)
        open = open || (find_set_alive(f, i) && f->sets[i].verdict.truth == TRUTH_OPEN);
    return open && (f->plan->by_text || f->plan->by_fields);
}

/* Which rows lie in the range of ids; do the ranges cut the chunk? */
static int find_range_of_rows(struct finder *f)
{
    const struct chunk *c = f->reader.chunk;
    const struct find_range *g = f->range;

    f->row_from = 0;
    f->row_to = c->count;
    if (c->first_id < g->min_id || c->end_id - 1 > g->max_id) {
        int err = reader_need(&f->reader, NEED_IDS);
        if (err < 0)
            return err;
        f->row_from = reader_row(&f->reader, g->min_id);
        f->row_to = g->max_id == UINT64_MAX ? c->count : reader_row(&f->reader, g->max_id + 1);
        f->cut = true;
    }
    f->cut = f->cut || c->min_time_us < g->from_us || c->max_time_us >= g->to_us;
    return 0;
}

static bool outside(const struct chunk *c, const struct find_range *g)
{
    return c->count == 0 || c->end_id <= g->min_id || c->first_id > g->max_id ||
           c->max_time_us < g->from_us || c->min_time_us >= g->to_us;
}

/* Nothing has to be read to know that everything matches. */
static bool all_match(const struct chunk *c, const struct plan *plan, const struct find_range *g,
                      bool count_only)
{
    return count_only && filter_is_empty(plan->filter) && !g->tombs &&
           !(c->meta_flags & META_CLASSES) && c->first_id >= g->min_id &&
           c->end_id - 1 <= g->max_id && c->min_time_us >= g->from_us && c->max_time_us < g->to_us;
}

/* Texts are what can be pruned without knowing labels, so they are asked first. */
static int prune(struct finder *f, struct block_mask *blocks)
{
    int err = f->plan->by_fields ? reader_need(&f->reader, NEED_SETS) : 0;

    prune_begin(&f->pruner, &f->reader, f->plan);
    if (err == 0)
        prune_blocks(&f->pruner, blocks);
    return err;
}

static int find_in_open_chunk(struct finder *f, bool count_only)
{
    struct block_mask blocks;
    uint32_t block_count = f->reader.chunk->block_count;
    int err = prune(f, &blocks);

    if (err < 0 || !mask_any(&blocks, block_count))
        return err;
    err = find_range_of_rows(f);
    if (err == 0)
        err = decide_sets(f);
    if (err < 0 || !any_set_alive(f))
        return err;
    drop_dead_blocks(f, &blocks);
    if (!mask_any(&blocks, block_count))
        return 0;
    if (asks_texts(f))
        return find_by_texts(f, &blocks, count_only);
    return find_by_columns(f, count_only);
}

int find_rows(struct finder *f, struct chunk *c, const struct plan *plan,
              const struct find_range *range, bool count_only, struct found *ret)
{
    int err = find_checkpoint(plan, range);

    found_clear(ret);
    f->texts.rows = 0;
    f->plan = plan;
    f->range = range;
    f->found = ret;
    f->cut = false;
    if (err < 0 || outside(c, range) || !prune_by_labels(c, plan->filter))
        return err;
    if (all_match(c, plan, range, count_only)) {
        ret->count = c->count;
        return 0;
    }
    err = reader_open(&f->reader, c);
    if (err == 0)
        err = find_in_open_chunk(f, count_only);
    /* A regex that took too long has said no where nobody knows. */
    return err == 0 ? find_checkpoint(plan, range) : err;
}
