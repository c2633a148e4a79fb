/* SPDX-License-Identifier: MIT
 *
 * labels.h - the indexed strings of a record, one shared object per distinct set.
 *
 * Thousands of records share the same source, job and task, so they share one immutable `struct
 * labels`. A table interns them: equal sets are the same pointer, and comparing, filtering and
 * encoding are done once per set instead of once per record.
 *
 * A set has a wire form (docs/journal-format.md, "Label set") and a JSON form that an encoder
 * copies.
 *
 * Threads: a table and its sets belong to one thread; workers have tables of their own.
 * Owns:    a set lives as long as somebody holds a reference.
 */
#ifndef LM_RECORD_LABELS_H
#define LM_RECORD_LABELS_H

#include "base/arena.h"
#include "base/map.h"
#include "conf/settings.h"

enum { LABELS_MAX = LABEL_COUNT_MAX };

struct label {
    struct str name, value;
};

struct label_table {
    struct map by_wire;
};

struct labels {
    struct label_table *table;
    uint32_t refs;
    uint16_t count;    /* pairs, `source` included */
    struct str source; /* value of pairs[0] */
    struct str wire;   /* as in a journal frame */
    struct str json;   /* `"source":"x","job_run_id":"y",` - trailing comma included */
    struct label pairs[];
};

/* The set with this source and these labels (any order; of equal names the last one counts).
 * A new reference. -LM_E_FULL: too many or too long; -LM_E_INVALID: a name
 * that conf_label_ok() refuses; -ENOMEM. */
int labels_make(struct label_table *t, struct str source, const struct label *pairs, size_t n,
                struct labels **ret) LM_MUST_CHECK;

/* The set with this wire form. A new reference. -LM_E_DAMAGED when the form does not hold. */
int labels_from_wire(struct label_table *t, struct str wire, struct labels **ret) LM_MUST_CHECK;

static inline struct labels *labels_ref(struct labels *l)
{
    l->refs++;
    return l;
}

/* NULL is fine. */
void labels_unref(struct labels *l);

/* The value of a label (`source` too); p NULL when the set has none. */
struct str labels_get(const struct labels *l, struct str name);

/* Every set must have been released. */
void label_table_fini(struct label_table *t);

#endif
