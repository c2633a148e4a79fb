/* SPDX-License-Identifier: MIT
 *
 * listen_impl.h - what listen.c and listen_bind.c share, and nobody else sees.
 *
 * Threads: loop thread. Owns: see listen.h.
 */
#ifndef LM_NET_LISTEN_IMPL_H
#define LM_NET_LISTEN_IMPL_H

#include "net/listen.h"

#include <sys/un.h>

struct listener {
    struct loop *loop;
    listener_accept_fn *on_accept;
    void *ctx;
    uv_poll_t poll;
    uv_timer_t rest;
    int handles; /* of libuv, not yet closed */
    int fd, reserve_fd;
    bool is_local;
    bool may_be_open, is_open; /* to other machines */
    dev_t dev;                 /* of our own socket file, so that nobody else's is removed */
    ino_t ino;
    char address[sizeof((struct sockaddr_un *)0)->sun_path + 1];
};

/* --- listen_bind.c --- */

/* Makes the socket that `text` or `path` names, bound and listening, and fills in what
 * listener_address() says. On failure ls->fd may be open. */
int listen_bind_tcp(struct listener *ls, const char *text, struct errinfo *info) LM_MUST_CHECK;
int listen_bind_unix(struct listener *ls, const char *path, struct errinfo *info) LM_MUST_CHECK;
/* Is the socket what the configuration asks for? Port 0 is any port. */
bool listen_is_door_of(int fd, const char *address, bool is_local);
/* Fills in the same for a socket that was bound before. */
void listen_remember_place(struct listener *ls, const char *address);

#endif
