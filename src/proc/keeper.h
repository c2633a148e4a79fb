/* SPDX-License-Identifier: MIT
 *
 * keeper.h - the small program that stands between one child and everything else.
 *
 *     child ══pipes══▶ pump ─┬▶ plain file
 *       ▲                    ├▶ console (by hand)
 *       │ signals, wait      └▶ queue ─▶ link ─▶ hub
 *     child
 *
 * It owns the pipes, so what the child wrote is safe when the child dies, and it is not the hub, so
 * the child lives on when the hub dies. One thread sleeps in ppoll(2); libc and ipc/frame are all
 * it needs, so that hundreds of them cost little.
 *
 * How it ends. When the child is dead and both pipes are at end of file, a keeper started by the
 * hub stays until the hub has acknowledged the end (at most an hour: what it holds may be the only
 * copy besides the file). By hand it must not keep a shell waiting: it stays at most two seconds
 * for a hub that was there, and not at all for one that never was. Then it ends as the child did,
 * with its exit status or by its signal. If something the child started still holds a pipe, it goes
 * on reading; an interrupt ends that.
 *
 * Threads: one. Owns: everything of this run.
 */
#ifndef LM_PROC_KEEPER_H
#define LM_PROC_KEEPER_H

#include "proc/keeper_child.h"
#include "proc/keeper_opts.h"
#include "proc/keeper_pump.h"

struct keeper {
    struct keeper_opts opts;
    struct child child;
    struct keeper_file file;
    struct keeper_lines lines;
    struct console console;
    struct queue queue;
    struct link link;
    struct pump pump;
    struct frame_run run;
    int signals;          /* signalfd */
    sigset_t mask_before; /* for the child */
    mode_t umask_before;  /* the same */
    int run_file;         /* holds the lock; -1 = could not be made */
    int64_t died_us;      /* when the child was found dead */
    int64_t looked_us;    /* when the hub was last listened to */
    uint32_t slack_us;    /* how late a rest may end, so that wakes gather; 0 = as usual */
    int64_t ended_us;     /* when the pipes had ended as well */
    bool tired;           /* an interrupt came after the child's death */
    bool told_held;       /* said that somebody still holds a pipe */
};

/* Opens everything and starts the child. On failure nothing was started and info says why. A child
 * that cannot be executed is no failure: it is a run that ends with 126 or 127. */
int keeper_open(struct keeper *k, int argc, char **argv, struct errinfo *info) LM_MUST_CHECK;
void keeper_close(struct keeper *k);

/* Returns when there is nothing left to do. */
void keeper_loop(struct keeper *k);

/* The exit status to pass on. When a signal ended the child it does not return: this process ends
 * by the same signal. */
int keeper_end_like_child(const struct keeper *k);

#endif
