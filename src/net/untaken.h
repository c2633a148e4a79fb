/* SPDX-License-Identifier: MIT
 *
 * untaken.h - what peers have been answered and have not read, of all of them together.
 *
 * An answer is held until its client has taken it. One client may be slow; a hundred that ask for
 * the largest answers and read none must not cost the memory of a hundred. So there is one limit
 * for everybody: when it is passed, those who have taken nothing for longest are sent away, as many
 * as it takes. Whoever came last stays: a single answer may be larger than the limit.
 *
 *     given up first ◀─ [ holders, by the time they last took or were given something ] ◀─ untaken_note()
 *
 * What a stream holds for a slow client is bounded by itself (`client_lag`), and not counted: only
 * holders of more than UNTAKEN_FREE bytes are.
 *
 * Threads: loop thread only. Owns: nothing.
 */
#ifndef LM_NET_UNTAKEN_H
#define LM_NET_UNTAKEN_H

#include "base/list.h"

#include <stdint.h>

enum { UNTAKEN_FREE = 512 * 1024 };

struct untaken {
    struct list holders;
    size_t bytes;
    size_t max; /* 0: no limit */
    uint64_t given_up;
};

/* Embedded in whoever holds bytes for a peer. */
struct untaken_holder {
    struct list link;
    size_t bytes; /* counted */
    /* The bytes are to go, and the peer with them, at the end of this turn at the latest. Not
     * called within untaken_note() of the holder itself. */
    void (*give_up)(struct untaken_holder *h);
};

void untaken_init(struct untaken *u, size_t max);
void untaken_holder_init(struct untaken_holder *h, void (*give_up)(struct untaken_holder *));
/* h holds so many bytes now, after it was given some or its peer has taken some. 0 before it
 * ends. */
void untaken_note(struct untaken *u, struct untaken_holder *h, size_t bytes);

#endif
