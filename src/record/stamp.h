/* SPDX-License-Identifier: MIT
 *
 * stamp.h - the time stamps that programs write, read from the front of a text.
 *
 *     2026-01-02T15:04:05.123456Z       2026-01-02 15:04:05,123      2026/01/02 15:04:05
 *     10/Oct/2000:13:55:36 -0700        Sun Dec 04 04:47:44 2005     Jan  2 15:04:05
 *     20260102T150405Z                  081109 203615                1700000000.123
 *
 * and the others in the table of stamp.c. Reading and placing are two steps: a stamp that lacks its
 * year or its zone is recognised (so that the search for a level goes on behind it), but it is a
 * point in time only with the help of a source's configured zone. Guessing is not an option: an
 * hour's error is worse than the time of the read, which is right to the millisecond for everything
 * that is alive.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_STAMP_H
#define LM_RECORD_STAMP_H

#include "record/zone.h"

enum { STAMP_SECOND = 19 };

struct stamp {
    int32_t year;        /* -1: not said */
    uint32_t month, day; /* 0: not said */
    int64_t us;          /* of the day */
    int64_t epoch_us;    /* what a number says; the fields above are not used then */
    int32_t zone_s;      /* east of Greenwich */
    bool has_zone, is_epoch;
    bool is_iso;     /* its first STAMP_SECOND bytes are "2026-01-02T15:04:05" */
    bool short_year; /* two digits, which some read as a day: must not lie in the future */
    bool is_logcat;  /* as Android writes it: two numbers and a letter follow */
};

/* Reads a stamp at the very start of text. Returns its length, 0 when there is none. */
size_t stamp_read(struct str text, struct stamp *ret);

/* The point in time a stamp means, with `zone` (NULL = none) for what it does not say. A missing
 * year is the latest that does not put it more than a day after read_us. False: not complete. */
bool stamp_time(const struct stamp *s, const struct zone *zone, int64_t read_us, int64_t *ret_us);

/* The second that was read last. Lines of one source mostly share it with the line before. */
struct stamp_memo {
    char text[STAMP_SECOND]; /* as it was written; zeros before the first */
    int64_t local_s;         /* since 1970, as if it were UTC */
};

/* A whole text that is one stamp or an epoch number: the value of a JSON or logfmt member. */
bool stamp_parse(struct str text, const struct zone *zone, int64_t read_us, struct stamp_memo *memo,
                 int64_t *ret_us);

/* A number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size;
 * from 1973 on, as JSON writes numbers. */
bool stamp_epoch(struct str number, int64_t *ret_us);

#endif
