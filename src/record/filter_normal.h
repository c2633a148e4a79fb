/* SPDX-License-Identifier: MIT
 *
 * filter_normal.h - what filter_normal.c (trees) and filter_meaning.c (terms) share.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_FILTER_NORMAL_H
#define LM_RECORD_FILTER_NORMAL_H

#include "record/filter_tree.h"

/* What asking a term costs, in classes. */
enum { COST_NUMBER, COST_LABEL, COST_TEXT, COST_FIELD, COST_REGEX };

/* Checks one term by its key and rewrites it; sets its cost. */
int filter_normalise_term(struct arena *a, struct expr *e, int64_t now_us,
                          struct errinfo *info) LM_MUST_CHECK;

/* Sorts the values of a term and drops doubles. */
void filter_sort_values(struct expr *e);

#endif
