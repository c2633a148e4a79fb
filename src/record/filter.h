/* SPDX-License-Identifier: MIT
 *
 * filter.h - which records somebody asked for.
 *
 * One compiled filter serves live streams, replay and history, so they cannot disagree. This first
 * form knows what the query parameters say, all of which must hold: labels with exact values, a
 * lowest level, a stream, and a piece of text in the message (ASCII letters without case).
 *
 * Label conditions are decided once per label set, the rest once per record.
 *
 * Threads: immutable after filter_init(); may be read by several threads.
 * Owns:    copies of its texts.
 */
#ifndef LM_RECORD_FILTER_H
#define LM_RECORD_FILTER_H

#include "record/record.h"

enum { FILTER_LABELS_MAX = 8, FILTER_SEARCH_MAX = 1024 };

struct filter {
    struct label labels[FILTER_LABELS_MAX]; /* `source` may be among them */
    uint32_t label_count;
    enum level min_level; /* LEVEL_NONE: all */
    enum stream stream;   /* STREAM_NONE: all */
    struct str search;    /* lower case; empty: all */
    struct arena texts;
};

/* An empty filter matches everything. */
void filter_init(struct filter *f);
void filter_fini(struct filter *f);

/* Adds one condition by the name of a query parameter: level, stream, search, or a label that
 * streams know (filter_is_label()). Empty values are refused. On failure info says what is wrong
 * with the value; -LM_E_UNKNOWN when there is no such parameter. */
int filter_add(struct filter *f, struct str name, struct str value,
               struct errinfo *info) LM_MUST_CHECK;

/* job_run_id, task_run_id, source, campaign_id, user_email, session_id, process_id. */
bool filter_is_label(struct str name);

bool filter_match_labels(const struct filter *f, const struct labels *l);
/* The part that differs between records of one label set. */
bool filter_match_rest(const struct filter *f, const struct record *r);

static inline bool filter_match(const struct filter *f, const struct record *r)
{
    return filter_match_labels(f, r->labels) && filter_match_rest(f, r);
}

/* A text that is equal for equal filters, for sharing feeds. Check buf_error(). */
void filter_add_key(const struct filter *f, struct buf *out);

/* The value this filter demands of a label, p NULL when it does not. */
struct str filter_label(const struct filter *f, struct str name);

#endif
