/* SPDX-License-Identifier: MIT
 *
 * logger.c - lm_log_*: records into the ring.
 *
 * A record is one copy into the ring, with the lock; the hub is only woken when it sleeps.
 *
 * Threads: any. Owns: nothing.
 */
#include "client/logger_impl.h"

#include "base/clock.h"
#include "client/format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FORMAT_MAX = 2048 };

static char *put(char *at, const char *bytes, size_t n)
{
    if (n)
        memcpy(at, bytes, n);
    return at + n;
}

/* With the lock. -ENOBUFS, -EMSGSIZE; *wake is set when the hub sleeps. */
static int add(struct lm_log *log, const struct lm_entry *e, int64_t now_us, bool *wake)
{
    size_t labels_n = e->scope ? e->scope->n : 0;
    uint64_t size = ring_record_size(labels_n, e->message.n, e->fields.n);

    if (e->message.n > RING_TEXT_MAX || e->fields.n > RING_TEXT_MAX || size > log->data_n / 4) {
        log->ring.dropped++;
        return -EMSGSIZE;
    }
    char *at = ring_reserve(&log->ring, size);
    if (!at)
        return -ENOBUFS;
    struct ring_record head = {.size = (uint32_t)size,
                               .level = (uint8_t)e->level,
                               .labels_n = (uint16_t)labels_n,
                               .message_n = (uint32_t)e->message.n,
                               .fields_n = (uint32_t)e->fields.n,
                               .time_us = e->time_us ? e->time_us : now_us};
    at = put(at, (const char *)&head, sizeof head);
    if (labels_n)
        at = put(at, e->scope->bytes, labels_n);
    at = put(at, e->message.p, e->message.n);
    put(at, e->fields.p, e->fields.n);
    *wake |= ring_commit(&log->ring, size);
    return 0;
}

/* The hub sleeps, or is not there. One that has just come leaves word in the ring: it is called at
 * once. */
static void look_after(struct lm_log *log, bool wake)
{
    if (log->fd >= 0)
        logger_wake_hub(log, 0);
    else if (wake || clock_mono_us() >= log->retry_us)
        logger_call_hub(log);
}

int lm_log_fields(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
                  struct lm_str message, struct lm_str fields)
{
    struct lm_entry e = {.scope = scope, .level = level, .message = message, .fields = fields};
    bool wake = false;

    if (level < log->min_level)
        return 0;
    logger_check_life(log);
    int64_t now_us = clock_wall_us();
    pthread_mutex_lock(&log->lock);
    int err = add(log, &e, now_us, &wake);
    if (wake || log->fd < 0)
        look_after(log, wake);
    pthread_mutex_unlock(&log->lock);
    return err;
}

int lm_log_write(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
                 struct lm_str message)
{
    return lm_log_fields(log, scope, level, message, (struct lm_str){NULL, 0});
}

size_t lm_log_batch(struct lm_log *log, const struct lm_entry *entries, size_t n)
{
    size_t taken = 0;
    bool wake = false;

    logger_check_life(log);
    int64_t now_us = clock_wall_us();
    pthread_mutex_lock(&log->lock);
    for (size_t i = 0; i < n; i++)
        taken += entries[i].level < log->min_level || add(log, &entries[i], now_us, &wake) == 0;
    if (wake || log->fd < 0)
        look_after(log, wake);
    pthread_mutex_unlock(&log->lock);
    return taken;
}

static int log_formatted(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
                         const char *format, va_list args) LM_FORMAT(4, 0);

/* As the C library formats it; texts that the stack has no room for once more, on the heap. */
static int log_formatted(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
                         const char *format, va_list args)
{
    char text[FORMAT_MAX], *large = NULL;
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(text, sizeof text, format, args);
    if (n >= (int)sizeof text && (large = malloc((size_t)n + 1)) != NULL)
        n = vsnprintf(large, (size_t)n + 1, format, again);
    va_end(again);
    if (n < 0)
        return -EINVAL;
    if (!large && n >= (int)sizeof text)
        n = (int)sizeof text - 1; /* no memory: what fits */
    int err = lm_log_write(log, scope, level, (struct lm_str){large ? large : text, (size_t)n});
    free(large);
    return err;
}

int lm_vlogf(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
             const char *format, va_list args)
{
    char text[FORMAT_MAX];

    if (level < log->min_level)
        return 0;
    int n = format_plain(text, sizeof text, format, args);
    if (n < 0)
        return log_formatted(log, scope, level, format, args);
    return lm_log_write(log, scope, level, (struct lm_str){text, (size_t)n});
}

int lm_logf(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
            const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int err = lm_vlogf(log, scope, level, format, args);
    va_end(args);
    return err;
}

void lm_log_get_stats(struct lm_log *log, struct lm_log_stats *ret)
{
    logger_check_life(log);
    pthread_mutex_lock(&log->lock);
    *ret = (struct lm_log_stats){.written = log->ring.written,
                                 .dropped = log->ring.dropped,
                                 .waiting_bytes = ring_waiting(&log->ring),
                                 .connected = log->fd >= 0};
    pthread_mutex_unlock(&log->lock);
}
