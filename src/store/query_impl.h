/* SPDX-License-Identifier: MIT
 *
 * query_impl.h - what the files query*.c share.
 */
#ifndef LM_STORE_QUERY_IMPL_H
#define LM_STORE_QUERY_IMPL_H

#include "base/map.h"
#include "store/query_exec.h"

/* --- query_tally.c: counting by text --- */

struct tally_map {
    struct map by_text; /* text → struct tally */
    struct arena tallies;
    struct query_tallies sums;
};

void tally_fini(struct tally_map *m);
/* Adds what `from` has. -ENOMEM. */
int tally_merge(struct tally_map *m, const struct tally_map *from) LM_MUST_CHECK;
/* Counts the record under this text, unless it was already. -ENOMEM. */
int tally_add(struct tally_map *m, struct str text, const struct record *r) LM_MUST_CHECK;
/* Hands out the most frequent; of equals the one that comes first by byte. -ENOMEM, or what emit says. */
int tally_top(const struct tally_map *m, uint32_t top_n, query_tally_fn *emit,
              void *ctx) LM_MUST_CHECK;

#endif
