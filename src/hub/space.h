/* SPDX-License-Identifier: MIT
 *
 * space.h - what the hub does when the disk has no room for the next file of the journal.
 *
 *     enough ──(no next file)──▶ making ──(nothing may go any more)──▶ none ──(a file was made)──▶ enough
 *                                  │ old files go, then old days         │ live only: numbered, sent on,
 *                                  │ who can wait does                   │ counted, not acknowledged
 *
 * Live never waits for the disk: what cannot be stored is sent on all the same, and its ids are a
 * range that the journal does not have. When there is room again, the journal gets the positions
 * that moved meanwhile and one frame that says how many ids are missing and whose
 * (docs/journal-format.md, "unstored"), and every label set a record of its own in that place with
 * its exact count. Only then is it acknowledged. Sources that can be told to come again are told so
 * (-ENOSPC) and lose nothing.
 *
 * Threads: loop thread. Owns: the timer that tries again.
 */
#ifndef LM_HUB_SPACE_H
#define LM_HUB_SPACE_H

#include "hub/live_only.h"
#include "net/loop.h"

struct hub;

enum space_state { SPACE_ENOUGH, SPACE_MAKING, SPACE_NONE };

/* What whoever is asked to give something up can do. */
enum space_found {
    SPACE_NOTHING, /* there is nothing that may go */
    SPACE_FREED,   /* something went */
    SPACE_COMING,  /* something is being given back: ask again a little later */
};

struct space {
    struct hub *hub;
    uv_timer_t timer;
    enum space_state state;
    bool hopeless; /* the last try to make a file failed, and nothing may go */
    int err;       /* of that try */
    int seal_err;  /* sealing fails with this: waiting for it is of no use */
    int64_t making_us, failing_us, none_us; /* monotonic: since when; 0: it is not so */
    struct live_only live;
};

int space_new(struct space **ret, struct hub *hub) LM_MUST_CHECK;
/* A last attempt to write down what is missing. NULL is fine. */
void space_close(struct space *s);

/* The batch into the journal; or, when there is no room and it may (b->or_live), among those that
 * are sent live only. -EAGAIN: room is being made. */
int space_keep(struct space *s, struct batch *b) LM_MUST_CHECK;
/* Should sources that can wait do so, because room is being made? */
bool space_asks_to_wait(const struct space *s);

/* The journal could not make its next file. */
void space_no_file(struct space *s, int err);
/* It has one, or somebody gave something back: it may be worth a try. */
void space_may_be_there(struct space *s);
/* Until the file of the numbers has its name back: see numbers_suspend(). */
void space_watch_numbers(struct space *s);
/* Sealing has failed, or works (0). */
void space_seal_ended(struct space *s, int err);

#endif
