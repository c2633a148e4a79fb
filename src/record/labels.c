/* SPDX-License-Identifier: MIT
 *
 * labels.c - one allocation per set: struct, pairs, wire form, JSON form.
 */
#include "record/labels.h"

#include "record/json.h"

#include <errno.h>
#include <stdlib.h>

static void add_u16(struct buf *out, size_t v)
{
    buf_add(out, (char[]){(char)(v & 0xff), (char)(v >> 8)}, 2);
}

static size_t get_u16(const char *p)
{
    return (size_t)(unsigned char)p[0] | (size_t)(unsigned char)p[1] << 8;
}

/* One allocation that holds everything; `at` walks through its tail. */
static struct labels *build(struct str wire, const struct label *pairs, uint16_t count)
{
    struct buf json = {0};

    for (uint16_t i = 0; i < count; i++) {
        json_add_string(&json, pairs[i].name);
        buf_add_char(&json, ':');
        json_add_string(&json, pairs[i].value);
        buf_add_char(&json, ',');
    }
    size_t head = sizeof(struct labels) + count * sizeof(struct label);
    struct labels *l = buf_error(&json) < 0 ? NULL : malloc(head + wire.n + json.n);
    if (l) {
        char *tail = (char *)l + head;
        memcpy(tail, wire.p, wire.n);
        memcpy(tail + wire.n, json.p, json.n);
        *l = (struct labels){.refs = 1,
                             .count = count,
                             .wire = str_of(tail, wire.n),
                             .json = str_of(tail + wire.n, json.n)};
        for (uint16_t i = 0; i < count; i++) {
            const struct label *from = &pairs[i];
            l->pairs[i].name = str_of(tail + (from->name.p - wire.p), from->name.n);
            l->pairs[i].value = str_of(tail + (from->value.p - wire.p), from->value.n);
        }
        l->source = l->pairs[0].value;
    }
    buf_fini(&json);
    return l;
}

/* Splits a wire form into pairs that point into it. */
static int split(struct str wire, struct label pairs[LABELS_MAX + 1], uint16_t *ret_count)
{
    if (wire.n < 4 || get_u16(wire.p) != wire.n - 2)
        return -LM_E_DAMAGED;
    size_t count = get_u16(wire.p + 2), at = 4;
    if (count < 1 || count > LABELS_MAX + 1)
        return -LM_E_DAMAGED;
    for (size_t i = 0; i < count; i++) {
        if (wire.n - at < 3)
            return -LM_E_DAMAGED;
        size_t name_n = (unsigned char)wire.p[at], value_n = get_u16(wire.p + at + 1);
        at += 3;
        if (wire.n - at < name_n + value_n)
            return -LM_E_DAMAGED;
        pairs[i].name = str_of(wire.p + at, name_n);
        pairs[i].value = str_of(wire.p + at + name_n, value_n);
        at += name_n + value_n;
    }
    *ret_count = (uint16_t)count;
    return at == wire.n && str_is(pairs[0].name, "source") ? 0 : -LM_E_DAMAGED;
}

int labels_from_wire(struct label_table *t, struct str wire, struct labels **ret)
{
    struct label pairs[LABELS_MAX + 1];
    uint16_t count = 0;
    struct labels *known = map_find(&t->by_wire, wire);

    if (known) {
        *ret = labels_ref(known);
        return 0;
    }
    int err = split(wire, pairs, &count);
    if (err < 0)
        return err;
    struct labels *l = build(wire, pairs, count);
    if (!l || map_put(&t->by_wire, wire, l) < 0) {
        free(l);
        return -ENOMEM;
    }
    l->table = t;
    *ret = l;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct label *x = a, *y = b;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    int d = memcmp(x->name.p, y->name.p, n);
    return d ? d : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

/* Copies into `sorted` by name; of equal names the last given stays. */
static int sort_pairs(const struct label *pairs, size_t n, struct label sorted[LABELS_MAX],
                      size_t *ret_n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        if (!conf_label_ok(pairs[i].name))
            return -LM_E_INVALID;
        while (at < count && !str_eq(sorted[at].name, pairs[i].name))
            at++;
        if (at == LABELS_MAX || pairs[i].value.n > LABEL_VALUE_MAX)
            return -LM_E_FULL;
        sorted[at] = pairs[i];
        count += at == count;
    }
    qsort(sorted, count, sizeof sorted[0], by_name);
    *ret_n = count;
    return 0;
}

static void add_pair(struct buf *wire, struct str name, struct str value)
{
    buf_add_char(wire, (char)name.n);
    add_u16(wire, value.n);
    buf_add_str(wire, name);
    buf_add_str(wire, value);
}

int labels_make(struct label_table *t, struct str source, const struct label *pairs, size_t n,
                struct labels **ret)
{
    struct label sorted[LABELS_MAX];
    struct buf wire = {0};
    size_t count = 0;
    int err = sort_pairs(pairs, n, sorted, &count);

    if (err < 0)
        return err;
    if (source.n > LABEL_VALUE_MAX)
        return -LM_E_FULL;
    add_u16(&wire, 0);
    add_u16(&wire, count + 1);
    add_pair(&wire, STR("source"), source);
    for (size_t i = 0; i < count; i++)
        add_pair(&wire, sorted[i].name, sorted[i].value);
    err = buf_error(&wire);
    if (err == 0) {
        wire.p[0] = (char)((wire.n - 2) & 0xff);
        wire.p[1] = (char)((wire.n - 2) >> 8);
        err = labels_from_wire(t, buf_str(&wire), ret);
    }
    buf_fini(&wire);
    return err;
}

void labels_unref(struct labels *l)
{
    if (!l || --l->refs > 0)
        return;
    map_remove(&l->table->by_wire, l->wire);
    free(l);
}

struct str labels_get(const struct labels *l, struct str name)
{
    for (uint16_t i = 0; i < l->count; i++)
        if (str_eq(l->pairs[i].name, name))
            return l->pairs[i].value;
    return STR_NONE;
}

void label_table_fini(struct label_table *t)
{
    lm_assert(t->by_wire.count == 0);
    map_fini(&t->by_wire);
}
