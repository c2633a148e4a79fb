/* SPDX-License-Identifier: MIT
 *
 * regex.h - PCRE2 patterns that cannot take the hub down.
 *
 * A pattern is compiled once, to machine code where PCRE2 can. Before it runs, a piece of text that
 * every match must contain is searched for, which is much cheaper and usually says no.
 *
 * Nobody can tell from a pattern how long it will run, so the run is bounded: first by a small number
 * of steps, which is enough for nearly everything, then by the clock. When about REGEX_TIME_MAX_US are
 * over it counts as an overrun: the answer is not known, and the regex is not tried again. Whoever runs
 * a filter asks regex_overruns() and gives up in words instead of showing half a truth.
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

enum { REGEX_TIME_MAX_US = 20 * 1000 };

struct regex;

/* Flags as in Perl: i without case, m lines, s dot matches line ends, x spaces are comment. Without i
 * case counts; \d \w \s and \b mean ASCII. -LM_E_SYNTAX: *ret_at is the byte of the pattern, why (at
 * least 120 bytes) PCRE2's words. -ENOMEM. */
int regex_new(struct regex **ret, struct str pattern, struct str flags, size_t *ret_at,
              char why[120]) LM_MUST_CHECK;
/* NULL is fine. */
void regex_free(struct regex *r);

/* Does the pattern match anywhere? `text` must be valid UTF-8. False after an overrun. */
bool regex_found(struct regex *r, struct str text);

/* A piece of text that is in every match; empty when there is none. Lives as long as the regex. */
const struct needle *regex_needle(const struct regex *r);

/* How often a match was given up. */
uint32_t regex_overruns(const struct regex *r);

/* The longest text that every match of the pattern contains as it stands; empty when there is none or
 * it cannot be seen at a glance. Lower case with flag i. A view of `a`, valid until it is reset. */
struct str regex_literal(struct arena *a, struct str pattern, struct str flags);

#endif
