/* SPDX-License-Identifier: MIT
 *
 * utf8.h - is it text, and if not, how to make it text without hiding anything.
 *
 * Invalid bytes become U+FFFD, one for each maximal subpart (Unicode 15, section 3.9, "U+FFFD
 * Substitution of Maximal Subparts"; the same rule browsers follow).
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_UTF8_H
#define LM_RECORD_UTF8_H

#include "base/arena.h"
#include "base/buf.h"

/* Length of the longest valid prefix; s.n when all of it is valid. */
size_t utf8_valid_prefix(struct str s);

/* Appends s with every maximal subpart of invalid bytes replaced. */
void utf8_add_clean(struct buf *out, struct str s);

/* The same as a copy in the arena; p NULL when memory is short. */
struct str utf8_clean(struct arena *a, struct str s) LM_MUST_CHECK;

/* The largest n' <= n at which valid text s may be cut without splitting a character. */
size_t utf8_cut(struct str s, size_t n);

/* Checks text that comes in pieces, which may begin and end inside a character. False as soon as it
 * cannot be UTF-8. *state is 0 at first, and again whenever a character is whole. */
bool utf8_feed(uint32_t *state, struct str s);

#endif
