/* SPDX-License-Identifier: MIT
 *
 * server_impl.h - what the files server*.c share, and nobody else sees.
 *
 *     server_listen.c ─ a client comes ─▶ server_link.c ─ frames ─▶ peer.c ─▶ manager
 *                └─────────── watched by the loop of server.c ──────┘
 *
 * Threads: the manager's. Owns: the server its listeners and links, each of them its descriptor.
 */
#ifndef LM_IPC_SERVER_IMPL_H
#define LM_IPC_SERVER_IMPL_H

#include "ipc/manager_impl.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

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

/* --- server_link.c --- */

/* Makes fd a peer of the manager, and takes it; on failure it stays the caller's. */
int link_open(struct server *s, int fd, const struct ucred *cred) LM_MUST_CHECK;
/* Reads what the socket has and gives whole frames to the peer. False: nothing was there. */
bool link_read(struct link *l);
void link_free(struct link *l);

/* --- server_listen.c --- */

/* Closes, and removes its socket file. */
void listener_free(struct listener_fd *at);

#endif
