/* SPDX-License-Identifier: MIT
 *
 * keeper_spool.h - what does not fit into a keeper's memory while the hub is away.
 *
 * An unlinked file that holds up to `cap` slots of at most `slot_size` bytes, first in, first out:
 *
 *     spool_push ─▶ [ newest … oldest ] ─▶ spool_pop     (slot 0 is the oldest)
 *
 * A slot is one piece of the queue's memory as it was, whole frames only. The file goes away with
 * the keeper, and its disk space as soon as the last slot is gone.
 *
 * Threads: one. Owns: the file.
 */
#ifndef LM_PROC_KEEPER_SPOOL_H
#define LM_PROC_KEEPER_SPOOL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SPOOL_SLOTS_MAX = 64 };

struct spool_slot {
    uint64_t end[2]; /* after the last byte of stdout and stderr in here; 0 = has none of it */
    size_t n;
    uint32_t place; /* in the file, counted in slots */
};

struct spool {
    const char *dir; /* borrowed */
    size_t slot_size;
    uint32_t cap, first, count;
    uint64_t places; /* one bit per place in use */
    int fd;
    struct spool_slot slots[SPOOL_SLOTS_MAX]; /* a ring, the oldest at `first` */
};

/* cap is cut to SPOOL_SLOTS_MAX; 0 = never keeps anything. */
void spool_init(struct spool *s, const char *dir, size_t slot_size, size_t cap);
void spool_close(struct spool *s);

/* Adds a slot. -LM_E_FULL when all are taken (pop one and try again), or what the disk said. */
int spool_push(struct spool *s, const char *bytes, size_t n, const uint64_t end[2]) LM_MUST_CHECK;
/* Forgets the oldest slot; there must be one. */
void spool_pop(struct spool *s);

/* The i-th oldest slot, i < count. */
const struct spool_slot *spool_at(const struct spool *s, uint32_t i);
/* Reads up to n bytes of it from `at` on. Returns how many, or -errno. */
ssize_t spool_read(const struct spool *s, uint32_t i, size_t at, char *out, size_t n) LM_MUST_CHECK;

#endif
