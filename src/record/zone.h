/* SPDX-License-Identifier: MIT
 *
 * zone.h - what a clock on the wall showed, as a point in time.
 *
 * For sources whose lines do not name their zone. Understands "UTC", fixed offsets ("+01:00"),
 * "local" (the machine's), and names of the machine's time zone database ("Europe/Berlin"), read
 * from its compiled files (RFC 8536) with the rule at their end for the years beyond the table.
 * libc's own conversion hangs on one zone for the whole process, which is not enough here.
 *
 * Threads: immutable after zone_load().
 * Owns:    the table of transitions.
 */
#ifndef LM_RECORD_ZONE_H
#define LM_RECORD_ZONE_H

#include "base/err.h"
#include "base/str.h"

struct zone_change {
    int64_t from_s;   /* from this second on ... */
    int32_t offset_s; /* ... clocks are this far ahead of UTC */
};

/* "the Nth weekday W of month M at this second of the day", as in POSIX's TZ. */
struct zone_day {
    uint32_t month, week, weekday;
    int32_t at_s;
};

struct zone {
    int32_t first_s; /* offset before the first change; the only one of a fixed zone */
    struct zone_change *changes;
    size_t count;
    bool has_rule; /* daylight saving goes on after the last change */
    int32_t standard_s, daylight_s;
    struct zone_day start, end;
};

/* -LM_E_UNKNOWN: no such zone; -LM_E_DAMAGED: its file is not what it should be; -ENOMEM, -errno. */
int zone_load(struct zone *z, const char *name) LM_MUST_CHECK;
void zone_fini(struct zone *z);

/* Seconds since 1970 of a local time given as if it were UTC. A time that a change skipped or
 * repeated is read with the offset before the change. */
int64_t zone_to_utc(const struct zone *z, int64_t local_s);

/* How far clocks are ahead of UTC at this second since 1970. */
int32_t zone_offset(const struct zone *z, int64_t utc_s);

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
int64_t zone_days(int32_t year, uint32_t month, uint32_t day);

#endif
