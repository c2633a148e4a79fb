/* SPDX-License-Identifier: MIT
 *
 * record.h - the noun: one line of one process, understood.
 *
 * A record is a view: its texts lie in the batch that carries it (on the way in) or in a journal
 * frame (on the way out) and are valid as long as that is. Labels are shared objects.
 *
 * A batch is what one origin had to say in one turn: records, and the origin's new position once
 * they are in the journal. It is the unit of journaling, acknowledging and fan-out.
 *
 *     source ─▶ batch_begin ─▶ batch_add × n ─▶ hub_publish(batch) ─▶ batch_clear
 *
 * Threads: one at a time.
 * Owns:    a batch owns its arrays, its scratch text, and one reference per record's labels.
 */
#ifndef LM_RECORD_RECORD_H
#define LM_RECORD_RECORD_H

#include "base/buf.h"
#include "record/labels.h"
#include "record/level.h"
#include "record/origin.h"

enum {
    RECORD_CONT = 1,         /* continues the record before it */
    RECORD_UNTERMINATED = 2, /* its line had no newline */
    RECORD_PART = 4,         /* part of a line longer than RECORD_MESSAGE_MAX */
    RECORD_TRUNCATED = 8,
};

enum { RECORD_MESSAGE_MAX = 1024 * 1024 };

struct record {
    uint64_t id; /* 0 until hub_publish() */
    int64_t time_us;
    struct labels *labels;
    struct str message; /* valid UTF-8 */
    struct str fields;  /* JSON text of one object, or empty */
    enum level level;
    enum stream stream;
    uint16_t flags;
    uint16_t class
        ; /* hours after its arrival that it is kept (retention class); 0: no limit of its own */
};

enum {
    BATCH_RECORDS_MAX = 16 * 1024,
    BATCH_TEXT_MAX = 2 * 1024 * 1024, /* reached: publish before adding more */
};

struct batch {
    struct origin origin;
    struct position position;
    int64_t arrival_us;
    bool unstored;     /* numbered and sent on, never in the journal */
    bool or_live;      /* when it cannot be stored: sent on all the same, and counted as missing */
    bool live_only;    /* set by hub_publish(): that is what happened */
    uint64_t first_id; /* set by hub_publish() */
    uint32_t count;
    uint32_t ids;  /* of an unstored batch that stands for others: so many ids; 0: one a record */
    size_t text_n; /* messages and fields together */
    size_t sets_n; /* label sets as a journal frame writes them: one at every change */
    struct record *records;
    uint32_t cap;
    struct arena scratch; /* for texts that had to be rewritten */
};

/* Empties the batch (releasing labels) and starts anew for this origin. */
void batch_begin(struct batch *b, const struct origin *origin, int64_t arrival_us);

/* Adds a copy of r, taking a reference of its own to r->labels. The texts are not copied: they must
 * stay valid until the batch is cleared; use b->scratch for those that would not. -ENOMEM. */
int batch_add(struct batch *b, const struct record *r) LM_MUST_CHECK;

/* Has it reached a size at which it must be published? */
static inline bool batch_full(const struct batch *b)
{
    return b->count >= BATCH_RECORDS_MAX || b->text_n + b->sets_n >= BATCH_TEXT_MAX;
}

/* How many ids it takes. */
static inline uint32_t batch_ids(const struct batch *b)
{
    return b->ids ? b->ids : b->count;
}

void batch_clear(struct batch *b);
void batch_fini(struct batch *b);

#endif
