/* SPDX-License-Identifier: MIT
 *
 * tick.c - timerfd in the loop.
 */
#include "stream/tick.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void on_tick(uv_poll_t *poll, int status, int events)
{
    struct tick *t = poll->data;
    uint64_t count;

    (void)status;
    (void)events;
    if (read(t->fd, &count, sizeof count) != sizeof count)
        return;
    t->due_us = 0;
    t->fn(t);
}

int tick_init(struct tick *t, struct loop *l, void (*fn)(struct tick *))
{
    *t = (struct tick){.fn = fn};
    t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (t->fd < 0)
        return -errno;
    t->poll.data = t;
    int err = uv_poll_init(&l->uv, &t->poll, t->fd);
    if (err < 0) {
        close(t->fd);
        return err;
    }
    return uv_poll_start(&t->poll, UV_READABLE, on_tick); /* cannot fail on a fresh handle */
}

void tick_arm(struct tick *t, int64_t delay_us)
{
    struct itimerspec when = {.it_value = {delay_us / 1000000, delay_us % 1000000 * 1000}};
    int64_t due_us = clock_mono_us() + delay_us;

    if (t->due_us > 0 && t->due_us <= due_us)
        return;
    if (delay_us <= 0)
        when.it_value = (struct timespec){0, 1};
    if (timerfd_settime(t->fd, 0, &when, NULL) == 0)
        t->due_us = due_us;
}

static void on_closed(uv_handle_t *handle)
{
    struct tick *t = handle->data;
    close(t->fd);
}

void tick_close(struct tick *t)
{
    uv_close((uv_handle_t *)&t->poll, on_closed);
}
