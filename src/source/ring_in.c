/* SPDX-License-Identifier: MIT
 *
 * ring_in.c - programs that log into rings: their connections, reading them in time, letting them
 * go.
 *
 * Threads: loop thread. Owns: struct logger, each with its ring file.
 */
#include "source/ring_in_impl.h"

#include "base/diag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RETRY_MS = 500, HELLO_READ = FRAME_HEADER + 16 };

/* --- acknowledging --- */

static void send_ack(struct logger *l)
{
    struct buf out = {0};

    frame_add_ack(&out, FRAME_ACK, &(struct frame_ack){.stdout_n = l->file.acked});
    if (out.n && conn_write(l->conn, out.p, out.n) < 0)
        conn_close(l->conn, 0);
    buf_fini(&out);
}

static void note_acked(struct logger *l)
{
    struct intake *in = &l->server->intake;

    ring_file_acked(&l->file, in->acked_id(in->hub));
    if (l->conn && l->flush && l->file.acked >= l->flush) {
        l->flush = 0;
        send_ack(l);
    }
}

/* --- letting go --- */

static void logger_free(struct logger *l)
{
    list_remove(&l->link);
    ring_file_close(&l->file);
    free(l);
}

void ring_settle(struct logger *l)
{
    struct intake *in = &l->server->intake;

    note_acked(l);
    if (l->file.fd < 0 || l->server->closing) {
        logger_free(l);
        return;
    }
    if (l->file.acked < l->file.position && !l->file.broken)
        return; /* ring_server_acked() comes back to it */
    if (!ring_is_locked(l->file.fd)) {
        in->forget(in->hub, &l->file.origin);
        unlinkat(l->server->dir, l->name, 0);
    }
    logger_free(l);
}

void ring_server_acked(struct ring_server *s, uint64_t acked_id)
{
    (void)acked_id;
    LIST_FOR_EACH_SAFE (link, &s->logs) {
        struct logger *l = LIST_ITEM(link, struct logger, link);
        if (l->conn)
            note_acked(l);
        else
            ring_settle(l);
    }
}

/* --- reading --- */

/* Publishes what is there now, at most a few MiB. How many bytes; negative: not now. */
static int64_t drain(struct logger *l)
{
    int64_t n = l->file.fd < 0 || l->file.broken
                    ? 0
                    : ring_file_read(&l->file, &l->server->intake, &l->server->scratch);

    note_acked(l);
    return n;
}

static void on_tick(uv_timer_t *timer);

static void keep_ticking(struct ring_server *s, unsigned ms)
{
    if (!uv_is_active((uv_handle_t *)&s->timer))
        uv_timer_start(&s->timer, on_tick, ms, RING_TICK_MS);
}

static void activate(struct logger *l)
{
    l->active = true;
    keep_ticking(l->server, RING_TICK_MS);
}

static void on_tick(uv_timer_t *timer)
{
    struct ring_server *s = timer->data;
    bool any = false, stuck = false;

    LIST_FOR_EACH_SAFE (link, &s->logs) {
        struct logger *l = LIST_ITEM(link, struct logger, link);
        if (!l->active)
            continue;
        int64_t n = drain(l);
        stuck |= n < 0;
        l->active = n != 0 || ring_file_sleep(&l->file);
        any |= l->active;
    }
    if (!any)
        uv_timer_stop(timer);
    else if (stuck)
        uv_timer_start(timer, on_tick, RETRY_MS, RING_TICK_MS);
}

void ring_drain_all(struct logger *l)
{
    while (drain(l) > 0)
        ;
}

/* --- connections --- */

struct logger *ring_logger_new(struct ring_server *s, struct conn *c)
{
    struct logger *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    l->server = s;
    l->conn = c;
    l->file.fd = -1;
    list_push(&s->logs, &l->link);
    return l;
}

static void set_name(struct logger *l, const uint8_t run[FRAME_RUN_ID])
{
    for (size_t i = 0; i < FRAME_RUN_ID; i++)
        snprintf(l->name + 2 * i, 3, "%02x", run[i]);
    memcpy(l->name + 2 * FRAME_RUN_ID, ".ring", 6);
}

static int on_ring(struct logger *l, struct str payload)
{
    uint8_t run[FRAME_RUN_ID];

    if (payload.n < sizeof run || l->file.fd >= 0)
        return -LM_E_PROTOCOL;
    memcpy(run, payload.p, sizeof run);
    set_name(l, run);
    LIST_FOR_EACH (link, &l->server->logs) /* a ring has one reader */
        if (LIST_ITEM(link, struct logger, link) != l &&
            memcmp(LIST_ITEM(link, struct logger, link)->name, l->name, NAME_N) == 0)
            return -LM_E_LOCKED;
    int err = ring_attach(l);
    if (err == 0)
        activate(l);
    return err;
}

