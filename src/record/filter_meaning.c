/* SPDX-License-Identifier: MIT
 *
 * filter_meaning.c - what a term asks, by its key.
 *
 * level, stream, message, id and timestamp are columns of every record and have rules of their own.
 * Every other key is a label or a member of `fields`, and any value is as good as another.
 */
#include "base/clock.h"
#include "record/filter_normal.h"
#include "record/filter_term.h"
#include "record/level.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* Does a comparison hold for something that lies before (<0), at (0) or after (>0) its value? */
static bool op_holds(enum expr_op op, int order)
{
    return (op == OP_IS && order == 0) || (op == OP_MORE && order > 0) ||
           (op == OP_MORE_EQ && order >= 0) || (op == OP_LESS && order < 0) ||
           (op == OP_LESS_EQ && order <= 0);
}

static int add_name(struct arena *a, struct expr *e, const char *name)
{
    struct expr_value *v = arena_alloc(a, sizeof *v);

    if (!v)
        return -ENOMEM;
    *v = (struct expr_value){.next = e->values, .text = str_from(name)};
    e->values = v;
    return 0;
}

/* level>=warn becomes the list of what it lets through. When that is nothing it stays a
 * comparison. */
static int normalise_level(struct arena *a, struct expr *e, struct errinfo *info)
{
    uint32_t wanted = 0;
    int err = 0;

    for (const struct expr_value *v = e->values; v; v = v->next) {
        enum level level = level_from_text(v->text);
        if (level == LEVEL_NONE)
            return filter_refuse(info, v->column, FILTER_E_level, NULL);
        for (int l = LEVEL_TRACE; l < LEVEL_COUNT; l++)
            if (op_holds(e->op, l - (int)level))
                wanted |= 1u << l;
    }
    e->op = wanted ? OP_IS : OP_LESS;
    e->values = NULL;
    for (int l = LEVEL_TRACE; l < LEVEL_COUNT && err == 0; l++)
        if (wanted & 1u << l)
            err = add_name(a, e, level_name((enum level)l));
    if (err == 0 && !wanted)
        err = add_name(a, e, level_name(LEVEL_TRACE));
    filter_sort_values(e);
    return err;
}

static int normalise_stream(struct expr *e, struct errinfo *info)
{
    for (const struct expr_value *v = e->values; v; v = v->next)
        if (stream_from_text(v->text) == STREAM_NONE)
            return filter_refuse(info, v->column, FILTER_E_stream, NULL);
    filter_sort_values(e);
    return 0;
}

static int fold_values(struct arena *a, struct expr *e)
{
    for (struct expr_value *v = e->values; v; v = v->next) {
        char *p = arena_alloc(a, v->text.n + 1);
        if (!p)
            return -ENOMEM;
        for (size_t i = 0; i < v->text.n; i++) {
            char c = v->text.p[i];
            p[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
        v->text.p = p;
    }
    filter_sort_values(e);
    return 0;
}

/* `"x"`, `message:x` and `search=x` are one thing; a list needs the key to be written. */
static int normalise_text(struct arena *a, struct expr *e)
{
    int err = fold_values(a, e);

    e->op = OP_TEXT;
    e->key = e->values->next ? STR("message") : STR_NONE;
    return err;
}

static int set_text(struct arena *a, struct expr_value *v, const char *text)
{
    struct str copy = arena_copy(a, str_from(text));

    if (!copy.p)
        return -ENOMEM;
    v->text = copy;
    return 0;
}

static int normalise_id(struct arena *a, struct expr *e, struct errinfo *info)
{
    char text[24];
    uint64_t id;
    int err = 0;

    for (struct expr_value *v = e->values; v && err == 0; v = v->next) {
        if (e->op == OP_REGEX || !str_to_u64(v->text, &id))
            return filter_refuse(info, v->column, FILTER_E_id, NULL);
        snprintf(text, sizeof text, "%" PRIu64, id);
        err = set_text(a, v, text);
    }
    filter_sort_values(e);
    return err;
}

/* "5m": so long before now. */
static bool time_ago(struct str text, int64_t now_us, int64_t *ret_us)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    const uint64_t longest = 1000000000000; /* s: 31,000 years */
    uint64_t n;

    if (text.n < 2 || !str_to_u64(str_of(text.p, text.n - 1), &n))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (text.p[text.n - 1] == units[i].unit && n <= longest / (uint64_t)units[i].seconds) {
            *ret_us = now_us - (int64_t)n * units[i].seconds * 1000000;
            return true;
        }
    return false;
}

static int normalise_time(struct arena *a, struct expr *e, int64_t now_us, struct errinfo *info)
{
    struct expr_value *v = e->values;
    char text[28] = "";
    int64_t us;

    if (e->op == OP_IS || e->op == OP_REGEX)
        return filter_refuse(info, v->column, FILTER_E_time_order, NULL);
    if (!clock_parse(v->text, &us) && !time_ago(v->text, now_us, &us))
        return filter_refuse(info, v->column, FILTER_E_time, NULL);
    clock_rfc3339(us, text);
    return set_text(a, v, text);
}

/* Every regex on the message is written message:~…; flags in one order, each once. */
static int normalise_regex(struct arena *a, struct expr *e)
{
    char flags[5] = "";
    size_t n = 0;

    for (const char *f = "imsx"; *f; f++)
        if (e->flags.n && memchr(e->flags.p, *f, e->flags.n))
            flags[n++] = *f;
    e->flags = arena_copy(a, str_of(flags, n));
    if (!e->flags.p)
        return -ENOMEM;
    if (e->key.n == 0 && n == 0)
        e->key = STR("message");
    if (str_is(e->key, "message") && n > 0)
        e->key = STR_NONE;
    return 0;
}

static int cost_of(const struct expr *e, enum term_kind kind)
{
    if (e->op == OP_REGEX)
        return COST_REGEX;
    switch (kind) {
    case TERM_LABEL:
        return COST_LABEL;
    case TERM_TEXT:
        return COST_TEXT;
    case TERM_KEY:
    case TERM_FIELD:
        return COST_FIELD;
    default:
        return COST_NUMBER;
    }
}

int filter_normalise_term(struct arena *a, struct expr *e, int64_t now_us, struct errinfo *info)
{
    enum term_kind kind = term_kind_of(e->key);
    bool ordered = e->op != OP_IS && e->op != OP_TEXT && e->op != OP_REGEX;

    e->cost = cost_of(e, kind);
    if ((kind == TERM_STREAM || kind == TERM_TEXT) && ordered)
        return filter_refuse(info, e->values->column, FILTER_E_unordered, NULL);
    if (kind == TERM_ID)
        return normalise_id(a, e, info);
    if (kind == TERM_TIME)
        return normalise_time(a, e, now_us, info);
    if (e->op == OP_REGEX)
        return normalise_regex(a, e);
    if (kind == TERM_LEVEL)
        return normalise_level(a, e, info);
    if (kind == TERM_STREAM)
        return normalise_stream(e, info);
    if (kind == TERM_TEXT)
        return normalise_text(a, e);
    filter_sort_values(e);
    return 0;
}
