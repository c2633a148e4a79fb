/* SPDX-License-Identifier: MIT
 *
 * find_plan.h - what can be known about a filter before any record is looked at.
 *
 * From the tree of a filter come: needles, of which every match has at least one in its message;
 * for each text, regex and field of the filter what the indexes of chunks can say about it (a
 * `clue`); and which columns it takes to ask.
 *
 * Threads: immutable once made.
 * Owns:    copies of what it needs; the filter must outlive it.
 */
#ifndef LM_STORE_FIND_PLAN_H
#define LM_STORE_FIND_PLAN_H

#include "record/filter.h"
#include "store/index_token.h"

enum { PLAN_NEEDLES_MAX = 16, CLUE_GRAMS_MAX = 64, CLUE_HASHES_MAX = 32 };

/* What must be in a block for a text to be found there. Too little costs time, never rows. */
struct clue {
    bool useless; /* nothing is known */
    bool fields;  /* of fields: else of messages */
    uint32_t grams_n, hashes_n;
    uint16_t grams[CLUE_GRAMS_MAX];
    uint64_t hashes[CLUE_HASHES_MAX]; /* whole tokens */
    /* Tokens at an edge of the text, which may be parts of longer ones. Where no token of the block
     * is longer than `edge_n`, and these have a digit, they are whole. */
    struct clue_edge {
        uint32_t n;
        uint64_t hash;
    } edges[2];
    uint32_t edges_n;
};

struct plan_term {
    const struct term *term;
    struct clue
        *clues; /* one for each value (of a regex: for each text that it needs one of); any of them
                         * may be the one found */
    uint32_t clue_count;
};

struct plan {
    const struct filter *filter;
    struct arena memory;
    struct plan_term *terms; /* those with clues */
    uint32_t term_count;
    struct needle needles[PLAN_NEEDLES_MAX];
    uint32_t needle_count; /* 0: a match need not have any of them */
    bool by_text;          /* has conditions on messages */
    bool by_fields;        /* may have conditions on fields */
    bool by_label;         /* has conditions on labels */
    bool by_place;         /* has conditions on id or time */
    bool by_kind;          /* has conditions on level or stream */
};

/* -ENOMEM. plan_fini() in any case. */
int plan_make(struct plan *p, const struct filter *f) LM_MUST_CHECK;
void plan_fini(struct plan *p);
/* The clues of a term; NULL when there are none. */
const struct plan_term *plan_find(const struct plan *p, const struct term *t);

#endif
