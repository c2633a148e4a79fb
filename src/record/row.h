/* SPDX-License-Identifier: MIT
 *
 * row.h - a record as a row of a file: text for people, NDJSON and CSV for programs.
 *
 *     text     2026-01-15 10:30:45 WARN: disk nearly full        one record, one line
 *     ndjson   {"id":4711,"timestamp":…}                         encode.h, whole messages, and `ttl`
 *     csv      id,timestamp,level,stream,source,message,labels,fields    RFC 4180, with a head line
 *
 * In text, control characters are made visible and escape sequences taken out (show.h): what a
 * process wrote can neither begin a line of its own nor move anybody's cursor.
 *
 * Threads: one at a time. Owns: nothing; the zone is borrowed.
 */
#ifndef LM_RECORD_ROW_H
#define LM_RECORD_ROW_H

#include "record/record.h"
#include "record/zone.h"

enum row_format { ROW_TEXT, ROW_NDJSON, ROW_CSV };

/* Writes the time of a row; remembers the last second, because most rows share one with the row
 * before. */
struct row_clock {
    const struct zone *zone;
    int64_t second; /* of text; INT64_MIN: none yet */
    char text[20];  /* "2026-01-15 10:30:45 " */
};

static inline struct row_clock row_clock(const struct zone *zone)
{
    return (struct row_clock){.zone = zone, .second = INT64_MIN};
}

/* What stands before the first row: the names of the columns of a CSV, else nothing. */
void row_add_head(struct buf *out, enum row_format format);
/* Appends one row with its end. Check buf_error(). */
void row_add(struct buf *out, enum row_format format, struct row_clock *clock,
             const struct record *r);

/* "2026-01-15": the day of this time in the clock's zone. */
void row_day(struct row_clock *clock, int64_t time_us, char out[11]);

#endif
