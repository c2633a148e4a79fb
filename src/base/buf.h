/* SPDX-License-Identifier: MIT
 *
 * buf.h - a growable run of bytes.
 *
 * A zeroed struct is an empty buffer. `p` may move whenever bytes are added; `n` is what is in it.
 * A failed append leaves the buffer as it was and marks it `failed`, so that a writer of many
 * pieces may check once, at the end, with buf_error().
 *
 * Threads: one at a time. Owns: its memory, until buf_fini().
 */
#ifndef LM_BASE_BUF_H
#define LM_BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

struct buf {
    char *p;
    size_t n;
    size_t cap;
    bool failed;
};

void buf_fini(struct buf *b);

/* Empties it and keeps the memory. */
static inline void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

/* Room for `more` bytes after b->n, or -ENOMEM. */
int buf_reserve(struct buf *b, size_t more) LM_MUST_CHECK;

/* Append; on lack of memory nothing is added and b->failed is set. */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_add_char(struct buf *b, char c);
void buf_add_str(struct buf *b, struct str s);
void buf_add_u64(struct buf *b, uint64_t value);
void buf_printf(struct buf *b, const char *fmt, ...) LM_PRINTF(2, 3);

/* Append a literal. */
#define BUF_LIT(b, literal) buf_add((b), (literal), sizeof(literal) - 1)

/* Gives back the memory it does not use. */
void buf_trim(struct buf *b);

/* Drops the first n bytes (n <= b->n), moving the rest down. */
void buf_consume(struct buf *b, size_t n);

/* 0, or -ENOMEM if any append since the last buf_clear() failed. */
static inline int buf_error(const struct buf *b)
{
    return b->failed ? -12 : 0;
}

/* A borrowed view, valid until the next append. */
static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->p, b->n};
}

#endif
