/* SPDX-License-Identifier: MIT
 *
 * cache_disk.h - the lower layer of the cache: answers that survive a restart (LMDB).
 *
 * Writing never waits for the disk, so after a crash of the machine the file cannot be trusted: it
 * is marked with the boot it was written in, and one of an earlier boot that was not closed is
 * emptied. A full file first loses what has ended, then everything: it is a cache.
 *
 * Threads: one at a time. Owns: the file; only one cache may use a folder.
 */
#ifndef LM_IPC_CACHE_DISK_H
#define LM_IPC_CACHE_DISK_H

#include "base/err.h"
#include "base/str.h"

struct disk;

struct disk_value {
    struct str value, tags;
    int64_t left_us; /* until it ends */
};

/* Makes the folder (0700). A negative errno, or one of LMDB's codes as -EIO. */
int disk_open(struct disk **ret, const char *dir, uint64_t max_bytes) LM_MUST_CHECK;
/* NULL is fine. */
void disk_close(struct disk *d);

/* Views are valid until the next call. */
bool disk_find(struct disk *d, struct str key, int64_t wall_us, struct disk_value *ret);
/* Keeps it if it can. */
void disk_put(struct disk *d, struct str key, const struct disk_value *value, int64_t wall_us);
uint32_t disk_drop(struct disk *d, struct str key);
/* By tag when tag is not empty, else by prefix of the key. */
uint32_t disk_drop_where(struct disk *d, struct str prefix, struct str tag);

#endif
