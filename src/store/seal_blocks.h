/* SPDX-License-Identifier: MIT
 *
 * seal_blocks.h - the texts of all rows, lane after lane, cut into blocks and packed.
 *
 * Threads: one at a time. Owns: its buffers.
 */
#ifndef LM_STORE_SEAL_BLOCKS_H
#define LM_STORE_SEAL_BLOCKS_H

#include "store/chunk_codec.h"
#include "store/seal_index.h"
#include "store/seal_rows.h"

/* A block is closed when it has this much text, and earlier at the end of a lane's source when it
 * has a fourth of it. One message alone may be larger. */
enum { BLOCK_TEXT = 512 * 1024 };

struct seal_blocks {
    const struct seal_rows *rows;
    struct packer *packer;
    struct seal_index *index;
    struct buf *seg;   /* where blocks are appended */
    struct buf *table; /* where their descriptors are appended */
    const atomic_bool *cancel;
    uint32_t text_max; /* BLOCK_TEXT */
    uint32_t count;
    uint64_t raw_n;
    struct buf text, plain, fields; /* of one block */
    size_t lengths_n;               /* of the fields, in front of them */
};

/* Writes every block. -ENOMEM, -ECANCELED. seal_blocks_fini() in any case. */
int seal_blocks_write(struct seal_blocks *b) LM_MUST_CHECK;
void seal_blocks_fini(struct seal_blocks *b);

#endif
