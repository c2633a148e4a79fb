/* SPDX-License-Identifier: MIT
 *
 * filter.c - query parameters as one tree of conditions, and walking it.
 */
#include "record/filter.h"

#include "base/clock.h"
#include "record/plain.h"

#include <errno.h>
#include <stdlib.h>

static const char *const label_params[] = {"job_run_id", "task_run_id", "source",    "campaign_id",
                                           "user_email", "session_id",  "process_id"};

void filter_init(struct filter *f)
{
    *f = (struct filter){0};
}

static void release_terms(struct term *from, const struct term *end)
{
    for (struct term *t = from; t != end; t = t->next)
        term_release(t);
}

void filter_fini(struct filter *f)
{
    release_terms(f->terms, NULL);
    arena_fini(&f->texts);
    *f = (struct filter){0};
}

bool filter_is_label(struct str name)
{
    for (size_t i = 0; i < sizeof label_params / sizeof label_params[0]; i++)
        if (str_is(name, label_params[i]))
            return true;
    return false;
}

/* --- making --- */

static int refuse(struct errinfo *info, int code, const char *what)
{
    return err_set(info, code, "%s", what);
}

/* A parameter's value is as the user wrote it: a level by its name, a text as it stands. */
static int check_param(struct str name, struct str value, struct errinfo *info)
{
    if (value.n == 0)
        return err_set(info, -LM_E_INVALID, "%.*s has no value; leave it out to see everything",
                       STR_FMT(name));
    if (filter_is_label(name) && value.n > LABEL_VALUE_MAX)
        return err_set(info, -LM_E_INVALID,
                       "%.*s is longer than %d bytes, so no record can have it", STR_FMT(name),
                       LABEL_VALUE_MAX);
    if (str_is(name, "search") && value.n > FILTER_SEARCH_MAX)
        return err_set(info, -LM_E_INVALID, "search is longer than %d bytes", FILTER_SEARCH_MAX);
    if (str_is(name, "level") && level_from_text(value) == LEVEL_NONE)
        return refuse(info, -LM_E_INVALID,
                      "level must be one of trace, debug, info, warn, error, fatal (this and "
                      "above)");
    if (str_is(name, "stream") && stream_from_text(value) == STREAM_NONE)
        return refuse(info, -LM_E_INVALID, "stream must be one of stdout, stderr, system");
    return 0;
}

static int param_tree(struct filter *f, struct str name, struct str value, struct expr **ret,
                      struct errinfo *info)
{
    bool search = str_is(name, "search");
    int err = check_param(name, value, info);

    if (err < 0)
        return err;
    *ret = filter_new_term(&f->texts,
                           search                  ? OP_TEXT
                           : str_is(name, "level") ? OP_MORE_EQ
                                                   : OP_IS,
                           search ? STR_NONE : name, value);
    return *ret ? 0 : -ENOMEM;
}

/* Gives every term below e its compiled form. */
static int compile(struct filter *f, struct expr *e, struct errinfo *info)
{
    int err = 0;

    for (struct expr *child = e->first; child && err == 0; child = child->next)
        err = compile(f, child, info);
    if (err < 0 || e->kind != EXPR_TERM)
        return err;
    err = term_compile(&f->texts, e, &e->term, info);
    if (err < 0)
        return err;
    e->term->next = f->terms;
    f->terms = e->term;
    f->costly |= e->term->regex != NULL;
    if (e->term->kind == TERM_LABEL || e->term->kind == TERM_KEY) {
        if (f->verdict_bits == FILTER_VERDICT_MAX)
            return filter_refuse(info, e->values->column, FILTER_E_too_many_terms, NULL);
        e->term->bit = UINT64_C(1) << f->verdict_bits++;
    }
    return 0;
}

/* What every match must have: conditions at the top, on one value of a known label. */
static void note_demanded(struct filter *f, const struct expr *e)
{
    if (e->kind == EXPR_AND) {
        for (const struct expr *child = e->first; child; child = child->next)
            note_demanded(f, child);
        return;
    }
    if (e->kind == EXPR_TERM && e->term->kind == TERM_LABEL && e->op == OP_IS &&
        e->term->count == 1 && e->values->text.n <= LABEL_VALUE_MAX &&
        f->label_count < FILTER_LABELS_MAX)
        f->labels[f->label_count++] = (struct label){e->key, e->values->text};
}

static int add_tree(struct filter *f, struct expr *e, struct errinfo *info)
{
    struct expr *root = NULL;
    int err = filter_normalise(&f->texts, e, clock_wall_us(), &e, info);

    if (err == 0)
        err = compile(f, e, info);
    if (err == 0)
        err = filter_join(&f->texts, f->root, e, &root);
    if (err < 0)
        return err;
    lm_assert(root);
    f->root = root;
    f->label_count = 0;
    note_demanded(f, root);
    return 0;
}

static int q_tree(struct filter *f, struct str name, struct str value, struct expr **ret,
                  struct errinfo *info)
{
    (void)name;
    return filter_parse(&f->texts, value, ret, info);
}

static int demand_tree(struct filter *f, struct str name, struct str value, struct expr **ret,
                       struct errinfo *info)
{
    (void)info;
    *ret = filter_new_term(&f->texts, OP_IS, name, value);
    return *ret ? 0 : -ENOMEM;
}

