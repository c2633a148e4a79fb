/* SPDX-License-Identifier: MIT
 *
 * listen.c - taking clients in at a door.
 *
 * The process may run out of descriptors: then accept() fails, the connection stays in the queue,
 * the door stays readable and a simple loop spins. So each listener keeps a descriptor in reserve;
 * it is given up for a moment to take the connection, say 503 and close. Should even that be
 * impossible, the door rests for a while.
 *
 * Threads: loop thread. Owns: see listen.h.
 */
#include "net/listen_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ACCEPTS_PER_TURN = 256, REST_MS = 100 };

static void on_readable(uv_poll_t *handle, int status, int events);

static void on_rested(uv_timer_t *timer)
{
    struct listener *ls = timer->data;
    uv_poll_start(&ls->poll, UV_READABLE, on_readable);
}

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Takes one connection with the reserve descriptor and sends it away. False when even that
 * fails. */
static bool turn_away(struct listener *ls)
{
    static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                               "Retry-After: 1\r\nConnection: close\r\n\r\n";

    char unread[4096];

    if (ls->reserve_fd < 0)
        return false;
    close(ls->reserve_fd);
    int fd = accept4(ls->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        if (!ls->is_local)
            send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        shutdown(fd, SHUT_WR);
        /* Closing with unread bytes would reset the connection and take the answer with it. */
        (void)!recv(fd, unread, sizeof unread, MSG_DONTWAIT);
        close(fd);
    }
    ls->reserve_fd = open_reserve();
    return fd >= 0;
}

static bool out_of_descriptors(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct listener *ls = handle->data;

    (void)status;
    (void)events;
    if (ls->reserve_fd < 0)
        ls->reserve_fd = open_reserve();
    for (int i = 0; i < ACCEPTS_PER_TURN && ls->fd >= 0; i++) {
        int fd = accept4(ls->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            ls->on_accept(ls->loop, fd, ls->is_local, ls->ctx);
        } else if (out_of_descriptors(errno)) {
            if (!turn_away(ls)) {
                uv_poll_stop(&ls->poll);
                uv_timer_start(&ls->rest, on_rested, REST_MS, 0);
                return;
            }
        } else if (errno == EAGAIN) {
            return;
        }
        /* Any other error belongs to a connection that died in the queue: take the next. */
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct listener *ls = handle->data;

    if (--ls->handles == 0)
        free(ls);
}

static int watch_door(struct loop *l, const char *address, struct listener *ls,
                      struct errinfo *info)
{
    ls->loop = l;
    int r = uv_poll_init(&l->uv, &ls->poll, ls->fd);
    if (r < 0)
        return err_set(info, r, "cannot wait for connections on %s: %s", address, strerror(-r));
    uv_timer_init(&l->uv, &ls->rest);
    ls->handles = 2;
    ls->poll.data = ls->rest.data = ls;
    ls->reserve_fd = open_reserve();
    uv_poll_start(&ls->poll, UV_READABLE, on_readable);
    return 0;
}

static struct listener *new_listener(bool is_local, listener_accept_fn *on_accept, void *ctx)
{
    struct listener *ls = calloc(1, sizeof *ls);

    if (ls) {
        ls->is_local = is_local;
        ls->fd = ls->reserve_fd = -1;
        ls->on_accept = on_accept;
        ls->ctx = ctx;
    }
    return ls;
}

static int open_any(struct loop *l, const char *address, bool is_local, bool may_be_open,
                    listener_accept_fn *on_accept, void *ctx, struct listener **ret,
                    struct errinfo *info)
{
    struct listener *ls = new_listener(is_local, on_accept, ctx);

    if (!ls)
        return err_set(info, -ENOMEM, "out of memory");
    ls->may_be_open = may_be_open;
    int r = is_local ? listen_bind_unix(ls, address, info) : listen_bind_tcp(ls, address, info);
    if (r == 0)
        r = watch_door(l, address, ls, info);
    if (r < 0) {
        if (ls->fd >= 0)
            close(ls->fd);
        free(ls);
        return r;
    }
    *ret = ls;
    return 0;
}

int listener_open_tcp(struct loop *l, const char *address, bool open_to_others,
                      listener_accept_fn *on_accept, void *ctx, struct listener **ret,
                      struct errinfo *info)
{
    return open_any(l, address, false, open_to_others, on_accept, ctx, ret, info);
}

int listener_open_unix(struct loop *l, const char *path, listener_accept_fn *on_accept, void *ctx,
                       struct listener **ret, struct errinfo *info)
{
    return open_any(l, path, true, false, on_accept, ctx, ret, info);
}

int listener_adopt(struct loop *l, int fd, const char *address, bool is_local,
                   listener_accept_fn *on_accept, void *ctx, struct listener **ret)
{
    struct listener *ls = NULL;
    int r = listen_is_door_of(fd, address, is_local) ? 0 : -LM_E_INVALID;

    if (r == 0 && !(ls = new_listener(is_local, on_accept, ctx)))
        r = -ENOMEM;
    if (r == 0) {
        ls->fd = fd;
        listen_remember_place(ls, address);
        r = watch_door(l, address, ls, NULL);
    }
    if (r < 0) {
        close(fd);
        free(ls);
        return r;
    }
    *ret = ls;
    return 0;
}

bool listener_is_open(const struct listener *ls)
{
    return ls->is_open;
}

const char *listener_address(const struct listener *ls)
{
    return ls->address;
}

static void close_handles(struct listener *ls)
{
    uv_close((uv_handle_t *)&ls->poll, on_handle_closed);
    uv_close((uv_handle_t *)&ls->rest, on_handle_closed);
    if (ls->reserve_fd >= 0)
        close(ls->reserve_fd);
    ls->fd = ls->reserve_fd = -1;
}

int listener_release(struct listener *ls)
{
    int fd = ls ? ls->fd : -1;

    if (ls)
        close_handles(ls);
    return fd;
}

void listener_close(struct listener *ls)
{
    struct stat st;

    if (!ls)
        return;
    if (ls->is_local && lstat(ls->address, &st) == 0 && st.st_dev == ls->dev &&
        st.st_ino == ls->ino)
        unlink(ls->address);
    int fd = ls->fd;
    close_handles(ls);
    close(fd);
}
