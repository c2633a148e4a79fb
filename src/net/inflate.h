/* SPDX-License-Identifier: MIT
 *
 * inflate.h - taking compressed bodies apart, piece by piece, within limits.
 *
 *     do
 *         n = inflate_next(z, &piece, room, sizeof room);   a slice of plain text
 *     while (n == sizeof room || piece.n > 0);
 *
 * A few kilobytes may stand for gigabytes. What comes out is limited in all, and, beyond the first
 * INFLATE_FREE bytes, in proportion to what went in; nothing is made that exceeds either.
 *
 * Threads: any, one at a time.
 * Owns:    the state of the decompressor: up to 8 MiB for zstd (its window), 50 KiB for gzip.
 */
#ifndef LM_NET_INFLATE_H
#define LM_NET_INFLATE_H

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

enum {
    INFLATE_RATIO_MAX = 200,
    INFLATE_FREE = 1024 * 1024, /* text that repeats itself may be this long whatever its ratio */
};

struct inflate;

/* `coding` is the value of Content-Encoding: gzip, x-gzip, zstd. Absent or identity: *ret is NULL.
 * `max` limits what comes out. -LM_E_UNKNOWN: another coding, or several; -ENOMEM. */
int inflate_new(struct inflate **ret, struct str coding, uint64_t max) LM_MUST_CHECK;
/* NULL is fine. */
void inflate_free(struct inflate *z);

/* Takes from the front of *in and writes at most `room` bytes to `out`; returns how many. Fewer than
 * `room` with *in empty: everything that came is out. -LM_E_DAMAGED: not what the coding promises; -LM_E_FULL: a limit;
 * -ENOMEM. */
ssize_t inflate_next(struct inflate *z, struct str *in, char *out, size_t room) LM_MUST_CHECK;

/* May the input end here? */
bool inflate_is_whole(const struct inflate *z);
/* Bytes of memory it holds now. */
size_t inflate_memory(const struct inflate *z);

#endif
