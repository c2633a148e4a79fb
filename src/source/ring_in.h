/* SPDX-License-Identifier: MIT
 *
 * ring_in.h - records that programs leave in ring files beside the socket (docs/ipc-protocol.md,
 * "Ring files"; written by src/client).
 *
 *     program ─▶ <socket>.rings/<run>.ring ─pread▶ batch ─▶ publish ─▶ acknowledged ─▶ tail
 *
 * The hub reads with pread into memory of its own and believes nothing: every length is checked,
 * and a file that lies is left where it is wrong. How far it has read is a position in the journal,
 * so a record is published once, whoever dies. The connection only says that there is something,
 * and by its end that the program may be gone: what is left is read, and the file removed when
 * nobody holds its lock.
 *
 * While a program writes, its ring is looked at every RING_TICK_MS; one that has become quiet asks
 * to be woken.
 *
 * Threads: loop thread. Owns: the folder's files once their programs are gone.
 */
#ifndef LM_SOURCE_RING_IN_H
#define LM_SOURCE_RING_IN_H

#include "net/conn.h"
#include "source/source.h"

enum { RING_TICK_MS = 2 };

struct ring_server;

/* Makes "<socket>.rings" (0700) and reads what programs left there while no hub was. */
int ring_server_new(struct ring_server **ret, struct loop *loop, const struct intake *intake,
                    const char *socket, struct errinfo *info) LM_MUST_CHECK;
/* Once more, when programs can connect: those that logged meanwhile have found nobody. */
void ring_server_look(struct ring_server *s);
/* Closes the connections; the files stay for the next hub. */
void ring_server_close(struct ring_server *s);
/* After the loop has ended. NULL is fine. */
void ring_server_free(struct ring_server *s);

/* A local connection whose HELLO is in c->in. True: it is a logger's and was taken over. */
bool ring_serve_local(struct ring_server *s, struct conn *c);

/* Ids below acked_id are acknowledged (durability `always`). */
void ring_server_acked(struct ring_server *s, uint64_t acked_id);

#endif
