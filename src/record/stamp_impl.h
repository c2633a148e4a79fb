/* SPDX-License-Identifier: MIT
 *
 * stamp_impl.h - what stamp.c and stamp_layout.c share.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_STAMP_IMPL_H
#define LM_RECORD_STAMP_IMPL_H

#include "record/stamp.h"

/* A text being read, and the stamp that grows from it. */
struct stamp_reader {
    const char *p, *end;
    struct stamp *to;
};

static inline bool stamp_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Adds digits of a fraction; the first counts unit_us microseconds. */
void stamp_take_fraction(struct stamp_reader *r, int64_t unit_us);
/* ".123", ",123" or nothing. */
void stamp_take_optional_fraction(struct stamp_reader *r);
/* A zone, or nothing. */
void stamp_take_zone(struct stamp_reader *r);

bool stamp_date_ok(const struct stamp *s);

/* By the table of layouts; text starts with so many digits. 0: none fits. */
size_t stamp_read_layout(struct str text, size_t digits, struct stamp *ret);

#endif
