/* SPDX-License-Identifier: MIT
 *
 * map.c - linear probing over a power of two of slots.
 */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

static uint64_t hash_key(struct str key)
{
    uint64_t h = XXH3_64bits(key.p, key.n);
    return h ? h : 1;
}

static size_t probe(const struct map *m, struct str key, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);

    while (m->slots[i].hash) {
        const struct map_slot *s = &m->slots[i];
        if (s->hash == hash && str_eq(str_of(s->key, s->key_n), key))
            break;
        i = (i + 1) & (m->cap - 1);
    }
    return i;
}

void *map_find(const struct map *m, struct str key)
{
    if (m->count == 0)
        return NULL;
    return m->slots[probe(m, key, hash_key(key))].value;
}

static int grow(struct map *m)
{
    struct map bigger = {.cap = m->cap ? m->cap * 2 : 16, .count = m->count};

    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return -ENOMEM;
    for (size_t i = 0; i < m->cap; i++) {
        const struct map_slot *s = &m->slots[i];
        if (s->hash)
            bigger.slots[probe(&bigger, str_of(s->key, s->key_n), s->hash)] = *s;
    }
    free(m->slots);
    *m = bigger;
    return 0;
}

int map_put(struct map *m, struct str key, void *value)
{
    lm_assert(value);
    if (4 * (m->count + 1) > 3 * m->cap && grow(m) < 0)
        return -ENOMEM;
    uint64_t hash = hash_key(key);
    struct map_slot *s = &m->slots[probe(m, key, hash)];
    if (!s->hash) {
        char *copy = malloc(key.n + 1);
        if (!copy)
            return -ENOMEM;
        if (key.n)
            memcpy(copy, key.p, key.n);
        copy[key.n] = '\0';
        *s = (struct map_slot){.hash = hash, .key = copy, .key_n = key.n};
        m->count++;
    }
    s->value = value;
    return 0;
}

/* Closes the hole at i: every later slot of the run that may sit nearer its home moves up. */
static void close_hole(struct map *m, size_t i)
{
    size_t mask = m->cap - 1, j = i;

    for (;;) {
        m->slots[i] = (struct map_slot){0};
        do {
            j = (j + 1) & mask;
            if (!m->slots[j].hash)
                return;
        } while (((j - (m->slots[j].hash & mask)) & mask) < ((j - i) & mask));
        m->slots[i] = m->slots[j];
        i = j;
    }
}

void *map_remove(struct map *m, struct str key)
{
    if (m->count == 0)
        return NULL;
    size_t i = probe(m, key, hash_key(key));
    void *value = m->slots[i].value;
    if (!value)
        return NULL;
    free(m->slots[i].key);
    close_hole(m, i);
    m->count--;
    return value;
}

void map_fini(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++)
        free(m->slots[i].key);
    free(m->slots);
    *m = (struct map){0};
}

struct map_slot *map_next(const struct map *m, const struct map_slot *after)
{
    size_t i = after ? (size_t)(after - m->slots) + 1 : 0;

    while (i < m->cap && !m->slots[i].hash)
        i++;
    return i < m->cap ? &m->slots[i] : NULL;
}
