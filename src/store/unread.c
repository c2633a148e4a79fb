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

int unread_pass_chunk(struct unread *u, const struct chunk_reader *r, int err)
{
    return may_pass(u, err) ? note(u, &(struct unread_place){r->chunk, r->read_at, r->chunk->count})
                            : err;
}

int unread_pass_table(struct unread *u, const struct chunk_reader *r, int err)
{
    return may_pass(u, err) ? note(u, &(struct unread_place){r->chunk, r->read_at, 0}) : err;
}

int unread_pass_block(struct unread *u, const struct chunk_reader *r, uint32_t block, int err)
{
    const struct reader_block *b = &r->blocks[block];
    uint64_t at = r->chunk->seg_at + format_u32(b->head + BLOCK_AT);
    uint64_t n =
        (uint64_t)format_u32(b->head + BLOCK_TEXT_N) + format_u32(b->head + BLOCK_FIELDS_N);

    if (!may_pass(u, err) || r->read_at < at || r->read_at >= at + n)
        return err;
    return note(u, &(struct unread_place){r->chunk, at, b->rows});
}

uint64_t unread_records(struct unread *u)
{
    uint64_t records = 0;

    pthread_mutex_lock(&u->lock);
    for (uint32_t i = 0; i < u->count; i++)
        records += u->places[i].records;
    pthread_mutex_unlock(&u->lock);
    return records;
}
