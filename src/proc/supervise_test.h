/* SPDX-License-Identifier: MIT
 *
 * supervise_test.h - a stage for tests of the supervisor: one hub, real keepers, real children.
 *
 * The connections of keepers are played here: every line is taken, everything is acknowledged at
 * once. A second supervisor on the same directories stands for a hub that was started again.
 * Included by each *_test.c once; everything here is static.
 */
#ifndef LM_PROC_SUPERVISE_TEST_H
#define LM_PROC_SUPERVISE_TEST_H

#include "base/clock.h"
#include "base/diag.h"
#include "proc/runs.h"
#include "proc/supervise.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 20000000, CONNS_MAX = 64 };

struct peer {
    struct keeper_link link;
    uv_pipe_t pipe;
    struct buf in;
    struct process *process;
    uint64_t at[2];
    bool ended;
};

/* One hub: loop, socket, supervisor. */
struct hub {
    struct loop loop;
    struct settings settings;
    struct process_conf processes[8];
    struct supervise *supervise;
    struct process_observer observer;
    uv_pipe_t listener;
    uv_timer_t tick; /* lets RUN_UNTIL() look at its condition */
    struct peer *peers[CONNS_MAX];
    size_t peer_count;
    bool deaf; /* accepts nobody */
    int stopped;
    char history[2048]; /* "name:state name:state ..." */
};

static char dir[64], socket_path[96], state_dir[96], log_dir[96];

/* ---- the keepers' connections ---- */

static inline void write_frame(struct keeper_link *link, struct str frame)
{
    struct peer *peer = LIST_ITEM(link, struct peer, link);
    char copy[256];
    uv_buf_t buf = uv_buf_init(copy, (unsigned)frame.n);

    memcpy(copy, frame.p, frame.n);
    uv_try_write((uv_stream_t *)&peer->pipe, &buf, 1); /* fails when the keeper was killed */
}

static inline void acknowledge(struct peer *peer, enum frame_type type, uint32_t flags)
{
    struct buf out = {0};

    if (type == FRAME_RESUME)
        frame_add_hello(&out, &(struct frame_hello){1, 0, FRAME_MAX});
    frame_add_ack(&out, type, &(struct frame_ack){peer->at[0], peer->at[1], flags, 0});
    write_frame(&peer->link, buf_str(&out));
    buf_fini(&out);
}

static inline void take_frame(struct hub *h, struct peer *peer, const struct frame *f)
{
    struct frame_run run;
    struct frame_data data;
    struct frame_exit ex;

    if (f->type == FRAME_RUN) {
        assert_int_equal(frame_get_run(f->payload, &run), 0);
        assert_int_equal(supervise_on_run(h->supervise, &run, &peer->link, &peer->process), 0);
        acknowledge(peer, FRAME_RESUME, 0);
    } else if (f->type == FRAME_DATA) {
        assert_int_equal(frame_get_data(f->payload, &data), 0);
        peer->at[data.stream - 1] = data.offset + data.bytes.n;
        acknowledge(peer, FRAME_ACK, 0);
    } else if (f->type == FRAME_EXIT) {
        assert_int_equal(frame_get_exit(f->payload, &ex), 0);
        supervise_on_exit(h->supervise, peer->process, &ex);
        acknowledge(peer, FRAME_ACK, FRAME_ACK_EXIT);
    } else if (f->type == FRAME_END) {
        peer->ended = true;
        acknowledge(peer, FRAME_ACK, FRAME_ACK_EXIT | FRAME_ACK_END);
    }
}

static inline void free_peer(uv_handle_t *handle)
{
    struct peer *peer = LIST_ITEM(handle, struct peer, pipe);
    buf_fini(&peer->in);
    free(peer);
}

static inline void drop_peer(struct hub *h, struct peer *peer)
{
    for (size_t i = 0; i < h->peer_count; i++)
        if (h->peers[i] == peer)
            h->peers[i--] = h->peers[--h->peer_count];
    if (peer->process)
        supervise_on_gone(h->supervise, peer->process, &peer->link, peer->ended);
    uv_close((uv_handle_t *)&peer->pipe, free_peer);
}

static inline void give_room(uv_handle_t *handle, size_t n, uv_buf_t *ret)
{
    struct peer *peer = LIST_ITEM(handle, struct peer, pipe);
    assert_int_equal(buf_reserve(&peer->in, n), 0);
    *ret = uv_buf_init(peer->in.p + peer->in.n, (unsigned)n);
}

