/* SPDX-License-Identifier: MIT
 *
 * tailer.h - files that are followed: patterns in, records out, each line once.
 *
 * A file is an inode, not a name. Names come and go (rotation by rename, deletion, links); the
 * bytes behind an inode are read in order to their end, and the position travels in the journal
 * frame with the records, so that it holds through the death of the hub.
 *
 *     inotify ─▶ tail_watch ─▶ tail_dir: what is at this name now? ─▶ tail_file: which inode is that?
 *                                                                        │ something may be new
 *     journal ◀─ tail_read: bytes ─▶ lines ─▶ records ◀─ ready queue ◀───┘
 *
 * Folders are watched, not files, so ten thousand quiet files cost nothing: no system call, no
 * descriptor (quiet files are closed). An event is only a hint to look; therefore a lost event, or
 * a folder that cannot be watched, is healed by looking at the whole folder.
 *
 * When the journal refuses, nothing is read until it takes again: files can wait.
 *
 * docs/files.md says for users what happens when files are rotated, cut short, deleted.
 *
 * Threads: loop thread.
 * Owns:    everything below it: watches, descriptors, parsers.
 */
#ifndef LM_SOURCE_TAILER_H
#define LM_SOURCE_TAILER_H

#include "conf/settings.h"
#include "net/loop.h"
#include "source/source.h"

struct tail;

struct tail_opts {
    struct loop *loop;
    struct intake intake;
    const struct settings *settings; /* must live as long as the tail; `files:` and processes until
                                      * tail_reload() has been given others */
    uint32_t linger_ms; /* a file without a name is let go when nothing came for so long */
    uint32_t quiet_ms;  /* a file to which nothing came for so long is closed */
    uint32_t poll_ms;   /* how often folders are looked at that cannot be watched */
    uint32_t open_max;  /* descriptors of files, about */
    bool no_inotify;    /* as if the machine had none */
};

/* The values that a hub uses. */
struct tail_opts tail_defaults(void);

/* Begins to follow what the settings name: `files:` and the `follow:` of processes. Reading starts
 * with the loop. info gets the sentence when the settings cannot be used. */
int tail_new(struct tail **ret, const struct tail_opts *opts, struct errinfo *info) LM_MUST_CHECK;
/* Follows what other settings name from now on: they must live until the next call that succeeds,
 * or tail_free(). Files that stay go on where they were, be it under another entry; those that are
 * not named any more keep their positions, in case they are named again. On failure nothing has
 * changed. */
int tail_reload(struct tail *t, const struct settings *settings,
                struct errinfo *info) LM_MUST_CHECK;
/* Stops; what is not in the journal by now is read by the next hub. NULL is fine. */
void tail_close(struct tail *t);
/* After tail_close() and the end of the loop. NULL is fine. */
void tail_free(struct tail *t);

#endif
