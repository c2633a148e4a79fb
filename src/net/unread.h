/* SPDX-License-Identifier: MIT
 *
 * unread.h - what peers have been answered and have not read, of all of them together.
 *
 * An answer is held until its client has taken it. One client may be slow; a hundred that ask for the
 * largest answers and read none must not cost the memory of a hundred. So there is one limit for
 * everybody: when it is passed, those who have taken nothing for longest are sent away, as many as it takes.
 * Whoever came last stays: a single answer may be larger than the limit.
 *
 *     given up first ◀─ [ holders, by the time they last took or were given something ] ◀─ unread_note()
 *
 * What a stream holds for a slow client is bounded by itself (`client_lag`), and not counted: only holders
 * of more than UNREAD_FREE bytes are.
 *
 * Threads: loop thread only. Owns: nothing.
 */
#ifndef LM_NET_UNREAD_H
#define LM_NET_UNREAD_H

#include "base/list.h"

#include <stdint.h>

enum { UNREAD_FREE = 512 * 1024 };

struct unread {
    struct list holders;
    size_t bytes;
    size_t max; /* 0: no limit */
    uint64_t given_up;
};

/* Embedded in whoever holds bytes for a peer. */
struct unread_holder {
    struct list link;
    size_t bytes; /* counted */
    /* The bytes are to go, and the peer with them, at the end of this turn at the latest. Not called
     * within unread_note() of the holder itself. */
    void (*give_up)(struct unread_holder *h);
};

void unread_init(struct unread *u, size_t max);
void unread_holder_init(struct unread_holder *h, void (*give_up)(struct unread_holder *));
/* h holds so many bytes now, after it was given some or its peer has taken some. 0 before it ends. */
void unread_note(struct unread *u, struct unread_holder *h, size_t bytes);

#endif
