/* SPDX-License-Identifier: MIT
 *
 * batch.c - collecting what one origin said in one turn. See record.h.
 */
#include "record/record.h"

#include <errno.h>
#include <stdlib.h>

void batch_clear(struct batch *b)
{
    for (uint32_t i = 0; i < b->count; i++)
        labels_unref(b->records[i].labels);
    b->count = 0;
    b->text_n = b->sets_n = 0;
    arena_reset(&b->scratch);
}

void batch_begin(struct batch *b, const struct origin *origin, int64_t arrival_us)
{
    batch_clear(b);
    b->origin = *origin;
    b->position = (struct position){0};
    b->arrival_us = arrival_us;
    b->unstored = b->or_live = b->live_only = false;
    b->ids = 0;
    b->first_id = 0;
}

int batch_add(struct batch *b, const struct record *r)
{
    if (b->count == b->cap) {
        uint32_t cap = b->cap ? b->cap * 2 : 64;
        struct record *records = realloc(b->records, cap * sizeof *records);
        if (!records)
            return -ENOMEM;
        b->records = records;
        b->cap = cap;
    }
    if (b->count == 0 || b->records[b->count - 1].labels != r->labels)
        b->sets_n += r->labels->wire.n;
    b->records[b->count] = *r;
    labels_ref(r->labels);
    b->count++;
    b->text_n += r->message.n + r->fields.n;
    return 0;
}

void batch_fini(struct batch *b)
{
    batch_clear(b);
    free(b->records);
    arena_fini(&b->scratch);
    *b = (struct batch){0};
}
