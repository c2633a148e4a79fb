/* SPDX-License-Identifier: MIT
 *
 * unread.c - a list of places. There is hardly ever one, so it is searched from end to end.
 */
#include "store/unread.h"

#include <errno.h>
#include <stdlib.h>

void unread_init(struct unread *u)
{
    *u = (struct unread){0};
    pthread_mutex_init(&u->lock, NULL);
}

void unread_fini(struct unread *u)
{
    pthread_mutex_destroy(&u->lock);
    free(u->places);
}

static bool is_known(const struct unread *u, const struct unread_place *p)
{
    for (uint32_t i = 0; i < u->count; i++)
        if (u->places[i].chunk == p->chunk && u->places[i].at == p->at)
            return true;
    return false;
}

static int add(struct unread *u, const struct unread_place *p)
{
    if (is_known(u, p))
        return 0;
    if (u->count == u->cap) {
        uint32_t cap = u->cap ? u->cap * 2 : 16;
        struct unread_place *places = realloc(u->places, cap * sizeof *places);
        if (!places)
            return -ENOMEM;
        u->places = places;
        u->cap = cap;
    }
    u->places[u->count++] = *p;
    return 0;
}

static int note(struct unread *u, const struct unread_place *p)
{
    pthread_mutex_lock(&u->lock);
    int err = add(u, p);
    pthread_mutex_unlock(&u->lock);
    return err;
}

static bool may_pass(const struct unread *u, int err)
{
    return u && (err == -LM_E_DAMAGED || err == -EIO);
}

static struct unread_place place_in(const struct chunk_reader *r, uint64_t at, uint32_t records)
{
    return (struct unread_place){.chunk = r->chunk,
                                 .at = at,
                                 .records = records,
                                 .first_id = r->chunk->first_id,
                                 .last_id = r->chunk->end_id - 1};
}

static bool is_in(const struct chunk_reader *r, const struct reader_block *b, uint32_t row)
{
    return r->places[row] - b->first_place < b->rows;
}

/* The first and the last row of a block by the places of rows; false when the reader does not have
 * them. */
static bool place_ends(const struct chunk_reader *r, const struct reader_block *b, uint32_t *first,
                       uint32_t *last)
{
    uint32_t count = r->chunk->count;

    if ((r->have & NEED_PLACES) == 0 || b->rows == 0)
        return false;
    for (*first = 0; *first < count && !is_in(r, b, *first);)
        ++*first;
    for (*last = count - 1; *last > *first && !is_in(r, b, *last);)
        --*last;
    return *first < count;
}

/* The same by the rows of places. */
static bool order_ends(const struct chunk_reader *r, const struct reader_block *b, uint32_t *first,
                       uint32_t *last)
{
    if ((r->have & NEED_ORDER) == 0 || b->rows == 0)
        return false;
    *first = UINT32_MAX;
    *last = 0;
    for (uint32_t i = 0; i < b->rows; i++) {
        uint32_t row = r->order[b->first_place + i];
        *first = row < *first ? row : *first;
        *last = row > *last ? row : *last;
    }
    return true;
}

/* A block has rows of one kind: others may lie among them. */
static void narrow(struct unread_place *p, const struct chunk_reader *r,
                   const struct reader_block *b)
{
    uint32_t first, last;

    if ((r->have & NEED_IDS) == 0)
        return;
    if (!order_ends(r, b, &first, &last) && !place_ends(r, b, &first, &last))
        return;
    p->first_id = reader_id(r, first);
    p->last_id = reader_id(r, last);
}

int unread_pass_chunk(struct unread *u, const struct chunk_reader *r, int err)
{
    struct unread_place p = place_in(r, r->read_at, r->chunk->count);

    return may_pass(u, err) ? note(u, &p) : err;
}

int unread_pass_table(struct unread *u, const struct chunk_reader *r, int err)
{
    struct unread_place p = place_in(r, r->read_at, 0);

    return may_pass(u, err) ? note(u, &p) : err;
}

int unread_pass_block(struct unread *u, const struct chunk_reader *r, uint32_t block, int err)
{
    const struct reader_block *b = &r->blocks[block];
    uint64_t at = r->chunk->seg_at + format_u32(b->head + BLOCK_AT);
    uint64_t n =
        (uint64_t)format_u32(b->head + BLOCK_TEXT_N) + format_u32(b->head + BLOCK_FIELDS_N);
    struct unread_place p = place_in(r, at, b->rows);

    if (!may_pass(u, err) || r->read_at < at || r->read_at >= at + n)
        return err;
    narrow(&p, r, b);
    return note(u, &p);
}

void unread_sum(struct unread *u, struct store_unread *ret)
{
    *ret = (struct store_unread){0};
    pthread_mutex_lock(&u->lock);
    for (uint32_t i = 0; i < u->count; i++) {
        const struct unread_place *p = &u->places[i];
        ret->records += p->records;
        if (p->records == 0 || ret->place_count == UNREAD_PLACES_MAX)
            continue;
        uint32_t n = ret->place_count++;
        ret->places[n].first_id = p->first_id;
        ret->places[n].last_id = p->last_id;
        ret->places[n].records = p->records;
    }
    pthread_mutex_unlock(&u->lock);
}
