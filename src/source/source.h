/* SPDX-License-Identifier: MIT
 *
 * source.h - what every source needs of the hub, and nothing more.
 *
 * Sources know how bytes come in; the hub, which lies behind this, numbers and keeps them. The
 * daemon fills in one struct intake and gives it to each source.
 *
 * Threads: loop thread. Owns: nothing.
 */
#ifndef LM_SOURCE_SOURCE_H
#define LM_SOURCE_SOURCE_H

#include "conf/ttl.h"
#include "metrics/metrics.h"
#include "record/record.h"

typedef void origin_fn(const struct origin *o, const struct position *pos, int64_t arrival_us,
                       void *ctx);

struct intake {
    void *hub;
    /* After 0 the batch is in the journal. On failure nothing has happened: the source must arrange
     * to be read again from its last position. */
    int (*publish)(void *hub, struct batch *b);
    /* What the journal has of an origin; NULL when nothing. Valid until the next publish. */
    const struct position *(*position)(void *hub, const struct origin *o);
    /* Nothing more will come from this origin. */
    void (*forget)(void *hub, const struct origin *o);
    /* Calls fn for every followed file that the journal knows. */
    void (*each_file)(void *hub, origin_fn *fn, void *ctx);
    /* Ids below this are acknowledged. */
    uint64_t (*acked_id)(void *hub);
    /* False: a source that can be made to wait should be, until the hub says that there is room
     * again. */
    bool (*has_room)(void *hub);
    /* False once the disk has refused: what is not acknowledged by then never will be. */
    bool (*can_acknowledge)(void *hub);
    /* Everything that was published has an id below this. */
    uint64_t (*next_id)(void *hub);
    /* For sources that can be told to come again: how many milliseconds this one has to wait before
     * it may push records, 0 when it may; and that it has pushed some. */
    uint32_t (*push_wait_ms)(void *hub, struct str source);
    void (*push_charge)(void *hub, struct str source, uint64_t records);
    /* The unfinished last line of a source has stood still: valid UTF-8, for whoever watches. NULL:
     * nobody does. */
    void (*partial)(void *hub, struct labels *l, enum stream stream, struct str text);
    struct label_table *labels;
    struct metrics *metrics;
    const struct ttl_classes *classes; /* that records may ask for */
};

#endif
