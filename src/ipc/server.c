/* SPDX-License-Identifier: MIT
 *
 * server.c - the manager's own loop: one epoll descriptor for its sockets and its clock.
 *
 * The descriptor is readable when there is something to do, so that any other loop can wait for it.
 * Reading takes what a socket has, gives whole frames to the peer, and keeps the rest at the front of
 * the buffer.
 */
#include "ipc/manager_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 64,
    READ_MIN = 64 * 1024,
    SEND_BUFFER = 212992, /* the kernel reserves twice as much */
    SPIN_READS = 8,       /* looks at the last connection for each look at all */
};

/* What an event belongs to; first member of everything that is watched. */
struct watched {
    void (*on_event)(struct watched *w, uint32_t events);
};

struct listener_fd {
    struct watched watched;
    struct list link;
    struct server *server;
    int fd;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
};

struct link {
    struct watched watched;
    struct list link;
    struct server *server;
    struct lm_peer *peer;
    int fd;
    struct buf in;
    uint32_t events;
    bool paused, closing;
    char name[32];
};

struct server {
    struct lm_manager *manager;
    int epoll;
    int clock;
    struct watched on_clock;
    int64_t due_us, armed_us;
    bool dispatching;
    struct list listeners, links, closing;
    struct link *lately; /* the connection that was read last; NULL: it has gone */
};

/* --- the clock --- */

static void arm(struct server *s)
{
    if (s->due_us == INT64_MAX || s->armed_us <= s->due_us)
        return;
    int64_t in_us = s->due_us - clock_mono_us();
    if (in_us < 1)
        in_us = 1;
    struct itimerspec at = {.it_value = {in_us / 1000000, in_us % 1000000 * 1000}};
    if (timerfd_settime(s->clock, 0, &at, NULL) == 0)
        s->armed_us = s->due_us;
}

void server_alarm(struct server *s, int64_t due_us)
{
    if (!s)
        return; /* the manager is ending */
    s->due_us = due_us;
    if (!s->dispatching)
        arm(s);
}

static void on_clock(struct watched *w, uint32_t events)
{
    struct server *s = LIST_ITEM(w, struct server, on_clock);
    uint64_t rings;

    (void)events;
    (void)!read(s->clock, &rings, sizeof rings);
    s->armed_us = INT64_MAX;
}

/* --- connections --- */

static void watch(struct link *l)
{
    uint32_t events = (l->paused ? 0u : (uint32_t)EPOLLIN) | (l->events & (uint32_t)EPOLLOUT);
    struct epoll_event ev = {.events = events, .data.ptr = &l->watched};

    l->events = events;
    epoll_ctl(l->server->epoll, EPOLL_CTL_MOD, l->fd, &ev);
}

static void want_writable(struct link *l, bool want)
{
    bool wanted = l->events & (uint32_t)EPOLLOUT;

    if (want == wanted)
        return;
    l->events ^= (uint32_t)EPOLLOUT;
    watch(l);
}

static ssize_t link_write(void *self, const struct iovec *iov, int n)
{
    struct link *l = self;
    struct iovec copy[2] = {iov[0], n > 1 ? iov[1] : (struct iovec){NULL, 0}};
    struct msghdr msg = {.msg_iov = copy, .msg_iovlen = (size_t)n};
    size_t want = iov[0].iov_len + (n > 1 ? iov[1].iov_len : 0);
    ssize_t sent;

    do
        sent = sendmsg(l->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN)
        return -errno;
    if (sent < 0)
        sent = 0;
    if ((size_t)sent < want)
        want_writable(l, true);
    return sent;
}

static void link_pause(void *self, bool paused)
{
    struct link *l = self;

    l->paused = paused;
    watch(l);
}

/* It goes at the end of the dispatch, outside of all callbacks. */
static void link_close(void *self)
{
    struct link *l = self;

    l->closing = true;
    list_remove(&l->link);
    list_push(&l->server->closing, &l->link);
}

static const struct lm_peer_ops link_ops = {
    .write = link_write, .pause = link_pause, .close = link_close};

static void link_free(struct link *l)
{
    if (l->server->lately == l)
        l->server->lately = NULL;
    lm_peer_detach(l->peer);
    list_remove(&l->link);
    close(l->fd);
    buf_fini(&l->in);
    free(l);
}

static void feed(struct link *l)
{
    size_t taken = lm_peer_feed(l->peer, l->in.p, l->in.n);

    if (taken == l->in.n)
        buf_clear(&l->in);
    else
        buf_consume(&l->in, taken);
}

/* Room for what is missing of the frame at the front, or for a good read. */
static size_t wanted(const struct link *l)
{
    uint32_t length;

    if (l->in.n < sizeof length)
        return READ_MIN;
    memcpy(&length, l->in.p, sizeof length); /* the peer checks it; here it only sizes the buffer */
    size_t whole = FRAME_HEADER + (size_t)length;
    if (length > l->server->manager->opts.frame_max || whole <= l->in.n + READ_MIN)
        return READ_MIN;
    return whole - l->in.n;
}

