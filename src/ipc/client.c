/* SPDX-License-Identifier: MIT
 *
 * client.c - the life of a client, and bytes in and out.
 *
 *     client_ask.c ─▶ c->out ─▶ socket ─▶ c->in ─▶ client_answer.c       client_call.c waits in between
 *
 * Calls with callbacks, lost connections and servers that say nothing hang on one epoll descriptor
 * with the socket and a clock in it.
 *
 * Threads: the client's. Owns: the socket, epoll and the clock.
 */
#include "ipc/client_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { READ_SIZE = 256 * 1024 };

/* --- life --- */

static void set_defaults(struct lm_client_opts *o)
{
    if (!o->frame_max)
        o->frame_max = 16 << 20;
    if (o->frame_max < FRAME_MAX)
        o->frame_max = FRAME_MAX;
    if (!o->timeout_ms)
        o->timeout_ms = 30000;
    if (!o->retry_min_ms)
        o->retry_min_ms = 50;
    if (!o->retry_max_ms)
        o->retry_max_ms = 5000;
}

static int open_clock(struct lm_client *c)
{
    struct epoll_event ev = {.events = EPOLLIN};

    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    ev.data.fd = c->clock;
    if (c->epoll < 0 || c->clock < 0 || epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->clock, &ev) < 0)
        return -errno;
    return 0;
}

int lm_client_open(struct lm_client **ret, const struct lm_client_opts *opts)
{
    struct lm_client *c = calloc(1, sizeof *c);

    *ret = NULL;
    if (!c)
        return -ENOMEM;
    c->opts = *opts;
    set_defaults(&c->opts);
    c->fd = c->epoll = c->clock = -1;
    c->retry_us = c->alarm_us = INT64_MAX;
    c->path = strdup(opts->socket);
    int err = c->path ? open_clock(c) : -ENOMEM;
    if (err < 0) {
        lm_client_close(c);
        return err;
    }
    err = client_connect(c);
    if (err == -ENOMEM || (err < 0 && opts->no_retry)) {
        lm_client_close(c);
        return err;
    }
    *ret = c;
    if (err < 0) {
        c->retry_us = clock_mono_us() + (int64_t)c->opts.retry_min_ms * 1000;
        client_note(c, c->retry_us);
    }
    return err;
}

void lm_client_close(struct lm_client *c)
{
    if (!c)
        return;
    c->opts.no_retry = true;
    c->opts.on_state = NULL;
    if (c->fd >= 0)
        client_lost(c);
    for (uint32_t i = 0; i < c->size; i++)
        if (c->table[i].request)
            pending_fail(c, &c->table[i], LM_DISCONNECTED, "the client was closed");
    if (c->clock >= 0)
        close(c->clock);
    if (c->epoll >= 0)
        close(c->epoll);
    buf_fini(&c->in);
    buf_fini(&c->out);
    free(c->table);
    free(c->path);
    free(c);
}

bool lm_client_connected(const struct lm_client *c)
{
    return c->fd >= 0;
}

/* --- the clock --- */

void client_note(struct lm_client *c, int64_t due_us)
{
    if (due_us >= c->alarm_us)
        return;
    int64_t in_us = due_us - clock_mono_us();
    if (in_us < 1)
        in_us = 1;
    struct itimerspec at = {.it_value = {in_us / 1000000, in_us % 1000000 * 1000}};
    if (timerfd_settime(c->clock, 0, &at, NULL) == 0)
        c->alarm_us = due_us;
}

static void hear_clock(struct lm_client *c)
{
    uint64_t rings;

    if (read(c->clock, &rings, sizeof rings) != sizeof rings)
        return;
    c->alarm_us = INT64_MAX;
    client_ring(c);
}

/* --- sending --- */

