/* SPDX-License-Identifier: MIT
 *
 * filter_parse.h - what filter_parse.c (brackets and operators) and filter_word.c (terms) share.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_FILTER_PARSE_H
#define LM_RECORD_FILTER_PARSE_H

#include "record/filter_tree.h"

struct filter_parser {
    struct arena *arena;
    struct str text;
    size_t at;
    int depth, terms;
    struct errinfo *info;
};

/* Reads the term at the cursor, which stands on neither space nor bracket. */
int filter_term_at(struct filter_parser *p, struct expr **ret) LM_MUST_CHECK;

bool filter_is_space(char c);
/* The column, in characters from 1, of a byte of the text. */
int filter_column(const struct filter_parser *p, size_t at);
int filter_refuse_at(const struct filter_parser *p, size_t at, enum filter_error which);
int filter_new_expr(struct arena *a, enum expr_kind kind, struct expr **ret) LM_MUST_CHECK;

#endif
