/* SPDX-License-Identifier: MIT
 *
 * ring_in.c - finding rings, reading them in time, letting them go.
 */
#include "source/ring_in.h"

#include "base/clock.h"
#include "base/diag.h"
#include "source/ring_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_N = 2 * FRAME_RUN_ID + 5, RETRY_MS = 500, HELLO_READ = FRAME_HEADER + 16 };

struct ring_server {
    struct loop *loop;
    struct intake intake;
    struct list logs; /* struct logger */
    struct ring_scratch scratch;
    uv_timer_t timer;
    uv_poll_t watch; /* inotify: a program that had no connection has let its ring go */
    int dir, inotify;
    bool closing;
};

/* One program's ring, with or without its connection. */
struct logger {
    struct list link;
    struct ring_server *server;
    struct conn *conn;     /* NULL: it has ended */
    struct ring_file file; /* fd -1: RING has not come */
    char name[NAME_N + 1];
    uint64_t flush; /* say when this much is acknowledged; 0: nobody asks */
    bool active;    /* looked at in every tick */
};

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

static bool is_locked(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    return fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

/* The connection has ended. Everything read, acknowledged, and nobody there who could write more: the
 * file has done its work. Otherwise it stays, for a program that calls again or for the next hub. */
static void settle(struct logger *l)
{
    struct intake *in = &l->server->intake;

    note_acked(l);
    if (l->file.fd < 0 || l->server->closing) {
        logger_free(l);
        return;
    }
    if (l->file.acked < l->file.position && !l->file.broken)
        return; /* ring_server_acked() comes back to it */
    if (!is_locked(l->file.fd)) {
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
            settle(l);
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

static void drain_all(struct logger *l)
{
    while (drain(l) > 0)
        ;
}

/* --- attaching --- */

static void set_name(struct logger *l, const uint8_t run[FRAME_RUN_ID])
{
    for (size_t i = 0; i < FRAME_RUN_ID; i++)
        snprintf(l->name + 2 * i, 3, "%02x", run[i]);
    memcpy(l->name + 2 * FRAME_RUN_ID, ".ring", 6);
}

/* Looked at before it is opened for writing: the end of that would be an event of the folder. */
static int attach(struct logger *l)
{
    const struct ring_server *s = l->server;
    int fd = openat(s->dir, l->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), both;

    if (fd < 0)
        return -errno;
    int err = ring_file_open(&l->file, fd, &s->intake);
    if (err < 0) {
        close(fd);
        return err;
    }
    both = openat(s->dir, l->name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (both < 0)
        return -errno;
    close(fd);
    l->file.fd = both;
    return 0;
}

static struct logger *logger_new(struct ring_server *s, struct conn *c)
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

/* --- connections --- */

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
    int err = attach(l);
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

    drain_all(l);
    l->conn = NULL;
    l->active = false;
    settle(l);
}

bool ring_serve_local(struct ring_server *s, struct conn *c)
{
    static const struct conn_ops ops = {.on_data = conn_data, .on_close = conn_gone};
    struct logger *l;

    if (c->in.n < HELLO_READ || c->in.p[4] != FRAME_HELLO ||
        !(c->in.p[FRAME_HEADER + 8] & FRAME_FEATURE_RING) ||
        (c->peer_uid != geteuid() && c->peer_uid != 0))
        return false;
    l = logger_new(s, c);
    if (!l)
        return false;
    c->ops = &ops;
    c->self = l;
    c->in_max = 64 * 1024;
    conn_data(c);
    return true;
}

/* --- life --- */

/* What was left while no hub was. */
static void read_left(struct ring_server *s, const char *name)
{
    struct logger *l = strlen(name) == NAME_N ? logger_new(s, NULL) : NULL;

    if (!l)
        return;
    memcpy(l->name, name, NAME_N + 1);
    if (attach(l) == 0)
        drain_all(l);
    settle(l);
}

static bool is_known(const struct ring_server *s, const char *name)
{
    LIST_FOR_EACH (link, &s->logs)
        if (strcmp(LIST_ITEM(link, struct logger, link)->name, name) == 0)
            return true;
    return false;
}

/* Somebody has closed a ring: a program that ends, or one of us. */
static void look_at(struct ring_server *s, const char *name)
{
    int fd = is_known(s, name)
                 ? -1
                 : openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return;
    bool lives = is_locked(fd);
    close(fd);
    if (!lives)
        read_left(s, name);
}

static void on_folder(uv_poll_t *poll, int status, int events)
{
    struct ring_server *s = poll->data;
    char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;

    (void)status;
    (void)events;
    while ((n = read(s->inotify, bytes, sizeof bytes)) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const struct inotify_event *)(void *)(bytes + at);
            if (e->len)
                look_at(s, e->name);
            at += (ssize_t)(sizeof *e + e->len);
        }
}

/* Without it such a ring is read by the next hub. */
static void watch_folder(struct ring_server *s, const char *socket)
{
    char path[256];

    snprintf(path, sizeof path, "%s.rings", socket);
    s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (s->inotify >= 0 && inotify_add_watch(s->inotify, path, IN_CLOSE_WRITE | IN_ONLYDIR) >= 0 &&
        uv_poll_init(&s->loop->uv, &s->watch, s->inotify) == 0) {
        s->watch.data = s;
        uv_poll_start(&s->watch, UV_READABLE, on_folder);
        return;
    }
    diag_warn("%s cannot be watched: rings of programs that had no connection are read at the next "
              "start",
              path);
}

static void read_folder(struct ring_server *s)
{
    int fd = fcntl(s->dir, F_DUPFD_CLOEXEC, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(dir)))
        read_left(s, entry->d_name);
    closedir(dir);
}

static int open_folder(struct ring_server *s, const char *socket, struct errinfo *info)
{
    char path[256];
    struct stat st;

    snprintf(path, sizeof path, "%s.rings", socket);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_set(info, -errno, "cannot make the folder %s: %s", path, err_text(-errno));
    s->dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->dir < 0)
        return err_set(info, -errno, "cannot open the folder %s: %s", path, err_text(-errno));
    if (fstat(s->dir, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 022))
        return 0;
    return err_set(info, -EPERM,
                   "the folder %s must belong to this user and be writable for nobody else", path);
}

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
    int err = open_folder(s, socket, info);
    if (err < 0) {
        ring_server_free(s);
        return err;
    }
    uv_timer_init(&loop->uv, &s->timer);
    s->timer.data = s;
    watch_folder(s, socket);
    read_folder(s);
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
