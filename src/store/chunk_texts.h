/* SPDX-License-Identifier: MIT
 *
 * chunk_texts.h - the texts of one block, unpacked.
 *
 *     messages:  text ⏎ text ⏎ text ⏎        a line feed behind each
 *     fields:    length length length text text
 *
 * Threads: one at a time. Owns: its buffers.
 */
#ifndef LM_STORE_CHUNK_TEXTS_H
#define LM_STORE_CHUNK_TEXTS_H

#include "store/chunk_reader.h"

enum { TEXTS_PAD = 64 }; /* readable bytes behind unpacked texts */

struct block_texts {
    struct buf messages_at, fields_at, ends_at, field_ends_at;
    struct str messages; /* without the lengths */
    struct str lengths;  /* of messages; empty when line feeds tell */
    struct str fields;
    uint32_t block, rows; /* rows 0: nothing has been read */
    uint16_t flags;       /* BLOCK_… */
    const uint32_t *ends; /* of each message; NULL before texts_index() */
    const uint32_t *field_ends;
};

/* Reads and unpacks the messages of a block, and its fields. -LM_E_DAMAGED, -LM_E_VERSION, -EIO,
 * -ENOMEM. */
int texts_read_messages(struct block_texts *t, struct chunk_reader *r,
                        uint32_t block) LM_MUST_CHECK;
int texts_read_fields(struct block_texts *t, struct chunk_reader *r, uint32_t block) LM_MUST_CHECK;

/* Finds where each message and each fields text ends, of what has been read. -LM_E_DAMAGED,
 * -ENOMEM. */
int texts_index(struct block_texts *t) LM_MUST_CHECK;

/* By the number within the block. Without fields read: empty. */
struct str texts_message(const struct block_texts *t, uint32_t i);
struct str texts_fields(const struct block_texts *t, uint32_t i);

void texts_fini(struct block_texts *t);

/* How many line feeds there are. */
uint32_t texts_count_feeds(struct str text);

#endif
