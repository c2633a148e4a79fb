/* SPDX-License-Identifier: MIT
 *
 * ring_in_impl.h - what ring_in.c and ring_in_folder.c share, and nobody else sees.
 *
 * Threads: loop thread. Owns: see ring_in.h.
 */
#ifndef LM_SOURCE_RING_IN_IMPL_H
#define LM_SOURCE_RING_IN_IMPL_H

#include "source/ring_in.h"
#include "source/ring_read.h"

enum { NAME_N = 2 * FRAME_RUN_ID + 5 }; /* "<run>.ring" */

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

/* --- ring_in.c --- */

/* In the server's list; `c` may be NULL. NULL when memory is short. */
struct logger *ring_logger_new(struct ring_server *s, struct conn *c);
/* Publishes all that is there, as far as the journal takes it. */
void ring_drain_all(struct logger *l);
/* The connection has ended. Everything read, acknowledged, and nobody there who could write more:
 * the file has done its work. Otherwise it stays, for a program that calls again or for the next
 * hub. */
void ring_settle(struct logger *l);

/* --- ring_in_folder.c --- */

int ring_folder_open(struct ring_server *s, const char *socket, struct errinfo *info) LM_MUST_CHECK;
/* Without it a ring whose program had no connection is read by the next hub. */
void ring_folder_watch(struct ring_server *s, const char *socket);
/* Opens the file that l->name names. -errno, or -LM_E_… when it is no ring. */
int ring_attach(struct logger *l) LM_MUST_CHECK;
/* Does a program hold the ring that is open as fd? */
bool ring_is_locked(int fd);

#endif