/* False: nothing was there. */
static bool on_readable(struct link *l)
{
    if (buf_reserve(&l->in, wanted(l)) < 0) {
        link_close(l);
        return true;
    }
    ssize_t n = recv(l->fd, l->in.p + l->in.n, l->in.cap - l->in.n, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        link_close(l);
        return true;
    }
    l->server->lately = l;
    l->in.n += (size_t)n;
    feed(l);
    return true;
}

static void on_link(struct watched *w, uint32_t events)
{
    struct link *l = LIST_ITEM(w, struct link, watched);

    if (l->closing)
        return;
    if (events & (uint32_t)EPOLLOUT) {
        want_writable(l, false);
        lm_peer_writable(l->peer);
        if (!l->closing && !l->paused && l->in.n)
            feed(l);
    }
    if (!l->closing && (events & (uint32_t)(EPOLLIN | EPOLLHUP | EPOLLERR))) {
        if (l->paused && (events & (uint32_t)(EPOLLHUP | EPOLLERR)))
            link_close(l);
        else if (!l->paused)
            (void)on_readable(l);
    }
}

/* --- accepting --- */

static bool uid_allowed(const struct lm_manager_opts *o, uid_t uid)
{
    if (uid == geteuid() || uid == 0)
        return true;
    for (size_t i = 0; i < o->allow_uid_count; i++)
        if (o->allow_uids[i] == uid)
            return true;
    return false;
}

/* A whole chunk fits, so that its sender need not wait in the middle. Twice what programs may ask for by
 * default would be slower: it no longer stays in a cache of the processor. */
