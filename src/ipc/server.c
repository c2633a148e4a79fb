/* SPDX-License-Identifier: MIT
 *
 * server.c - the manager's own loop: one epoll descriptor for its sockets and its clock.
 *
 * The descriptor is readable when there is something to do, so that any other loop can wait for it.
 *
 * Threads: the manager's. Owns: the descriptor and the clock.
 */
#include "ipc/server_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 64,
    SPIN_READS = 8, /* looks at the last connection for each look at all */
};

/* --- the clock --- */

static void arm(struct server *s)
{
    if (s->due_us == INT64_MAX || s->armed_us <= s->due_us)
        return;
    int64_t in_us = s->due_us - clock_mono_us();
    if (in_us < 1)
        in_us = 1;
    struct itimerspec at = {.it_value = {in_us / 1000000, in_us % 1000000 * 1000}};
    if (timerfd_settime(s->clock, 0, &at, NULL) == 0)
        s->armed_us = s->due_us;
}

void server_alarm(struct server *s, int64_t due_us)
{
    if (!s)
        return; /* the manager is ending */
    s->due_us = due_us;
    if (!s->dispatching)
        arm(s);
}

static void on_clock(struct watched *w, uint32_t events)
{
    struct server *s = LIST_ITEM(w, struct server, on_clock);
    uint64_t rings;

    (void)events;
    (void)!read(s->clock, &rings, sizeof rings);
    s->armed_us = INT64_MAX;
}

/* --- life and dispatch --- */

int server_new(struct server **ret, struct lm_manager *m)
{
    struct server *s = calloc(1, sizeof *s);
    struct epoll_event ev = {.events = EPOLLIN};

    if (!s)
        return -ENOMEM;
    s->manager = m;
    s->due_us = s->armed_us = INT64_MAX;
    s->on_clock.on_event = on_clock;
    list_init(&s->listeners);
    list_init(&s->links);
    list_init(&s->closing);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    ev.data.ptr = &s->on_clock;
    if (s->epoll < 0 || s->clock < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->clock, &ev) < 0) {
        int err = -errno;
        if (s->epoll >= 0)
            close(s->epoll);
        if (s->clock >= 0)
            close(s->clock);
        free(s);
        return err;
    }
    *ret = s;
    return 0;
}

static void free_closing(struct server *s)
{
    while (!list_empty(&s->closing))
        link_free(LIST_ITEM(s->closing.next, struct link, link));
}

void server_free(struct server *s)
{
    if (!s)
        return;
    while (!list_empty(&s->links))
        link_free(LIST_ITEM(s->links.next, struct link, link));
    free_closing(s);
    LIST_FOR_EACH_SAFE (at, &s->listeners)
        listener_free(LIST_ITEM(at, struct listener_fd, link));
    close(s->clock);
    close(s->epoll);
    s->manager->server = NULL;
    free(s);
}

int lm_manager_fd(const struct lm_manager *m)
{
    return m->server->epoll;
}

/* Who asked last asks again soon: is it there already? */
static bool read_lately(struct server *s)
{
    for (int i = 0; i < SPIN_READS; i++) {
        struct link *l = s->lately;
        if (!l || l->paused || l->closing)
            return false;
        if (link_read(l))
            return true;
    }
    return false;
}

/* Waiting without sleeping: waking another CPU costs more than most calls. *ret_read: a connection
 * has been read already. */
static int spin(struct server *s, struct epoll_event *events, int64_t until_us, bool *ret_read)
{
    int n;

    do { /* everybody first: one that asks without end must not keep the others out */
        n = epoll_wait(s->epoll, events, EVENTS_MAX, 0);
        *ret_read = n == 0 && read_lately(s);
    } while (n == 0 && !*ret_read && clock_mono_us() < until_us);
    return n;
}

static int await(struct server *s, struct epoll_event *events, int timeout_ms, bool *ret_read)
{
    const struct lm_manager *m = s->manager;
    int64_t now_us = clock_mono_us();
    int n = 0;

    if (!list_empty(&m->ready) || s->due_us <= now_us)
        timeout_ms = 0;
    if (timeout_ms != 0 && m->opts.spin_us)
        n = spin(s, events, now_us + m->opts.spin_us, ret_read);
    if (n != 0 || *ret_read)
        return n;
    if (timeout_ms != 0)
        arm(s);
    n = epoll_wait(s->epoll, events, EVENTS_MAX, timeout_ms);
    return n < 0 && errno == EINTR ? 0 : n < 0 ? -errno : n;
}

int lm_manager_dispatch(struct lm_manager *m, int timeout_ms)
{
    struct server *s = m->server;
    struct epoll_event events[EVENTS_MAX];
    bool done = false;

    s->dispatching = true;
    int n = await(s, events, timeout_ms, &done);
    if (n < 0) {
        s->dispatching = false;
        return n;
    }
    for (int i = 0; i < n; i++) {
        struct watched *w = events[i].data.ptr;
        w->on_event(w, events[i].events);
    }
    manager_enter(m);
    n += (int)done + (int)timers_run(&m->timers, m->now_us);
    streams_run(m);
    manager_leave(m);
    free_closing(s);
    s->dispatching = false;
    if (timeout_ms == 0)
        arm(s);
    return n;
}
