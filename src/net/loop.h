/* SPDX-License-Identifier: MIT
 *
 * loop.h - the one thread that moves every byte.
 *
 * A thin layer over libuv: the loop itself, work that is done once at the end of a turn (so that
 * everything read in one turn leaves in one write), and jobs for the thread pool.
 *
 *     turn: timers ─ read sockets ─ [turn-end hooks: flush feeds, journal acks] ─ sleep
 *
 * Threads: all functions on the loop thread only, except that a job's `work` runs in the pool.
 * Owns:    the uv_loop_t. Hooks and jobs belong to their modules.
 */
#ifndef LM_NET_LOOP_H
#define LM_NET_LOOP_H

#include "base/err.h"
#include "base/list.h"
#include "net/untaken.h"

#include <uv.h>

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare;   /* runs the hooks, just before the loop would sleep */
    uv_idle_t idle;         /* active while a hook waits, so that the loop does not sleep first */
    struct list hooks;      /* struct turn_hook that asked for this turn's end */
    unsigned conns;         /* open connections (conn.c counts) */
    struct untaken untaken; /* what their peers have not taken; no limit until somebody sets one */
    unsigned asked[2];      /* jobs of job_ask() in the pool, by enum job_kind */
    struct list waiting[2]; /* struct job that have no place there yet */
};

int loop_init(struct loop *l) LM_MUST_CHECK;
/* Closes the handles of the loop itself; every other handle must have been closed before. */
void loop_fini(struct loop *l);
/* Returns when loop_stop() was called or nothing is left to wait for. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Work for the end of the turn. Embedded in its module; init once. */
struct turn_hook {
    struct list link;
    void (*fn)(struct turn_hook *hook);
};
void turn_hook_init(struct turn_hook *hook, void (*fn)(struct turn_hook *));
/* Runs hook->fn once at the end of the present turn; asking twice is the same as once. A hook that
 * asks again from inside its fn runs again in the next turn, after polling. */
void turn_hook_ask(struct loop *l, struct turn_hook *hook);
void turn_hook_cancel(struct turn_hook *hook);

enum job_kind { JOB_SHORT, JOB_COSTLY /* a regex over everything */ };

/* One piece of work in the thread pool. `work` runs there, `done` on the loop thread afterwards.
 * The struct is the caller's and must live until `done`. */
struct job {
    uv_work_t uv;
    void (*work)(struct job *job);
    void (*done)(struct job *job);
    struct list link;   /* while it waits */
    enum job_kind kind; /* of job_ask() */
};
/* For what the hub has to do: syncing, sealing. */
int job_start(struct loop *l, struct job *job, void (*work)(struct job *),
              void (*done)(struct job *)) LM_MUST_CHECK;
/* For what clients ask: no more than JOBS_ASKED_MAX of these are in the pool, which has four
 * threads, and no more than JOBS_COSTLY_MAX that may take very long; the others wait their turn.
 * However many ask, what the hub has to do finds a thread, and a short question does not wait for
 * long ones. */
enum { JOBS_ASKED_MAX = 2, JOBS_COSTLY_MAX = 1 };
int job_ask(struct loop *l, struct job *job, enum job_kind kind, void (*work)(struct job *),
            void (*done)(struct job *)) LM_MUST_CHECK;

#endif
