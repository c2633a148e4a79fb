/* SPDX-License-Identifier: MIT
 *
 * filter_word.c - which characters make one term, and of which kind.
 *
 * People paste paths, addresses, times and pieces of code, and expect to find them. So a word has
 * to earn being anything but text:
 *
 *     "…"           quoted text; \" and \\ inside, any other \ is itself
 *     /…/imsx       a regex only if a later unescaped /flags is followed by a space, ) or the end;
 *                   // never opens one
 *     key:value     only if key is a name ([A-Za-z_][A-Za-z0-9_.]*, not ending with a dot) and the value
 *                   is not empty and starts with none of //, \ and : (so http://x, C:\x and std::map
 *                   are text)
 *     key>value     the same, with a value that starts with neither < nor > and, after <, does not end
 *                   with > (so a<<b, List<String> and Object.<anonymous> are text)
 *     anything else text
 *
 * A ( inside a word belongs to it if its ) comes before the next space, as in main(); else it opens
 * a bracket.
 */
#include "record/filter_parse.h"

#include <errno.h>

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(char c)
{
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '.';
}

static char char_at(const struct filter_parser *p, size_t at)
{
    if (at >= p->text.n)
        return ' ';
    return p->text.p[at];
}

static bool ends_term(char c)
{
    return filter_is_space(c) || c == ')';
}

/* Behind the ) that belongs to the ( at `at`; 0 when a space or the end comes first. */
static size_t pass_brackets(const struct filter_parser *p, size_t at)
{
    int depth = 0;

    for (; at < p->text.n && !filter_is_space(p->text.p[at]); at++) {
        depth += p->text.p[at] == '(';
        if (p->text.p[at] == ')' && --depth == 0)
            return at + 1;
    }
    return 0;
}

/* The end of the bare word at `at`; `stop` ends it too. */
static size_t word_end(const struct filter_parser *p, size_t at, char stop)
{
    while (!ends_term(char_at(p, at)) && p->text.p[at] != stop) {
        size_t behind = p->text.p[at] == '(' ? pass_brackets(p, at) : at + 1;
        if (!behind)
            break;
        at = behind;
    }
    return at;
}

static struct str piece(const struct filter_parser *p, size_t from, size_t to)
{
    return str_of(p->text.p + from, to - from);
}

/* The quoted text at the cursor, which moves behind it. */
static int take_quoted(struct filter_parser *p, struct str *ret)
{
    size_t open = p->at, n = 0;
    char *out = arena_alloc(p->arena, p->text.n - open);

    if (!out)
        return -ENOMEM;
    for (p->at++; char_at(p, p->at) != '"'; p->at++) {
        char next = char_at(p, p->at + 1);
        p->at += char_at(p, p->at) == '\\' && (next == '"' || next == '\\');
        if (p->at >= p->text.n)
            return filter_refuse_at(p, open, FILTER_E_quote_open);
        out[n++] = p->text.p[p->at];
    }
    p->at++;
    *ret = str_of(out, n);
    return 0;
}

/* The quoted text of a value: nothing may stick to its end. */
static int take_quoted_value(struct filter_parser *p, struct str *ret)
{
    int err = take_quoted(p, ret);

    if (err == 0 && !ends_term(char_at(p, p->at)) && p->text.p[p->at] != ',')
        err = filter_refuse_at(p, p->at, FILTER_E_quote_end);
    return err;
}

static bool is_flag(char c)
{
    return c == 'i' || c == 'm' || c == 's' || c == 'x';
}

/* A regex between slashes at the cursor, which moves behind it; false when it is text. */
static bool take_regex(struct filter_parser *p, struct str *ret, struct str *ret_flags)
{
    size_t start = p->at + 1, end = start;

    if (char_at(p, p->at) != '/' || char_at(p, start) == '/')
        return false;
    for (; end < p->text.n; end++) {
        if (p->text.p[end] == '\\')
            end++;
        else if (p->text.p[end] == '/') {
            size_t flags = end + 1, at = flags;
            while (at < p->text.n && is_flag(p->text.p[at]))
                at++;
            if (!ends_term(char_at(p, at)))
                continue;
            *ret = piece(p, start, end);
            *ret_flags = piece(p, flags, at);
            p->at = at;
            return true;
        }
    }
    return false;
}

/* "key:" or "key>=" at `at`; moves *at behind it. */
static bool pass_key(const struct filter_parser *p, size_t *at, struct str *ret_key,
                     enum expr_op *ret_op)
{
    size_t start = *at, i = start;

