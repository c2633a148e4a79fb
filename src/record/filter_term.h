/* SPDX-License-Identifier: MIT
 *
 * filter_term.h - one condition, compiled.
 *
 * A term looks at one thing. What it looks at decides when it can be answered: labels once for all
 * records of a label set, everything else record by record.
 *
 * Threads: immutable once compiled, except for the counters inside a regex.
 * Owns:    its regex; everything else lies in the arena of the filter.
 */
#ifndef LM_RECORD_FILTER_TERM_H
#define LM_RECORD_FILTER_TERM_H

#include "record/filter_tree.h"
#include "record/needle.h"
#include "record/numeric.h"
#include "record/record.h"
#include "record/regex.h"

enum term_kind {
    TERM_LEVEL,
    TERM_STREAM,
    TERM_ID,
    TERM_TIME,
    TERM_TEXT,  /* the message */
    TERM_LABEL, /* source and the labels every hub knows: nothing else has them */
    TERM_KEY,   /* a label if the record has one of that name, else a member of fields */
    TERM_FIELD, /* "fields.…": a member of fields in any case */
};

struct term {
    enum term_kind kind;
    enum expr_op op;
    struct str key; /* of TERM_FIELD: the path within fields */
    uint32_t mask;  /* LEVEL, STREAM: bit n = let n pass */
    uint32_t count; /* of values */
    struct str *values;
    struct numeric *numbers; /* beside values: of LABEL, KEY, FIELD */
    struct needle *needles;  /* beside values: of TEXT */
    uint64_t *ids;           /* beside values: of ID */
    int64_t time_us;         /* of TIME */
    struct regex *regex;     /* of OP_REGEX */
    uint64_t bit;            /* of a label condition in struct filter_verdict; 0 = none */
    struct term *next;       /* of the filter */
};

/* What a key is about. An empty key is the message. */
enum term_kind term_kind_of(struct str key);

/* A normalised term. On failure info has -LM_E_SYNTAX with column and sentence, or -ENOMEM. */
int term_compile(struct arena *a, const struct expr *e, struct term **ret,
                 struct errinfo *info) LM_MUST_CHECK;
void term_release(struct term *t);

/* What a label set says about a term with a bit. */
enum truth { TRUTH_NO, TRUTH_YES, TRUTH_OPEN };
enum truth term_ask_labels(const struct term *t, const struct labels *l);

/* The answer for one record; `message` is its message without colours. Of terms with labels only
 * what the labels left open is asked. */
bool term_ask_record(const struct term *t, const struct record *r, struct str message);

#endif
