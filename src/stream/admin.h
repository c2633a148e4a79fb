/* SPDX-License-Identifier: MIT
 *
 * admin.h - the stream of the process cards: what processes say and how they do, and commands to them.
 *
 *     hub_publish ─▶ admin_sink ─▶ at most `rate_limit` lines a second and process ─▶ every client
 *     supervise   ─▶ process_status, on connecting and on every change ────────────▶ every client
 *     client      ─▶ start, stop, restart, signal, debug ─▶ supervise, and an audit record
 *
 * It is for looking at processes: what is above the rate is left out and counted, a slow client loses
 * the oldest, and a new page starts empty. Everything is in the store all the same. Lines are those
 * of the processes the hub knows, and its own; INFO and above, unless debug is on for all or for one.
 *
 * A client that comes back says the last id it saw and gets what it missed, at most the last
 * ADMIN_REPLAY_MAX of each process, read from the store.
 *
 * Threads: loop thread; the search for what was missed runs in the pool.
 * Owns:    its clients.
 */
#ifndef LM_STREAM_ADMIN_H
#define LM_STREAM_ADMIN_H

#include "hub/own.h"
#include "net/ws_link.h"
#include "proc/supervise.h"

enum { ADMIN_REPLAY_MAX = 100 };

struct admin;
struct store;
struct grant;

struct admin_opts {
    struct loop *loop;
    struct hub *hub;
    struct store *store;
    struct supervise *supervise;
    struct own_records *own;
    const char *hub_name;
    uint32_t rate_limit; /* lines a second and process */
    uint64_t client_lag; /* bytes a client may be behind */
    bool debug;          /* lines below INFO as well */
};

int admin_new(struct admin **ret, const struct admin_opts *opts) LM_MUST_CHECK;
/* Says goodbye to every client. */
void admin_close(struct admin *a);
/* After the loop has ended. NULL is fine. */
void admin_free(struct admin *a);

/* The sink for hub_add_sink(). */
void admin_sink(const struct batch *b, void *admin);

/* The connection has been upgraded. `after` 0: starts empty; otherwise what came after this id is sent
 * first. A reference to grant is taken. */
void admin_open(struct admin *a, struct conn *c, struct grant *grant, int window_bits,
                uint64_t after);

#endif
