/* SPDX-License-Identifier: MIT
 *
 * live_only.h - what was sent live and could not be stored, for as long as it cannot be.
 *
 * The ids follow one another, so the range is known exactly. Beside it stands which label sets it
 * concerns, with the records of each, so that every stream can be told how much of it is missing.
 *
 * Threads: loop thread. Owns: one reference of each label set.
 */
#ifndef LM_HUB_LIVE_ONLY_H
#define LM_HUB_LIVE_ONLY_H

#include "base/map.h"
#include "record/record.h"

enum {
    LIVE_SETS_MAX = 1000, /* records of further sets are counted together */
    LIVE_SETS_BYTES = 1024 * 1024,
};

struct live_set {
    struct labels *labels;
    uint64_t count;
};

/* A zeroed struct is empty. */
struct live_only {
    uint64_t first_id, end_id; /* first_id 0: there is nothing */
    struct live_set *sets;
    uint32_t set_count;
    size_t sets_n;   /* bytes of their wire forms */
    uint64_t beyond; /* records of sets that did not fit */
    struct map by_wire;
};

/* Room for a batch of so many ids? A frame can say no more. */
bool live_only_fits(const struct live_only *l, uint32_t count);
/* A numbered batch, right behind what is there. Without memory its records are counted in
 * `beyond`. */
void live_only_add(struct live_only *l, const struct batch *b);
/* Fills `gap` as the batch whose frame says all of it: one record of no text for each set.
 * -ENOMEM. */
int live_only_gap(const struct live_only *l, struct batch *gap) LM_MUST_CHECK;
void live_only_fini(struct live_only *l);

#endif
