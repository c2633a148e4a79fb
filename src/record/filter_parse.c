/* SPDX-License-Identifier: MIT
 *
 * filter_parse.c - from a filter text to its tree (docs/filter-language.md).
 *
 *     any    = all { "OR" all }
 *     all    = one { ["AND"] one }
 *     one    = "-" one | "(" any ")" | term
 *
 * What is a term is decided by filter_term_at(), which knows what people paste. A piece of text is
 * never refused for looking strange: errors are kept for quotes, brackets and operators that do not
 * add up.
 */
#include "record/filter_parse.h"

#include "record/utf8.h"

#include <errno.h>
#include <stdio.h>

static int parse_any(struct filter_parser *p, struct expr **ret);

int filter_refuse(struct errinfo *info, int column, enum filter_error which, const char *detail)
{
    static const char *const sentences[] = {
#define FILTER_ERROR(name, sentence) sentence,
#include "record/filter_errors.def"
#undef FILTER_ERROR
    };

    if (info)
        info->column = column;
    return err_set(info, -LM_E_SYNTAX, "%s%s%s", sentences[which], detail ? ": " : "",
                   detail ? detail : "");
}

int filter_column(const struct filter_parser *p, size_t at)
{
    int column = 1;

    for (size_t i = 0; i < at; i++)
        column += ((unsigned char)p->text.p[i] & 0xc0) != 0x80;
    return column;
}

int filter_refuse_at(const struct filter_parser *p, size_t at, enum filter_error which)
{
    return filter_refuse(p->info, filter_column(p, at), which, NULL);
}

int filter_new_expr(struct arena *a, enum expr_kind kind, struct expr **ret)
{
    struct expr *e = arena_alloc(a, sizeof *e);

    if (!e)
        return -ENOMEM;
    *e = (struct expr){.kind = kind};
    *ret = e;
    return 0;
}

struct expr *filter_new_term(struct arena *a, enum expr_op op, struct str key, struct str value)
{
    struct expr *e;
    struct expr_value *v = arena_alloc(a, sizeof *v);

    if (!v || filter_new_expr(a, EXPR_TERM, &e) < 0)
        return NULL;
    *v = (struct expr_value){.text = value};
    e->op = op;
    e->key = key;
    e->values = v;
    return e;
}

bool filter_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool at_end(struct filter_parser *p)
{
    while (p->at < p->text.n && filter_is_space(p->text.p[p->at]))
        p->at++;
    return p->at == p->text.n;
}

/* Is the word at the cursor exactly this operator? It must stand alone. */
static bool at_operator(struct filter_parser *p, struct str word)
{
    if (at_end(p) || !str_starts(str_of(p->text.p + p->at, p->text.n - p->at), word))
        return false;
    size_t end = p->at + word.n;
    return end == p->text.n || filter_is_space(p->text.p[end]) || p->text.p[end] == '(' ||
           p->text.p[end] == ')';
}

static int parse_bracket(struct filter_parser *p, struct expr **ret)
{
    size_t open = p->at++;

    if (++p->depth > FILTER_DEPTH_MAX)
        return filter_refuse_at(p, open, FILTER_E_too_deep);
    if (!at_end(p) && p->text.p[p->at] == ')')
        return filter_refuse_at(p, open, FILTER_E_bracket_empty);
    if (at_end(p))
        return filter_refuse_at(p, open, FILTER_E_bracket_open);
    int err = parse_any(p, ret);
    if (err < 0)
        return err;
    if (at_end(p))
        return filter_refuse_at(p, open, FILTER_E_bracket_open);
    p->at++;
    p->depth--;
    return 0;
}

/* A '-' negates unless it is a word of its own, or starts "--" or "->". */
static bool at_negation(const struct filter_parser *p)
{
    if (p->text.p[p->at] != '-' || p->at + 1 == p->text.n)
        return false;
    char next = p->text.p[p->at + 1];
    return !filter_is_space(next) && next != ')' && next != '-' && next != '>';
}

