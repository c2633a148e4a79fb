/* SPDX-License-Identifier: MIT
 *
 * chunk_holes.c - known holes and unknown ones, merged.
 */
#include "store/chunk_holes.h"

#include <errno.h>

void holes_fini(struct chunk_holes *h)
{
    buf_fini(&h->holes_at);
    buf_fini(&h->sets_at);
    h->count = 0;
}

const struct chunk_hole *holes_at(const struct chunk_holes *h, uint32_t i)
{
    return (const struct chunk_hole *)(const void *)h->holes_at.p + i;
}

static int add(struct chunk_holes *h, const struct chunk_hole *hole)
{
    buf_add(&h->holes_at, hole, sizeof *hole);
    h->count++;
    return buf_error(&h->holes_at);
}

static int add_sets(struct chunk_holes *h, struct chunk_reader *r, struct str *raw, uint64_t n)
{
    uint64_t set;

    for (uint64_t i = 0; i < n; i++) {
        if (!format_varint(raw, &set) || set >= r->chunk->set_count)
            return -LM_E_DAMAGED;
        buf_add(&h->sets_at, &r->sets[set].labels, sizeof r->sets[set].labels);
    }
    return buf_error(&h->sets_at);
}

/* One hole of the column; *due is the id behind the one before. Its sets are found when all are
 * read. */
static int next_known(struct chunk_holes *h, struct chunk_reader *r, struct str *raw, uint64_t *due,
                      struct chunk_hole *ret)
{
    uint64_t gap, n, sets;

    if (!format_varint(raw, &gap) || !format_varint(raw, &n) || raw->n == 0 ||
        gap > r->chunk->end_id - *due || n > r->chunk->end_id - *due - gap)
        return -LM_E_DAMAGED;
    *ret = (struct chunk_hole){.first_id = *due + gap,
                               .end_id = *due + gap + n,
                               .reason = (enum hole_reason)(unsigned char)*raw->p};
    *raw = str_of(raw->p + 1, raw->n - 1);
    if (ret->reason > HOLE_CLEARED || !format_varint(raw, &sets) || sets > raw->n)
        return -LM_E_DAMAGED;
    ret->set_count = (uint32_t)sets;
    *due = ret->end_id;
    return add_sets(h, r, raw, sets);
}

/* Where rows are not, and the known holes neither. */
struct edge {
    const struct chunk_reader *r;
    uint64_t due;
    uint32_t run;
};

static int add_missing_before(struct chunk_holes *h, struct edge *e, uint64_t id)
{
    int err = 0;

    while (err == 0 && e->run < e->r->run_count && e->r->runs[e->run].first_id < id) {
        const struct reader_run *run = &e->r->runs[e->run++];
        if (run->first_id > e->due)
            err = add(h, &(struct chunk_hole){.first_id = e->due, .end_id = run->first_id});
        if (run->first_id + run->count > e->due)
            e->due = run->first_id + run->count;
    }
    if (err == 0 && id > e->due)
        err = add(h, &(struct chunk_hole){.first_id = e->due, .end_id = id});
    return err;
}

static void point_to_sets(struct chunk_holes *h)
{
    struct chunk_hole *holes = (struct chunk_hole *)(void *)h->holes_at.p;
    struct labels **sets = (struct labels **)(void *)h->sets_at.p;

    for (uint32_t i = 0; i < h->count; i++) {
        holes[i].sets = sets;
        sets += holes[i].set_count;
    }
}

int holes_read(struct chunk_holes *h, struct chunk_reader *r)
{
    struct edge edge = {.r = r, .due = r->chunk->first_id};
    uint64_t known, due = r->chunk->first_id;
    struct chunk_hole hole;
    struct str raw;
    int err = reader_need(r, NEED_IDS | NEED_SETS);

    buf_clear(&h->holes_at);
    buf_clear(&h->sets_at);
    h->count = 0;
    if (err == 0)
        err = reader_column(r, COLUMN_UNSTORED, &raw, &known);
    for (uint64_t i = 0; err == 0 && i < known; i++) {
        err = next_known(h, r, &raw, &due, &hole);
        if (err == 0)
            err = add_missing_before(h, &edge, hole.first_id);
        if (err == 0)
            err = add(h, &hole);
        edge.due = due > edge.due ? due : edge.due;
    }
    if (err == 0)
        err = add_missing_before(h, &edge, r->chunk->end_id);
    if (err == 0)
        point_to_sets(h);
    return err;
}
