/* SPDX-License-Identifier: MIT
 *
 * chunk_holes.h - the ids of a chunk that have no row, in order.
 *
 * Holes that are known by reason come from the column of holes; what is left between runs of ids is
 * missing.
 *
 * Threads: one at a time. Owns: its list, which needs the reader for as long as it lives.
 */
#ifndef LM_STORE_CHUNK_HOLES_H
#define LM_STORE_CHUNK_HOLES_H

#include "store/chunk_reader.h"

struct chunk_holes {
    struct buf holes_at; /* struct chunk_hole */
    struct buf sets_at;  /* struct labels *, which the holes point into */
    uint32_t count;
};

/* -LM_E_DAMAGED, -ENOMEM, -EIO. */
int holes_read(struct chunk_holes *h, struct chunk_reader *r) LM_MUST_CHECK;
const struct chunk_hole *holes_at(const struct chunk_holes *h, uint32_t i);
void holes_fini(struct chunk_holes *h);

#endif
