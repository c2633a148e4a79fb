/* SPDX-License-Identifier: MIT
 *
 * regex_impl.h - what regex.c (one text) and regex_scan.c (many lines) share.
 *
 * Threads: any. Owns: see regex.h.
 */
#ifndef LM_RECORD_REGEX_IMPL_H
#define LM_RECORD_REGEX_IMPL_H

#include "record/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdatomic.h>

enum {
    SLICE_READ_MAX = 1024 * 1024, /* places of the first slice times length of the text */
    REGEX_SLOW_TIMES = 3,
};

struct regex {
    pcre2_code *quick, *patient;
    pcre2_code *lines; /* for regex_scan; NULL: that is not possible */
    struct needle needles[REGEX_LITERALS_MAX];
    uint32_t needle_count;
    struct arena texts; /* of the needles */
    _Atomic uint32_t overruns;
    _Atomic uint32_t slow; /* how often searching many lines took long */
};

/* What a thread needs to run any pattern. */
struct scratch {
    pcre2_match_data *data;
    pcre2_match_context *quick, *patient;
    pcre2_jit_stack *stack;
};

/* This thread's; NULL when memory is short. */
struct scratch *regex_scratch(void);

/* Where a match may begin next: not within a character. */
size_t regex_next_place(struct str text, size_t at);

/* In how many places of a text matches may begin before the clock is looked at for the first
 * time. */
static inline size_t regex_first_slice(size_t text_n)
{
    return 1 + SLICE_READ_MAX / (text_n + 1);
}

#endif
