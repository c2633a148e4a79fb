/* SPDX-License-Identifier: MIT
 *
 * regex.h - PCRE2 patterns that cannot take the hub down.
 *
 * A pattern is compiled once, to machine code where PCRE2 can. Before it runs, a piece of text that
 * every match must contain is searched for, which is much cheaper and usually says no.
 *
 * Nobody can tell from a pattern how long it will run, so the run is bounded: first by a small
 * number of steps, which is enough for nearly everything, then by the clock. When about
 * REGEX_TIME_MAX_US are over it counts as an overrun: the answer is not known, and the regex is not
 * tried again. Whoever runs a filter asks regex_overruns() and gives up in words instead of showing
 * half a truth.
 *
 * Threads: a regex is immutable and may be used by several; each keeps its scratch memory.
 * Owns:    the compiled pattern.
 */
#ifndef LM_RECORD_REGEX_H
#define LM_RECORD_REGEX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "record/needle.h"

enum { REGEX_TIME_MAX_US = 20 * 1000, REGEX_LITERALS_MAX = 8 };

struct regex;

/* Flags as in Perl: i without case, m lines, s dot matches line ends, x spaces are comment. Without
 * i case counts; \d \w \s and \b mean ASCII. -LM_E_SYNTAX: *ret_at is the byte of the pattern, why
 * (at least 120 bytes) PCRE2's words. -ENOMEM. */
int regex_new(struct regex **ret, struct str pattern, struct str flags, size_t *ret_at,
              char why[120]) LM_MUST_CHECK;
/* NULL is fine. */
void regex_free(struct regex *r);

/* Does the pattern match anywhere? `text` must be valid UTF-8. False after an overrun. */
bool regex_found(struct regex *r, struct str text);

/* Texts of which every match has one; *ret_n is 0 when nothing is known. They live as long as the
 * regex. */
const struct needle *regex_needles(const struct regex *r, uint32_t *ret_n);

/* How often a match was given up. */
uint32_t regex_overruns(const struct regex *r);

/* --- searching many texts at once --- */

/* A search through texts with a line feed behind each and none within. A call of PCRE2 for each
 * line costs more than most lines: here a call goes on until there is a match. */
struct regex_scan {
    struct regex *regex;
    struct str lines;
    size_t slice; /* places looked at in one call */
    int64_t start_us;
    uint32_t calls;
};

enum regex_hit {
    REGEX_HIT,
    REGEX_END,
    REGEX_UNFIT, /* not to be searched in this way: look at each line from here on by itself */
};

void regex_scan_begin(struct regex_scan *s, struct regex *r, struct str lines);
/* The first line from `at`, where a line begins, that has a match; *ret_at lies in it. After
 * REGEX_UNFIT *ret_at is where the first line begins of which nothing is known. */
enum regex_hit regex_scan_next(struct regex_scan *s, size_t at, size_t *ret_at);

/* --- for the tests --- */

/* For each alternative of the pattern the longest text that its matches contain as it stands; 0
 * when one has none, or it cannot be seen at a glance. Lower case with flag i. In `a`. */
uint32_t regex_literals(struct arena *a, struct str pattern, struct str flags,
                        struct str ret[REGEX_LITERALS_MAX]);
/* Is what matches in a line found, too, where the line is one of many? Not with what looks beyond
 * the text that it matches, or gives nothing back of it. False when in doubt. */
bool regex_sees_lines(struct str pattern, struct str flags);

#endif
