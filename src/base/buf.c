/* SPDX-License-Identifier: MIT
 *
 * buf.c - growth by doubling, so that n appends cost O(n).
 */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(ENOMEM == 12, "buf_error() spells -ENOMEM as a number");

void buf_fini(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

int buf_reserve(struct buf *b, size_t more)
{
    if (b->cap - b->n >= more)
        return 0;
    if (more > SIZE_MAX / 4 - b->n)
        return -ENOMEM;
    size_t cap = b->cap ? b->cap : 256;
    while (cap - b->n < more)
        cap *= 2;
    char *p = realloc(b->p, cap);
    if (!p)
        return -ENOMEM;
    b->p = p;
    b->cap = cap;
    return 0;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    if (b->cap - b->n < n && buf_reserve(b, n) < 0) {
        b->failed = true;
        return;
    }
    memcpy(b->p + b->n, bytes, n);
    b->n += n;
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_add_str(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.n);
}

void buf_add_u64(struct buf *b, uint64_t value)
{
    char digits[20];
    size_t n = 0;

    do {
        digits[sizeof digits - ++n] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_add(b, digits + sizeof digits - n, n);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    if (n < 0 || buf_reserve(b, (size_t)n + 1) < 0)
        b->failed = true;
    else
        b->n += (size_t)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(args);
}

void buf_trim(struct buf *b)
{
    char *p = b->n && b->n < b->cap ? realloc(b->p, b->n) : NULL;

    if (!p)
        return;
    b->p = p;
    b->cap = b->n;
}

void buf_consume(struct buf *b, size_t n)
{
    lm_assert(n <= b->n);
    b->n -= n;
    if (b->n && n)
        memmove(b->p, b->p + n, b->n);
}
