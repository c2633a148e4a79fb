/* SPDX-License-Identifier: MIT
 *
 * tomb.c - conditions in the wire form of label sets, looked at one after the other.
 *
 * A clear with the same conditions as an earlier one replaces it, so the set stays as small as the
 * number of different things that were ever cleared and are still in the store.
 */
#include "store/tomb.h"

#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>

struct tomb {
    uint64_t bound;
    uint32_t count; /* conditions */
    struct label conditions[];
};

struct tombs {
    atomic_uint refs;
    uint32_t count;
    struct tomb *at[];
};

static bool holds(const struct tomb *t, const struct labels *l)
{
    for (uint32_t i = 0; i < t->count; i++) {
        struct str value = labels_get(l, t->conditions[i].name);
        if (!value.p || !str_eq(value, t->conditions[i].value))
            return false;
    }
    return true;
}

uint64_t tombs_dead_to(const struct tombs *t, const struct labels *l)
{
    uint64_t dead_to = 0;

    for (uint32_t i = 0; t && i < t->count; i++)
        if (t->at[i]->bound > dead_to && holds(t->at[i], l))
            dead_to = t->at[i]->bound;
    return dead_to;
}

/* One block of memory, texts included. */
static struct tomb *new_tomb(const struct label *conditions, size_t n, uint64_t bound)
{
    size_t text_n = 0;

    for (size_t i = 0; i < n; i++)
        text_n += conditions[i].name.n + conditions[i].value.n;
    struct tomb *t = malloc(sizeof *t + n * sizeof t->conditions[0] + text_n);
    if (!t)
        return NULL;
    char *text = (char *)(t->conditions + n);
    t->bound = bound;
    t->count = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        struct label from = conditions[i];
        memcpy(text, from.name.p, from.name.n);
        t->conditions[i].name = str_of(text, from.name.n);
        text += from.name.n;
        memcpy(text, from.value.p, from.value.n);
        t->conditions[i].value = str_of(text, from.value.n);
        text += from.value.n;
    }
    return t;
}

static bool same_conditions(const struct tomb *t, const struct label *conditions, size_t n)
{
    bool same = t->count == n;

    for (size_t i = 0; i < n && same; i++)
        same = str_eq(t->conditions[i].name, conditions[i].name) &&
               str_eq(t->conditions[i].value, conditions[i].value);
    return same;
}

static int add_copy(struct tombs *t, const struct label *conditions, size_t n, uint64_t bound)
{
    struct tomb *copy = new_tomb(conditions, n, bound);

    if (!copy)
        return -ENOMEM;
    t->at[t->count++] = copy;
    return 0;
}

int tombs_with(const struct tombs *t, const struct label *conditions, size_t n, uint64_t bound,
               struct tombs **ret)
{
    uint32_t count = t ? t->count : 0;
    struct tombs *made;
    int err = 0;

    lm_assert(n > 0 && n <= LABELS_MAX);
    made = malloc(sizeof *made + (count + 1) * sizeof made->at[0]);
    if (!made)
        return -ENOMEM;
    atomic_init(&made->refs, 1);
    made->count = 0;
    for (uint32_t i = 0; i < count && err == 0; i++)
        if (!same_conditions(t->at[i], conditions, n))
            err = add_copy(made, t->at[i]->conditions, t->at[i]->count, t->at[i]->bound);
        else if (t->at[i]->bound > bound)
            bound = t->at[i]->bound;
    if (err == 0)
        err = made->count < TOMBS_MAX ? add_copy(made, conditions, n, bound) : -LM_E_FULL;
    if (err < 0)
        tombs_unref(made);
    else
        *ret = made;
    return err;
}

/* The count is all that ever changes in a set, so it is reached through a const pointer. */
static atomic_uint *refs_of(const struct tombs *t)
{
    return (atomic_uint *)(uintptr_t)&t->refs;
}

const struct tombs *tombs_ref(const struct tombs *t)
{
    if (t)
        atomic_fetch_add_explicit(refs_of(t), 1, memory_order_relaxed);
    return t;
}

void tombs_unref(const struct tombs *t)
{
    if (!t || atomic_fetch_sub_explicit(refs_of(t), 1, memory_order_acq_rel) > 1)
        return;
    for (uint32_t i = 0; i < t->count; i++)
        free(t->at[i]);
    free((void *)(uintptr_t)t);
}
