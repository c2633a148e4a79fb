/* SPDX-License-Identifier: MIT
 *
 * filter_tree.h - a filter as a tree: what was written, before anybody asks what it means.
 *
 *     text ─▶ filter_parse ─▶ tree ─▶ filter_normalise ─▶ tree ─▶ term_compile ─▶ terms
 *                              │                           │
 *                              └───────── filter_print ────┴─▶ text
 *
 * filter_print() writes a tree in the filter language again, every value in quotes and no bracket
 * that is not needed, so that parsing it gives the same tree. Of a tree as written it is the
 * canonical form of tests/golden/filter-grammar.txt; of a normalised one it is the filter's key.
 *
 * Threads: any; one tree belongs to one thread.
 * Owns:    nothing: everything lies in the arena of the filter.
 */
#ifndef LM_RECORD_FILTER_TREE_H
#define LM_RECORD_FILTER_TREE_H

#include "base/arena.h"
#include "base/buf.h"

enum {
    FILTER_TEXT_MAX = 4096,
    FILTER_TERMS_MAX = 64,
    FILTER_DEPTH_MAX = 8,
    FILTER_REGEX_MAX = 1024,
};

enum expr_kind { EXPR_TERM, EXPR_AND, EXPR_OR, EXPR_NOT };

enum expr_op { OP_TEXT, OP_IS, OP_REGEX, OP_MORE, OP_MORE_EQ, OP_LESS, OP_LESS_EQ };

struct expr_value {
    struct expr_value *next;
    struct str text;
    int column;
};

struct term;

struct expr {
    enum expr_kind kind;
    struct expr *first; /* AND, OR: at least two; NOT: one; of an empty filter the root has none */
    struct expr *next;
    /* Terms: */
    enum expr_op op;
    struct str key;            /* empty: the message */
    struct expr_value *values; /* at least one; more than one only with OP_IS and OP_TEXT */
    struct str flags;          /* of a regex */
    /* Since filter_normalise(): */
    struct str text;   /* the printed form */
    int cost;          /* cheap conditions are asked first */
    struct term *term; /* since term_compile() */
};

enum filter_error {
#define FILTER_ERROR(name, sentence) FILTER_E_##name,
#include "record/filter_errors.def"
#undef FILTER_ERROR
};

/* Fills info (code -LM_E_SYNTAX, column, sentence) and returns the code. `detail` may be NULL. */
int filter_refuse(struct errinfo *info, int column, enum filter_error which, const char *detail);

/* The tree of a filter text; *ret is NULL when it is empty. On failure info says what and where. */
int filter_parse(struct arena *a, struct str text, struct expr **ret,
                 struct errinfo *info) LM_MUST_CHECK;

/* A new term with one value; NULL when memory is short. */
struct expr *filter_new_term(struct arena *a, enum expr_op op, struct str key,
                             struct str value) LM_MUST_CHECK;

/* Appends the tree as a filter text; NULL prints nothing. Check buf_error(). */
void filter_print(struct buf *out, const struct expr *e);

/* Checks what the terms mean (levels, times, numbers) and brings the tree into the one form that
 * all filters of the same meaning share, as far as rewriting goes: no bracket within its like, no
 * double negation, lists and conditions sorted and without doubles, levels as lists, times absolute
 * (now_us is now). -LM_E_SYNTAX with info, -ENOMEM. */
int filter_normalise(struct arena *a, struct expr *e, int64_t now_us, struct expr **ret,
                     struct errinfo *info) LM_MUST_CHECK;

/* AND of two normalised trees, either of which may be NULL: normalised again. */
int filter_join(struct arena *a, struct expr *left, struct expr *right,
                struct expr **ret) LM_MUST_CHECK;

#endif
