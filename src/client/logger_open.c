/* SPDX-License-Identifier: MIT
 *
 * logger_open.c - a log is opened, forked and closed.
 *
 * A page that the kernel empties in a child (MADV_WIPEONFORK) tells that this is another process
 * now: the child leaves the parent's ring, lock and connection alone and begins its own.
 *
 * Threads: any. Owns: struct lm_log.
 */
#include "client/logger_impl.h"

#include "record/utf8.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void begin_life(struct lm_log *log)
{
    pthread_mutex_init(&log->lock, NULL);
    log->fd = -1;
    log->retry_us = 0;
    log->wait_us = LOGGER_RETRY_MIN_US;
}

void logger_be_born(struct lm_log *log)
{
    uint32_t none = LIFE_NONE;

    if (!atomic_compare_exchange_strong(log->life, &none, LIFE_BEGINNING)) {
        while (atomic_load(log->life) == LIFE_BEGINNING)
            sched_yield();
        return;
    }
    if (log->fd >= 0)
        close(log->fd);
    ring_close(&log->ring);
    begin_life(log);
    if (ring_create(&log->ring, log->dir, log->source, log->data_n) == 0)
        logger_call_hub(log);
    atomic_store(log->life, LIFE_GOING);
}

static uint64_t round_up(uint64_t n)
{
    uint64_t size = RING_DATA_MIN;

    while (size < n && size < RING_DATA_MAX)
        size *= 2;
    return size;
}

static int set_paths(struct lm_log *log, const struct lm_log_opts *opts)
{
    const char *source = opts->source ? opts->source : program_invocation_short_name;
    size_t n = opts->socket ? strlen(opts->socket) : 0;

    if (n == 0 || n >= sizeof log->hub.sun_path || strlen(source) > RING_SOURCE_MAX || !source[0] ||
        opts->ring_bytes > RING_DATA_MAX)
        return -EINVAL;
    log->hub.sun_family = AF_UNIX;
    memcpy(log->hub.sun_path, opts->socket, n + 1);
    snprintf(log->dir, sizeof log->dir, "%s.rings", opts->socket);
    memcpy(log->source_text, source, strlen(source));
    log->source = str_of(log->source_text, strlen(source));
    if (utf8_valid_prefix(log->source) < log->source.n)
        return -EINVAL;
    return 0;
}

int lm_log_open(struct lm_log **ret, const struct lm_log_opts *opts)
{
    struct lm_log *log = calloc(1, sizeof *log);

    if (!log)
        return -ENOMEM;
    log->ring.fd = -1;
    log->data_n = round_up(opts->ring_bytes ? opts->ring_bytes : 4 << 20);
    log->min_level = opts->min_level ? opts->min_level : LM_DEBUG;
    begin_life(log);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int err = page == MAP_FAILED || madvise(page, 4096, MADV_WIPEONFORK) < 0 ? -errno : 0;
    log->life = page == MAP_FAILED ? NULL : page;
    if (err == 0)
        err = set_paths(log, opts);
    if (err == 0)
        err = ring_create(&log->ring, log->dir, log->source, log->data_n);
    if (err < 0) {
        lm_log_close(log);
        return err;
    }
    atomic_store(log->life, LIFE_GOING);
    logger_call_hub(log);
    *ret = log;
    return 0;
}

void lm_log_close(struct lm_log *log)
{
    if (!log)
        return;
    /* Gives up the lock first: the hub looks for it when the connection ends. */
    ring_close(&log->ring);
    if (log->fd >= 0)
        close(log->fd);
    if (log->life)
        munmap((void *)(uintptr_t)log->life, 4096);
    pthread_mutex_destroy(&log->lock);
    free(log);
}
