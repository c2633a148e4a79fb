/* SPDX-License-Identifier: MIT
 *
 * store_verify.c - looking at everything, and naming what does not hold.
 */
#include "store/store_impl.h"

#include "base/clock.h"

#include <stdio.h>

struct verifying {
    const struct segment *segment;
    store_damage_fn *fn;
    void *ctx;
};

static void tell(const struct verifying *v, bool in_idx, uint64_t at, const char *what,
                 uint64_t records)
{
    char file[80];

    snprintf(file, sizeof file, "history/%s/%s%s", v->segment->day, v->segment->name,
             in_idx ? ".idx" : ".seg");
    v->fn(file, at, what, records, v->ctx);
}

static void on_damage(const struct chunk_damage *d, void *ctx)
{
    tell(ctx, d->in_idx, d->at, d->what, d->records);
}

static int verify_segment(const struct store *s, struct verifying *v)
{
    const struct segment *g = v->segment;
    int err = 0;

    for (uint32_t i = 0; i < g->count && err == 0; i++)
        err = chunk_verify(g->chunks[i], s->tombs, clock_wall_us(), on_damage, v);
    if (g->idx_ends_early)
        tell(v, true, g->idx_n, "the records from here on do not hold", 0);
    else if (g->tail_n > 0)
        tell(v, false, g->seg_n, "a tail that was never committed", 0);
    return err;
}

int store_verify(const struct store *s, store_damage_fn *fn, void *ctx)
{
    struct verifying v = {.fn = fn, .ctx = ctx};
    int err = 0;

    LIST_FOR_EACH (link, &s->segments) {
        v.segment = LIST_ITEM(link, struct segment, link);
        if (err == 0)
            err = verify_segment(s, &v);
    }
    return err;
}
