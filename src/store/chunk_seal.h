/* SPDX-License-Identifier: MIT
 *
 * chunk_seal.h - making a chunk: from a full journal file, or from an older chunk without its dead.
 *
 *     frames ─▶ rows ─▶ small columns ──────────────────▶ seg: head, meta, columns,
 *                  └──▶ lanes ─▶ blocks ─▶ zstd ────────▶      blocks
 *                                   └────▶ tokens, grams ▶ idx: head, meta, positions, indexes
 *
 * Pure: nothing is written anywhere, and the same input gives the same bytes.
 *
 * Threads: any. Owns: an image owns its two buffers.
 */
#ifndef LM_STORE_CHUNK_SEAL_H
#define LM_STORE_CHUNK_SEAL_H

#include "hub/journal.h"
#include "store/chunk.h"

struct chunk_seal_opts {
    uint32_t epoch;
    uint64_t seg_at;           /* where the chunk will lie in its .seg file, a multiple of 8 */
    struct str positions;      /* opaque; kept in the idx record */
    const struct tombs *tombs; /* records that are dead already are left out */
    int64_t now_us;            /* the same for what has expired; 0: nothing has */
    const atomic_bool *cancel; /* may be NULL */
    uint32_t block_text;       /* of a block; 0: what was measured to be best */
};

struct chunk_image {
    struct buf seg, idx; /* append one, sync it, append the other: that commits */
    uint64_t first_id, end_id;
    uint32_t count;
    int64_t min_arrival_us, max_arrival_us; /* of the records; 0 when there is none */
};

/* The i-th file of a view of the journal (0 = oldest), which must be full: it does not change any more.
 * A file without records makes a chunk without records, which keeps holes and positions.
 * -ENOMEM, -ECANCELED. *ret is to be finished in any case. */
int chunk_seal(const struct journal_view *v, uint32_t file, const struct chunk_seal_opts *opts,
               struct chunk_image *ret) LM_MUST_CHECK;

/* The chunk again, without what is dead. Also -LM_E_DAMAGED, -EIO: nothing was lost, the old chunk
 * stays. */
int chunk_reseal(struct chunk *c, const struct chunk_seal_opts *opts,
                 struct chunk_image *ret) LM_MUST_CHECK;

/* The chunk as it is, to lie at seg_at. -ENOMEM, -EIO. */
int chunk_copy(const struct chunk *c, uint64_t seg_at, struct chunk_image *ret) LM_MUST_CHECK;
/* The table of positions beside it, in `bytes`. -LM_E_DAMAGED, -ENOMEM, -EIO. */
int chunk_positions(const struct chunk *c, struct buf *bytes, struct str *ret) LM_MUST_CHECK;

/* Zeroed and finished images are fine. */
void chunk_image_fini(struct chunk_image *i);

#endif