static void want_out(struct lm_client *c, bool want)
{
    struct epoll_event ev = {.events = want ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.fd = c->fd};

    if (want == c->wants_out)
        return;
    c->wants_out = want;
    epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

int client_send(struct lm_client *c)
{
    if (c->fd < 0)
        return -ENOTCONN;
    if (c->out.failed)
        return -ENOMEM;
    while (c->sent < c->out.n) {
        ssize_t n =
            send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            want_out(c, true);
            return 0;
        }
        if (n < 0)
            return -errno;
        c->sent += (size_t)n;
    }
    want_out(c, false);
    buf_clear(&c->out);
    c->sent = 0;
    return 0;
}

void lm_client_hold(struct lm_client *c)
{
    c->hold++;
}

int lm_client_flush(struct lm_client *c)
{
    if (c->hold)
        c->hold--;
    return c->hold || c->fd < 0 ? 0 : client_send(c);
}

/* --- receiving --- */

/* How much to read: large frames exactly to their end and the head of the next, so that nothing has
 * to be moved. */
static size_t wanted(const struct lm_client *c)
{
    uint32_t length;

    if (c->in.n < sizeof length)
        return READ_SIZE;
    memcpy(&length, c->in.p, sizeof length);
    size_t whole = FRAME_HEADER + (size_t)length;
    if (length > c->opts.frame_max || whole <= c->in.n || whole < READ_SIZE / 2)
        return READ_SIZE;
    return whole - c->in.n + FRAME_HEADER + CHUNK_HEAD;
}

int client_receive(struct lm_client *c, int flags)
{
    if (c->taken == c->in.n)
        buf_clear(&c->in);
    else
        buf_consume(&c->in, c->taken);
    c->taken = 0;
    size_t want = wanted(c);
    if (buf_reserve(&c->in, want) < 0)
        return -ENOMEM;
    ssize_t n = recv(c->fd, c->in.p + c->in.n, want, flags);
    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    if (n == 0)
        return -ECONNRESET;
    c->in.n += (size_t)n;
    return 0;
}

int client_handle(struct lm_client *c)
{
    struct frame f;
    int64_t n = 0;
    int handled = 0, got = 0;

    c->hold++; /* what callbacks ask leaves together */
    while (got >= 0 && !c->answered && c->fd >= 0 &&
           (n = frame_read(str_of(c->in.p + c->taken, c->in.n - c->taken), c->opts.frame_max, &f)) >
               0) {
        c->taken += (size_t)n;
        got = client_on_frame(c, &f);
        handled += got > 0;
    }
    c->hold--;
    if (n < 0 || got < 0)
        return -LM_E_PROTOCOL;
    if (c->out.n > c->sent && c->fd >= 0 && client_send(c) < 0)
        return -EPIPE;
    return handled;
}

static int read_socket(struct lm_client *c)
{
    int err = client_receive(c, MSG_DONTWAIT);
    int handled = err == 0 ? client_handle(c) : 0;

    if (err == -EAGAIN)
        return 0;
    if (err < 0 || handled < 0) {
        client_lost(c);
        return 0;
    }
    return handled;
}

int lm_client_fd(const struct lm_client *c)
{
    return c->epoll;
}

int lm_client_dispatch(struct lm_client *c, int timeout_ms)
{
    struct epoll_event events[2];
    int handled = 0;

    if (c->taken < c->in.n) { /* left behind by a call that did not read on */
        handled = client_handle(c);
        if (handled != 0) {
            if (handled < 0)
                client_lost(c);
            return handled < 0 ? 0 : handled;
        }
    }
    if (c->fd >= 0 && c->out.n > c->sent && !c->wants_out && client_send(c) < 0)
        client_lost(c);
    int n = epoll_wait(c->epoll, events, 2, timeout_ms);
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    if (n == 0)
        return 0;
    bool clock = false, socket = false;
    for (int i = 0; i < n; i++) {
        clock |= events[i].data.fd == c->clock;
        socket |= events[i].data.fd != c->clock;
    }
    if (c->fd >= 0 && c->wants_out && client_send(c) < 0)
        client_lost(c);
    if (c->fd >= 0 && socket)
        handled = read_socket(c);
    if (clock)
        hear_clock(c);
    return handled;
}
