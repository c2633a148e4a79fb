/* SPDX-License-Identifier: MIT
 *
 * normal.c - one pass over the text; members are sorted as views before their values are written.
 */
#include "ipc/normal.h"

#include "record/json.h"

#include <stdlib.h>

static void add_value(struct buf *out, struct str value, enum json_type type);

static int by_key(const void *a, const void *b)
{
    const struct json_member *x = a, *y = b;
    size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
    int order = memcmp(x->key.p, y->key.p, n);

    if (order)
        return order;
    return (x->key.n > y->key.n) - (x->key.n < y->key.n);
}

/* Escapes that need not be are undone: "\u0041" is "A". */
static void add_text(struct buf *out, struct str raw)
{
    struct buf text = {0};

    if (!memchr(raw.p, '\\', raw.n)) {
        buf_add_char(out, '"');
        buf_add_str(out, raw);
        buf_add_char(out, '"');
        return;
    }
    json_add_unescaped(&text, raw);
    if (text.failed)
        out->failed = true;
    else
        json_add_string(out, buf_str(&text));
    buf_fini(&text);
}

static void add_member(struct buf *out, const struct json_member *m, bool first)
{
    if (!first)
        buf_add_char(out, ',');
    add_text(out, m->key);
    buf_add_char(out, ':');
    add_value(out, m->value, m->type);
}

/* Members are few and mostly in order already. */
static void sort(struct json_member *members, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (by_key(&members[i - 1], &members[i]) > 0) {
            qsort(members, n, sizeof *members, by_key);
            return;
        }
}

static void add_object(struct buf *out, struct str text)
{
    struct json_member members[NORMAL_MEMBERS_MAX], m;
    struct json_walk w = json_walk(text);
    size_t n = 0;
    bool first = true;

    while (n < NORMAL_MEMBERS_MAX && json_next(&w, &members[n]))
        n++;
    if (n < NORMAL_MEMBERS_MAX)
        sort(members, n);
    buf_add_char(out, '{');
    for (size_t i = 0; i < n; i++, first = false)
        add_member(out, &members[i], first);
    while (json_next(&w, &m)) {
        add_member(out, &m, first);
        first = false;
    }
    buf_add_char(out, '}');
}

static void add_array(struct buf *out, struct str text)
{
    struct json_walk w = json_walk_array(text);
    struct json_item item;
    char before = '[';

    while (json_next_item(&w, &item)) {
        buf_add_char(out, before);
        add_value(out, item.value, item.type);
        before = ',';
    }
    if (before == '[')
        buf_add_char(out, '[');
    buf_add_char(out, ']');
}

static void add_value(struct buf *out, struct str value, enum json_type type)
{
    if (type == JSON_IS_STRING)
        add_text(out, value);
    else if (type == JSON_IS_OBJECT)
        add_object(out, value);
    else if (type == JSON_IS_ARRAY)
        add_array(out, value);
    else
        buf_add_str(out, value);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void normal_add(struct buf *out, struct str json)
{
    while (json.n && is_space(json.p[0]))
        json = str_of(json.p + 1, json.n - 1);
    while (json.n && is_space(json.p[json.n - 1]))
        json.n--;
    if (!json.n) {
        BUF_LIT(out, "null");
        return;
    }
    enum json_type type = json_type_of(json);
    if (type == JSON_IS_STRING)
        json = str_of(json.p + 1, json.n - 2);
    add_value(out, json, type);
}
