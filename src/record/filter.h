/* SPDX-License-Identifier: MIT
 *
 * filter.h - which records somebody asked for.
 *
 * One compiled filter serves live streams, replay and history, so they cannot disagree. It is made
 * of query parameters, all of which must hold; one of them, `q`, is a text in the filter language
 * (docs/filter-language.md).
 *
 * Thousands of records share a label set, so what a set says about the filter is decided once: no,
 * yes, or open, and then the answers to the conditions on labels are kept for the rest:
 *
 *     filter_decide(f, labels, &v);                 once per label set
 *     if (v.truth != TRUTH_NO)
 *         ... filter_match_rest(f, &v, record)      once per record
 *
 * Conditions on `source` and the other labels of filter_is_label() are answered by labels alone.
 * Any other key is looked up in the labels first, then in the record's fields. A condition on
 * something that a record does not have is false, whatever the comparison, and its negation true.
 *
 * Threads: immutable after the last filter_add(); may be read by several threads.
 * Owns:    copies of its texts, its regexes.
 */
#ifndef LM_RECORD_FILTER_H
#define LM_RECORD_FILTER_H

#include "record/filter_term.h"

enum {
    FILTER_LABELS_MAX = 8,    /* demanded labels that are remembered */
    FILTER_VERDICT_MAX = 64,  /* conditions on labels */
    FILTER_SEARCH_MAX = 1024, /* of the parameter `search` */
};

struct filter {
    struct expr *root;                      /* NULL: everything */
    struct label labels[FILTER_LABELS_MAX]; /* what every match has; `source` may be among them */
    uint32_t label_count;
    bool costly; /* has a regex */
    uint32_t verdict_bits;
    struct term *terms;
    struct arena texts;
};

/* An empty filter matches everything. */
void filter_init(struct filter *f);
void filter_fini(struct filter *f);

/* Adds one condition by the name of a query parameter: level, stream, search, q, or a label that
 * streams know (filter_is_label()). Empty values are refused, except of q. On failure
 * info says what is wrong with the value, for q with a column, and the filter is as it was (after
 * -ENOMEM: fit for filter_fini() only); -LM_E_UNKNOWN when there is no such parameter. */
int filter_add(struct filter *f, struct str name, struct str value,
               struct errinfo *info) LM_MUST_CHECK;

/* Adds the condition that the label `name`, which may be any, has this value. Errors as above. */
int filter_demand(struct filter *f, struct str name, struct str value,
                  struct errinfo *info) LM_MUST_CHECK;

/* job_run_id, task_run_id, source, campaign_id, user_email, session_id, process_id. */
bool filter_is_label(struct str name);

static inline bool filter_is_empty(const struct filter *f)
{
    return f->root == NULL;
}

/* What a label set says. */
struct filter_verdict {
    enum truth truth; /* of the whole filter */
    uint64_t yes, no; /* bits of the label conditions that are decided */
};

void filter_decide(const struct filter *f, const struct labels *l, struct filter_verdict *ret);
/* The part that differs between records of one label set; the verdict is of the record's set. */
bool filter_match_rest(const struct filter *f, const struct filter_verdict *v,
                       const struct record *r);
/* Both at once. */
bool filter_match(const struct filter *f, const struct record *r);

/* How often a regex took too long for an answer. When this is not 0, what the filter let through is
 * not all there is, and whoever asked must be told. */
uint32_t filter_overruns(const struct filter *f);

/* A text that is equal for equal filters, for sharing feeds: the filter in its own language, in the
 * form that filter_normalise() gives. Check buf_error(). */
void filter_add_key(const struct filter *f, struct buf *out);

/* The value this filter demands of a label, p NULL when it does not. */
struct str filter_label(const struct filter *f, struct str name);

#endif
