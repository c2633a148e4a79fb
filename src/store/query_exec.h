/* SPDX-License-Identifier: MIT
 *
 * query_exec.h - the parts of a query, worked through by two threads.
 *
 *     parts      [0] [1] [2] [3] [4] …        each claimed once, in order
 *     caller     find 0       find 3          and takes the results, in order
 *     helper         find 1 find 2   …        started when a second part is needed
 *
 * In order: exec_rows() finds rows and hands each part's to the caller's function, one after the
 * other. In any order: exec_each() lets both threads work on parts with a function that sums up,
 * each into a place of its own.
 *
 * Memory is bounded: the helper stays at most EXEC_AHEAD parts ahead.
 *
 * Threads: the functions of exec_rows() run on the caller's thread, those of exec_each() on both.
 * Owns:    the second thread, until the call returns.
 */
#ifndef LM_STORE_QUERY_EXEC_H
#define LM_STORE_QUERY_EXEC_H

#include "store/query_part.h"

enum { EXEC_THREADS = 2, EXEC_AHEAD = 32 };

/* What comes of a part. Sets *ret_rows to false when from here on only counts are wanted. 1:
 * enough. */
typedef int exec_take_fn(struct searcher *s, const struct part *p, const struct found *f,
                         bool *ret_rows, void *ctx);
int exec_rows(const struct query *q, const struct store_view *v, exec_take_fn *take,
              void *ctx) LM_MUST_CHECK;

/* Works on one part, with sums that no other thread has. */
typedef int exec_part_fn(struct searcher *s, const struct part *p, void *sums);
/* sums[i] is for thread i. */
int exec_each(const struct query *q, const struct store_view *v, exec_part_fn *fn,
              void *sums[EXEC_THREADS]) LM_MUST_CHECK;

#endif
