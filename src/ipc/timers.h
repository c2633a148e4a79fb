/* SPDX-License-Identifier: MIT
 *
 * timers.h - what is due when: a heap of timers that live inside their owners.
 *
 * Arming and stopping cost O(log n) and no allocation per timer; only the heap itself grows.
 *
 * Threads: one at a time. Owns: the heap; timers belong to whoever embeds them.
 */
#ifndef LM_IPC_TIMERS_H
#define LM_IPC_TIMERS_H

#include "base/err.h"

#include <stdint.h>

struct timer {
    int64_t due_us; /* monotonic */
    uint32_t place; /* in the heap, from 1; 0: not armed */
    void (*fn)(struct timer *timer);
};

/* Zeroed, it is empty. */
struct timers {
    struct timer **heap;
    uint32_t n, cap;
};

void timers_fini(struct timers *t);
/* Arms, or arms anew. -ENOMEM leaves it as it was. */
int timer_arm(struct timers *t, struct timer *timer, int64_t due_us) LM_MUST_CHECK;
void timer_stop(struct timers *t, struct timer *timer);
/* When the first is due; INT64_MAX: none is armed. */
int64_t timers_next(const struct timers *t);
/* Stops and calls every timer that is due by now_us; how many. A timer may arm or stop any
 * other. */
uint32_t timers_run(struct timers *t, int64_t now_us);

#endif
