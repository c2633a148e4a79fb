/* SPDX-License-Identifier: MIT
 *
 * filter_print.c - a tree as a filter text that parses to the same tree.
 */
#include "record/filter_tree.h"

static void add_quoted(struct buf *out, struct str s)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, s.p[i]);
    }
    buf_add_char(out, '"');
}

/* Flags and a missing key come from the form with slashes only, so that form can take it back. */
static void print_regex(struct buf *out, const struct expr *e)
{
    struct str pattern = e->values->text;

    if (e->key.n && e->flags.n == 0) {
        add_quoted(out, pattern);
        return;
    }
    buf_add_char(out, '/');
    buf_add_str(out, pattern);
    buf_add_char(out, '/');
    buf_add_str(out, e->flags);
}

static void print_term(struct buf *out, const struct expr *e)
{
    static const char *const ops[] = {
        [OP_TEXT] = ":",     [OP_IS] = ":",   [OP_REGEX] = ":~",  [OP_MORE] = ">",
        [OP_MORE_EQ] = ">=", [OP_LESS] = "<", [OP_LESS_EQ] = "<="};

    buf_add_str(out, e->key);
    if (e->key.n)
        buf_add_str(out, str_from(ops[e->op]));
    if (e->op == OP_REGEX) {
        print_regex(out, e);
        return;
    }
    for (const struct expr_value *v = e->values; v; v = v->next) {
        if (v != e->values)
            buf_add_char(out, ',');
        add_quoted(out, v->text);
    }
}

/* Brackets where the grammar would read something else: what '-' stands before (unless it is a
 * term), OR within AND, and like within like, which only brackets can have made. */
static bool needs_brackets(const struct expr *parent, const struct expr *e)
{
    if (parent->kind == EXPR_NOT)
        return e->kind != EXPR_TERM;
    return e->kind == EXPR_OR || (e->kind == EXPR_AND && parent->kind == EXPR_AND);
}

static void print_node(struct buf *out, const struct expr *e);

static void print_child(struct buf *out, const struct expr *parent, const struct expr *e)
{
    bool brackets = needs_brackets(parent, e);

    if (brackets)
        buf_add_char(out, '(');
    print_node(out, e);
    if (brackets)
        buf_add_char(out, ')');
}

static void print_node(struct buf *out, const struct expr *e)
{
    if (e->kind == EXPR_TERM) {
        print_term(out, e);
        return;
    }
    if (e->kind == EXPR_NOT)
        buf_add_char(out, '-');
    for (const struct expr *child = e->first; child; child = child->next) {
        if (child != e->first)
            buf_add_str(out, e->kind == EXPR_OR ? STR(" OR ") : STR(" "));
        print_child(out, e, child);
    }
}

void filter_print(struct buf *out, const struct expr *e)
{
    if (e)
        print_node(out, e);
}
