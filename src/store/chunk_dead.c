/* SPDX-License-Identifier: MIT
 *
 * chunk_dead.c - what of a chunk is gone for every reader, and a chunk without it.
 */
#include "store/chunk_dead.h"

#include "store/chunk_emit.h"
#include "store/chunk_find.h"
#include "store/chunk_holes.h"
#include "store/seal_image.h"

#include <errno.h>

bool dead_class(const struct chunk *c, uint16_t class, int64_t now_us)
{
    return class && now_us - c->max_arrival_us > chunk_class_ttl_us(class);
}

/* Records of this set with ids up to the answer are gone. */
static uint64_t dead_to(const struct chunk_reader *r, uint32_t set, const struct tombs *tombs,
                        int64_t now_us)
{
    if (dead_class(r->chunk, r->sets[set].class, now_us))
        return UINT64_MAX;
    return tombs_dead_to(tombs, r->sets[set].labels);
}

/* Sets that are cut by a bound are looked at row by row. */
int dead_block(struct chunk_reader *r, uint32_t block, const struct tombs *tombs, int64_t now_us,
               bool *ret)
{
    const struct reader_block *b = &r->blocks[block];
    uint32_t first = format_u32(b->head + BLOCK_FIRST_SET);
    uint32_t last = format_u32(b->head + BLOCK_LAST_SET);
    bool all = true, some = false;
    int err = reader_need(r, NEED_SETS);

    for (uint32_t set = first; set <= last && err == 0; set++) {
        uint64_t bound = dead_to(r, set, tombs, now_us);
        all = all && bound >= r->chunk->end_id - 1;
        some = some || bound >= r->chunk->first_id;
    }
    *ret = err == 0 && all;
    if (err < 0 || all || !some)
        return err;
    err = reader_need(r, NEED_ORDER | NEED_IDS);
    *ret = err == 0;
    for (uint32_t i = 0; i < b->rows && *ret; i++) {
        uint32_t row = r->order[b->first_place + i];
        *ret = reader_id(r, row) <= dead_to(r, r->row_sets[row], tombs, now_us);
    }
    return err;
}

bool chunk_has_classes(const struct chunk *c)
{
    return c->meta_flags & META_CLASSES;
}

int chunk_dead_ranges(struct chunk *c, const struct tombs *tombs, int64_t now_us,
                      chunk_range_fn *fn, void *ctx)
{
    struct chunk_reader r = {0};
    bool dead = false;
    int err = 0;

    if (tombs_count(tombs) == 0 && !chunk_has_classes(c))
        return 0;
    err = reader_open(&r, c);
    for (uint32_t i = 0; i < c->block_count && err == 0; i++) {
        const char *d = r.blocks[i].head;
        err = dead_block(&r, i, tombs, now_us, &dead);
        if (err == 0 && dead)
            err = fn(c->seg_at + format_u32(d + BLOCK_AT),
                     (uint64_t)format_u32(d + BLOCK_TEXT_N) + format_u32(d + BLOCK_FIELDS_N), ctx);
    }
    reader_close(&r);
    return err;
}

static struct find_range alive_range(const struct tombs *tombs, int64_t now_us)
{
    return (struct find_range){.max_id = UINT64_MAX,
                               .from_us = INT64_MIN,
                               .to_us = INT64_MAX,
                               .tombs = tombs,
                               .now_us = now_us,
                               .end_us = INT64_MAX};
}

int chunk_alive(struct chunk *c, const struct tombs *tombs, int64_t now_us, uint64_t *ret_records)
{
    const struct find_range range = alive_range(tombs, now_us);
    struct finder finder = {0};
    struct found found = {0};
    struct filter everything;
    struct plan plan;
    int err;

    filter_init(&everything);
    err = plan_make(&plan, &everything);
    if (err == 0)
        err = find_rows(&finder, c, &plan, &range, true, &found);
    if (err == 0)
        *ret_records = found.count;
    finder_fini(&finder);
    found_fini(&found);
    plan_fini(&plan);
    return err;
}

/* --- again, without the dead --- */

struct resealing {
    struct chunk_reader reader;
    struct emitter emitter;
    struct chunk_holes holes;
    struct seal_rows rows;
    uint32_t hole; /* the next one */
};

/* Holes of the old chunk are holes of the new one; missing ids need not be told. */
static int add_holes(struct resealing *g, uint64_t before_id)
{
    int err = 0;

    for (; g->hole < g->holes.count && err == 0; g->hole++) {
        const struct chunk_hole *h = holes_at(&g->holes, g->hole);
        if (h->first_id >= before_id)
            break;
        if (h->reason != HOLE_MISSING)
            err = seal_rows_add_hole(&g->rows, h);
    }
    return err;
}

static int add_row(struct resealing *g, uint32_t row, const struct chunk_seal_opts *opts)
{
    uint16_t class = emitter_class(&g->emitter, row);
    struct record r = {.id = reader_id(&g->reader, row)};
    const struct chunk_hole gone = {r.id, r.id + 1, HOLE_CLEARED, NULL, 0};
    int err = add_holes(g, r.id);

    if (err == 0 && r.id <= dead_to(&g->reader, g->reader.row_sets[row], opts->tombs, opts->now_us))
        return seal_rows_add_hole(&g->rows, &gone); /* its block may be punched */
    if (err == 0)
        err = emitter_record(&g->emitter, row, &r);
    return err < 0 ? err : seal_rows_add(&g->rows, &r, class, g->reader.chunk->max_arrival_us);
}

static int collect(struct resealing *g, struct chunk *c, const struct chunk_seal_opts *opts)
{
    int err = reader_open(&g->reader, c);

    g->rows.first_id = c->first_id;
    g->rows.end_id = c->end_id;
    if (err == 0)
        err = emitter_init(&g->emitter, &g->reader);
    if (err == 0)
        err = holes_read(&g->holes, &g->reader);
    for (uint32_t row = 0; row < c->count && err == 0; row++)
        err = add_row(g, row, opts);
    if (err == 0)
        err = add_holes(g, UINT64_MAX);
    if (g->rows.count > 0)
        g->rows.min_arrival_us = c->min_arrival_us;
    return err;
}

int chunk_reseal(struct chunk *c, const struct chunk_seal_opts *opts, struct chunk_image *ret)
{
    struct resealing g = {0};
    int err = collect(&g, c, opts);

    *ret = (struct chunk_image){0};
    if (err == 0)
        err = seal_image(&g.rows, opts, ret);
    seal_rows_fini(&g.rows);
    holes_fini(&g.holes);
    emitter_fini(&g.emitter);
    reader_close(&g.reader);
    return err;
}
