/* SPDX-License-Identifier: MIT
 *
 * keepers_test.h - keepers played by the test, at the other end of socket pairs, and a hub played
 * behind: an array of records, one position per run, and a disk that fails or lags when told to.
 *
 * Included by each *_test.c once; everything here is static.
 */
#ifndef LM_SOURCE_KEEPERS_TEST_H
#define LM_SOURCE_KEEPERS_TEST_H

#include "source/keeper_in.h"

#include "base/diag.h"
#include "record/utf8.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_S = 20, KEEPERS_MAX = 8, RUNS_MAX = 64 };

struct stored {
    char *message, *fields, *labels;
    size_t message_n;
    enum level level;
    enum stream stream;
    uint16_t flags;
    int64_t time_us;
};

struct run_entry {
    struct origin origin;
    struct position position;
};

/* One connection, seen from its keeper. */
struct caller {
    int fd;
    struct conn *conn;
    struct buf out, in;
    struct frame_ack resume, acked;
    uint32_t resumes, acks, errors;
    bool eof;
};

struct fixture {
    struct loop loop;
    struct settings settings;
    char state_dir[64];
    struct supervise *supervise;
    struct keeper_server *server;
    struct metrics metrics;
    struct label_table labels;
    struct stored *records;
    size_t count, cap;
    struct run_entry runs[RUNS_MAX];
    uint32_t run_count, forgotten, publishes;
    uint64_t next_id, synced_id;
    bool lagging;      /* what is published is acknowledged only up to synced_id */
    uint32_t failures; /* so many publishes fail */
    bool crowded;      /* sources should wait */
    struct caller callers[KEEPERS_MAX];
};

/* --- the hub --- */

static inline char *copy(struct str s)
{
    char *text = calloc(1, s.n + 1);
    assert_non_null(text);
    if (s.n)
        memcpy(text, s.p, s.n);
    return text;
}

static inline void store(struct fixture *f, const struct record *r)
{
    assert_int_equal(utf8_valid_prefix(r->message), r->message.n);
    assert_int_equal(utf8_valid_prefix(r->labels->json), r->labels->json.n);
    if (f->count == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 256;
        f->records = realloc(f->records, f->cap * sizeof *f->records);
        assert_non_null(f->records);
    }
    f->records[f->count++] = (struct stored){.message = copy(r->message),
                                             .fields = copy(r->fields),
                                             .labels = copy(r->labels->json),
                                             .message_n = r->message.n,
                                             .level = r->level,
                                             .stream = r->stream,
                                             .flags = r->flags,
                                             .time_us = r->time_us};
}

static inline struct run_entry *find_run(struct fixture *f, const struct origin *o)
{
    for (uint32_t i = 0; i < f->run_count; i++)
        if (memcmp(&f->runs[i].origin, o, sizeof *o) == 0)
            return &f->runs[i];
    return NULL;
}

static inline int hub_take(void *hub, struct batch *b)
{
    struct fixture *f = hub;
    struct run_entry *run = find_run(f, &b->origin);

    if (f->failures > 0) {
        f->failures--;
        return -ENOSPC;
    }
    assert_int_equal(b->origin.kind, ORIGIN_RUN);
    if (!run) {
        assert_true(f->run_count < RUNS_MAX);
        run = &f->runs[f->run_count++];
        run->origin = b->origin;
    }
    run->position = b->position;
    b->first_id = f->next_id;
    f->next_id += b->count;
    f->publishes++;
    for (uint32_t i = 0; i < b->count; i++)
        store(f, &b->records[i]);
    return 0;
}

static const struct position *hub_position(void *hub, const struct origin *o)
{
    const struct run_entry *run = find_run(hub, o);
    return run ? &run->position : NULL;
}

static inline void hub_forget(void *hub, const struct origin *o)
{
    struct fixture *f = hub;
    struct run_entry *run = find_run(f, o);

    assert_non_null(run);
    f->forgotten++;
    *run = f->runs[--f->run_count];
}

