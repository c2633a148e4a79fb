/* SPDX-License-Identifier: MIT
 *
 * query_keep.h - a few rows, copied by the thread that found them.
 *
 * Who searches for something rare finds a row here and there. The thread that finds one has the
 * chunk open and its texts unpacked; the one that hands the results over, in order and later, would
 * have to do all of that again.
 *
 * Threads: part_keep() as part_find(), on the thread of the searcher; part_emit_kept() on the one
 * that hands over.
 * Owns:    the copies are the struct found's.
 */
#ifndef LM_STORE_QUERY_KEEP_H
#define LM_STORE_QUERY_KEEP_H

#include "store/query_part.h"

enum { KEEP_ROWS_MAX = 16, KEEP_BYTES_MAX = 64 * 1024 }; /* of one part */

/* Directly after find_rows() has found f. When there are too many rows, or some cannot be read,
 * none is kept: they are read when they are due. */
void part_keep(struct searcher *s, struct found *f);

static inline bool part_is_kept(const struct found *f)
{
    return f->kept && f->kept_count == f->count;
}

/* As part_emit(), of rows that are kept. */
int part_emit_kept(struct searcher *s, const struct found *f, const struct part_window *w,
                   query_emit_fn *emit, void *ctx, uint32_t *ret_emitted) LM_MUST_CHECK;

#endif
