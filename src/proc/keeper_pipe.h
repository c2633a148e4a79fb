/* SPDX-License-Identifier: MIT
 *
 * keeper_pipe.h - standard input to the hub: `app | logmill pipe`.
 *
 *     stdin ─▶ pump ─┬▶ queue ─▶ link ─▶ hub
 *                    └▶ stdout (--tee)
 *
 * A keeper without a child: the same queue, link and frames, so the same promise. What the hub has
 * acknowledged it never gets again, what it has not is sent again to the next hub. The program that
 * writes is not kept waiting for a hub that is away: 1 MiB in memory, 64 MiB in a spool file, then
 * the oldest goes, counted. A hub that works but is more than 512 KiB behind is waited for. A plain
 * file as input (`< file`) loses nothing by waiting, so for it there is always time.
 *
 * When the input has ended it stays until the hub has acknowledged everything, but not for ever:
 * PIPE_PATIENCE for a hub that was there, less for one that never was. An interrupt from the
 * terminal reaches the writing program too, whose last words are still to come: reading goes on to
 * their end, and only a second one stops it.
 *
 * Threads: one. Owns: everything of this run.
 */
#ifndef LM_PROC_KEEPER_PIPE_H
#define LM_PROC_KEEPER_PIPE_H

#include "base/err.h"
#include "ipc/frame.h"

struct pipe_opts {
    const char *socket, *name;
    const char *spool_dir;
    struct frame_label labels[FRAME_LABELS_MAX];
    uint16_t label_count;
    bool tee;
};

/* Returns when everything is handed over or nothing more can be: 0, or a negative code with the
 * sentence in info. */
int pipe_run(const struct pipe_opts *opts, struct errinfo *info) LM_MUST_CHECK;

#endif
