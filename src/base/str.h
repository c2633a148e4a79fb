/* SPDX-License-Identifier: MIT
 *
 * str.h - a borrowed piece of text: pointer and length, no terminator, no ownership.
 *
 * Whoever hands out a struct str says how long it stays valid. Comparisons are by byte.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_BASE_STR_H
#define LM_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

/* A literal as a struct str; also usable in static tables. */
#define STR(literal) ((struct str){literal, sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})
/* For printf("%.*s"). */
#define STR_FMT(s) (int)(s).n, (s).p

static inline struct str str_of(const char *p, size_t n)
{
    return (struct str){p, n};
}

static inline struct str str_from(const char *zero_terminated)
{
    return (struct str){zero_terminated, strlen(zero_terminated)};
}

/* memcmp(a, b, n) == 0. Names are of 8 to 16 bytes mostly: two loads that may overlap, and no call,
 * which all in all would be a tenth of what a line of JSON costs. */
static inline bool bytes_same(const char *a, const char *b, size_t n)
{
    uint64_t front_a, front_b, back_a, back_b;

    if (n < 8 || n > 16)
        return n == 0 || memcmp(a, b, n) == 0;
    memcpy(&front_a, a, 8);
    memcpy(&front_b, b, 8);
    memcpy(&back_a, a + n - 8, 8);
    memcpy(&back_b, b + n - 8, 8);
    return front_a == front_b && back_a == back_b;
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && bytes_same(a.p, b.p, a.n);
}

static inline bool str_is(struct str a, const char *zero_terminated)
{
    return str_eq(a, str_from(zero_terminated));
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* ASCII case-insensitive equality. */
bool str_eq_nocase(struct str a, struct str b);

/* The part before the first `c`; *rest is what follows it (empty, p NULL, when there was none). */
struct str str_cut(struct str s, char c, struct str *rest);

/* Without spaces and tabs at both ends. */
struct str str_trim(struct str s);

/* Decimal digits only, no sign, no overflow: -LM_E_INVALID style refusal is `false`. */
bool str_to_u64(struct str s, uint64_t *ret_value);

/* First occurrence of needle, ASCII letters compared without case; `needle` must be lower case
 * already. Returns its offset or SIZE_MAX. An empty needle is found at 0. */
size_t str_find_nocase(struct str hay, struct str needle);

#endif
