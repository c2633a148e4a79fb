/* SPDX-License-Identifier: MIT
 *
 * seal_rows.h - what goes into a chunk, before it is packed.
 *
 * Rows are collected in order of their ids, one small struct each; their texts stay where they are,
 * in the journal or in the blocks of an older chunk. seal_rows_order() then gives label sets their
 * final numbers and puts rows into lanes: all rows of one (class, source, job, task) beside each
 * other, in order of arrival within.
 *
 * Threads: one at a time.
 * Owns:    its arrays and a reference to each label set; not the texts.
 */
#ifndef LM_STORE_SEAL_ROWS_H
#define LM_STORE_SEAL_ROWS_H

#include "record/record.h"
#include "store/chunk.h"

struct seal_row {
    int64_t time_us;
    const char *message, *fields;
    uint32_t message_n, fields_n;
    uint32_t set;
    uint16_t flags;
    uint8_t level, stream;
};

struct seal_set {
    struct labels *labels;
    uint64_t dead_to; /* ids up to here were cleared */
    uint32_t lane;
    uint32_t number; /* before they were sorted */
    uint16_t class;
};

/* Ids one after another. */
struct seal_run {
    uint64_t first_id;
    uint64_t count;
};

struct seal_hole {
    uint64_t first_id, end_id;
    enum hole_reason reason;
    uint32_t sets_at, set_count; /* in hole_sets */
};

struct seal_rows {
    const struct tombs *tombs;
    struct label_table table;
    struct map by_labels; /* label set and class → index + 1 */
    struct seal_row *rows;
    uint32_t count, cap;
    struct seal_set *sets;
    uint32_t set_count, set_cap;
    struct seal_run *runs;
    uint32_t run_count, run_cap;
    struct seal_hole *holes;
    uint32_t hole_count, hole_cap;
    uint32_t *hole_sets;
    uint32_t hole_set_count, hole_set_cap;
    uint64_t first_id, end_id;
    int64_t min_arrival_us, max_arrival_us;
    /* After seal_rows_order(): */
    uint32_t *order; /* row numbers, lane after lane */
    uint32_t lane_count;
};

/* One record, whose id is above all before it. Dead ones leave a hole. -ENOMEM. */
int seal_rows_add(struct seal_rows *s, const struct record *r, uint16_t class,
                  int64_t arrival_us) LM_MUST_CHECK;
/* Ids that are not there. */
int seal_rows_add_hole(struct seal_rows *s, const struct chunk_hole *h) LM_MUST_CHECK;

int seal_rows_order(struct seal_rows *s) LM_MUST_CHECK;
/* Zeroed ones are fine. */
void seal_rows_fini(struct seal_rows *s);

#endif
