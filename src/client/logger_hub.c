/* SPDX-License-Identifier: MIT
 *
 * logger_hub.c - the connection of a logger: it carries next to nothing.
 *
 * Which ring this is, a WAKE when the hub sleeps, and the question of a flush. When it is lost the
 * records wait in the ring, and every now and then a record tries to connect again; a hub that
 * comes reads every ring and marks it, so that the next record calls it.
 *
 * Threads: any, with log->lock. Owns: log->fd.
 */
#include "client/logger_impl.h"

#include "base/clock.h"
#include "ipc/frame_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum { RETRY_MAX_US = 5 * 1000 * 1000 };

static void logger_hang_up(struct lm_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
    log->retry_us = clock_mono_us() + log->wait_us;
    log->wait_us = log->wait_us * 2 < RETRY_MAX_US ? log->wait_us * 2 : RETRY_MAX_US;
}

void logger_call_hub(struct lm_log *log)
{
    struct buf out = {0};

    log->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (log->fd < 0 || connect(log->fd, (const struct sockaddr *)&log->hub, sizeof log->hub) < 0) {
        logger_hang_up(log);
        return;
    }
    frame_add_hello(&out, &(struct frame_hello){.version = FRAME_VERSION,
                                                .features = FRAME_FEATURE_RING,
                                                .max_frame = FRAME_MAX});
    struct opened f = frame_open(&out, FRAME_RING);
    buf_add(&out, log->ring.run, FRAME_RUN_ID);
    frame_close(&out, f);
    if (out.failed || send(log->fd, out.p, out.n, MSG_NOSIGNAL) != (ssize_t)out.n)
        logger_hang_up(log);
    else
        log->wait_us = LOGGER_RETRY_MIN_US;
    buf_fini(&out);
}

void logger_wake_hub(struct lm_log *log, uint64_t offset)
{
    uint8_t frame[FRAME_HEADER + 8];

    if (log->fd < 0)
        return;
    frame_put_header(frame, FRAME_WAKE, 8);
    put_le(frame + FRAME_HEADER, offset, 8);
    ssize_t n = send(log->fd, frame, sizeof frame, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n != sizeof frame && !(n < 0 && errno == EAGAIN)) /* full: it has been woken often enough */
        logger_hang_up(log);
}

/* Reads frames until one ACK says that `offset` is in the journal. */
static int await_ack(int fd, uint64_t offset, int64_t due_us)
{
    char bytes[512];
    size_t have = 0;

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        struct frame f;
        struct frame_ack ack;
        int64_t n, left_ms = (due_us - clock_mono_us() + 999) / 1000;
        if (left_ms <= 0 || poll(&p, 1, (int)(left_ms < 60000 ? left_ms : 60000)) == 0)
            return -ETIMEDOUT;
        ssize_t got = recv(fd, bytes + have, sizeof bytes - have, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return -ENOTCONN;
        have += got > 0 ? (size_t)got : 0;
        while ((n = frame_read(str_of(bytes, have), sizeof bytes - FRAME_HEADER, &f)) > 0) {
            bool done = f.type == FRAME_ACK && frame_get_ack(f.payload, &ack) == 0 &&
                        ack.stdout_n >= offset;
            have -= (size_t)n;
            memmove(bytes, bytes + n, have);
            if (done)
                return 0;
        }
        if (n < 0)
            return -ENOTCONN;
    }
}

int lm_log_flush(struct lm_log *log, uint32_t timeout_ms)
{
    int64_t due_us = clock_mono_us() + (int64_t)timeout_ms * 1000;

    logger_check_life(log);
    pthread_mutex_lock(&log->lock);
    if (log->fd < 0)
        logger_call_hub(log);
    uint64_t offset = log->ring.head;
    logger_wake_hub(log, offset);
    /* Others may log meanwhile; two that flush share what is read, so they take turns. */
    int fd = log->fd < 0 ? -1 : fcntl(log->fd, F_DUPFD_CLOEXEC, 3);
    pthread_mutex_unlock(&log->lock);
    if (fd < 0)
        return -ENOTCONN;
    int err = await_ack(fd, offset, due_us);
    close(fd);
    if (err == -ENOTCONN) {
        pthread_mutex_lock(&log->lock);
        logger_hang_up(log);
        pthread_mutex_unlock(&log->lock);
    }
    return err;
}
