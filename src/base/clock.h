/* SPDX-License-Identifier: MIT
 *
 * clock.h - what time it is, in microseconds, with a switch for tests.
 *
 * Wall-clock times are microseconds since 1970 UTC. Timers and deadlines use the monotonic clock.
 * A test calls clock_fake() once; from then on time moves only by clock_advance().
 */
#ifndef LM_BASE_CLOCK_H
#define LM_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_us(void);
int64_t clock_mono_us(void);

void clock_fake(int64_t wall_us);
void clock_advance(int64_t us);

/* Writes RFC 3339 UTC with microseconds, "2026-01-15T10:30:45.123456Z" (27 bytes, no terminator).
 * Times outside the years 0000..9999 are clamped. Returns 27. */
size_t clock_rfc3339(int64_t wall_us, char out[27]);

#endif
