/* SPDX-License-Identifier: MIT
 *
 * keeper_in.h - lines from keepers: raw bytes with offsets become records, once each.
 *
 * A connection brings one run (docs/ipc-protocol.md, "Log data"). The hub answers RUN with what the
 * journal has of it, takes DATA from there on, and acknowledges the end of the last whole line of
 * each stream that is in the journal. Whatever breaks on the way (a failed append, a dead hub, a
 * half sent frame) ends the connection; the keeper calls again and sends from the last acknowledged
 * byte. That one rule is all of the error handling.
 *
 * Threads: loop thread.
 * Owns:    its connections, until they close.
 */
#ifndef LM_SOURCE_KEEPER_IN_H
#define LM_SOURCE_KEEPER_IN_H

#include "net/conn.h"
#include "proc/supervise.h"
#include "source/source.h"

struct keeper_server;

int keeper_server_new(struct keeper_server **ret, struct loop *loop, const struct intake *intake,
                      struct supervise *supervise) LM_MUST_CHECK;
/* Every connection must have been closed. NULL is fine. */
void keeper_server_free(struct keeper_server *s);

/* Speaks frames on c from now on. On failure c is closed. */
int keeper_serve(struct keeper_server *s, struct conn *c) LM_MUST_CHECK;

/* Ids below acked_id have become acknowledged (durability `always`): tells the keepers. */
void keeper_server_acked(struct keeper_server *s, uint64_t acked_id);

/* The hub has room again: keepers that had to wait are read on. */
void keeper_server_go_on(struct keeper_server *s);

/* Closes all connections; keepers keep what is not acknowledged. */
void keeper_server_close(struct keeper_server *s);

#endif
