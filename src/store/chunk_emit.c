/* SPDX-License-Identifier: MIT
 *
 * chunk_emit.c - finding the block of a row, and its texts in it.
 */
#include "store/chunk_emit.h"

#include <errno.h>
#include <stdlib.h>

int emitter_init(struct emitter *e, struct chunk_reader *r)
{
    *e = (struct emitter){.reader = r};
    e->texts = calloc((size_t)r->chunk->block_count + 1, sizeof *e->texts);
    if (!e->texts)
        return -ENOMEM;
    return reader_need(r, NEED_IDS | NEED_TIMES | NEED_KINDS | NEED_SETS | NEED_ROW_SETS |
                              NEED_PLACES);
}

void emitter_fini(struct emitter *e)
{
    for (uint32_t i = 0; e->texts && i < e->reader->chunk->block_count; i++)
        texts_fini(&e->texts[i]);
    free(e->texts);
    *e = (struct emitter){0};
}

static uint32_t block_of(const struct chunk_reader *r, uint32_t place)
{
    uint32_t low = 0, high = r->chunk->block_count - 1;

    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (r->blocks[middle].first_place <= place)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

void emitter_take(struct emitter *e, struct block_texts *t)
{
    if (t->rows == 0)
        return;
    e->texts[t->block] = *t;
    e->texts[t->block].ends = NULL; /* fields are still to be read */
    *t = (struct block_texts){0};
}

static int read_block(struct emitter *e, uint32_t block)
{
    int err = e->texts[block].rows ? 0 : texts_read_messages(&e->texts[block], e->reader, block);

    if (err == 0)
        err = texts_read_fields(&e->texts[block], e->reader, block);
    return err < 0 ? err : texts_index(&e->texts[block]);
}

int emitter_record(struct emitter *e, uint32_t row, struct record *ret)
{
    const struct chunk_reader *r = e->reader;
    uint32_t place = r->places[row], block = block_of(r, place);
    struct block_texts *t = &e->texts[block];
    int err = t->ends ? 0 : read_block(e, block);

    if (err < 0)
        return err;
    reader_record(r, row, ret);
    ret->message = texts_message(t, place - r->blocks[block].first_place);
    ret->fields = texts_fields(t, place - r->blocks[block].first_place);
    return 0;
}

uint32_t emitter_block(const struct emitter *e, uint32_t row)
{
    return block_of(e->reader, e->reader->places[row]);
}

uint16_t emitter_class(const struct emitter *e, uint32_t row)
{
    return e->reader->sets[e->reader->row_sets[row]].class;
}
