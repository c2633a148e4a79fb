/* SPDX-License-Identifier: MIT
 *
 * positions.c - a map from (kind, key) to the last position.
 */
#include "hub/positions.h"

#include <errno.h>
#include <stdlib.h>

struct map_key {
    char bytes[ORIGIN_KEY_MAX + 1];
};

static struct str key_of(const struct origin *o, struct map_key *k)
{
    k->bytes[0] = (char)o->kind;
    memcpy(k->bytes + 1, o->key, o->key_n);
    return str_of(k->bytes, (size_t)o->key_n + 1);
}

struct position_entry *positions_entry(struct positions *p, const struct origin *o)
{
    struct map_key k;
    struct str key = key_of(o, &k);
    struct position_entry *e = map_find(&p->by_origin, key);

    if (e)
        return e;
    e = calloc(1, sizeof *e);
    if (!e || map_put(&p->by_origin, key, e) < 0) {
        free(e);
        return NULL;
    }
    e->origin = *o;
    list_init(&e->by_age);
    return e;
}

void positions_init(struct positions *p)
{
    *p = (struct positions){0};
    list_init(&p->pushes);
    list_init(&p->others);
}

static uint32_t *count_of(struct positions *p, const struct position_entry *e)
{
    return e->origin.kind == ORIGIN_PUSH ? &p->push_count : &p->other_count;
}

static void drop(struct positions *p, struct position_entry *e)
{
    struct map_key k;

    if (!list_empty(&e->by_age)) {
        list_remove(&e->by_age);
        --*count_of(p, e);
    }
    map_remove(&p->by_origin, key_of(&e->origin, &k));
    free(e);
}

static void expire(struct positions *p, struct list *by_age, const uint32_t *count, uint32_t max,
                   int64_t before_us)
{
    LIST_FOR_EACH_SAFE (link, by_age) {
        struct position_entry *e = LIST_ITEM(link, struct position_entry, by_age);
        if (*count <= max && e->arrival_us > before_us)
            return;
        drop(p, e);
    }
}

void positions_expire(struct positions *p, int64_t now_us)
{
    expire(p, &p->pushes, &p->push_count, PUSHES_MAX, now_us - PUSH_LIFE_US);
    expire(p, &p->others, &p->other_count, OTHERS_MAX, now_us - OTHER_LIFE_US);
}

void positions_note(struct positions *p, struct position_entry *e, const struct position *pos,
                    int64_t arrival_us)
{
    e->position = *pos;
    e->known = true;
    e->arrival_us = arrival_us;
    *count_of(p, e) += list_empty(&e->by_age);
    list_remove(&e->by_age);
    list_push(e->origin.kind == ORIGIN_PUSH ? &p->pushes : &p->others, &e->by_age);
    positions_expire(p, arrival_us);
}

int positions_set(struct positions *p, const struct origin *o, const struct position *pos,
                  int64_t arrival_us)
{
    if (o->kind == ORIGIN_HUB)
        return 0;
    if (o->kind == ORIGIN_FILE && position_is_final(o, pos)) {
        positions_forget(p, o);
        return 0;
    }
    struct position_entry *e = positions_entry(p, o);
    if (!e)
        return -ENOMEM;
    positions_note(p, e, pos, arrival_us);
    return 0;
}

const struct position *positions_get(const struct positions *p, const struct origin *o)
{
    struct map_key k;
    const struct position_entry *e = map_find(&p->by_origin, key_of(o, &k));
    return e && e->known ? &e->position : NULL;
}

void positions_forget(struct positions *p, const struct origin *o)
{
    struct map_key k;
    struct position_entry *e = map_find(&p->by_origin, key_of(o, &k));

    if (e)
        drop(p, e);
}

/* --- as bytes --- */

struct entry_head {
    uint8_t kind, key_n;
    uint16_t position_n;
    uint32_t zero;
    int64_t arrival_us;
};
_Static_assert(sizeof(struct entry_head) == 16, "the head of an entry is 16 bytes");

static void encode_list(const struct list *by_age, struct buf *out)
{
    LIST_FOR_EACH (link, by_age) {
        const struct position_entry *e = LIST_ITEM(link, struct position_entry, by_age);
        struct entry_head h = {(uint8_t)e->origin.kind, e->origin.key_n, e->position.n, 0,
                               e->arrival_us};
        if (position_is_final(&e->origin, &e->position))
            continue;
        buf_add(out, &h, sizeof h);
        buf_add(out, e->origin.key, e->origin.key_n);
        buf_add(out, e->position.bytes, e->position.n);
    }
}

void positions_encode(const struct positions *p, struct buf *out)
{
    encode_list(&p->others, out);
    encode_list(&p->pushes, out);
}

int positions_decode(struct positions *p, struct str bytes)
{
    struct entry_head h;
    int err = 0;

    while (bytes.n > 0 && err == 0) {
        struct origin o = {0};
        struct position pos = {0};
        if (bytes.n < sizeof h)
            return -LM_E_DAMAGED;
        memcpy(&h, bytes.p, sizeof h);
        size_t n = sizeof h + h.key_n + (size_t)h.position_n;
        if (h.kind > ORIGIN_PUSH || h.key_n > ORIGIN_KEY_MAX || h.position_n > POSITION_MAX ||
            n > bytes.n)
            return -LM_E_DAMAGED;
        o.kind = (enum origin_kind)h.kind;
        o.key_n = h.key_n;
        pos.n = (uint8_t)h.position_n;
        memcpy(o.key, bytes.p + sizeof h, h.key_n);
        memcpy(pos.bytes, bytes.p + sizeof h + h.key_n, pos.n);
        err = positions_set(p, &o, &pos, h.arrival_us);
        bytes = str_of(bytes.p + n, bytes.n - n);
    }
    return err;
}

void positions_each(const struct positions *p, enum origin_kind kind, positions_fn *fn, void *ctx)
{
    for (struct map_slot *s = map_next(&p->by_origin, NULL); s; s = map_next(&p->by_origin, s)) {
        const struct position_entry *e = s->value;
        if (e->origin.kind == kind && e->known)
            fn(&e->origin, &e->position, e->arrival_us, ctx);
    }
}

int positions_catch_up(struct positions *p,
                       int (*fn)(const struct origin *o, const struct position *pos, void *ctx),
                       void *ctx)
{
    int err = 0;

    for (struct map_slot *s = map_next(&p->by_origin, NULL); s && err == 0;
         s = map_next(&p->by_origin, s)) {
        struct position_entry *e = s->value;
        err = e->ahead ? fn(&e->origin, &e->position, ctx) : 0;
        e->ahead &= err < 0;
    }
    return err;
}

void positions_fini(struct positions *p)
{
    for (struct map_slot *s = map_next(&p->by_origin, NULL); s; s = map_next(&p->by_origin, s))
        free(s->value);
    map_fini(&p->by_origin);
}
