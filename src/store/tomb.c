/* SPDX-License-Identifier: MIT
 *
 * tomb.c - conditions in the wire form of label sets, looked at one after the other.
 *
 * A clear with the same conditions as an earlier one replaces it, so the set stays as small as the
 * number of different things that were ever cleared and are still in the store.
 */
#include "store/tomb.h"

#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

struct tomb {
    uint64_t bound;
    uint32_t count; /* conditions */
    struct label conditions[];
};

struct tombs {
    atomic_uint refs;
    uint32_t count;
    uint64_t floor;
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
    uint64_t dead_to = tombs_floor(t) - 1;

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

static struct tombs *new_tombs(uint32_t room, uint64_t floor)
{
    struct tombs *made = malloc(sizeof *made + room * sizeof made->at[0]);

    if (!made)
        return NULL;
    atomic_init(&made->refs, 1);
    made->count = 0;
    made->floor = floor;
    return made;
}

int tombs_with(const struct tombs *t, const struct label *conditions, size_t n, uint64_t bound,
               struct tombs **ret)
{
    uint32_t count = tombs_count(t);
    struct tombs *made = new_tombs(count + 1, tombs_floor(t));
    int err = 0;

    lm_assert(n > 0 && n <= LABELS_MAX);
    if (!made)
        return -ENOMEM;
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

uint64_t tombs_bound(const struct tombs *t, const struct label *conditions, size_t n)
{
    for (uint32_t i = 0; i < tombs_count(t); i++)
        if (same_conditions(t->at[i], conditions, n))
            return t->at[i]->bound;
    return 0;
}

/* A set with this floor and those of `t` that reach up to an id >= `from`, or that `done` does not
 * have. */
static int copy_some(const struct tombs *t, uint64_t floor, uint64_t from, const struct tombs *done,
                     struct tombs **ret)
{
    struct tombs *made = new_tombs(tombs_count(t), floor);
    int err = made ? 0 : -ENOMEM;

    for (uint32_t i = 0; i < tombs_count(t) && err == 0; i++) {
        const struct tomb *one = t->at[i];
        if (one->bound >= from || tombs_bound(done, one->conditions, one->count) != one->bound)
            err = add_copy(made, one->conditions, one->count, one->bound);
    }
    if (err < 0)
        tombs_unref(made);
    else
        *ret = made;
    return err;
}

int tombs_with_floor(const struct tombs *t, uint64_t floor, struct tombs **ret)
{
    return copy_some(t, floor, floor, t, ret);
}

int tombs_without(const struct tombs *t, const struct tombs *done, uint64_t below,
                  struct tombs **ret)
{
    return copy_some(t, tombs_floor(t), below, done, ret);
}

uint64_t tombs_floor(const struct tombs *t)
{
    return t ? t->floor : 1;
}

uint32_t tombs_count(const struct tombs *t)
{
    return t ? t->count : 0;
}

/* --- as bytes --- */

static const char magic[8] = "LMTOMB1\n";
enum { MAGIC_FAMILY = 6 };

struct tomb_head {
    char magic[8];
    uint32_t epoch, count;
    uint64_t floor;
    uint64_t check; /* of everything else */
};
_Static_assert(sizeof(struct tomb_head) == 32, "the head of the file is 32 bytes");

static uint64_t check_of(struct tomb_head h, struct str rest)
{
    h.check = 0;
    uint64_t head = XXH3_64bits(&h, sizeof h);
    return XXH3_64bits_withSeed(rest.p, rest.n, head);
}

static void encode_tomb(const struct tomb *t, struct buf *out)
{
    buf_add(out, &t->bound, sizeof t->bound);
    buf_add(out, &t->count, sizeof t->count);
    for (uint32_t i = 0; i < t->count; i++) {
        uint16_t sizes[2] = {(uint16_t)t->conditions[i].name.n, (uint16_t)t->conditions[i].value.n};
        buf_add(out, sizes, sizeof sizes);
        buf_add_str(out, t->conditions[i].name);
        buf_add_str(out, t->conditions[i].value);
    }
}

void tombs_encode(const struct tombs *t, uint32_t epoch, struct buf *out)
{
    struct tomb_head h = {.epoch = epoch, .count = tombs_count(t), .floor = tombs_floor(t)};
    size_t at = out->n;

    memcpy(h.magic, magic, sizeof magic);
    buf_add(out, &h, sizeof h);
    for (uint32_t i = 0; i < h.count; i++)
        encode_tomb(t->at[i], out);
    if (out->failed)
        return;
    h.check = check_of(h, str_of(out->p + at + sizeof h, out->n - at - sizeof h));
    memcpy(out->p + at, &h, sizeof h);
}

/* Takes n bytes from the front. False: there are not so many. */
static bool take(struct str *from, void *to, size_t n)
{
    if (from->n < n)
        return false;
    memcpy(to, from->p, n);
    *from = str_of(from->p + n, from->n - n);
    return true;
}

static bool take_str(struct str *from, size_t n, struct str *ret)
{
    if (from->n < n)
        return false;
    *ret = str_of(from->p, n);
    *from = str_of(from->p + n, from->n - n);
    return true;
}

static int decode_tomb(struct str *from, struct tombs *to)
{
    struct label conditions[LABELS_MAX];
    uint64_t bound;
    uint32_t count;
    uint16_t sizes[2];

    if (!take(from, &bound, sizeof bound) || !take(from, &count, sizeof count) || count == 0 ||
        count > LABELS_MAX)
        return -LM_E_DAMAGED;
    for (uint32_t i = 0; i < count; i++)
        if (!take(from, sizes, sizeof sizes) || !take_str(from, sizes[0], &conditions[i].name) ||
            !take_str(from, sizes[1], &conditions[i].value))
            return -LM_E_DAMAGED;
    return add_copy(to, conditions, count, bound);
}

int tombs_decode(struct str bytes, uint32_t epoch, struct tombs **ret)
{
    struct tomb_head h;
    int err = 0;

    if (!take(&bytes, &h, sizeof h) || memcmp(h.magic, magic, MAGIC_FAMILY) != 0 ||
        check_of(h, bytes) != h.check || h.epoch != epoch || h.count > TOMBS_MAX)
        return -LM_E_DAMAGED;
    if (memcmp(h.magic, magic, sizeof magic) != 0)
        return -LM_E_VERSION;
    struct tombs *made = new_tombs(h.count, h.floor);
    if (!made)
        return -ENOMEM;
    for (uint32_t i = 0; i < h.count && err == 0; i++)
        err = decode_tomb(&bytes, made);
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
