/* SPDX-License-Identifier: MIT
 *
 * logger_impl.h - what the files logger*.c share, and nobody else sees.
 *
 *     logger.c        records into the ring       logger_hub.c    the connection that says so, and flush
 *     logger_open.c   opened, forked, closed      logger_scope.c  labels that many records share
 *
 * Threads: any; `lock` is held around everything but `life`, `source`, `data_n` and `min_level`.
 * Owns:    see include/logmill/log.h.
 */
#ifndef LM_CLIENT_LOGGER_IMPL_H
#define LM_CLIENT_LOGGER_IMPL_H

#include <logmill/log.h>

#include "client/ring.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { LOGGER_RETRY_MIN_US = 50 * 1000 }; /* the first wait after a lost connection */

/* What the page says: 0 in a child that has not begun yet. */
enum { LIFE_NONE, LIFE_GOING, LIFE_BEGINNING };

struct lm_log {
    pthread_mutex_t lock;
    _Atomic uint32_t *life; /* in the page that a fork empties */
    struct ring ring;
    int fd; /* to the hub; -1: none */
    int64_t retry_us, wait_us;
    struct str source;
    uint64_t data_n;
    enum lm_level min_level;
    char dir[sizeof((struct sockaddr_un *)0)->sun_path + 8];
    struct sockaddr_un hub;
    char source_text[RING_SOURCE_MAX];
};

struct lm_scope {
    size_t n;
    char bytes[]; /* labels as the ring has them */
};

/* --- logger_open.c --- */

/* In a child: what belongs to the parent is let go of, untouched, and a life of its own begins. */
void logger_be_born(struct lm_log *log);

/* The first thing in every call: is this still the process that opened the log? */
static inline void logger_check_life(struct lm_log *log)
{
    if (atomic_load_explicit(log->life, memory_order_acquire) != LIFE_GOING)
        logger_be_born(log);
}

/* --- logger_hub.c; with the lock --- */

/* Connects and says which ring this is; without success the next attempt is due at retry_us. */
void logger_call_hub(struct lm_log *log);
/* WAKE: there is something, and if offset is not 0, say when that much is in the journal. */
void logger_wake_hub(struct lm_log *log, uint64_t offset);

#endif
