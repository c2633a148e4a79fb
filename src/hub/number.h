/* SPDX-License-Identifier: MIT
 *
 * number.h - ids: given once, rising, never given again, whatever crashes.
 *
 * The file `store` (docs/journal-format.md) holds the epoch and a watermark: ids below it may have
 * been given out. It is raised 2^26 at a time, ahead of need, in the thread pool; an id beyond it
 * is never given before the new watermark is on disk.
 *
 * While ids are given out that the journal will not know after a crash (a full disk: hub/space.h),
 * the file is called `store.open`: renaming needs no space. A hub that finds it under that name
 * goes on at the watermark.
 *
 * Threads: loop thread; the write itself runs in the pool.
 * Owns:    the file.
 */
#ifndef LM_HUB_NUMBER_H
#define LM_HUB_NUMBER_H

#include "base/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct numbers {
    struct loop *loop;
    char *path;
    uint32_t epoch;
    uint64_t next;       /* id of the next record */
    uint64_t watermark;  /* on disk */
    uint64_t floor;      /* an earlier life may have given any id below */
    uint64_t clean_next; /* what the last clean stop wrote; 0 after a crash */
    bool same_boot;
    bool suspended;    /* the file is called store.open */
    bool resume_asked; /* it may have its name back ... */
    bool resuming;     /* ... and the job gives it */
    char boot[37];
    struct job job;
    bool raising;
    uint64_t raised; /* what the job writes */
    int job_err;     /* the job's */
    int last_err;    /* of the last one that ended */
};

/* Reads state_dir/store, or makes it with a new epoch. A file that is damaged or of a later version
 * is refused with a sentence. */
int numbers_open(struct numbers *n, struct loop *loop, const char *state_dir,
                 struct errinfo *info) LM_MUST_CHECK;

/* The epoch that numbers_open() will find; 0: there is no store yet, or none that can be read. */
uint32_t numbers_peek_epoch(const char *state_dir);

/* Writes to_dir/store for a copy of the store in from_dir: the same epoch, and numbering goes on at
 * the watermark, whatever the copy of the journal has. */
int numbers_copy(const char *from_dir, const char *to_dir, struct errinfo *info) LM_MUST_CHECK;

/* Decides where numbering goes on: where a clean stop left off; after a crash behind `journal_end`
 * (one past the last id in the journal) when the journal is whole and the machine was not
 * restarted, else at the watermark. Writes the file, so that from here on a crash is recognised; on
 * a full disk it is only renamed, which does the same. */
int numbers_start(struct numbers *n, uint64_t journal_end, bool journal_whole) LM_MUST_CHECK;

/* `count` consecutive ids; the first in *ret_first. -EAGAIN, or the error of the disk, when the
 * pool could not raise the watermark in time: try again later. */
int numbers_take(struct numbers *n, uint32_t count, uint64_t *ret_first) LM_MUST_CHECK;

/* From here on ids may be given out that the journal does not have: after a crash numbering goes on
 * at the watermark. -EAGAIN: the opposite is being written down just now. */
int numbers_suspend(struct numbers *n) LM_MUST_CHECK;
/* The journal knows of every id again. Takes effect when the file is written, in the pool. */
void numbers_resume(struct numbers *n);

/* A clean stop: writes `next`, then releases everything. No job may be under way: the loop has
 * ended. */
void numbers_close(struct numbers *n);

#endif
