/* SPDX-License-Identifier: MIT
 *
 * join.h - lines of a container that its runtime wrote in pieces.
 *
 * Docker and Kubernetes cut lines at 16 KiB. The pieces of one line follow each other within their
 * stream, but those of stdout and stderr may alternate, so each stream has its own buffer.
 *
 * Threads: one at a time. Owns: the pieces.
 */
#ifndef LM_RECORD_JOIN_H
#define LM_RECORD_JOIN_H

#include "base/arena.h"
#include "base/buf.h"
#include "record/level.h"

struct join {
    struct buf pieces[STREAM_STDERR + 1];
    uint32_t waiting; /* streams with pieces */
};

/* The next piece of a stream. 1: *ret is the whole line, in scratch or `piece` itself; 0: more must come;
 * -ENOMEM. A line above RECORD_MESSAGE_MAX is handed out as far as it is, with *ret_cut set. */
int join_add(struct join *j, enum stream stream, struct str piece, bool more, struct arena *scratch,
             struct str *ret, bool *ret_cut) LM_MUST_CHECK;

/* What waits of a stream, with nothing to follow: 1, or 0 when there is none; -ENOMEM. */
int join_rest(struct join *j, enum stream stream, struct arena *scratch,
              struct str *ret) LM_MUST_CHECK;

void join_fini(struct join *j);

#endif
