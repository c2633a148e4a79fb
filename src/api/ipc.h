/* SPDX-License-Identifier: MIT
 *
 * ipc.h - the hub as a server of calls (docs/ipc-channels.md): two doors, and the handlers behind
 * them.
 *
 *     local socket ─▶ ipc_serve_local ─┐                      ┌─ logs: get, search, count, popular, scan, write
 *     /api/v1/ipc ──▶ ipc_ws (a route) ─┴▶ manager (src/ipc) ─┼─ logs: register, subscribe
 *                                                             └─ processes, system, configuration
 *
 * The manager decides by scope (admin, write, read); a handler that reads or writes records also
 * keeps to the labels that its caller is limited to, and every other is closed to such a caller.
 *
 * Threads: loop thread; questions to the store are worked on in the pool.
 * Owns:    the manager, its connections, what is asked and subscribed.
 */
#ifndef LM_API_IPC_H
#define LM_API_IPC_H

#include "api/api.h"

struct ipc;

int ipc_new(struct ipc **ret, struct api *api, const struct intake *intake) LM_MUST_CHECK;
/* Says goodbye to every caller and closes the connections. */
void ipc_close(struct ipc *ipc);
/* After the loop has ended. NULL is fine. */
void ipc_free(struct ipc *ipc);

/* A local connection whose first bytes are in c->in. Does it speak calls? Then it is taken over. */
enum ipc_kind { IPC_UNDECIDED, IPC_NO, IPC_TAKEN };
enum ipc_kind ipc_serve_local(struct ipc *ipc, struct conn *c);

/* The sink for hub_add_sink(): live subscriptions. */
void ipc_sink(const struct batch *b, void *ipc);
/* The configuration was read again: config:watch tells what is different. NULL is fine. */
void ipc_settings_changed(struct ipc *ipc);
/* Ids below acked_id are acknowledged (durability `always`). */
void ipc_acked(struct ipc *ipc, uint64_t acked_id);

#endif
