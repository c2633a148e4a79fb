/* SPDX-License-Identifier: MIT
 *
 * cache.c - the memory layer, and what goes through to the disk.
 */
#include "ipc/cache.h"

#include "base/clock.h"
#include "ipc/cache_disk.h"

#include <stdlib.h>

struct entry {
    struct list by_use;
    int64_t expires_us;
    uint32_t key_n, value_n, tags_n;
    char text[]; /* key, value, tags */
};

/* The map keeps a copy of the key and at most 16 / 3 slots an entry right after it has grown. */
enum { ENTRY_OVERHEAD = sizeof(struct entry) + 2 * sizeof(struct map_slot) + 32 };

static struct str entry_key(const struct entry *e)
{
    return str_of(e->text, e->key_n);
}

static struct str entry_value(const struct entry *e)
{
    return str_of(e->text + e->key_n, e->value_n);
}

static struct str entry_tags(const struct entry *e)
{
    return str_of(e->text + e->key_n + e->value_n, e->tags_n);
}

static uint64_t cost(size_t key_n, size_t value_n, size_t tags_n)
{
    return ENTRY_OVERHEAD + 2 * (uint64_t)key_n + value_n + tags_n;
}

void cache_init(struct cache *c, uint64_t max_bytes)
{
    *c = (struct cache){.max_bytes = max_bytes};
    list_init(&c->by_use);
}

static void forget(struct cache *c, struct entry *e)
{
    map_remove(&c->by_key, entry_key(e));
    list_remove(&e->by_use);
    c->bytes -= cost(e->key_n, e->value_n, e->tags_n);
    free(e);
}

void cache_fini(struct cache *c)
{
    LIST_FOR_EACH_SAFE (link, &c->by_use)
        forget(c, LIST_ITEM(link, struct entry, by_use));
    map_fini(&c->by_key);
    disk_close(c->disk);
    c->disk = NULL;
}

static struct entry *remember(struct cache *c, struct str key, struct str value, struct str tags,
                              int64_t expires_us)
{
    uint64_t bytes = cost(key.n, value.n, tags.n);
    struct entry *old = map_find(&c->by_key, key);

    if (old)
        forget(c, old);
    if (bytes > c->max_bytes || value.n > UINT32_MAX)
        return NULL;
    while (c->bytes + bytes > c->max_bytes) {
        forget(c, LIST_ITEM(c->by_use.next, struct entry, by_use));
        c->evictions++;
    }
    struct entry *e = malloc(sizeof *e + key.n + value.n + tags.n);
    if (!e)
        return NULL;
    *e = (struct entry){.expires_us = expires_us,
                        .key_n = (uint32_t)key.n,
                        .value_n = (uint32_t)value.n,
                        .tags_n = (uint32_t)tags.n};
    memcpy(e->text, key.p, key.n);
    if (value.n)
        memcpy(e->text + key.n, value.p, value.n);
    if (tags.n)
        memcpy(e->text + key.n + value.n, tags.p, tags.n);
    if (map_put(&c->by_key, key, e) < 0) {
        free(e);
        return NULL;
    }
    list_push(&c->by_use, &e->by_use);
    c->bytes += bytes;
    return e;
}

static struct str find_on_disk(struct cache *c, struct str key, int64_t now_us)
{
    struct disk_value found;

    if (!c->disk || !disk_find(c->disk, key, clock_wall_us(), &found))
        return STR_NONE;
    c->disk_hits++;
    remember(c, key, found.value, found.tags, now_us + found.left_us);
    return found.value;
}

struct str cache_find(struct cache *c, struct str key, int64_t now_us)
{
    struct entry *e = map_find(&c->by_key, key);

    if (e && e->expires_us <= now_us) {
        forget(c, e);
        e = NULL;
    }
    struct str found = e ? entry_value(e) : find_on_disk(c, key, now_us);
    if (e) {
        list_remove(&e->by_use);
        list_push(&c->by_use, &e->by_use);
    }
    if (e || found.p)
        c->hits++;
    else
        c->misses++;
    return found;
}

void cache_put(struct cache *c, struct str key, struct str value, struct str tags, int64_t ttl_us,
               int64_t now_us)
{
    remember(c, key, value, tags, now_us + ttl_us);
    if (c->disk)
        disk_put(c->disk, key,
                 &(struct disk_value){.value = value, .tags = tags, .left_us = ttl_us},
                 clock_wall_us());
}

uint32_t cache_drop(struct cache *c, struct str key)
{
    struct entry *e = map_find(&c->by_key, key);
    uint32_t below = c->disk ? disk_drop(c->disk, key) : 0;

    if (e)
        forget(c, e);
    return e || below ? 1 : 0;
}

bool cache_has_tag(struct str tags, struct str tag)
{
    struct str rest = tags;

    while (rest.p && tag.n)
        if (str_eq(str_cut(rest, ',', &rest), tag))
            return true;
    return false;
}

/* Where there is a disk, everything in memory is there too, so its number counts. */
static uint32_t drop_where(struct cache *c, struct str prefix, struct str tag)
{
    uint32_t dropped = 0;

    LIST_FOR_EACH_SAFE (link, &c->by_use) {
        struct entry *e = LIST_ITEM(link, struct entry, by_use);
        if (tag.n ? cache_has_tag(entry_tags(e), tag) : str_starts(entry_key(e), prefix)) {
            forget(c, e);
            dropped++;
        }
    }
    uint32_t below = c->disk ? disk_drop_where(c->disk, prefix, tag) : 0;
    return below > dropped ? below : dropped;
}

uint32_t cache_drop_prefix(struct cache *c, struct str prefix)
{
    return drop_where(c, prefix, STR_NONE);
}

uint32_t cache_drop_tag(struct cache *c, struct str tag)
{
    return tag.n ? drop_where(c, STR_NONE, tag) : 0;
}
