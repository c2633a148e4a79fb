/* SPDX-License-Identifier: MIT
 *
 * applog.h - application-2026-01-15.log and errors-2026-01-15.log: what application sources say, as
 * plain files that anybody can read without logmill (docs/plain-files.md).
 *
 *     hub ─▶ applog_sink: rows ─▶ [collected] ─▶ pool: textfile_write, oldfiles_tend
 *
 * The loop only formats rows; the disk is touched in the pool, by one job at a time. When the disk
 * is slower than the sources, collected rows are bounded by APPLOG_MEMORY, and what is beyond is
 * left out of the files, counted and said: the store has it all the same. A record goes to the file
 * of the day in which it arrived; its own time stands in the row.
 *
 * Threads: loop thread; the writer's job works on what it was given.
 * Owns:    the files.
 */
#ifndef LM_STORE_APPLOG_H
#define LM_STORE_APPLOG_H

#include "conf/settings.h"
#include "metrics/metrics.h"
#include "net/loop.h"
#include "record/record.h"
#include "record/zone.h"

enum { APPLOG_MEMORY = 16 * 1024 * 1024 };

struct applog;

struct applog_opts {
    struct loop *loop;
    const struct settings *settings; /* application.*, hub_name */
    const struct zone *zone;         /* of the days and times */
    struct metrics *metrics;
};

int applog_new(struct applog **ret, const struct applog_opts *opts) LM_MUST_CHECK;
/* Writes what is left. No job may be under way: the loop has come to its end, and runs once more
 * for the handle that is closed here (loop_fini() does that). NULL is fine. */
void applog_free(struct applog *a);

/* A hub_sink_fn. */
void applog_sink(const struct batch *b, void *applog);

/* For want of space (DESIGN 7): deletes the oldest file that is not written any more. False: there
 * is none. Any thread. */
bool applog_drop_oldest(const struct applog *a, uint64_t *ret_bytes);

#endif
