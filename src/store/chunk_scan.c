/* SPDX-License-Identifier: MIT
 *
 * chunk_scan.c - what matches in a chunk, and what is not there, in order of ids.
 */
#include "base/clock.h"
#include "store/chunk_emit.h"
#include "store/chunk_find.h"
#include "store/chunk_holes.h"

struct scanning {
    const struct chunk_scan *s;
    struct finder finder;
    struct found found;
    struct emitter emitter;
    struct chunk_holes holes;
    uint32_t hole; /* the next one */
};

/* Tells the holes that begin below `id`, as far as they touch the range. */
static int tell_holes(struct scanning *g, uint64_t id)
{
    int err = 0;

    for (; g->hole < g->holes.count && err == 0; g->hole++) {
        struct chunk_hole h = *holes_at(&g->holes, g->hole);
        if (h.first_id >= id)
            break;
        if (h.end_id <= g->s->min_id || h.first_id > g->s->max_id)
            continue;
        h.first_id = h.first_id < g->s->min_id ? g->s->min_id : h.first_id;
        h.end_id = h.end_id - 1 > g->s->max_id ? g->s->max_id + 1 : h.end_id;
        err = g->s->hole(&h, g->s->ctx);
    }
    return err;
}

/* The block of this row does not hold. */
static int pass_row(struct scanning *g, uint32_t row, int err)
{
    const struct chunk_reader *r = &g->finder.reader;
    uint64_t id = reader_id(r, row);
    const struct chunk_hole hole = {.first_id = id, .end_id = id + 1, .reason = HOLE_MISSING};

    if (g->s->hole)
        err = unread_pass_block(g->s->unread, r, emitter_block(&g->emitter, row), err);
    return err ? err : g->s->hole(&hole, g->s->ctx);
}

static int emit_row(struct scanning *g, uint32_t row)
{
    struct record r;
    int err = g->s->hole ? tell_holes(g, reader_id(&g->finder.reader, row)) : 0;

    if (err)
        return err;
    err = emitter_record(&g->emitter, row, &r);
    return err < 0 ? pass_row(g, row, err) : g->s->emit(&r, g->s->ctx);
}

static int emit_rows(struct scanning *g)
{
    int err = emitter_init(&g->emitter, &g->finder.reader);

    for (uint32_t row = 0; row < g->finder.reader.chunk->count && err == 0; row++)
        if (found_has(&g->found, row))
            err = emit_row(g, row);
    emitter_fini(&g->emitter);
    return err;
}

static int scan(struct scanning *g, struct chunk *c, const struct plan *plan)
{
    const struct chunk_scan *s = g->s;
    const struct find_range range = {.min_id = s->min_id,
                                     .max_id = s->max_id,
                                     .from_us = INT64_MIN,
                                     .to_us = INT64_MAX,
                                     .tombs = s->tombs,
                                     .now_us = s->now_us,
                                     .cancel = s->cancel,
                                     .end_us = clock_mono_us() + CHUNK_SCAN_REGEX_US};
    int err = find_rows(&g->finder, c, plan, &range, false, &g->found);

    if (err == 0 && s->hole) {
        if (g->finder.reader.chunk != c)
            err = reader_open(&g->finder.reader, c);
        if (err == 0)
            err = holes_read(&g->holes, &g->finder.reader);
    }
    if (err == 0 && g->found.count > 0)
        err = emit_rows(g);
    if (err == 0 && s->hole)
        err = tell_holes(g, UINT64_MAX);
    return err;
}

int chunk_scan(struct chunk *c, const struct chunk_scan *s)
{
    struct scanning g = {.s = s};
    struct filter everything;
    struct plan plan;
    int err;

    filter_init(&everything);
    err = plan_make(&plan, s->filter ? s->filter : &everything);
    if (err == 0)
        err = scan(&g, c, &plan);
    if (err < 0 && g.finder.reader.chunk == c)
        (void)!unread_pass_chunk(s->unread, &g.finder.reader,
                                 err); /* it is an error all the same */
    holes_fini(&g.holes);
    found_fini(&g.found);
    finder_fini(&g.finder);
    plan_fini(&plan);
    filter_fini(&everything);
    return err;
}
