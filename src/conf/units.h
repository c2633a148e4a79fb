/* SPDX-License-Identifier: MIT
 *
 * units.h - sizes and durations as people write them.
 *
 * A size is a whole number and B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of
 * 1024); a bare number is bytes. A duration is a whole number and ms, s, m, h, d or y (365 days); a
 * bare number is refused, because nobody agrees on what it would mean.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CONF_UNITS_H
#define LM_CONF_UNITS_H

#include "base/buf.h"

/* false, and *ret untouched, when the text is not one or does not fit. */
bool size_parse(struct str text, uint64_t *ret_bytes);
bool duration_parse(struct str text, uint64_t *ret_ms);

/* The shortest exact way to write it: 65536 is "64KiB", 1500 ms is "1500ms". */
void size_write(struct buf *b, uint64_t bytes);
void duration_write(struct buf *b, uint64_t ms);

#endif
