/* SPDX-License-Identifier: MIT
 *
 * positions.h - how far each origin has been read, as the journal has it.
 *
 * The table is rebuilt from frames at start and follows every batch, so it can never disagree with
 * the records. `held_in` is the journal file that holds the newest frame of the origin: before that
 * file is used again the position is restated.
 *
 * Threads: loop thread. Owns: its entries.
 */
#ifndef LM_HUB_POSITIONS_H
#define LM_HUB_POSITIONS_H

#include "base/list.h"
#include "record/record.h"

struct position_entry {
    struct origin origin;
    struct position position;
    uint32_t held_in;   /* 0: nothing of the origin is in the journal yet */
    struct list by_age; /* of batches of push clients: in positions.pushes */
    int64_t arrival_us; /* of those: when the latest frame came */
};

/* Batches of push clients are remembered for a while, so that the same batch sent again is not stored
 * again. */
enum { PUSHES_MAX = 65536, PUSH_LIFE_US = 10 * 60 * 1000 * 1000 };

struct positions {
    struct map by_origin;
    struct list pushes; /* oldest first */
    uint32_t push_count;
};

void positions_init(struct positions *p);

/* The entry of an origin, made when missing. NULL when memory is short. */
struct position_entry *positions_entry(struct positions *p, const struct origin *o) LM_MUST_CHECK;

/* A frame of this origin is in the journal. Forgets batches of push clients that have become too old,
 * or too many. */
void positions_note(struct positions *p, struct position_entry *e, const struct position *pos,
                    uint32_t held_in, int64_t arrival_us);
/* Both in one. -ENOMEM. Origins of kind ORIGIN_HUB have no position and are ignored. */
int positions_set(struct positions *p, const struct origin *o, const struct position *pos,
                  uint32_t held_in, int64_t arrival_us) LM_MUST_CHECK;
/* Forgets batches of push clients that came before now_us - PUSH_LIFE_US. */
void positions_expire(struct positions *p, int64_t now_us);
/* NULL when nothing of this origin is in the journal. */
const struct position *positions_get(const struct positions *p, const struct origin *o);
/* The origin will not be heard of again: its position is not restated any more. */
void positions_forget(struct positions *p, const struct origin *o);
/* Calls fn for every origin of a kind that the journal has; the table must not change meanwhile. */
typedef void positions_fn(const struct origin *o, const struct position *pos, int64_t arrival_us,
                          void *ctx);
void positions_each(const struct positions *p, enum origin_kind kind, positions_fn *fn, void *ctx);
void positions_fini(struct positions *p);

#endif
