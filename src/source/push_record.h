/* SPDX-License-Identifier: MIT
 *
 * push_record.h - one JSON object that somebody sent becomes one record.
 *
 * What a record has a place for is put there, under the names that people use; every other member
 * goes to `fields` as the text it came as:
 *
 *     message  message, msg, …, text, log (of several the best; needed)
 *     level    level, severity, …: names, synonyms, numbers
 *     time     timestamp, time, ts, …: RFC 3339, or a number of s, ms, µs or ns since 1970
 *     stream   stdout, stderr, system      (all names: record/parse_keys.def)
 *     source   source
 *     class    ttl, a text such as 7d (conf/ttl.h)
 *     labels   job_run_id or jobRunId … at the top, and what `labels` holds
 *     fields   what `fields` holds, and the rest
 *
 * Nothing is lost for being odd: a level, time or ttl that is not understood, a label that is over
 * the limits (32 a record, names [a-z_][a-z0-9_.]{0,63}, values of 1 to 256 bytes) goes to
 * `fields`.
 *
 * A sender may be limited to labels: what it sends gets them, and a record that says otherwise is
 * refused.
 *
 * Threads: one at a time.
 * Owns:    a mapper owns its scratch and a reference to the labels of the record before.
 */
#ifndef LM_SOURCE_PUSH_RECORD_H
#define LM_SOURCE_PUSH_RECORD_H

#include "conf/ttl.h"
#include "metrics/metrics.h"
#include "record/record.h"
#include "record/stamp.h"

/* Zeroed, with table, metrics and classes set, it is ready. */
struct push_mapper {
    struct label_table *table;
    struct metrics *metrics;
    const struct ttl_classes *classes;
    uint16_t class;      /* of records that say no ttl; 0: none */
    struct labels *last; /* most records have the labels of the one before */
    struct stamp_memo second;
    struct buf clean, fields;
    struct arena scratch;     /* of one record */
    const struct label *must; /* what the sender is limited to; every record gets these */
    uint32_t must_count;
    bool moved; /* a label had to become a field; for the caller to say so and clear */
};

void push_mapper_fini(struct push_mapper *m);

/* Adds the record that `text` describes to b. `source` is for those that name none, b->arrival_us
 * for those without a time. 0; -LM_E_INVALID: *ret_reason says why it cannot be one; -ENOMEM. */
int push_record(struct push_mapper *m, struct str text, struct str source, struct batch *b,
                const char **ret_reason) LM_MUST_CHECK;

#endif
