/* SPDX-License-Identifier: MIT
 *
 * seal_columns.h - everything about rows but their texts, as columns.
 *
 * Threads: one at a time. Owns: nothing.
 */
#ifndef LM_STORE_SEAL_COLUMNS_H
#define LM_STORE_SEAL_COLUMNS_H

#include "store/chunk_codec.h"
#include "store/seal_rows.h"

struct seal_columns {
    const struct seal_rows *rows;
    struct packer *packer;
    struct buf *seg;   /* where columns are appended; it begins with the head of the chunk */
    struct buf *table; /* where their descriptors are appended */
    uint32_t count;
    struct buf scratch; /* one column, before it is packed */
    int64_t min_time_us, max_time_us;
};

/* Writes every column. -ENOMEM. seal_columns_fini() in any case. */
int seal_columns_write(struct seal_columns *c) LM_MUST_CHECK;
void seal_columns_fini(struct seal_columns *c);

#endif
