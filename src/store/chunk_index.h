/* SPDX-License-Identifier: MIT
 *
 * chunk_index.h - writing the record of the .idx file (docs/store-format.md, "Index record").
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_STORE_CHUNK_INDEX_H
#define LM_STORE_CHUNK_INDEX_H

#include "store/chunk_format.h"
#include "store/seal_index.h"
#include "store/seal_rows.h"

struct index_parts {
    uint32_t epoch;
    uint64_t seg_at;
    struct str seg; /* head of the chunk at least: CHUNK_HEAD bytes */
    struct str meta;
    struct str labels; /* from index_labels() */
    struct str positions;
    struct seal_index *index;
};

/* Appends the record. -ENOMEM. */
int index_write(const struct index_parts *p, struct buf *out) LM_MUST_CHECK;

/* Different pairs of name and value in a chunk; one with more has no filter of its labels. */
enum { INDEX_LABELS_MAX = 2000 };

/* Appends a bloom of every pair of name and value; nothing when there are too many. */
int index_labels(const struct seal_set *sets, uint32_t count, struct buf *out) LM_MUST_CHECK;
uint64_t index_label_hash(struct str name, struct str value);

#endif
