/* SPDX-License-Identifier: MIT
 *
 * tick.h - a one-shot timer with microseconds, which libuv's timers (milliseconds) are not.
 *
 * Threads: loop thread. Owns: a timerfd.
 */
#ifndef LM_STREAM_TICK_H
#define LM_STREAM_TICK_H

#include "net/loop.h"

#include <stdint.h>

struct tick {
    uv_poll_t poll;
    int fd;
    int64_t due_us; /* monotonic; 0: not armed */
    void (*fn)(struct tick *t);
};

int tick_init(struct tick *t, struct loop *l, void (*fn)(struct tick *)) LM_MUST_CHECK;
/* Calls fn once after delay_us; a tick that is armed already for an earlier time keeps it. */
void tick_arm(struct tick *t, int64_t delay_us);
/* Closes; the memory must live until the loop has run the close callback. */
void tick_close(struct tick *t);

#endif