static int parse_one(struct filter_parser *p, struct expr **ret)
{
    bool negated = at_negation(p);
    struct expr *not_expr = NULL;
    int err = 0;

    if (negated) {
        p->at++;
        err = filter_new_expr(p->arena, EXPR_NOT, &not_expr);
    } else if (at_operator(p, STR("OR")) || at_operator(p, STR("AND"))) {
        err = filter_refuse_at(p, p->at, FILTER_E_operator);
    } else if (p->text.p[p->at] == ')') {
        err = filter_refuse_at(p, p->at, FILTER_E_bracket_close);
    }
    if (err < 0)
        return err;
    if (p->text.p[p->at] == '(')
        err = parse_bracket(p, ret);
    else if (++p->terms > FILTER_TERMS_MAX)
        err = filter_refuse_at(p, p->at, FILTER_E_too_many_terms);
    else
        err = filter_term_at(p, ret);
    if (err == 0 && negated) {
        not_expr->first = *ret;
        *ret = not_expr;
    }
    return err;
}

/* Members gather in a list; one alone needs no node around it. */
struct members {
    struct expr *first, **end;
};

static int wrap(struct filter_parser *p, const struct members *m, enum expr_kind kind,
                struct expr **ret)
{
    struct expr *e = m->first;

    lm_assert(e);
    if (e->next) {
        int err = filter_new_expr(p->arena, kind, &e);
        if (err < 0)
            return err;
        e->first = m->first;
    }
    *ret = e;
    return 0;
}

static void add_member(struct members *m, struct expr *e)
{
    *m->end = e;
    m->end = &e->next;
}

/* Behind an operator there must be something to join. */
static int pass_operator(struct filter_parser *p, size_t n)
{
    size_t at = p->at;

    p->at += n;
    return at_end(p) || p->text.p[p->at] == ')' ? filter_refuse_at(p, at, FILTER_E_operator) : 0;
}

/* Does another member of this list follow without an operator? */
static bool at_term(struct filter_parser *p)
{
    return !at_end(p) && (p->depth == 0 || p->text.p[p->at] != ')') && !at_operator(p, STR("OR"));
}

static int parse_all(struct filter_parser *p, struct expr **ret)
{
    struct members m = {.end = &m.first};
    struct expr *e = NULL;
    bool more;
    int err = 0;

    do {
        err = parse_one(p, &e);
        if (err < 0)
            return err;
        add_member(&m, e);
        more = at_operator(p, STR("AND"));
        if (more)
            err = pass_operator(p, 3);
    } while (err == 0 && (more || at_term(p)));
    return err < 0 ? err : wrap(p, &m, EXPR_AND, ret);
}

static int parse_any(struct filter_parser *p, struct expr **ret)
{
    struct members m = {.end = &m.first};
    struct expr *e = NULL;
    bool more;
    int err = 0;

    do {
        err = parse_all(p, &e);
        if (err < 0)
            return err;
        add_member(&m, e);
        more = at_operator(p, STR("OR"));
        if (more)
            err = pass_operator(p, 2);
    } while (err == 0 && more);
    return err < 0 ? err : wrap(p, &m, EXPR_OR, ret);
}

int filter_parse(struct arena *a, struct str text, struct expr **ret, struct errinfo *info)
{
    struct filter_parser p = {.arena = a, .text = text, .info = info};
    size_t valid = utf8_valid_prefix(text);
    struct expr *e = NULL;
    int err = 0;

    if (text.n > FILTER_TEXT_MAX)
        return filter_refuse_at(&p, FILTER_TEXT_MAX, FILTER_E_too_long);
    if (valid < text.n)
        return filter_refuse_at(&p, valid, FILTER_E_not_utf8);
    if (!at_end(&p))
        err = parse_any(&p, &e);
    if (err == 0)
        *ret = e;
    return err;
}
