/* SPDX-License-Identifier: MIT
 *
 * rate.h - at most so many calls in a window of time.
 *
 * A window begins with the first call after the one before has ended.
 *
 * Threads: one at a time. Owns: nothing.
 */
#ifndef LM_IPC_RATE_H
#define LM_IPC_RATE_H

#include <logmill/manager.h>

struct rate_window {
    int64_t start_us;
    uint32_t used;
};

/* Takes one. 0, or how many ms are left until the window ends (at least 1). */
static inline uint32_t rate_take(struct rate_window *w, const struct lm_rate *limit, int64_t now_us)
{
    int64_t length_us = (int64_t)limit->window_ms * 1000;

    if (!limit->requests)
        return 0;
    if (!w->used || now_us - w->start_us >= length_us)
        *w = (struct rate_window){.start_us = now_us};
    if (w->used < limit->requests) {
        w->used++;
        return 0;
    }
    return (uint32_t)((w->start_us + length_us - now_us + 999) / 1000);
}

#endif
