/* SPDX-License-Identifier: MIT
 *
 * chunk_emit.h - rows as records, with their texts.
 *
 * Threads: one at a time.
 * Owns:    the blocks it has unpacked, each once, until emitter_fini(): at most the texts of one chunk.
 */
#ifndef LM_STORE_CHUNK_EMIT_H
#define LM_STORE_CHUNK_EMIT_H

#include "store/chunk_texts.h"

struct emitter {
    struct chunk_reader *reader;
    struct block_texts *texts; /* one for each block; without ends: not read yet */
};

/* For the chunk that the reader has open. -ENOMEM and what reader_need() says; emitter_fini() in
 * any case. */
int emitter_init(struct emitter *e, struct chunk_reader *r) LM_MUST_CHECK;
/* Takes over the messages of a block of the open chunk that somebody has unpacked, if any (`rows`
 * is not 0). */
void emitter_take(struct emitter *e, struct block_texts *t);
/* The record of a row, valid until emitter_fini(). */
int emitter_record(struct emitter *e, uint32_t row, struct record *ret) LM_MUST_CHECK;
/* The block that has its texts. */
uint32_t emitter_block(const struct emitter *e, uint32_t row);
/* The retention class of a row. */
uint16_t emitter_class(const struct emitter *e, uint32_t row);
void emitter_fini(struct emitter *e);

#endif
