/* SPDX-License-Identifier: MIT
 *
 * chunk_find.h - which rows of a chunk match.
 *
 *     chunk ▷ label sets ▷ blocks ▷ columns ▷ texts: each step only for what the one before let through
 *
 * Whatever the way, the answer is that of filter_match() on every record that is alive.
 *
 * Threads: a finder belongs to one thread.
 * Owns:    its reader, its buffers.
 */
#ifndef LM_STORE_CHUNK_FIND_H
#define LM_STORE_CHUNK_FIND_H

#include "store/chunk_texts.h"
#include "store/find_prune.h"
#include "store/unread.h"

struct find_range {
    uint64_t min_id, max_id; /* both included */
    int64_t from_us, to_us;  /* of the record's time: from included, to excluded */
    const struct tombs *tombs;
    int64_t now_us;
    const atomic_bool *cancel;
    int64_t end_us; /* monotonic: a costly filter is given up then */
    /* Blocks that do not hold are noted in it and passed over; NULL: they are errors. */
    struct unread *unread;
};

/* What a label set means for the query. */
struct find_set {
    struct filter_verdict verdict;
    uint64_t dead_to; /* ids up to here are gone; UINT64_MAX: all */
};

/* A row with all that it has, without the chunk. */
struct found_row {
    struct record record; /* without labels */
    struct str labels;    /* their wire form */
};

struct found {
    uint32_t count;
    bool listed; /* the bits say which */
    struct buf bits_at;
    /* In the order of rows: all of them, when they are few (query_keep.h); else NULL. */
    struct found_row *kept;
    uint32_t kept_count;
    struct arena kept_at;
};

struct finder {
    struct chunk_reader reader;
    struct pruner pruner;
    struct block_texts texts;
    struct buf sets_at, memo;
    struct arena bits; /* of the block that is looked at */
    /* Of the search under way: */
    const struct plan *plan;
    const struct find_range *range;
    struct found *found;
    struct find_set *sets;
    uint32_t row_from, row_to; /* rows within the range of ids */
    bool cut;                  /* ids, times or clears cut through the chunk */
};

/* *ret is emptied first. With `count_only` the bits may be left out. After 0 the reader has the
 * chunk open, unless ret->count is 0. 0, -ECANCELED, -LM_E_EXPENSIVE, -LM_E_DAMAGED, -LM_E_VERSION,
 * -EIO, -ENOMEM. */
int find_rows(struct finder *f, struct chunk *c, const struct plan *plan,
              const struct find_range *range, bool count_only, struct found *ret) LM_MUST_CHECK;
void finder_fini(struct finder *f);

/* -ECANCELED, -LM_E_EXPENSIVE or 0. */
int find_checkpoint(const struct plan *plan, const struct find_range *range);

static inline bool found_has(const struct found *f, uint32_t row)
{
    return f->bits_at.p[row / 8] >> row % 8 & 1;
}
void found_fini(struct found *f);
/* None of so many rows; -ENOMEM. */
int found_none(struct found *f, uint32_t rows) LM_MUST_CHECK;
void found_add(struct found *f, uint32_t row);

#endif
