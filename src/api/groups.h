/* SPDX-License-Identifier: MIT
 *
 * groups.h - group=1: with a line of a stack trace comes the whole trace, with a part of a long
 * line all of it.
 *
 * A trace is records that follow one another in one stream of one source: a head, and those that
 * continue it (RECORD_CONT, or a part that is not the first). A hit anywhere in it stands for all
 * of it; several hits in one trace give it once.
 *
 * Threads: one; in the pool. Owns: what it remembers of the traces it has given.
 */
#ifndef LM_API_GROUPS_H
#define LM_API_GROUPS_H

#include "store/query.h"

struct groups {
    const struct query *query; /* of the hits: its range of ids, its cancel */
    const struct store_view *view;
    query_emit_fn *emit;
    void *ctx;
    uint64_t *heads; /* ids of those that were given, as they came */
    size_t count, cap;
};

/* Emits the trace of this hit, oldest first, unless it was given before; a hit outside any trace is
 * emitted alone. Returns 0, a negative code, or what emit returned. */
int groups_emit(struct groups *g, const struct record *hit) LM_MUST_CHECK;
void groups_fini(struct groups *g);

#endif
