/* SPDX-License-Identifier: MIT
 *
 * find_prune.h - which blocks of a chunk may have something that matches.
 *
 * The tree of the filter is walked with sets of blocks for truth values: a text is in the blocks
 * that have its trigrams and tokens, AND intersects, OR unites, and what is negated may be
 * anywhere. An index that cannot be read rules nothing out.
 *
 * Threads: one at a time. Owns: the index it has read.
 */
#ifndef LM_STORE_FIND_PRUNE_H
#define LM_STORE_FIND_PRUNE_H

#include "store/chunk_reader.h"
#include "store/find_plan.h"

enum { PRUNE_BLOCKS_MAX = 1024 }; /* in a chunk with more nothing is ruled out */

/* One bit a block. */
struct block_mask {
    uint64_t words[PRUNE_BLOCKS_MAX / 64];
};

static inline bool mask_has(const struct block_mask *m, uint32_t block)
{
    return block >= PRUNE_BLOCKS_MAX || (m->words[block / 64] >> block % 64 & 1);
}

static inline void mask_drop(struct block_mask *m, uint32_t block)
{
    if (block < PRUNE_BLOCKS_MAX)
        m->words[block / 64] &= ~(UINT64_C(1) << block % 64);
}

struct pruner {
    struct chunk_reader *reader;
    const struct plan *plan;
    struct buf grams, blooms;
    bool grams_read, grams_ok, blooms_read, blooms_ok;
};

/* Starts with the chunk that the reader has open. */
void prune_begin(struct pruner *p, struct chunk_reader *r, const struct plan *plan);
/* Blocks that may have a match, as far as texts, levels, streams and times tell. */
void prune_blocks(struct pruner *p, struct block_mask *ret);
/* False when no block of the chunk can have a match because of the labels every match must have.
 * Needs no reader. */
bool prune_by_labels(const struct chunk *c, const struct filter *f);
void prune_fini(struct pruner *p);

/* Is any block of the chunk in the mask? */
bool mask_any(const struct block_mask *m, uint32_t block_count);

#endif