static void widen(int fd)
{
    int bytes = SEND_BUFFER;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static int link_open(struct server *s, int fd, const struct ucred *cred)
{
    struct link *l = calloc(1, sizeof *l);
    struct epoll_event ev = {.events = EPOLLIN};

    if (!l)
        return -ENOMEM;
    l->watched.on_event = on_link;
    l->server = s;
    l->fd = fd;
    l->events = EPOLLIN;
    list_init(&l->link);
    widen(fd);
    snprintf(l->name, sizeof l->name, "uid %u", cred->uid);
    struct lm_caller who = {
        .access = LM_ACCESS_ADMIN, .uid = cred->uid, .pid = cred->pid, .name = l->name};
    int err = lm_peer_attach(s->manager, &who, &link_ops, l, &l->peer);
    ev.data.ptr = &l->watched;
    if (err == 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
        err = -errno;
        lm_peer_detach(l->peer);
    }
    if (err < 0)
        free(l);
    else
        list_push(&s->links, &l->link);
    return err;
}

/* The last words to somebody who never became a peer. */
static void turn_away(int fd, int code, struct str sentence)
{
    struct buf out = {0};

    frame_add_error(&out, code, sentence);
    if (out.n)
        (void)!send(fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    buf_fini(&out);
    close(fd);
}

static void on_accept(struct watched *w, uint32_t events)
{
    struct listener_fd *at = LIST_ITEM(w, struct listener_fd, watched);
    int fd;

    (void)events;
    while ((fd = accept4(at->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct ucred cred = {.uid = (uid_t)-1};
        socklen_t n = sizeof cred;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0 ||
            !uid_allowed(&at->server->manager->opts, cred.uid))
            turn_away(fd, -LM_E_REFUSED, STR("this socket is for its owner"));
        else if (link_open(at->server, fd, &cred) < 0)
            turn_away(fd, -LM_E_FULL, STR("too many connections; come again later"));
    }
}

/* Does somebody answer there? A socket file of ours that nobody listens on is stale. */
static int clear_stale(const struct sockaddr_un *address)
{
    struct stat st;

    if (lstat(address->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
        return -EADDRINUSE;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int err = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 ? errno : 0;
    close(fd);
    if (err != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(address->sun_path) < 0 ? -errno : 0;
}

/* Bound under another name, made private, then moved: it is 0600 from the first moment it can be seen. */
static int bind_private(int fd, const struct sockaddr_un *address)
{
    struct sockaddr_un hidden = {.sun_family = AF_UNIX};

    if (snprintf(hidden.sun_path, sizeof hidden.sun_path, "%s.%d", address->sun_path, getpid()) >=
        (int)sizeof hidden.sun_path)
        return -ENAMETOOLONG;
    unlink(hidden.sun_path);
    if (bind(fd, (const struct sockaddr *)&hidden, sizeof hidden) < 0)
        return -errno;
    if (chmod(hidden.sun_path, 0600) < 0 || listen(fd, 128) < 0 ||
        rename(hidden.sun_path, address->sun_path) < 0) {
        int err = -errno;
        unlink(hidden.sun_path);
        return err;
    }
    return 0;
}

static int watch_listener(struct server *s, int fd, const char *path)
{
    struct listener_fd *at = calloc(1, sizeof *at);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = at};

    if (!at)
        return -ENOMEM;
    at->watched.on_event = on_accept;
    at->server = s;
    at->fd = fd;
    memcpy(at->path, path, strlen(path) + 1);
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
        free(at);
        return -errno;
    }
    list_push(&s->listeners, &at->link);
    return 0;
}

int lm_manager_listen(struct lm_manager *m, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int err = clear_stale(&address);
    if (err < 0)
        return err;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    err = bind_private(fd, &address);
    if (err == 0)
        err = watch_listener(m->server, fd, path);
    if (err < 0)
        close(fd);
    return err;
}

/* --- life and dispatch --- */

int server_new(struct server **ret, struct lm_manager *m)
{
    struct server *s = calloc(1, sizeof *s);
    struct epoll_event ev = {.events = EPOLLIN};

    if (!s)
        return -ENOMEM;
    s->manager = m;
    s->due_us = s->armed_us = INT64_MAX;
    s->on_clock.on_event = on_clock;
    list_init(&s->listeners);
    list_init(&s->links);
    list_init(&s->closing);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    ev.data.ptr = &s->on_clock;
    if (s->epoll < 0 || s->clock < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->clock, &ev) < 0) {
        int err = -errno;
        if (s->epoll >= 0)
            close(s->epoll);
        if (s->clock >= 0)
            close(s->clock);
        free(s);
        return err;
    }
    *ret = s;
    return 0;
}

static void free_closing(struct server *s)
{
    while (!list_empty(&s->closing))
        link_free(LIST_ITEM(s->closing.next, struct link, link));
}

void server_free(struct server *s)
{
    if (!s)
        return;
    while (!list_empty(&s->links))
        link_free(LIST_ITEM(s->links.next, struct link, link));
    free_closing(s);
    LIST_FOR_EACH_SAFE (at, &s->listeners) {
        struct listener_fd *l = LIST_ITEM(at, struct listener_fd, link);
        close(l->fd);
        unlink(l->path);
        free(l);
    }
    close(s->clock);
    close(s->epoll);
    s->manager->server = NULL;
    free(s);
}

int lm_manager_fd(const struct lm_manager *m)
{
    return m->server->epoll;
}

/* Who asked last asks again soon: is it there already? */
static bool read_lately(struct server *s)
{
    for (int i = 0; i < SPIN_READS; i++) {
        struct link *l = s->lately;
        if (!l || l->paused || l->closing)
            return false;
        if (on_readable(l))
            return true;
    }
    return false;
}

/* Waiting without sleeping: waking another CPU costs more than most calls. *ret_read: a connection has
 * been read already. */
static int spin(struct server *s, struct epoll_event *events, int64_t until_us, bool *ret_read)
{
    int n;

    do { /* everybody first: one that asks without end must not keep the others out */
        n = epoll_wait(s->epoll, events, EVENTS_MAX, 0);
        *ret_read = n == 0 && read_lately(s);
    } while (n == 0 && !*ret_read && clock_mono_us() < until_us);
    return n;
}

static int await(struct server *s, struct epoll_event *events, int timeout_ms, bool *ret_read)
{
    const struct lm_manager *m = s->manager;
    int64_t now_us = clock_mono_us();
    int n = 0;

    if (!list_empty(&m->ready) || s->due_us <= now_us)
        timeout_ms = 0;
    if (timeout_ms != 0 && m->opts.spin_us)
        n = spin(s, events, now_us + m->opts.spin_us, ret_read);
    if (n != 0 || *ret_read)
        return n;
    if (timeout_ms != 0)
        arm(s);
    n = epoll_wait(s->epoll, events, EVENTS_MAX, timeout_ms);
    return n < 0 && errno == EINTR ? 0 : n < 0 ? -errno : n;
}

int lm_manager_dispatch(struct lm_manager *m, int timeout_ms)
{
    struct server *s = m->server;
    struct epoll_event events[EVENTS_MAX];
    bool done = false;

    s->dispatching = true;
    int n = await(s, events, timeout_ms, &done);
    if (n < 0) {
        s->dispatching = false;
        return n;
    }
    for (int i = 0; i < n; i++) {
        struct watched *w = events[i].data.ptr;
        w->on_event(w, events[i].events);
    }
    manager_enter(m);
    n += (int)done + (int)timers_run(&m->timers, m->now_us);
    streams_run(m);
    manager_leave(m);
    free_closing(s);
    s->dispatching = false;
    if (timeout_ms == 0)
        arm(s);
    return n;
}
