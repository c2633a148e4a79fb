/* SPDX-License-Identifier: MIT
 *
 * positions.h - how far each origin has been read, as the journal has it.
 *
 * The table follows every batch, so it can never disagree with the records. Sealing writes it, as
 * of the end of the sealed file, beside the chunk; at start it is that table and the frames that
 * came after it. Nothing is kept for ever: what was not heard of for long is forgotten.
 *
 *     table in bytes: per entry u8 kind, u8 key_n, u16 position_n, u32 0, i64 arrival_us, key, position
 *
 * Threads: loop thread. Owns: its entries.
 */
#ifndef LM_HUB_POSITIONS_H
#define LM_HUB_POSITIONS_H

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "record/record.h"

struct position_entry {
    struct origin origin;
    struct position position;
    bool known;         /* false: nothing of the origin is in the journal yet */
    bool ahead;         /* the journal does not have this position yet */
    struct list by_age; /* in pushes or others, once it is known */
    int64_t arrival_us; /* when the latest frame came */
};

/* Batches of push clients are remembered for a while, so that the same batch sent again is not
 * stored again; runs whose end was never told, and files, for a year. */
enum { PUSHES_MAX = 65536, OTHERS_MAX = 65536, PUSH_LIFE_US = 10 * 60 * 1000 * 1000 };
#define OTHER_LIFE_US (INT64_C(365) * 86400 * 1000 * 1000)

struct positions {
    struct map by_origin;
    struct list pushes, others; /* oldest first */
    uint32_t push_count, other_count;
};

void positions_init(struct positions *p);

/* The entry of an origin, made when missing. NULL when memory is short. */
struct position_entry *positions_entry(struct positions *p, const struct origin *o) LM_MUST_CHECK;

/* A frame of this origin is in the journal. Forgets what has become too old, or too many. */
void positions_note(struct positions *p, struct position_entry *e, const struct position *pos,
                    int64_t arrival_us);
/* Both in one. -ENOMEM. Origins of kind ORIGIN_HUB have no position and are ignored. */
int positions_set(struct positions *p, const struct origin *o, const struct position *pos,
                  int64_t arrival_us) LM_MUST_CHECK;
/* Forgets what is older than its kind is remembered. */
void positions_expire(struct positions *p, int64_t now_us);
/* NULL when nothing of this origin is in the journal. */
const struct position *positions_get(const struct positions *p, const struct origin *o);
/* The origin will not be heard of again: its position is not restated any more. */
void positions_forget(struct positions *p, const struct origin *o);
/* Appends the table as bytes; runs that have ended are left out. */
void positions_encode(const struct positions *p, struct buf *out);
/* Adds what the bytes say. -LM_E_DAMAGED, -ENOMEM: some of it may have been added. */
int positions_decode(struct positions *p, struct str bytes) LM_MUST_CHECK;

/* Calls fn for every origin of a kind that the journal has; the table must not change meanwhile. */
typedef void positions_fn(const struct origin *o, const struct position *pos, int64_t arrival_us,
                          void *ctx);
void positions_each(const struct positions *p, enum origin_kind kind, positions_fn *fn, void *ctx);
/* Calls fn for every position that the journal does not have yet, until fn fails; where it did not,
 * the journal has it from now on. */
int positions_catch_up(struct positions *p,
                       int (*fn)(const struct origin *o, const struct position *pos, void *ctx),
                       void *ctx) LM_MUST_CHECK;
void positions_fini(struct positions *p);

#endif
