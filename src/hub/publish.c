/* SPDX-License-Identifier: MIT
 *
 * publish.c - number, journal, position, sinks: the whole of what happens to a line in the middle.
 *
 *     batch ─▶ an id for each record ─▶ journal ─▶ position of its origin ─▶ metrics, stream, …
 *                                          └─(the disk is full)─▶ live only, space.c
 *
 * All of it happens or nothing: when the journal refuses, the ids were never given and the position
 * has not moved, and the source comes again with the same bytes. Behind the journal nothing can
 * fail.
 *
 * Threads: loop thread. Owns: nothing; the batch is the caller's.
 */
#include "hub/publish.h"

#include <errno.h>

/* Gives out ids and writes the batch down. On failure the ids are still to be given. */
static int number_and_keep(struct hub *h, struct batch *b)
{
    uint64_t next = h->numbers.next;
    int err = numbers_take(&h->numbers, b->count, &b->first_id);

    for (uint32_t i = 0; i < b->count && err == 0; i++)
        b->records[i].id = b->first_id + i;
    if (err == 0)
        err = space_keep(h->space, b);
    if (err < 0)
        h->numbers.next = next;
    return err;
}

int hub_publish(struct hub *h, struct batch *b)
{
    struct position_entry *entry = NULL;

    /* Whatever needs memory comes first: once it is in the journal the batch has happened. */
    if (b->origin.kind != ORIGIN_HUB && !(entry = positions_entry(&h->positions, &b->origin)))
        return -ENOMEM;
    int err = number_and_keep(h, b);
    if (err < 0) {
        if (entry && !entry->known)
            positions_forget(&h->positions, &b->origin);
        return err;
    }
    if (entry) {
        entry->ahead = b->live_only;
        positions_note(&h->positions, entry, &b->position, b->arrival_us);
    }
    if (b->count > 0)
        for (uint32_t i = 0; i < h->sink_count; i++)
            h->sinks[i].fn(b, h->sinks[i].ctx);
    return 0;
}

void hub_add_sink(struct hub *h, hub_sink_fn *fn, void *ctx)
{
    lm_assert(h->sink_count < HUB_SINKS_MAX);
    h->sinks[h->sink_count].fn = fn;
    h->sinks[h->sink_count].ctx = ctx;
    h->sink_count++;
}

bool hub_has_room(const struct hub *h)
{
    const struct space *s = h->space;
    return s->state == SPACE_NONE || s->seal_err < 0 ||
           (journal_has_room(h->journal) && !space_asks_to_wait(s));
}

const struct live_only *hub_live_only(const struct hub *h)
{
    return h->space->live.first_id ? &h->space->live : NULL;
}

bool hub_is_live_only(const struct hub *h)
{
    return h->space->state == SPACE_NONE;
}

uint64_t hub_acked_id(const struct hub *h)
{
    return journal_acked_id(h->journal);
}

uint64_t hub_last_id(const struct hub *h)
{
    return h->numbers.next - 1;
}
