/* SPDX-License-Identifier: MIT
 *
 * ring.h - the writer's side of a ring file (ipc/ring_layout.h).
 *
 * The file is locked (fcntl) as long as the process that made it lives, so that a hub knows whether
 * more may come.
 *
 * Threads: one at a time; the hub reads and writes the file meanwhile.
 * Owns:    the file's descriptor and mapping. The file itself is the hub's to remove.
 */
#ifndef LM_CLIENT_RING_H
#define LM_CLIENT_RING_H

#include "ipc/ring_layout.h"

#include <stdatomic.h>

struct ring {
    int fd; /* -1: none */
    char *map;
    uint64_t data_n;
    uint64_t head;
    uint64_t tail; /* as last seen: at most what it is */
    uint64_t written, dropped;
    uint8_t run[FRAME_RUN_ID];
};

/* Makes "<dir>/<run>.ring"; the folder too (0700). data_n is a power of two within the limits. */
int ring_create(struct ring *r, const char *dir, struct str source, uint64_t data_n) LM_MUST_CHECK;
/* Safe on one with fd -1. */
void ring_close(struct ring *r);

/* Room for a record of `size` bytes (a multiple of 8); write there and call ring_commit(). NULL:
 * full, counted as dropped. */
char *ring_reserve(struct ring *r, uint64_t size) LM_MUST_CHECK;
/* The record is whole: the hub may read it. True: the hub sleeps and must be woken. */
bool ring_commit(struct ring *r, uint64_t size);
/* Bytes the hub has not read. */
uint64_t ring_waiting(struct ring *r);

#endif