static int on_wake(struct logger *l, struct str payload)
{
    uint64_t offset = 0;

    if (payload.n >= 8)
        for (int i = 0; i < 8; i++)
            offset |= (uint64_t)(uint8_t)payload.p[i] << (8 * i);
    if (offset)
        l->flush = offset;
    if (drain(l) != 0 || l->file.fd >= 0)
        activate(l);
    return 0;
}

static int on_frame(struct logger *l, const struct frame *f)
{
    struct frame_hello hello;
    struct buf out = {0};

    if (f->type == FRAME_RING)
        return on_ring(l, f->payload);
    if (f->type == FRAME_WAKE)
        return on_wake(l, f->payload);
    if (f->type != FRAME_HELLO)
        return 0;
    int err = frame_get_hello(f->payload, &hello);
    if (err < 0)
        return err;
    frame_add_hello(&out, &(struct frame_hello){.version = FRAME_VERSION,
                                                .features = FRAME_FEATURE_RING,
                                                .max_frame = FRAME_MAX});
    err = buf_error(&out) < 0 ? -ENOMEM : conn_write(l->conn, out.p, out.n);
    buf_fini(&out);
    return err;
}

static void refuse(struct logger *l, int err)
{
    struct buf out = {0};
    char peer[CONN_PEER_MAX];

    diag_warn("The ring file of a program at %s cannot be read: %s", conn_peer(l->conn, peer),
              err_text(err));
    frame_add_error(&out, err, str_from(err_text(err)));
    if (out.n)
        conn_write(l->conn, out.p, out.n);
    buf_fini(&out);
    conn_close(l->conn, 200);
}

static void conn_data(struct conn *c)
{
    struct logger *l = c->self;
    struct str rest = buf_str(&c->in);
    struct frame f;
    int64_t n = 0;
    int err = 0;

    while (err == 0 && (n = frame_read(rest, FRAME_HELLO_MAX, &f)) > 0) {
        err = on_frame(l, &f);
        rest = str_of(rest.p + n, rest.n - (size_t)n);
    }
    buf_consume(&c->in, c->in.n - rest.n);
    if (err < 0 || n < 0)
        refuse(l, err < 0 ? err : (int)n);
}

static void conn_gone(struct conn *c)
{
    struct logger *l = c->self;

    ring_drain_all(l);
    l->conn = NULL;
    l->active = false;
    ring_settle(l);
}

bool ring_serve_local(struct ring_server *s, struct conn *c)
{
    static const struct conn_ops ops = {.on_data = conn_data, .on_close = conn_gone};
    struct logger *l;

    if (c->in.n < HELLO_READ || c->in.p[4] != FRAME_HELLO ||
        !(c->in.p[FRAME_HEADER + 8] & FRAME_FEATURE_RING) ||
        (c->peer_uid != geteuid() && c->peer_uid != 0))
        return false;
    l = ring_logger_new(s, c);
    if (!l)
        return false;
    c->ops = &ops;
    c->self = l;
    c->in_max = 64 * 1024;
    conn_data(c);
    return true;
}

/* --- life --- */

int ring_server_new(struct ring_server **ret, struct loop *loop, const struct intake *intake,
                    const char *socket, struct errinfo *info)
{
    struct ring_server *s = calloc(1, sizeof *s);

    if (!s)
        return -ENOMEM;
    s->loop = loop;
    s->intake = *intake;
    s->dir = s->inotify = -1;
    list_init(&s->logs);
    int err = ring_folder_open(s, socket, info);
    if (err < 0) {
        ring_server_free(s);
        return err;
    }
    uv_timer_init(&loop->uv, &s->timer);
    s->timer.data = s;
    ring_folder_watch(s, socket);
    ring_server_look(s);
    *ret = s;
    return 0;
}

void ring_server_close(struct ring_server *s)
{
    LIST_FOR_EACH_SAFE (link, &s->logs) {
        struct logger *l = LIST_ITEM(link, struct logger, link);
        if (l->conn)
            conn_close(l->conn, 0); /* reads the rest */
    }
    uv_close((uv_handle_t *)&s->timer, NULL);
    if (s->watch.data)
        uv_close((uv_handle_t *)&s->watch, NULL);
}

void ring_server_free(struct ring_server *s)
{
    if (!s)
        return;
    s->closing = true;
    LIST_FOR_EACH_SAFE (link, &s->logs)
        logger_free(LIST_ITEM(link, struct logger, link));
    if (s->dir >= 0)
        close(s->dir);
    if (s->inotify >= 0)
        close(s->inotify);
    ring_scratch_fini(&s->scratch);
    free(s);
}
