/* SPDX-License-Identifier: MIT
 *
 * server_link.c - one connection of a client to the manager.
 *
 * Reading takes what a socket has, gives whole frames to the peer, and keeps the rest at the front
 * of the buffer.
 *
 * Threads: the manager's. Owns: struct link.
 */
#include "ipc/server_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    READ_MIN = 64 * 1024,
    SEND_BUFFER = 212992, /* the kernel reserves twice as much */
};

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

void link_free(struct link *l)
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

bool link_read(struct link *l)
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
            (void)link_read(l);
    }
}

/* A whole chunk fits, so that its sender need not wait in the middle. Twice what programs may ask
 * for by default would be slower: it no longer stays in a cache of the processor. */
static void widen(int fd)
{
    int bytes = SEND_BUFFER;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

int link_open(struct server *s, int fd, const struct ucred *cred)
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
