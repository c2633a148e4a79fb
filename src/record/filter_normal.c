/* SPDX-License-Identifier: MIT
 *
 * filter_normal.c - one form for all ways to write a filter.
 *
 * Two viewers who ask for the same thing share one feed, so `b a`, `a (b)` and `--`-free variations
 * of them should be the same filter. This rewrites; it does not reason: no De Morgan, no
 * subsumption.
 *
 * The order of conditions is by cost first, so that a regex is asked last, then by text, so that it
 * is always the same.
 */
#include "record/filter_normal.h"

#include <errno.h>
#include <stdlib.h>

static int str_order(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    return order ? order : (a.n > b.n) - (a.n < b.n);
}

void filter_sort_values(struct expr *e)
{
    struct expr_value *sorted = NULL;

    for (struct expr_value *v = e->values, *next; v; v = next) {
        struct expr_value **at = &sorted;
        int order = 1;
        next = v->next;
        while (*at && (order = str_order(v->text, (*at)->text)) > 0)
            at = &(*at)->next;
        if (*at && order == 0)
            continue;
        v->next = *at;
        *at = v;
    }
    e->values = sorted;
}

/* e->text from its printed form. */
static int note_text(struct arena *a, struct expr *e)
{
    struct buf out = {0};

    filter_print(&out, e);
    int err = buf_error(&out);
    if (err == 0) {
        e->text = arena_copy(a, buf_str(&out));
        err = e->text.p ? 0 : -ENOMEM;
    }
    buf_fini(&out);
    return err;
}

static bool comes_before(const struct expr *a, const struct expr *b)
{
    return a->cost != b->cost ? a->cost < b->cost : str_order(a->text, b->text) < 0;
}

/* Sorts e in among the children, unless it is there already. */
static void insert_child(struct expr *parent, struct expr *e)
{
    struct expr **at = &parent->first;

    while (*at && comes_before(*at, e))
        at = &(*at)->next;
    if (*at && str_eq((*at)->text, e->text))
        return;
    e->next = *at;
    *at = e;
    parent->cost = e->cost > parent->cost ? e->cost : parent->cost;
}

/* e, or when it is of the parent's kind its children. */
static void insert_flat(struct expr *parent, struct expr *e)
{
    if (e->kind != parent->kind) {
        insert_child(parent, e);
        return;
    }
    for (struct expr *child = e->first, *next; child; child = next) {
        next = child->next;
        insert_child(parent, child);
    }
}

/* The parent with its final children; one child alone takes its place. */
static int close_parent(struct arena *a, struct expr *parent, struct expr **ret)
{
    lm_assert(parent->first);
    struct expr *e = parent->first->next ? parent : parent->first;

    e->next = NULL;
    *ret = e;
    return e == parent ? note_text(a, e) : 0;
}

static int normalise_children(struct arena *a, struct expr *e, int64_t now_us, struct expr **ret,
                              struct errinfo *info)
{
    struct expr *children = e->first;

    e->first = NULL;
    for (struct expr *child = children, *next; child; child = next) {
        next = child->next;
        int err = filter_normalise(a, child, now_us, &child, info);
        if (err < 0)
            return err;
        insert_flat(e, child);
    }
    return close_parent(a, e, ret);
}

static int normalise_not(struct arena *a, struct expr *e, int64_t now_us, struct expr **ret,
                         struct errinfo *info)
{
    int err = filter_normalise(a, e->first, now_us, &e->first, info);

    if (err < 0)
        return err;
    e->next = NULL;
    e->cost = e->first->cost;
    if (e->first->kind == EXPR_NOT) {
        *ret = e->first->first;
        return 0;
    }
    *ret = e;
    return note_text(a, e);
}

int filter_normalise(struct arena *a, struct expr *e, int64_t now_us, struct expr **ret,
                     struct errinfo *info)
{
    if (e->kind == EXPR_NOT)
        return normalise_not(a, e, now_us, ret, info);
    if (e->kind != EXPR_TERM)
        return normalise_children(a, e, now_us, ret, info);
    int err = filter_normalise_term(a, e, now_us, info);
    if (err == 0)
        err = note_text(a, e);
    if (err < 0)
        return err;
    e->next = NULL;
    *ret = e;
    return 0;
}

int filter_join(struct arena *a, struct expr *left, struct expr *right, struct expr **ret)
{
    struct expr *both = arena_alloc(a, sizeof *both);

    if (!both)
        return -ENOMEM;
    *both = (struct expr){.kind = EXPR_AND};
    if (left)
        insert_flat(both, left);
    if (right)
        insert_flat(both, right);
    return close_parent(a, both, ret);
}
