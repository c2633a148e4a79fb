/* SPDX-License-Identifier: MIT
 *
 * client_link.c - the connection of a client: made, lost, made again.
 *
 * Waits double from retry_min_ms to retry_max_ms, each shortened by up to half at random, so that a
 * thousand clients of one server do not come back in one moment.
 */
#include "ipc/client_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(path);

    if (n >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, n + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    /* Connecting must not wait, a call that sleeps for its answer does. */
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        fcntl(fd, F_SETFL, 0) < 0) {
        int err = -errno;
        close(fd);
        return err;
    }
    return fd;
}

static int schedule_retry(struct lm_client *c)
{
    uint64_t wait_ms = c->opts.retry_min_ms;
    uint32_t random = 0;

    for (uint32_t i = 0; i < c->attempts && wait_ms < c->opts.retry_max_ms; i++)
        wait_ms *= 2;
    if (wait_ms > c->opts.retry_max_ms)
        wait_ms = c->opts.retry_max_ms;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) == sizeof random)
        wait_ms -= wait_ms * (random % 1000) / 2000;
    c->attempts++;
    c->retry_us = clock_mono_us() + (int64_t)wait_ms * 1000;
    client_note(c, c->retry_us);
    return 0;
}

/* Idempotent calls and resumable streams are asked again, under new numbers in the order of the
 * old. */
static int by_request(const void *a, const void *b)
{
    const struct pending *x = a, *y = b;
    return (x->request > y->request) - (x->request < y->request);
}

static int ask_again(struct lm_client *c)
{
    struct pending *old = c->table;
    uint32_t size = c->size;

    if (!c->count)
        return 0;
    struct pending *table = calloc(size, sizeof *table);
    if (!table)
        return -ENOMEM;
    qsort(old, size, sizeof *old, by_request);
    c->table = table;
    c->count = 0;
    for (uint32_t i = 0; i < size; i++) {
        if (!old[i].request)
            continue;
        struct pending *p = pending_add(c); /* as many places as before */
        uint64_t request = p->request;
        *p = old[i];
        p->request = request;
        p->streaming = false;
        p->taken = 0;
        size_t at = c->out.n;
        buf_add(&c->out, p->again, p->again_n);
        for (int k = 0; k < 8 && c->out.n > at; k++)
            c->out.p[at + 8 + (size_t)k] = (char)(request >> (8 * k));
        if (c->waiting_call && c->answer_request == old[i].request)
            c->answer_request = request;
    }
    free(old);
    return buf_error(&c->out);
}

int client_connect(struct lm_client *c)
{
    int fd = open_socket(c->path);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

    if (fd < 0)
        return fd;
    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
        int err = -errno;
        close(fd);
        return err;
    }
    c->fd = fd;
    c->retry_us = INT64_MAX;
    c->sleep_ms = 0;
    c->wants_out = false;
    c->frame_max = FRAME_DATA_MAX + FRAME_HELLO_MAX;
    buf_clear(&c->in);
    buf_clear(&c->out);
    c->taken = c->sent = 0;
    frame_add_hello(&c->out, &(struct frame_hello){.version = FRAME_VERSION,
                                                   .features = FRAME_FEATURE_CALLS,
                                                   .max_frame = c->opts.frame_max});
    int err = ask_again(c);
    if (err == 0)
        err = client_send(c);
    if (err == 0 && c->opts.on_state)
        c->opts.on_state(c, LM_CLIENT_CONNECTED, c->opts.ctx);
    return err;
}

/* The frame to send again, with the arguments that resume() gives. */
static bool renew(struct pending *p)
{
    struct buf out = {0};
    struct frame f;
    struct call_frame call;
    struct str attached[CALL_PIECES_MAX];
    struct lm_str args = p->resume(p->ctx);

    if (frame_read(str_of(p->again, p->again_n), UINT32_MAX, &f) <= 0 || call_get(&f, &call) < 0)
        return false;
    for (uint32_t i = 0; i < call.pieces.count; i++)
        attached[i] = pieces_at(&call.pieces, i);
    call.args = str_of(args.p, args.n);
    call_add(&out, &call, attached, call.pieces.count);
    if (out.failed) {
        buf_fini(&out);
        return false;
    }
    free(p->again);
    p->again = out.p;
    p->again_n = out.n;
    return true;
}

static bool survives(struct lm_client *c, struct pending *p)
{
    if (c->opts.no_retry || !p->again)
        return false;
    if (p->streaming && !p->resume)
        return false;
    return !p->resume || renew(p);
}

void client_lost(struct lm_client *c)
{
    if (c->fd < 0)
        return;
    close(c->fd); /* epoll forgets it */
    c->fd = -1;
    buf_clear(&c->out);
    c->sent = 0;
    if (c->opts.on_state)
        c->opts.on_state(c, LM_CLIENT_DISCONNECTED, c->opts.ctx);
    for (uint32_t i = 0; i < c->size; i++) /* a callback may grow the table: some are seen twice */
        if (c->table[i].request && !survives(c, &c->table[i]))
            pending_fail(c, &c->table[i], LM_DISCONNECTED, "the connection was lost");
    if (!c->opts.no_retry)
        schedule_retry(c);
}

static void fail_overdue(struct lm_client *c, int64_t now_us)
{
    int64_t next_us = INT64_MAX;

    for (uint32_t i = 0; i < c->size; i++) {
        struct pending *p = &c->table[i];
        if (!p->request)
            continue;
        if (p->due_us <= now_us)
            pending_fail(c, p, LM_TIMEOUT, "the server did not answer in time");
        else if (p->due_us < next_us)
            next_us = p->due_us;
    }
    if (next_us != INT64_MAX)
        client_note(c, next_us);
}

void client_ring(struct lm_client *c)
{
    int64_t now_us = clock_mono_us();

    if (c->fd < 0 && c->retry_us <= now_us && client_connect(c) < 0) {
        if (c->fd >= 0)
            client_lost(c);
        else
            schedule_retry(c);
    }
    fail_overdue(c, now_us);
}
