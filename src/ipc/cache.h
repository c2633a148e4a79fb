/* SPDX-License-Identifier: MIT
 *
 * cache.h - answers that may be given again: memory above, a file below.
 *
 *     find ─▶ [ memory: LRU, byte limit ] ─miss▶ [ disk, when there is one ] ─▶ back into memory
 *     put ──▶ both
 *
 * A key is "channel args" with the arguments in one form (normal.h). Values end by time, by key, by
 * prefix of the key, or by tag. Memory counts what it really takes, keys and bookkeeping included.
 *
 * Threads: one at a time. Owns: copies of keys, values, tags; the disk layer.
 */
#ifndef LM_IPC_CACHE_H
#define LM_IPC_CACHE_H

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"

struct disk;

struct cache {
    uint64_t max_bytes, bytes;
    struct map by_key;
    struct list by_use; /* least recently used first */
    struct disk *disk;  /* may be NULL */
    uint64_t hits, disk_hits, misses, evictions;
};

void cache_init(struct cache *c, uint64_t max_bytes);
void cache_fini(struct cache *c);

/* The answer, or p NULL. Valid until the next call. now_us is monotonic. */
struct str cache_find(struct cache *c, struct str key, int64_t now_us);
/* Keeps a copy for ttl_us. tags: separated by commas, without spaces. A value that does not fit, or
 * for which memory is short, is simply not kept. */
void cache_put(struct cache *c, struct str key, struct str value, struct str tags, int64_t ttl_us,
               int64_t now_us);

/* How many were dropped. */
uint32_t cache_drop(struct cache *c, struct str key);
uint32_t cache_drop_prefix(struct cache *c, struct str prefix);
uint32_t cache_drop_tag(struct cache *c, struct str tag);

/* Is `tag` one of the comma-separated tags? */
bool cache_has_tag(struct str tags, struct str tag);

#endif
