/* SPDX-License-Identifier: MIT
 *
 * map.h - a hash map from bytes to a pointer.
 *
 * Keys are copied into the map; values are the caller's. Open addressing with linear probing and
 * backward-shift deletion, at most 3/4 full. A zeroed struct is an empty map.
 *
 * Threads: one at a time. Owns: the keys, not the values.
 */
#ifndef LM_BASE_MAP_H
#define LM_BASE_MAP_H

#include "base/err.h"
#include "base/str.h"

struct map_slot {
    uint64_t hash; /* 0 = empty */
    char *key;
    size_t key_n;
    void *value;
};

struct map {
    struct map_slot *slots;
    size_t cap;
    size_t count;
};

/* The value stored under key, or NULL. */
void *map_find(const struct map *m, struct str key);

/* Inserts or replaces. `value` must not be NULL. -ENOMEM leaves the map as it was. */
int map_put(struct map *m, struct str key, void *value) LM_MUST_CHECK;

/* Removes key and returns what was stored under it, or NULL. */
void *map_remove(struct map *m, struct str key);

void map_fini(struct map *m);

/* for (struct map_slot *s = map_next(m, NULL); s; s = map_next(m, s)): in no order; the map must
 * not change meanwhile. */
struct map_slot *map_next(const struct map *m, const struct map_slot *after);

#endif
