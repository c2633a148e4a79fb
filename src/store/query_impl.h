/* SPDX-License-Identifier: MIT
 *
 * query_impl.h - what the files query*.c share.
 *
 * Threads: a question is in one thread of the pool at a time. Owns: see each struct.
 */
#ifndef LM_STORE_QUERY_IMPL_H
#define LM_STORE_QUERY_IMPL_H

#include "base/map.h"
#include "store/query_exec.h"

/* --- query_tally.c: counting by text --- */

struct tally {
    uint64_t count, bytes, levels[LEVEL_COUNT];
    uint64_t first_id, last_id;
    int64_t min_time_us, max_time_us;
    uint64_t counted_id; /* the record counted last: none counts twice under one text */
};

/* Of nothing. */
struct tally tally_none(void);

struct tally_map {
    struct map by_text; /* text → struct tally */
    struct arena tallies;
    struct query_tallies sums;
};

void tally_fini(struct tally_map *m);
/* Adds what `from` has. -ENOMEM. */
int tally_merge(struct tally_map *m, const struct tally_map *from) LM_MUST_CHECK;
/* Counts many records under this text. -ENOMEM. */
int tally_add_sums(struct tally_map *m, struct str text, const struct tally *sums) LM_MUST_CHECK;
/* Counts the record under this text, unless it was already. -ENOMEM. */
int tally_add(struct tally_map *m, struct str text, const struct record *r) LM_MUST_CHECK;
/* Hands out the most frequent; of equals the one that comes first by byte. -ENOMEM, or what emit
 * says. */
int tally_top(const struct tally_map *m, uint32_t top_n, query_tally_fn *emit,
              void *ctx) LM_MUST_CHECK;

#endif
