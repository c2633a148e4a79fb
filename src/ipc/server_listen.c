/* SPDX-License-Identifier: MIT
 *
 * server_listen.c - the sockets of lm_manager_listen(): who may come in, and where the file is.
 *
 * Threads: the manager's. Owns: struct listener_fd.
 */
#include "ipc/server_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool uid_allowed(const struct lm_manager_opts *o, uid_t uid)
{
    if (uid == geteuid() || uid == 0)
        return true;
    for (size_t i = 0; i < o->allow_uid_count; i++)
        if (o->allow_uids[i] == uid)
            return true;
    return false;
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

/* Bound under another name, made private, then moved: it is 0600 from the first moment it can be
 * seen. */
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

void listener_free(struct listener_fd *at)
{
    close(at->fd);
    unlink(at->path);
    free(at);
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
