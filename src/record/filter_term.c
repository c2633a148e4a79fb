/* SPDX-License-Identifier: MIT
 *
 * filter_term.c - compiling one condition, and asking it.
 */
#include "record/filter_term.h"

#include "base/clock.h"
#include "record/fields.h"
#include "record/filter.h"

#include <errno.h>

#define FIELDS_PREFIX STR("fields.")

enum term_kind term_kind_of(struct str key)
{
    static const struct {
        const char *key;
        enum term_kind kind;
    } columns[] = {{"level", TERM_LEVEL},
                   {"stream", TERM_STREAM},
                   {"message", TERM_TEXT},
                   {"id", TERM_ID},
                   {"timestamp", TERM_TIME}};

    if (key.n == 0)
        return TERM_TEXT;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (str_is(key, columns[i].key))
            return columns[i].kind;
    if (filter_is_label(key))
        return TERM_LABEL;
    return str_starts(key, FIELDS_PREFIX) && key.n > FIELDS_PREFIX.n ? TERM_FIELD : TERM_KEY;
}

/* --- compiling --- */

static int compile_regex(struct term *t, const struct expr *e, struct errinfo *info)
{
    const struct expr_value *v = e->values;
    char why[120];
    size_t at = 0;
    int err = regex_new(&t->regex, v->text, e->flags, &at, why);

    return err == -LM_E_SYNTAX ? filter_refuse(info, v->column, FILTER_E_regex, why) : err;
}

/* Names of levels or streams become bits; a regex is asked now, once and for all. */
static void compile_mask(struct term *t, int first, int end, const char *(*name_of)(int))
{
    for (int i = first; i < end; i++) {
        struct str name = str_from(name_of(i));
        bool yes = t->op == OP_REGEX && regex_found(t->regex, name);
        for (uint32_t v = 0; v < t->count && t->op == OP_IS; v++)
            yes = yes || str_eq(t->values[v], name);
        t->mask |= yes ? 1u << i : 0;
    }
}

static const char *name_of_level(int level)
{
    return level_name((enum level)level);
}

static const char *name_of_stream(int stream)
{
    return stream_name((enum stream)stream);
}

static int compile_values(struct arena *a, struct term *t, const struct expr *e)
{
    for (const struct expr_value *v = e->values; v; v = v->next)
        t->count++;
    t->values = arena_alloc(a, t->count * sizeof *t->values);
    t->numbers = arena_alloc(a, t->count * sizeof *t->numbers);
    t->needles = arena_alloc(a, t->count * sizeof *t->needles);
    t->ids = arena_alloc(a, t->count * sizeof *t->ids);
    if (!t->values || !t->numbers || !t->needles || !t->ids)
        return -ENOMEM;
    uint32_t i = 0;
    for (const struct expr_value *v = e->values; v; v = v->next, i++) {
        t->values[i] = v->text;
        t->numbers[i] = numeric_of(v->text);
        needle_init(&t->needles[i], v->text, true);
        if (t->kind == TERM_ID && !str_to_u64(v->text, &t->ids[i]))
            lm_assert(false); /* normalising has seen to it */
    }
    return 0;
}

int term_compile(struct arena *a, const struct expr *e, struct term **ret, struct errinfo *info)
{
    struct term *t = arena_alloc(a, sizeof *t);
    int err = t ? 0 : -ENOMEM;

    if (err < 0)
        return err;
    *t = (struct term){.kind = term_kind_of(e->key), .op = e->op, .key = e->key};
    if (t->kind == TERM_FIELD)
        t->key = str_of(e->key.p + FIELDS_PREFIX.n, e->key.n - FIELDS_PREFIX.n);
    if (t->op == OP_REGEX)
        err = compile_regex(t, e, info);
    if (err == 0)
        err = compile_values(a, t, e);
    if (err < 0) {
        term_release(t);
        return err;
    }
    if (t->kind == TERM_LEVEL)
        compile_mask(t, LEVEL_TRACE, LEVEL_COUNT, name_of_level);
    if (t->kind == TERM_STREAM)
        compile_mask(t, STREAM_STDOUT, STREAM_SYSTEM + 1, name_of_stream);
    if (t->kind == TERM_TIME && !clock_parse(t->values[0], &t->time_us))
        lm_assert(false);
    *ret = t;
    return 0;
}

void term_release(struct term *t)
{
    regex_free(t->regex);
    t->regex = NULL;
}

/* --- asking --- */

static bool order_fits(enum expr_op op, int order)
{
    switch (op) {
    case OP_MORE:
        return order > 0;
    case OP_MORE_EQ:
        return order >= 0;
    case OP_LESS:
        return order < 0;
    case OP_LESS_EQ:
        return order <= 0;
    default:
        return order == 0;
    }
}

/* Does a text have one of the values? A JSON number also when it is written differently. */
static bool is_one_of(const struct term *t, struct str text, bool is_number)
{
    struct numeric number = is_number ? numeric_of(text) : (struct numeric){0};

    for (uint32_t i = 0; i < t->count; i++)
        if (str_eq(t->values[i], text) ||
            (number.ok && t->numbers[i].ok && number.value == t->numbers[i].value))
            return true;
    return false;
}

static bool value_fits(struct str text, bool is_number, const void *ctx)
{
    const struct term *t = ctx;

    if (t->op == OP_IS)
        return is_one_of(t, text, is_number);
    if (t->op == OP_REGEX)
        return regex_found(t->regex, text);
    return order_fits(t->op, numeric_compare(text, t->values[0], t->numbers[0]));
}

enum truth term_ask_labels(const struct term *t, const struct labels *l)
{
    struct str value = labels_get(l, t->key);

    if (value.p)
        return value_fits(value, false, t) ? TRUTH_YES : TRUTH_NO;
    return t->kind == TERM_KEY ? TRUTH_OPEN : TRUTH_NO;
}

static bool id_fits(const struct term *t, uint64_t id)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (order_fits(t->op, (id > t->ids[i]) - (id < t->ids[i])))
            return true;
    return false;
}

static bool text_fits(const struct term *t, struct str message)
{
    if (t->op == OP_REGEX)
        return regex_found(t->regex, message);
    for (uint32_t i = 0; i < t->count; i++)
        if (needle_found(&t->needles[i], message))
            return true;
    return false;
}

bool term_ask_record(const struct term *t, const struct record *r, struct str message)
{
    switch (t->kind) {
    case TERM_LEVEL:
        return t->mask >> r->level & 1;
    case TERM_STREAM:
        return t->mask >> r->stream & 1;
    case TERM_ID:
        return id_fits(t, r->id);
    case TERM_TIME:
        return order_fits(t->op, (r->time_us > t->time_us) - (r->time_us < t->time_us));
    case TERM_TEXT:
        return text_fits(t, message);
    case TERM_KEY:
    case TERM_FIELD:
        return fields_any(r->fields, t->key, value_fits, t);
    case TERM_LABEL:
        break; /* labels leave nothing open */
    }
    return false;
}
