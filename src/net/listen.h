/* SPDX-License-Identifier: MIT
 *
 * listen.h - doors: sockets that listen, over TCP and in the file system.
 *
 *     listener_open_tcp() ──┐                        ┌─ on_accept(fd), once for each client
 *     listener_open_unix() ─┼─▶ listener, on a loop ─┤
 *     listener_adopt() ─────┘                        └─ listener_release() ─▶ fd for the next program
 *
 * Threads: loop thread.
 * Owns:    the listening socket, and the socket file that it made.
 */
#ifndef LM_NET_LISTEN_H
#define LM_NET_LISTEN_H

#include "net/loop.h"

struct listener;

/* A client has come: fd, non-blocking, is the callee's. */
typedef void listener_accept_fn(struct loop *l, int fd, bool is_local, void *ctx);

/* "127.0.0.1:8514", "[::1]:8514", "localhost:0". Port 0 = any free one. Addresses that other
 * machines can reach only if `open_to_others`: -LM_E_REFUSED otherwise. info gets the sentence for
 * people (port taken, what to do). */
int listener_open_tcp(struct loop *l, const char *address, bool open_to_others,
                      listener_accept_fn *on_accept, void *ctx, struct listener **ret,
                      struct errinfo *info) LM_MUST_CHECK;
/* Can other machines reach it? */
bool listener_is_open(const struct listener *ls);
/* A Unix socket, mode 0600 from the first moment it is visible. A stale socket file (nobody
 * answers, a socket, ours) is replaced; anything else there is refused. */
int listener_open_unix(struct loop *l, const char *path, listener_accept_fn *on_accept, void *ctx,
                       struct listener **ret, struct errinfo *info) LM_MUST_CHECK;
/* A socket that listens already, from listener_release() of an earlier program, if it is one for
 * this address: otherwise it is closed and -LM_E_INVALID comes back, and a new one can be
 * opened. */
int listener_adopt(struct loop *l, int fd, const char *address, bool is_local,
                   listener_accept_fn *on_accept, void *ctx, struct listener **ret) LM_MUST_CHECK;
/* Closes, but the socket goes on listening: connections wait in its queue. Returns the descriptor,
 * which is the caller's; -1 for NULL. */
int listener_release(struct listener *ls);
/* "127.0.0.1:8514" with the real port. Valid as long as the listener. */
const char *listener_address(const struct listener *ls);
/* Closes; a Unix socket file of ours is removed. NULL is fine. */
void listener_close(struct listener *ls);

#endif
