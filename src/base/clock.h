/* SPDX-License-Identifier: MIT
 *
 * clock.h - what time it is, in microseconds, with a switch for tests.
 *
 * Wall-clock times are microseconds since 1970 UTC. Timers and deadlines use the monotonic clock.
 * A test calls clock_fake() once; from then on time moves only by clock_advance().
 *
 * Threads: any; tests call clock_fake() before they start others. Owns: nothing.
 */
#ifndef LM_BASE_CLOCK_H
#define LM_BASE_CLOCK_H

#include "base/str.h"

int64_t clock_wall_us(void);
int64_t clock_mono_us(void);

void clock_fake(int64_t wall_us);
void clock_advance(int64_t us);

/* Writes RFC 3339 UTC with microseconds, "2026-01-15T10:30:45.123456Z" (27 bytes, no terminator).
 * Times outside the years 0000..9999 are clamped. Returns 27. */
size_t clock_rfc3339(int64_t wall_us, char out[27]);

/* Reads RFC 3339: "2026-01-15T10:30:45.123456Z", any number of fraction digits or none, 'T', 't' or
 * a space in the middle, "Z" or "+01:30" at the end; or a date alone, which means its midnight
 * UTC. */
bool clock_parse(struct str text, int64_t *ret_us);

#endif
