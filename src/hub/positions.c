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
    return e;
}

int positions_set(struct positions *p, const struct origin *o, const struct position *pos,
                  uint32_t held_in)
{
    if (o->kind == ORIGIN_HUB)
        return 0;
    struct position_entry *e = positions_entry(p, o);
    if (!e)
        return -ENOMEM;
    e->position = *pos;
    e->held_in = held_in;
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
    free(map_remove(&p->by_origin, key_of(o, &k)));
}

void positions_fini(struct positions *p)
{
    for (struct map_slot *s = map_next(&p->by_origin, NULL); s; s = map_next(&p->by_origin, s))
        free(s->value);
    map_fini(&p->by_origin);
}
