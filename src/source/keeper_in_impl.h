/* SPDX-License-Identifier: MIT
 *
 * keeper_in_impl.h - what the files keeper_in*.c share, and nobody else sees.
 *
 * Threads: loop thread. Owns: see each struct.
 */
#ifndef LM_SOURCE_KEEPER_IN_IMPL_H
#define LM_SOURCE_KEEPER_IN_IMPL_H

#include "record/line.h"
#include "record/parse.h"
#include "source/keeper_in.h"

struct keeper_server {
    struct loop *loop;
    struct intake intake;
    struct supervise *supervise;
    struct list keepers;
    uv_timer_t ack_timer;
    uint32_t rest_us; /* what keepers are told to collect for: the more write at once, the longer */
    uv_timer_t partial_timer;
    struct batch batch; /* one for all: it is published before the next keeper's turn */
};

struct keeper {
    struct list link;
    struct keeper_server *server;
    struct conn *conn;
    struct keeper_link to_keeper;
    bool hello, running; /* HELLO came, RUN came */
    bool waits;          /* is not read: the hub has no room */
    bool over; /* the connection is ending: what is not in the journal by now comes again */
    struct process *process;
    struct labels *labels;
    struct origin origin;
    struct line_splitter lines[2]; /* stdout, stderr */
    int64_t grew_us[2];            /* monotonic: when a line without an end came; 0: it was shown */
    struct parser parser;
    struct parse_rules rules;
    uint32_t flags; /* RUN_EXIT_WRITTEN, RUN_ENDED */
    uint32_t journaled_flags;
    struct run_position acked, staged;
    uint64_t staged_id; /* staged is acknowledged once ids below this are; 0 = nothing staged */
    uint64_t latest_id;
    struct frame_exit exit;
    char last[2][FRAME_LAST_MAX]; /* what exit.last points to */
    bool exit_waits;
    uv_timer_t exit_timer; /* before RUN: until when it must have introduced itself */
};

/* What is in the batch or already in the journal. */
static inline struct run_position keeper_position(const struct keeper *k)
{
    return (struct run_position){k->lines[0].line_end, k->lines[1].line_end, k->flags};
}

/* --- keeper_in_lines.c: bytes to records, in the server's batch --- */

/* Publishes the batch with the position after it, and begins the next one. */
int lines_publish(struct keeper *k) LM_MUST_CHECK;
int lines_add_data(struct keeper *k, struct frame_data d) LM_MUST_CHECK;
/* Both streams end here, after so many bytes. */
int lines_end(struct keeper *k, const uint64_t total[2]) LM_MUST_CHECK;
/* The exit record, now. */
int lines_add_exit(struct keeper *k) LM_MUST_CHECK;
int lines_add_note(struct keeper *k, const struct frame_note *note) LM_MUST_CHECK;

/* --- keeper_in_partial.c --- */

/* Bytes of this stream have come: a line that has no end yet is shown when it stands still. */
void partial_look(struct keeper *k, enum stream stream);

/* --- keeper_in_ack.c --- */

void ack_send(struct keeper *k, enum frame_type resume_or_ack, const struct run_position *p);
/* Acknowledges what may be. */
void ack_now(struct keeper *k);
/* The same, within ACK_DELAY_MS: acknowledgements are gathered. */
void ack_soon(struct keeper *k);

#endif
