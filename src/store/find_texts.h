/* SPDX-License-Identifier: MIT
 *
 * find_texts.h - what chunk_find.c, find_columns.c, find_texts.c and find_eval.c share.
 *
 * Threads: one at a time for each finder. Owns: see each struct.
 */
#ifndef LM_STORE_FIND_TEXTS_H
#define LM_STORE_FIND_TEXTS_H

#include "store/chunk_find.h"

/* Unpacks the blocks of the mask and looks for matches in them. */
int find_by_texts(struct finder *f, const struct block_mask *blocks, bool count_only) LM_MUST_CHECK;

/* Looks for matches by labels, level, stream, id and time alone. */
int find_by_columns(struct finder *f, bool count_only) LM_MUST_CHECK;

/* Has the label set rows that may match and are not cleared? */
bool find_set_alive(const struct finder *f, uint32_t set);
/* Is the row within the ranges, and not cleared? Its columns must be there. */
bool find_row_alive(const struct finder *f, uint32_t row);

/* Which of the rows `in` of a block match, as the filter says; labels must have left all of them
 * open. Rows are numbered within the block. */
int find_eval(struct finder *f, uint32_t block, const uint64_t *in, uint64_t *out) LM_MUST_CHECK;

/* --- a bit for each row of a block --- */

static inline size_t bits_words(uint32_t rows)
{
    return ((size_t)rows + 63) / 64;
}

/* Not cleared; valid until the next block. NULL: memory is short. */
static inline uint64_t *bits_new(struct finder *f, uint32_t rows)
{
    return arena_alloc(&f->bits, (bits_words(rows) + 1) * sizeof(uint64_t));
}

static inline void bits_clear(uint64_t *bits, uint32_t rows)
{
    memset(bits, 0, bits_words(rows) * sizeof *bits);
}

static inline void bits_fill(uint64_t *bits, uint32_t rows)
{
    memset(bits, 0xff, bits_words(rows) * sizeof *bits);
    if (rows % 64)
        bits[rows / 64] = (UINT64_C(1) << rows % 64) - 1;
}

static inline void bits_add(uint64_t *bits, uint32_t i)
{
    bits[i / 64] |= UINT64_C(1) << i % 64;
}

static inline void bits_and(uint64_t *bits, const uint64_t *other, uint32_t rows)
{
    for (size_t i = 0; i < bits_words(rows); i++)
        bits[i] &= other[i];
}

static inline void bits_or(uint64_t *bits, const uint64_t *other, uint32_t rows)
{
    for (size_t i = 0; i < bits_words(rows); i++)
        bits[i] |= other[i];
}

static inline void bits_drop(uint64_t *bits, const uint64_t *other, uint32_t rows)
{
    for (size_t i = 0; i < bits_words(rows); i++)
        bits[i] &= ~other[i];
}

static inline uint32_t bits_count(const uint64_t *bits, uint32_t rows)
{
    uint32_t n = 0;

    for (size_t i = 0; i < bits_words(rows); i++)
        n += (uint32_t)__builtin_popcountll(bits[i]);
    return n;
}

/* The first one at or after i; `rows` or more when there is none. */
static inline uint32_t bits_next(const uint64_t *bits, uint32_t rows, uint32_t i)
{
    while (i < rows) {
        uint64_t left = bits[i / 64] >> i % 64;
        if (left)
            return i + (uint32_t)__builtin_ctzll(left);
        i = (i / 64 + 1) * 64;
    }
    return rows;
}

#endif
