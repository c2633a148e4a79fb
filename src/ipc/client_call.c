/* SPDX-License-Identifier: MIT
 *
 * client_call.c - a call that waits for its answer.
 *
 * Its path is short on purpose: one send, one receive that sleeps in the kernel.
 *
 * Threads: the client's. Owns: nothing.
 */
#include "ipc/client_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

enum { SLEEP_MAX_MS = 3600 * 1000 };

/* The socket's own time-out is set anew only when it would be too long, or far too short: so nearly
 * every call sleeps in one system call. Who wakes early looks at the clock and sleeps again. */
static int sleep_in_receive(struct lm_client *c, int64_t left_ms)
{
    int64_t most_ms = left_ms < SLEEP_MAX_MS ? left_ms : SLEEP_MAX_MS;

    if (c->sleep_ms > most_ms || c->sleep_ms <= most_ms / 8) {
        c->sleep_ms = most_ms / 2 + 1;
        struct timeval t = {c->sleep_ms / 1000, c->sleep_ms % 1000 * 1000};
        if (setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) < 0)
            return -errno;
    }
    return client_receive(c, 0);
}

/* Sleeps until bytes come or the time is over. */
static int await_bytes(struct lm_client *c, int64_t due_us)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN | POLLOUT};
    int64_t now_us = clock_mono_us();
    int64_t spin_us = now_us + c->opts.spin_us;
    int err;

    while (c->opts.spin_us && now_us < spin_us) {
        err = client_receive(c, MSG_DONTWAIT);
        if (err != -EAGAIN)
            return err;
        now_us = clock_mono_us();
    }
    int64_t left_ms = (due_us - now_us + 999) / 1000;
    if (left_ms <= 0)
        return -ETIMEDOUT;
    if (!c->wants_out)
        return sleep_in_receive(c, left_ms);
    int n = poll(&p, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
    if (n <= 0)
        return n == 0 ? -ETIMEDOUT : -EAGAIN;
    if ((p.revents & POLLOUT) && client_send(c) < 0)
        return -EPIPE;
    return p.revents & ~POLLOUT ? client_receive(c, MSG_DONTWAIT) : -EAGAIN;
}

static void wait_for_answer(struct lm_client *c)
{
    while (!c->answered) {
        const struct pending *p = pending_find(c, c->answer_request);
        if (!p) { /* its stream was cancelled by a callback and has ended */
            c->answered = true;
            return;
        }
        if (c->fd < 0) {
            (void)lm_client_dispatch(c, 100);
            continue;
        }
        int err = await_bytes(c, p->due_us);
        if (err == 0)
            err = client_handle(c);
        if (err == -ETIMEDOUT)
            pending_fail(c, pending_find(c, c->answer_request), LM_TIMEOUT,
                         "the server did not answer in time");
        else if (err < 0 && err != -EAGAIN)
            client_lost(c);
    }
}

int lm_client_call_with(struct lm_client *c, const struct lm_ask *ask, struct lm_answer *ret)
{
    struct lm_answer answer = {0};

    if (c->waiting_call || c->hold)
        return -EBUSY;
    if (c->fd < 0) {
        int err = client_connect(c);
        if (err < 0)
            return err;
    }
    int err = client_put(c, ask, &c->answer_request);
    if (err == 0 && client_send(c) < 0) {
        client_lost(c);
        err = -ENOTCONN;
    }
    if (err < 0 || ask->no_reply) {
        *ret = answer;
        return err;
    }
    c->answer = &answer;
    c->answered = false;
    c->waiting_call = true;
    wait_for_answer(c);
    c->waiting_call = c->answered = false;
    c->answer = NULL;
    *ret = answer;
    if (c->taken < c->in.n)
        client_note(c, 0); /* more has come: let the descriptor say so */
    return 0;
}

int lm_client_call(struct lm_client *c, const char *channel, struct lm_str args,
                   struct lm_answer *ret)
{
    return lm_client_call_with(c, &(struct lm_ask){.channel = channel, .args = args}, ret);
}