    if (!is_name_start(char_at(p, i)))
        return false;
    while (is_name(char_at(p, i)))
        i++;
    char c = char_at(p, i), next = char_at(p, i + 1);
    if ((c != ':' && c != '>' && c != '<') || p->text.p[i - 1] == '.')
        return false;
    if (c != ':' && (next == '>' || next == '<'))
        return false;
    if (c == ':' && (next == ':' || next == '\\' || (next == '/' && char_at(p, i + 2) == '/')))
        return false;
    bool two = c == ':' ? next == '~' : next == '=';
    *ret_op = c == ':'   ? (two ? OP_REGEX : OP_IS)
              : c == '>' ? (two ? OP_MORE_EQ : OP_MORE)
                         : (two ? OP_LESS_EQ : OP_LESS);
    *ret_key = piece(p, start, i);
    *at = i + (two ? 2 : 1);
    return true;
}

static int add_value(struct filter_parser *p, struct expr_value ***end, size_t at, struct str text)
{
    struct expr_value *v = arena_alloc(p->arena, sizeof *v);

    if (!v)
        return -ENOMEM;
    *v = (struct expr_value){.text = text, .column = filter_column(p, at)};
    **end = v;
    *end = &v->next;
    return 0;
}

/* a,"b c",d - empty items are left out, as in prose: "error:timeout, retrying". */
static int take_list(struct filter_parser *p, struct expr *e)
{
    struct expr_value **end = &e->values;
    int err = 0;

    for (;;) {
        size_t start = p->at;
        struct str item;
        bool quoted = char_at(p, start) == '"';
        if (quoted)
            err = take_quoted_value(p, &item);
        else
            item = piece(p, start, p->at = word_end(p, start, ','));
        if (err == 0 && (quoted || item.n))
            err = add_value(p, &end, start, item);
        if (err < 0 || char_at(p, p->at) != ',')
            return err;
        p->at++;
    }
}

static int take_one_value(struct filter_parser *p, struct expr *e)
{
    struct expr_value **end = &e->values;
    size_t start = p->at;
    struct str value;

    if (e->op == OP_REGEX && take_regex(p, &value, &e->flags))
        return add_value(p, &end, start, value);
    if (char_at(p, start) != '"') {
        value = piece(p, start, p->at = word_end(p, start, ' '));
        bool tag = e->op == OP_LESS && value.n && value.p[value.n - 1] == '>';
        return value.n && !tag ? add_value(p, &end, start, value) : 0;
    }
    int err = take_quoted_value(p, &value);
    if (err == 0 && char_at(p, p->at) == ',')
        err = filter_refuse_at(p, p->at, FILTER_E_quote_end);
    return err < 0 ? err : add_value(p, &end, start, value);
}

/* A term with a key; e->values stays NULL when it is only text that looks a little like one. */
static int take_keyed(struct filter_parser *p, struct expr *e)
{
    size_t start = p->at;

    if (!pass_key(p, &p->at, &e->key, &e->op))
        return 0;
    int err = e->op == OP_IS ? take_list(p, e) : take_one_value(p, e);
    if (err == 0 && !e->values) {
        p->at = start;
        *e = (struct expr){.kind = EXPR_TERM};
    }
    return err;
}

static int take_text(struct filter_parser *p, struct expr *e)
{
    struct expr_value **end = &e->values;
    size_t start = p->at;
    struct str text;
    int err = 0;

    if (take_regex(p, &text, &e->flags))
        e->op = OP_REGEX;
    else if (char_at(p, start) == '"')
        err = take_quoted(p, &text);
    else
        text = piece(p, start, p->at = word_end(p, start, ' '));
    return err < 0 ? err : add_value(p, &end, start, text);
}

static int check_regex(const struct filter_parser *p, const struct expr *e)
{
    if (e->op == OP_REGEX && e->values->text.n > FILTER_REGEX_MAX)
        return filter_refuse(p->info, e->values->column, FILTER_E_regex_long, NULL);
    return 0;
}

int filter_term_at(struct filter_parser *p, struct expr **ret)
{
    struct expr *e;
    int err = filter_new_expr(p->arena, EXPR_TERM, &e);

    if (err == 0)
        err = take_keyed(p, e);
    if (err == 0 && !e->values)
        err = take_text(p, e);
    if (err == 0)
        err = check_regex(p, e);
    if (err == 0)
        *ret = e;
    return err;
}
