/* SPDX-License-Identifier: MIT
 *
 * ring_read.h - one ring file, read as if its writer were an enemy.
 *
 * Threads: loop thread. Owns: the descriptor, the labels of the latest record.
 */
#ifndef LM_SOURCE_RING_READ_H
#define LM_SOURCE_RING_READ_H

#include "ipc/ring_layout.h"
#include "source/source.h"

struct ring_file {
    int fd;
    uint64_t data_n;
    uint64_t position; /* published up to here */
    uint64_t acked;    /* and acknowledged; what `tail` in the file says */
    uint64_t wait_id;  /* position is acknowledged when ids below this are */
    uint64_t dropped;  /* as last told */
    bool broken;       /* it lied: nothing more is read */
    struct origin origin;
    char source[RING_SOURCE_MAX];
    size_t source_n;
    struct buf block; /* labels of the latest record, as the ring has them */
    struct labels *labels;
};

/* Shared by all rings of a hub. */
struct ring_scratch {
    struct buf bytes;
    struct batch batch;
};
void ring_scratch_fini(struct ring_scratch *s);

/* Looks at an open file; takes the descriptor on success. Goes on where the journal knows it stands.
 * -LM_E_INVALID: it is no ring. */
int ring_file_open(struct ring_file *r, int fd, const struct intake *in) LM_MUST_CHECK;
/* Safe on one with fd -1. */
void ring_file_close(struct ring_file *r);

/* Publishes the next records, at most RING_ROUND bytes. How many bytes; 0: nothing new; negative:
 * the journal refuses, try later. */
enum { RING_ROUND = 4 * 1024 * 1024 };
int64_t ring_file_read(struct ring_file *r, struct intake *in, struct ring_scratch *s);
/* Ids below this are acknowledged: the writer may use the room again. */
void ring_file_acked(struct ring_file *r, uint64_t acked_id);
/* Asks to be woken. True: something came meanwhile. */
bool ring_file_sleep(struct ring_file *r);

#endif
