/* SPDX-License-Identifier: MIT
 *
 * tomb.h - what was cleared.
 *
 * A clear is label conditions, all of which must hold, and a bound: every record whose labels match
 * and whose id is at most the bound is gone, from the moment the clear was accepted. Readers of
 * the journal and of chunks ask once per label set. Beside the clears there is the floor: every id
 * below it is gone, whatever its labels (retention).
 *
 * Threads: a set of tombs never changes (a clear makes a new one); references are counted
 * atomically.
 * Owns:    its conditions.
 */
#ifndef LM_STORE_TOMB_H
#define LM_STORE_TOMB_H

#include "base/buf.h"
#include "record/labels.h"

#include <stdatomic.h>

struct tombs;

/* Records of this label set with ids <= the answer are gone; 0: none. NULL tombs: 0. */
uint64_t tombs_dead_to(const struct tombs *t, const struct labels *l);

/* A set that has, besides what `t` (NULL is fine) has, the clear of these conditions (1 to LABELS_MAX;
 * `source` is a name like any other) up to `bound`. A new reference; `t` keeps its own. -ENOMEM,
 * -LM_E_FULL beyond TOMBS_MAX. */
enum { TOMBS_MAX = 4096 };
int tombs_with(const struct tombs *t, const struct label *conditions, size_t n, uint64_t bound,
               struct tombs **ret) LM_MUST_CHECK;

/* How far the clear of exactly these conditions reaches; 0: there is none. */
uint64_t tombs_bound(const struct tombs *t, const struct label *conditions, size_t n);

/* The same set with this floor, and without the clears whose records are all below it. */
int tombs_with_floor(const struct tombs *t, uint64_t floor, struct tombs **ret) LM_MUST_CHECK;
uint64_t tombs_floor(const struct tombs *t); /* 1 when there is none */
uint32_t tombs_count(const struct tombs *t); /* clears */

/* The same set without the clears that `done` has, too, and that reach below `below` only: nothing
 * is left that they could mean. */
int tombs_without(const struct tombs *t, const struct tombs *done, uint64_t below,
                  struct tombs **ret) LM_MUST_CHECK;

/* As the bytes of the file `tomb` (docs/store-format.md, "Tombs"), and back. -LM_E_DAMAGED,
 * -LM_E_VERSION, -ENOMEM. */
void tombs_encode(const struct tombs *t, uint32_t epoch, struct buf *out);
int tombs_decode(struct str bytes, uint32_t epoch, struct tombs **ret) LM_MUST_CHECK;

/* NULL is fine for both. */
const struct tombs *tombs_ref(const struct tombs *t);
void tombs_unref(const struct tombs *t);

#endif
