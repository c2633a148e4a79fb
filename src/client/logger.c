/* SPDX-License-Identifier: MIT
 *
 * logger.c - lm_log_*: records into the ring, and the connection that says so.
 *
 * The connection carries next to nothing: which ring this is, a WAKE when the hub sleeps, and the
 * question of a flush. When it is lost the records wait in the ring, and every now and then a record
 * tries to connect again; a hub that comes reads every ring and marks it, so that the next record calls it.
 *
 * A page that the kernel empties in a child (MADV_WIPEONFORK) tells that this is another process now:
 * the child leaves the parent's ring, lock and connection alone and begins its own.
 */
#include <logmill/log.h>

#include "base/clock.h"
#include "client/format.h"
#include "client/ring.h"
#include "ipc/frame_bytes.h"
#include "record/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { RETRY_MIN_US = 50 * 1000, RETRY_MAX_US = 5 * 1000 * 1000, FORMAT_MAX = 2048 };

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

/* --- the connection --- */

static void hang_up(struct lm_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
    log->retry_us = clock_mono_us() + log->wait_us;
    log->wait_us = log->wait_us * 2 < RETRY_MAX_US ? log->wait_us * 2 : RETRY_MAX_US;
}

static void call_hub(struct lm_log *log)
{
    struct buf out = {0};

    log->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (log->fd < 0 || connect(log->fd, (const struct sockaddr *)&log->hub, sizeof log->hub) < 0) {
        hang_up(log);
        return;
    }
    frame_add_hello(&out, &(struct frame_hello){.version = FRAME_VERSION,
                                                .features = FRAME_FEATURE_RING,
                                                .max_frame = FRAME_MAX});
    struct opened f = frame_open(&out, FRAME_RING);
    buf_add(&out, log->ring.run, FRAME_RUN_ID);
    frame_close(&out, f);
    if (out.failed || send(log->fd, out.p, out.n, MSG_NOSIGNAL) != (ssize_t)out.n)
        hang_up(log);
    else
        log->wait_us = RETRY_MIN_US;
    buf_fini(&out);
}

/* WAKE: there is something, and if offset is not 0, say when that much is in the journal. */
static void wake_hub(struct lm_log *log, uint64_t offset)
{
    uint8_t frame[FRAME_HEADER + 8];

    if (log->fd < 0)
        return;
    frame_put_header(frame, FRAME_WAKE, 8);
    put_le(frame + FRAME_HEADER, offset, 8);
    ssize_t n = send(log->fd, frame, sizeof frame, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n != sizeof frame && !(n < 0 && errno == EAGAIN)) /* full: it has been woken often enough */
        hang_up(log);
}

/* --- life --- */

static void begin_life(struct lm_log *log)
{
    pthread_mutex_init(&log->lock, NULL);
    log->fd = -1;
    log->retry_us = 0;
    log->wait_us = RETRY_MIN_US;
}

/* In a child: what belongs to the parent is let go of, untouched. */
static void be_born(struct lm_log *log)
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
        call_hub(log);
    atomic_store(log->life, LIFE_GOING);
}

static inline void check_life(struct lm_log *log)
{
    if (atomic_load_explicit(log->life, memory_order_acquire) != LIFE_GOING)
        be_born(log);
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
    call_hub(log);
    *ret = log;
    return 0;
}

void lm_log_close(struct lm_log *log)
{
    if (!log)
        return;
    ring_close(
        &log->ring); /* gives up the lock first: the hub looks for it when the connection ends */
    if (log->fd >= 0)
        close(log->fd);
    if (log->life)
        munmap((void *)(uintptr_t)log->life, 4096);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

/* --- scopes --- */

static bool add_label(struct buf *out, const char *name, const char *value)
{
    size_t name_n = strlen(name), value_n = value ? strlen(value) : 0;

    if (!value)
        return true;
    if (name_n > UINT16_MAX || value_n > UINT16_MAX)
        return false;
    add_le(out, name_n, 2);
    add_le(out, value_n, 2);
    buf_add(out, name, name_n);
    buf_add(out, value, value_n);
    return true;
}

static struct lm_scope *make_scope(struct str before, const struct lm_labels *l)
{
    const struct lm_label known[] = {{"campaign_id", l->campaign_id}, {"user_email", l->user_email},
                                     {"session_id", l->session_id},   {"job_run_id", l->job_run_id},
                                     {"task_run_id", l->task_run_id}, {"task_name", l->task_name}};
    struct lm_scope *scope = NULL;
    struct buf out = {0};
    bool good = true;

    buf_add_str(&out, before);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        good &= add_label(&out, known[i].name, known[i].value);
    for (size_t i = 0; i < l->more_count; i++)
        good &= add_label(&out, l->more[i].name, l->more[i].value);
    if (good && !out.failed && out.n <= RING_LABELS_MAX)
        scope = malloc(sizeof *scope + out.n);
    if (scope) {
        scope->n = out.n;
        if (out.n)
            memcpy(scope->bytes, out.p, out.n);
    }
    buf_fini(&out);
    return scope;
}

struct lm_scope *lm_log_scope(struct lm_log *log, const struct lm_labels *labels)
{
    (void)log;
    return make_scope(STR_NONE, labels);
}

struct lm_scope *lm_log_subscope(const struct lm_scope *parent, const struct lm_labels *labels)
{
    return make_scope(parent ? str_of(parent->bytes, parent->n) : STR_NONE, labels);
}

void lm_scope_free(struct lm_scope *scope)
{
    free(scope);
}

/* --- records --- */

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

/* The hub sleeps, or is not there. One that has just come leaves word in the ring: it is called at once. */
static void look_after(struct lm_log *log, bool wake)
{
    if (log->fd >= 0)
        wake_hub(log, 0);
    else if (wake || clock_mono_us() >= log->retry_us)
        call_hub(log);
}

int lm_log_fields(struct lm_log *log, const struct lm_scope *scope, enum lm_level level,
                  struct lm_str message, struct lm_str fields)
{
    struct lm_entry e = {.scope = scope, .level = level, .message = message, .fields = fields};
    bool wake = false;

    if (level < log->min_level)
        return 0;
    check_life(log);
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

    check_life(log);
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

/* --- flush --- */

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

    check_life(log);
    pthread_mutex_lock(&log->lock);
    if (log->fd < 0)
        call_hub(log);
    uint64_t offset = log->ring.head;
    wake_hub(log, offset);
    /* Others may log meanwhile; two that flush share what is read, so they take turns. */
    int fd = log->fd < 0 ? -1 : fcntl(log->fd, F_DUPFD_CLOEXEC, 3);
    pthread_mutex_unlock(&log->lock);
    if (fd < 0)
        return -ENOTCONN;
    int err = await_ack(fd, offset, due_us);
    close(fd);
    if (err == -ENOTCONN) {
        pthread_mutex_lock(&log->lock);
        hang_up(log);
        pthread_mutex_unlock(&log->lock);
    }
    return err;
}

void lm_log_get_stats(struct lm_log *log, struct lm_log_stats *ret)
{
    check_life(log);
    pthread_mutex_lock(&log->lock);
    *ret = (struct lm_log_stats){.written = log->ring.written,
                                 .dropped = log->ring.dropped,
                                 .waiting_bytes = ring_waiting(&log->ring),
                                 .connected = log->fd >= 0};
    pthread_mutex_unlock(&log->lock);
}
