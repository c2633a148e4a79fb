/* SPDX-License-Identifier: MIT
 *
 * positions.h - how far each origin has been read, as the journal has it.
 *
 * The table is rebuilt from frames at start and follows every batch, so it can never disagree with
 * the records. `held_at` is the id at which the newest frame with this position lies: before the file
 * that holds it is used again the position is restated.
 *
 * Threads: loop thread. Owns: its entries.
 */
#ifndef LM_HUB_POSITIONS_H
#define LM_HUB_POSITIONS_H

#include "record/record.h"

struct position_entry {
    struct origin origin;
    struct position position;
    uint64_t held_at;
};

struct positions {
    struct map by_origin;
};

/* -ENOMEM. Origins of kind ORIGIN_HUB have no position and are ignored. */
int positions_set(struct positions *p, const struct origin *o, const struct position *pos,
                  uint64_t held_at) LM_MUST_CHECK;
/* NULL when nothing of this origin is in the journal. */
const struct position *positions_get(const struct positions *p, const struct origin *o);
/* The origin will not be heard of again: its position is not restated any more. */
void positions_forget(struct positions *p, const struct origin *o);
void positions_fini(struct positions *p);

#endif