typedef int tree_fn(struct filter *f, struct str name, struct str value, struct expr **ret,
                    struct errinfo *info);

static int add(struct filter *f, struct str name, struct str value, tree_fn *make,
               struct errinfo *info)
{
    struct term *terms = f->terms;
    uint32_t verdict_bits = f->verdict_bits;
    bool costly = f->costly;
    struct expr *e = NULL;

    if (info)
        *info = (struct errinfo){0};
    name = arena_copy(&f->texts, name);
    value = arena_copy(&f->texts, value);
    int err = name.p && value.p ? make(f, name, value, &e, info) : -ENOMEM;
    if (err == 0 && e)
        err = add_tree(f, e, info);
    if (err < 0) {
        release_terms(f->terms, terms);
        f->terms = terms;
        f->verdict_bits = verdict_bits;
        f->costly = costly;
    }
    return err == -ENOMEM ? refuse(info, err, err_text(err)) : err;
}

int filter_add(struct filter *f, struct str name, struct str value, struct errinfo *info)
{
    bool is_q = str_is(name, "q");

    if (!is_q && !filter_is_label(name) && !str_is(name, "level") && !str_is(name, "stream") &&
        !str_is(name, "search"))
        return -LM_E_UNKNOWN;
    return add(f, name, value, is_q ? q_tree : param_tree, info);
}

int filter_demand(struct filter *f, struct str name, struct str value, struct errinfo *info)
{
    return add(f, name, value, demand_tree, info);
}

/* --- asking --- */

static enum truth flip(enum truth t)
{
    return t == TRUTH_OPEN ? TRUTH_OPEN : t == TRUTH_YES ? TRUTH_NO : TRUTH_YES;
}

static enum truth decide_term(const struct term *t, const struct labels *l,
                              struct filter_verdict *v)
{
    enum truth truth = t->bit ? term_ask_labels(t, l) : TRUTH_OPEN;

    v->yes |= truth == TRUTH_YES ? t->bit : 0;
    v->no |= truth == TRUTH_NO ? t->bit : 0;
    return truth;
}

/* Stops where ask() will stop, which walks in the same order: a bit that is not set here is not
 * looked at there. */
static enum truth decide(const struct expr *e, const struct labels *l, struct filter_verdict *v)
{
    if (e->kind == EXPR_TERM)
        return decide_term(e->term, l, v);
    if (e->kind == EXPR_NOT)
        return flip(decide(e->first, l, v));
    enum truth ends = e->kind == EXPR_AND ? TRUTH_NO : TRUTH_YES, all = flip(ends);
    for (const struct expr *child = e->first; child; child = child->next) {
        enum truth truth = decide(child, l, v);
        if (truth == ends)
            return ends;
        all = truth == TRUTH_OPEN ? TRUTH_OPEN : all;
    }
    return all;
}

void filter_decide(const struct filter *f, const struct labels *l, struct filter_verdict *ret)
{
    *ret = (struct filter_verdict){.truth = TRUTH_YES};
    if (f->root)
        ret->truth = decide(f->root, l, ret);
}

/* One record under question; colours are taken out of its message when a term first looks at it. */
struct question {
    const struct filter_verdict *verdict;
    const struct record *record;
    struct str message; /* p NULL: not looked at yet */
    struct buf scratch;
};

static bool ask_term(struct question *q, const struct term *t)
{
    if (q->verdict->yes & t->bit)
        return true;
    if (q->verdict->no & t->bit)
        return false;
    if (t->kind == TERM_TEXT && !q->message.p)
        q->message = plain_text(q->record->message, &q->scratch);
    return term_ask_record(t, q->record, q->message);
}

static bool ask(struct question *q, const struct expr *e)
{
    if (e->kind == EXPR_TERM)
        return ask_term(q, e->term);
    if (e->kind == EXPR_NOT)
        return !ask(q, e->first);
    bool ends = e->kind == EXPR_OR;
    for (const struct expr *child = e->first; child; child = child->next)
        if (ask(q, child) == ends)
            return ends;
    return !ends;
}

bool filter_match_rest(const struct filter *f, const struct filter_verdict *v,
                       const struct record *r)
{
    struct question q = {.verdict = v, .record = r};

    if (v->truth != TRUTH_OPEN)
        return v->truth == TRUTH_YES;
    bool yes = ask(&q, f->root);
    buf_fini(&q.scratch);
    return yes;
}

bool filter_match(const struct filter *f, const struct record *r)
{
    struct filter_verdict v;

    filter_decide(f, r->labels, &v);
    return filter_match_rest(f, &v, r);
}

uint32_t filter_overruns(const struct filter *f)
{
    uint32_t n = 0;

    for (const struct term *t = f->terms; t; t = t->next)
        n += t->regex ? regex_overruns(t->regex) : 0;
    return n;
}

void filter_add_key(const struct filter *f, struct buf *out)
{
    filter_print(out, f->root);
}

struct str filter_label(const struct filter *f, struct str name)
{
    for (uint32_t i = 0; i < f->label_count; i++)
        if (str_eq(f->labels[i].name, name))
            return f->labels[i].value;
    return STR_NONE;
}