static inline bool hub_room(void *hub)
{
    return !((struct fixture *)hub)->crowded;
}

static inline uint64_t hub_acked(void *hub)
{
    const struct fixture *f = hub;
    return f->lagging ? f->synced_id : f->next_id;
}

static inline void sync_upto(struct fixture *f, uint64_t id)
{
    f->synced_id = id;
    keeper_server_acked(f->server, id);
}

static inline void forget_records(struct fixture *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->records[i].message);
        free(f->records[i].fields);
        free(f->records[i].labels);
    }
    f->count = 0;
}

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct errinfo info;

    assert_non_null(f);
    diag_min_level(DIAG_ERROR);
    snprintf(f->state_dir, sizeof f->state_dir, "/tmp/keeper_in_test.XXXXXX");
    assert_non_null(mkdtemp(f->state_dir));
    f->settings.state_dir = f->settings.log_dir = f->state_dir;
    f->next_id = 1;
    for (int i = 0; i < KEEPERS_MAX; i++)
        f->callers[i].fd = -1;
    assert_int_equal(loop_init(&f->loop), 0);
    struct supervise_opts opts = {.loop = &f->loop, .settings = &f->settings};
    assert_int_equal(supervise_new(&f->supervise, &opts, &info), 0);
    struct intake intake = {.hub = f,
                            .publish = hub_take,
                            .position = hub_position,
                            .forget = hub_forget,
                            .has_room = hub_room,
                            .acked_id = hub_acked,
                            .labels = &f->labels,
                            .metrics = &f->metrics};
    assert_int_equal(keeper_server_new(&f->server, &f->loop, &intake, f->supervise), 0);
    *state = f;
    return 0;
}

static inline void hang_up(struct caller *c)
{
    if (c->fd >= 0)
        close(c->fd);
    buf_fini(&c->out);
    buf_fini(&c->in);
    *c = (struct caller){.fd = -1};
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;

    keeper_server_close(f->server);
    supervise_free(f->supervise);
    loop_run(&f->loop);
    assert_int_equal(f->metrics.keepers, 0);
    keeper_server_free(f->server);
    loop_fini(&f->loop);
    for (int i = 0; i < KEEPERS_MAX; i++)
        hang_up(&f->callers[i]);
    forget_records(f);
    free(f->records);
    label_table_fini(&f->labels); /* asserts that every set was released */
    rmdir(f->state_dir);
    free(f);
    return 0;
}

/* --- the keepers --- */

static inline void on_hub_frame(struct caller *c, const struct frame *frame)
{
    struct frame_hello hello;
    struct str text;
    int code;

    switch (frame->type) {
    case FRAME_HELLO:
        assert_int_equal(frame_get_hello(frame->payload, &hello), 0);
        assert_int_equal(hello.version, FRAME_VERSION);
        break;
    case FRAME_RESUME:
        assert_int_equal(frame_get_ack(frame->payload, &c->resume), 0);
        c->acked = c->resume;
        c->resumes++;
        break;
    case FRAME_ACK:
        assert_int_equal(frame_get_ack(frame->payload, &c->acked), 0);
        c->acks++;
        break;
    case FRAME_ERROR:
        assert_int_equal(frame_get_error(frame->payload, &code, &text), 0);
        c->errors++;
        break;
    default:
        fail_msg("the hub sent a frame of type %d", frame->type);
    }
}

static inline void listen_to_hub(struct caller *c)
{
    char bytes[4096];
    struct frame frame;
    int64_t n;

    for (;;) {
        ssize_t got = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        c->eof |= got == 0 || (got < 0 && errno != EAGAIN);
        if (got <= 0)
            break;
        buf_add(&c->in, bytes, (size_t)got);
    }
    while ((n = frame_read(buf_str(&c->in), FRAME_MAX, &frame)) > 0) {
        on_hub_frame(c, &frame);
        buf_consume(&c->in, (size_t)n);
    }
    assert_int_equal(n, 0);
}

