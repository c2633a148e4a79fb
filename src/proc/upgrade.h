/* SPDX-License-Identifier: MIT
 *
 * upgrade.h - a new program in the place of this one: same pid, same lock, same doors.
 *
 *     check: `<program> config check <flags>` ─fine─▶ (the caller drains) ─▶ execve
 *                     └─ no: nothing changes, why is told
 *
 * What the new program goes on with travels in a variable that it takes out of its environment at
 * once.
 *
 * Threads: loop thread. Owns: nothing after the check.
 */
#ifndef LM_PROC_UPGRADE_H
#define LM_PROC_UPGRADE_H

#include "base/err.h"
#include "net/loop.h"

/* -1: there is none. */
struct hand_over {
    int lock, local, tcp;
    uint64_t nofile; /* the limit of descriptors that children get; 0 = the present one */
    char *at_rest;   /* heap: who stays as it is (supervise_say_resting()); NULL: nobody */
};

/* Runs the program that lies where ours was started from. `done` comes later: why is NULL when it
 * takes the configuration, else what it said, one line. */
int upgrade_check(struct loop *loop, void (*done)(void *ctx, const char *why), void *ctx,
                  struct errinfo *info) LM_MUST_CHECK;

/* Becomes that program, with the command line of this one. Only returns when it fails: -errno. */
int upgrade_exec(const struct hand_over *what);

/* What an earlier program left for this one; all -1 when it was started afresh. The caller owns
 * at_rest. Children of the earlier one that have ended meanwhile are collected. */
void upgrade_take_over(struct hand_over *ret);

#endif
