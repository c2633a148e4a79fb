/* SPDX-License-Identifier: MIT
 *
 * logmill/log.h - logging to a hub: a copy into shared memory, and nothing that could wait.
 *
 *     struct lm_log *log;
 *     lm_log_open(&log, &(struct lm_log_opts){.socket = path, .source = "traffic"});
 *     struct lm_scope *run = lm_log_scope(log, &(struct lm_labels){.campaign_id = "c1"});
 *     lm_logf(log, run, LM_INFO, "%d clicks", n);
 *
 * Records go into a ring file beside the hub's socket, from where the hub takes them: no system
 * call in the caller while the hub is busy reading, one to wake it when it sleeps. What was logged
 * before a crash is read all the same, each record once; without a hub the ring holds the first
 * ring_bytes and counts what did not fit.
 *
 * After fork() the child logs into a ring of its own with its first record.
 *
 * Threads: a logger may be used by many threads; they wait for each other only while one copies its
 * record. A scope does not change and may be shared.
 */
#ifndef LOGMILL_LOG_H
#define LOGMILL_LOG_H

#include <logmill/common.h>
#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lm_log;
struct lm_scope;

enum lm_level { LM_TRACE = 1, LM_DEBUG, LM_INFO, LM_WARN, LM_ERROR, LM_FATAL };

/* A zero means the default in brackets. */
struct lm_log_opts {
    const char *socket;      /* path of the hub's socket */
    const char *source;      /* [the program's name] at most 256 bytes */
    uint32_t ring_bytes;     /* [4 MiB] rounded up to a power of two; 64 KiB to 1 GiB */
    enum lm_level min_level; /* [LM_DEBUG] records below are not taken */
};

/* -EINVAL; errnos of making the file. That no hub answers is no error: it may come later. */
LM_API int lm_log_open(struct lm_log **ret, const struct lm_log_opts *opts) LM_CHECKED;
/* The hub reads what is left. NULL is fine. Its scopes must not be used any more. */
LM_API void lm_log_close(struct lm_log *log);

/* Whose records these are; NULL members are left out. Further labels by name. */
struct lm_label {
    const char *name, *value;
};
struct lm_labels {
    const char *campaign_id, *user_email, *session_id, *job_run_id, *task_run_id, *task_name;
    const struct lm_label *more;
    size_t more_count;
};
/* A scope carries labels of all its records. NULL: no memory, or labels above 8 KiB. */
LM_API struct lm_scope *lm_log_scope(struct lm_log *log, const struct lm_labels *labels) LM_CHECKED;
/* What `parent` has, and these. */
LM_API struct lm_scope *lm_log_subscope(const struct lm_scope *parent,
                                        const struct lm_labels *labels) LM_CHECKED;
LM_API void lm_scope_free(struct lm_scope *scope);

/* scope NULL: a system-wide record. All return 0, or -ENOBUFS when the ring is full (counted),
 * -EMSGSIZE when the record is larger than a quarter of the ring, 0 as well when the level is not
 * taken. */
LM_API int lm_log_write(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
                        struct lm_str message);
LM_API int lm_logf(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
                   const char *format, ...) LM_FORMAT(4, 5);
LM_API int lm_vlogf(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
                    const char *format, va_list args) LM_FORMAT(4, 0);
/* fields: one JSON object, or empty. */
LM_API int lm_log_fields(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
                         struct lm_str message, struct lm_str fields);

struct lm_entry {
    const struct lm_scope *scope;
    enum lm_level level;
    int64_t time_us; /* since 1970 UTC; 0: now */
    struct lm_str message, fields;
};
/* As many of them as fit, in order, with one lock. How many. */
LM_API size_t lm_log_batch(struct lm_log *log, const struct lm_entry *entries, size_t n);

/* Waits until everything logged so far is in the hub's journal. -ETIMEDOUT, -ENOTCONN. */
LM_API int lm_log_flush(struct lm_log *log, uint32_t timeout_ms);

struct lm_log_stats {
    uint64_t written, dropped; /* records of this process, by this logger */
    uint64_t waiting_bytes;    /* not read by the hub yet */
    bool connected;
};
LM_API void lm_log_get_stats(struct lm_log *log, struct lm_log_stats *ret);

#ifdef __cplusplus
}
#endif

#endif