static inline void turn(struct fixture *f)
{
    uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    for (int i = 0; i < KEEPERS_MAX; i++)
        if (f->callers[i].fd >= 0)
            listen_to_hub(&f->callers[i]);
}

#define UNTIL(f, cond)                                                                             \
    do {                                                                                           \
        uint64_t until_ = uv_hrtime() + DEADLINE_S * UINT64_C(1000000000);                         \
        while (!(cond)) {                                                                          \
            turn(f);                                                                               \
            if (uv_hrtime() > until_)                                                              \
                fail_msg("waited too long for " #cond);                                            \
        }                                                                                          \
    } while (0)

/* A keeper calls; nothing has been said. */
static inline struct caller *dial(struct fixture *f, int i)
{
    static const struct conn_ops nobody = {0};
    struct caller *c = &f->callers[i];
    int pair[2];

    hang_up(c);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    c->fd = pair[0];
    assert_int_equal(conn_open(&f->loop, pair[1], true, &nobody, NULL, &c->conn), 0);
    assert_int_equal(keeper_serve(f->server, c->conn), 0);
    return c;
}

/* Sends what has been put into c->out. */
static inline void flush(struct fixture *f, struct caller *c)
{
    size_t sent = 0;

    while (sent < c->out.n && !c->eof) {
        ssize_t n = send(c->fd, c->out.p + sent, c->out.n - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        turn(f);
    }
    buf_clear(&c->out);
    turn(f);
}

static inline struct frame_run some_run(uint8_t id)
{
    struct frame_run run = {.keeper_pid = 4711,
                            .child_pid = 4712,
                            .flags = FRAME_RUN_BY_HAND,
                            .name = STR("demo"),
                            .command = STR("true"),
                            .label_count = 1};
    memset(run.run, id, sizeof run.run);
    run.labels[0] = (struct frame_label){STR("job_run_id"), STR("nightly")};
    return run;
}

static inline void put_hello(struct caller *c)
{
    frame_add_hello(&c->out, &(struct frame_hello){.version = 1, .max_frame = FRAME_DATA_MAX + 64});
}

static inline void put_run(struct caller *c, uint8_t id)
{
    struct frame_run run = some_run(id);

    put_hello(c);
    frame_add_run(&c->out, &run);
}

static inline void put_bytes(struct caller *c, uint32_t stream, uint64_t offset, struct str bytes)
{
    frame_add_data(
        &c->out,
        &(struct frame_data){.offset = offset, .read_us = 1000, .stream = stream, .bytes = bytes});
}

static inline void put_text(struct caller *c, uint32_t stream, uint64_t offset, const char *text)
{
    put_bytes(c, stream, offset, str_from(text));
}

static inline void put_exit(struct caller *c, int code)
{
    frame_add_exit(&c->out, &(struct frame_exit){.ended_us = 2000, .code = code, .oom = 2});
}

/* A keeper that has called and been welcomed. */
static inline struct caller *call(struct fixture *f, int i, uint8_t id)
{
    struct caller *c = dial(f, i);

    put_run(c, id);
    flush(f, c);
    UNTIL(f, c->resumes == 1);
    return c;
}

static inline void expect_record(const struct fixture *f, size_t i, enum stream stream,
                                 const char *message)
{
    assert_true(i < f->count);
    assert_string_equal(f->records[i].message, message);
    assert_int_equal(f->records[i].stream, stream);
}

static inline void expect_position(struct fixture *f, uint8_t id, uint64_t stdout_n,
                                   uint64_t stderr_n, uint32_t flags)
{
    struct frame_run run = some_run(id);
    struct origin o = run_origin(run.run);
    struct run_position p = run_position_decode(hub_position(f, &o));

    assert_int_equal(p.stdout_n, stdout_n);
    assert_int_equal(p.stderr_n, stderr_n);
    assert_int_equal(p.flags, flags);
}

#endif