static inline void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct peer *peer = LIST_ITEM(stream, struct peer, pipe);
    struct hub *h = stream->data;
    struct frame f;
    int64_t taken;

    (void)buf;
    if (n < 0) {
        drop_peer(h, peer);
        return;
    }
    peer->in.n += (size_t)n;
    while ((taken = frame_read(buf_str(&peer->in), FRAME_MAX, &f)) > 0) {
        take_frame(h, peer, &f);
        buf_consume(&peer->in, (size_t)taken);
    }
}

static inline void on_call(uv_stream_t *listener, int status)
{
    struct hub *h = listener->data;
    struct peer *peer = calloc(1, sizeof *peer);

    assert_non_null(peer);
    assert_int_equal(status, 0);
    assert_true(h->peer_count < CONNS_MAX);
    peer->link.send = write_frame;
    uv_pipe_init(&h->loop.uv, &peer->pipe, 0);
    peer->pipe.data = h;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&peer->pipe), 0);
    h->peers[h->peer_count++] = peer;
    if (!h->deaf)
        uv_read_start((uv_stream_t *)&peer->pipe, give_room, on_bytes);
}

/* ---- the hub ---- */

static inline void on_change(struct process_observer *o, const struct process *p)
{
    struct hub *h = LIST_ITEM(o, struct hub, observer);
    size_t n = strlen(h->history);
    snprintf(h->history + n, sizeof h->history - n, "%s:%s ", p->name,
             process_state_name(p->state));
}

static inline void on_stopped(void *ctx)
{
    struct hub *h = ctx;
    h->stopped++;
}

static inline void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static inline void hub_start(struct hub *h, size_t process_count)
{
    struct errinfo info = {0};

    assert_int_equal(loop_init(&h->loop), 0);
    h->settings.socket = socket_path;
    h->settings.state_dir = state_dir;
    h->settings.log_dir = log_dir;
    h->settings.stop_timeout_ms = 200;
    h->settings.processes = h->processes;
    h->settings.process_count = process_count;
    unlink(socket_path);
    uv_pipe_init(&h->loop.uv, &h->listener, 0);
    h->listener.data = h;
    assert_int_equal(uv_pipe_bind(&h->listener, socket_path), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&h->listener, 16, on_call), 0);
    uv_timer_init(&h->loop.uv, &h->tick);
    uv_timer_start(&h->tick, on_tick, 10, 10);
    struct supervise_opts opts = {
        .loop = &h->loop, .settings = &h->settings, .on_stopped = on_stopped, .ctx = h};
    assert_int_equal(supervise_new(&h->supervise, &opts, &info), 0);
    h->observer.changed = on_change;
    supervise_observe(h->supervise, &h->observer);
    supervise_start(h->supervise);
}

/* The hub dies: connections and listener are gone at once, keepers are not told anything. */
static inline void hub_end(struct hub *h)
{
    while (h->peer_count > 0)
        drop_peer(h, h->peers[0]);
    supervise_free(h->supervise);
    uv_close((uv_handle_t *)&h->listener, NULL);
    uv_close((uv_handle_t *)&h->tick, NULL);
    loop_fini(&h->loop);
}

#define RUN_UNTIL(h, condition)                                                                    \
    do {                                                                                           \
        int64_t until = clock_mono_us() + DEADLINE_US;                                             \
        while (!(condition)) {                                                                     \
            if (clock_mono_us() > until)                                                           \
                fail_msg("waited too long for %s after: %s", #condition, (h)->history);            \
            uv_run(&(h)->loop.uv, UV_RUN_ONCE);                                                    \
        }                                                                                          \
    } while (0)

/* A shell command under this name. */
static inline struct process_conf shell(const char *name, const char *script, enum restart restart)
{
    static char sh[] = "/bin/sh", c[] = "-c";
    static char *argv[64][4];
    static size_t used;
    union {
        const char *from;
        char *to;
    } n = {.from = name}, s = {.from = script};
    char **words = argv[used++ % 64];

    words[0] = sh;
    words[1] = c;
    words[2] = s.to;
    words[3] = NULL;
    return (struct process_conf){
        .name = n.to, .argv = words, .restart = restart, .restart_delay_ms = 100};
}

static inline const struct process *find(struct hub *h, const char *name)
{
    return supervise_find(h->supervise, str_from(name));
}

static inline void stop_all(struct hub *h)
{
    supervise_stop_all(h->supervise);
    RUN_UNTIL(h, h->stopped == 1);
}

static inline int make_place(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/supervise_test.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(socket_path, sizeof socket_path, "%s/hub.sock", dir);
    snprintf(state_dir, sizeof state_dir, "%s/state", dir);
    snprintf(log_dir, sizeof log_dir, "%s/logs", dir);
    return setenv("LOGMILL_KEEPER", KEEPER_BINARY, 1);
}

static inline int remove_place(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make_place, remove_place)

#endif
