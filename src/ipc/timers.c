/* SPDX-License-Identifier: MIT
 *
 * timers.c - a binary heap by due time; every timer knows its place.
 */
#include "ipc/timers.h"

#include <errno.h>
#include <stdlib.h>

void timers_fini(struct timers *t)
{
    free(t->heap);
    *t = (struct timers){0};
}

static void put(struct timers *t, uint32_t place, struct timer *timer)
{
    t->heap[place - 1] = timer;
    timer->place = place;
}

static void sift_up(struct timers *t, struct timer *timer, uint32_t place)
{
    while (place > 1 && t->heap[place / 2 - 1]->due_us > timer->due_us) {
        put(t, place, t->heap[place / 2 - 1]);
        place /= 2;
    }
    put(t, place, timer);
}

static void sift_down(struct timers *t, struct timer *timer, uint32_t place)
{
    for (;;) {
        uint32_t child = 2 * place;
        if (child > t->n)
            break;
        if (child < t->n && t->heap[child]->due_us < t->heap[child - 1]->due_us)
            child++;
        if (t->heap[child - 1]->due_us >= timer->due_us)
            break;
        put(t, place, t->heap[child - 1]);
        place = child;
    }
    put(t, place, timer);
}

static int grow(struct timers *t)
{
    uint32_t cap = t->cap ? 2 * t->cap : 64;
    struct timer **heap = realloc(t->heap, cap * sizeof(struct timer *));

    if (!heap)
        return -ENOMEM;
    t->heap = heap;
    t->cap = cap;
    return 0;
}

int timer_arm(struct timers *t, struct timer *timer, int64_t due_us)
{
    if (!timer->place && t->n == t->cap && grow(t) < 0)
        return -ENOMEM;
    timer_stop(t, timer);
    timer->due_us = due_us;
    sift_up(t, timer, ++t->n);
    return 0;
}

void timer_stop(struct timers *t, struct timer *timer)
{
    uint32_t place = timer->place;

    if (!place)
        return;
    timer->place = 0;
    struct timer *last = t->heap[--t->n];
    if (last == timer)
        return;
    if (place > 1 && t->heap[place / 2 - 1]->due_us > last->due_us)
        sift_up(t, last, place);
    else
        sift_down(t, last, place);
}

int64_t timers_next(const struct timers *t)
{
    return t->n ? t->heap[0]->due_us : INT64_MAX;
}

uint32_t timers_run(struct timers *t, int64_t now_us)
{
    uint32_t ran = 0;

    while (t->n && t->heap[0]->due_us <= now_us) {
        struct timer *timer = t->heap[0];
        timer_stop(t, timer);
        timer->fn(timer);
        ran++;
    }
    return ran;
}
