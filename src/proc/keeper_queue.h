/* SPDX-License-Identifier: MIT
 *
 * keeper_queue.h - what the child wrote and the hub has not acknowledged yet.
 *
 * Output is read straight into the payload place of a DATA frame and is sent from there:
 *
 *     queue_room ─ read(2) ─ queue_commit          queue_next ─ send(2) ─ queue_sent
 *                     │                                 ▲
 *                     ▼                                 │
 *     memory   [ acked │ sent │ not sent │ room … ]     │ first the window, then the spool,
 *                      head   sent       tail           │ then memory
 *     spool    [ oldest … newest ] ─▶ window ───────────┘
 *
 * Memory is one flat piece (1 MiB). When all of it is acknowledged it starts again at its
 * beginning, so a keeper whose hub keeps up touches a few pages only. When it is full, all of it
 * moves into a slot of the spool (up to 64 MiB); when that is full too, the oldest slot is given
 * up. What was given up shows as a jump of `offset`, and is counted in `lost` at the moment the
 * jump is sent.
 *
 * queue_room() always finds room; whether it is worth waiting a moment for the hub before something
 * must be given up (queue_is_filling) is for the caller to decide.
 *
 * Threads: one. Owns: memory and spool.
 */
#ifndef LM_PROC_KEEPER_QUEUE_H
#define LM_PROC_KEEPER_QUEUE_H

#include "ipc/frame.h"
#include "proc/keeper_spool.h"

enum {
    QUEUE_FRAME_HEAD = FRAME_HEADER + FRAME_DATA_HEAD,
    QUEUE_FRAME_MAX = QUEUE_FRAME_HEAD + FRAME_DATA_MAX,
    QUEUE_WINDOW = 2 * QUEUE_FRAME_MAX,
};

struct queue {
    char *memory, *window; /* one mapping */
    size_t cap;
    size_t head, sent, tail;    /* in memory */
    size_t window_at, window_n; /* bytes of the window still to be sent */
    size_t mid;                 /* bytes of a half-sent frame that must go next */
    struct spool spool;
    uint32_t cursor_slot; /* what of the spool goes into the window next */
    size_t cursor_at;
    uint64_t acked[2];
    uint64_t sent_to[2]; /* the end of what was sent on this connection, per stream */
    uint64_t lost[2];    /* bytes jumped over since the caller last cleared it */
};

/* cap: bytes of memory, at least 4 * QUEUE_FRAME_MAX. spool_bytes: 0 = no spool. */
int queue_init(struct queue *q, size_t cap, const char *spool_dir,
               size_t spool_bytes) LM_MUST_CHECK;
void queue_fini(struct queue *q);

/* Room for FRAME_DATA_MAX bytes of output. Valid until the next call of any function here. */
char *queue_room(struct queue *q);
/* The first data->bytes.n bytes of that room become a frame; data->bytes.p is not looked at. */
void queue_commit(struct queue *q, const struct frame_data *data);

/* The hub has everything before these offsets. */
void queue_ack(struct queue *q, const struct frame_ack *ack);
/* A new connection: forgets what the hub has, the rest is sent again from there. */
void queue_resume(struct queue *q, const struct frame_ack *ack);

/* What to send next, empty when there is nothing. With `finish_frame` it ends with the frame that
 * is half sent, if one is: so that something else may be said after it. */
struct str queue_next(struct queue *q, bool finish_frame);
/* The first n bytes of it went out. */
void queue_sent(struct queue *q, size_t n);
bool queue_has_unsent(const struct queue *q);
/* More than half of the spool is taken. */
bool queue_is_filling(const struct queue *q);

#endif
