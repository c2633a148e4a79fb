/* SPDX-License-Identifier: MIT
 *
 * seal_index.h - from the texts of each block, the indexes that tell where a text cannot be.
 *
 *     tokens of a block ─▶ each once ─▶ its letter trigrams ─▶ grams: which blocks have which
 *                                  └──▶ bloom of the block: tokens that trigrams say little about
 *
 * Threads: one at a time. Owns: its buffers.
 */
#ifndef LM_STORE_SEAL_INDEX_H
#define LM_STORE_SEAL_INDEX_H

#include "base/buf.h"
#include "store/index_token.h"

enum {
    SEAL_RECENT = 1024,
    TOKEN_SHORT = 16, /* a key has all of it */
};

struct token_key {
    uint64_t head, tail;
};

struct token_slot {
    uint32_t hash;
    uint32_t place; /* where it was seen first, plus 1; 0: free */
};

struct seal_index {
    struct buf folded, mask; /* of one text */
    struct token_slot *slots;
    uint32_t slot_cap, slot_count;
    struct token_key recent[SEAL_RECENT]; /* short ones, by hash; most have just been seen */
    struct buf hashes;                    /* of the block's tokens, for its bloom */
    struct buf grams;                     /* TOKEN_GRAMS / 64 + 1 words a block */
    struct buf entries;                   /* 16 bytes a block: where its bloom lies */
    struct buf bits;                      /* of all blooms */
    uint32_t block_count;
    uint32_t longest; /* token with a digit in the messages of the last block */
};

/* The next block: its messages without colours, and its fields, both with something that is no
 * token between two records. -ENOMEM. */
int seal_index_block(struct seal_index *x, struct str messages, struct str fields) LM_MUST_CHECK;
/* A block of which nothing is known (nothing in it can be read any more): it has nothing. */
int seal_index_nothing(struct seal_index *x) LM_MUST_CHECK;

/* Appends the sections "grams" and "blooms" of an idx record. */
int seal_index_finish(struct seal_index *x, struct buf *grams, struct buf *blooms) LM_MUST_CHECK;
void seal_index_fini(struct seal_index *x);

#endif
