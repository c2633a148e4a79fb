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
}

static void drop(struct positions *p, struct position_entry *e)
{
    struct map_key k;

    if (e->origin.kind == ORIGIN_PUSH && !list_empty(&e->by_age)) {
        list_remove(&e->by_age);
        p->push_count--;
    }
    map_remove(&p->by_origin, key_of(&e->origin, &k));
    free(e);
}

void positions_expire(struct positions *p, int64_t now_us)
{
    LIST_FOR_EACH_SAFE (link, &p->pushes) {
        struct position_entry *e = LIST_ITEM(link, struct position_entry, by_age);
        if (p->push_count <= PUSHES_MAX && e->arrival_us > now_us - PUSH_LIFE_US)
            return;
        drop(p, e);
    }
}

void positions_note(struct positions *p, struct position_entry *e, const struct position *pos,
                    uint32_t held_in, int64_t arrival_us)
{
    e->position = *pos;
    e->held_in = held_in;
    e->arrival_us = arrival_us;
    if (e->origin.kind != ORIGIN_PUSH)
        return;
    p->push_count += list_empty(&e->by_age);
    list_remove(&e->by_age);
    list_push(&p->pushes, &e->by_age);
    positions_expire(p, arrival_us);
}

int positions_set(struct positions *p, const struct origin *o, const struct position *pos,
                  uint32_t held_in, int64_t arrival_us)
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
    positions_note(p, e, pos, held_in, arrival_us);
    return 0;
}

const struct position *positions_get(const struct positions *p, const struct origin *o)
{
    struct map_key k;
    const struct position_entry *e = map_find(&p->by_origin, key_of(o, &k));
    return e && e->held_in ? &e->position : NULL;
}

void positions_forget(struct positions *p, const struct origin *o)
{
    struct map_key k;
    struct position_entry *e = map_find(&p->by_origin, key_of(o, &k));

    if (e)
        drop(p, e);
}

void positions_each(const struct positions *p, enum origin_kind kind, positions_fn *fn, void *ctx)
{
    for (struct map_slot *s = map_next(&p->by_origin, NULL); s; s = map_next(&p->by_origin, s)) {
        const struct position_entry *e = s->value;
        if (e->origin.kind == kind && e->held_in)
            fn(&e->origin, &e->position, e->arrival_us, ctx);
    }
}

void positions_fini(struct positions *p)
{
    for (struct map_slot *s = map_next(&p->by_origin, NULL); s; s = map_next(&p->by_origin, s))
        free(s->value);
    map_fini(&p->by_origin);
}
