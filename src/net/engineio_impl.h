/* SPDX-License-Identifier: MIT
 *
 * engineio_impl.h - what the files engineio*.c share, and nobody else sees.
 *
 *     engineio.c        requests and sessions         engineio_poll.c  GET and POST
 *     engineio_mail.c   what waits between two polls  engineio_ws.c    the WebSocket, and moving over to it
 *
 * Threads: loop thread. Owns: see engineio.h.
 */
#ifndef LM_NET_ENGINEIO_IMPL_H
#define LM_NET_ENGINEIO_IMPL_H

#include "net/engineio.h"

enum { EIO_SEPARATOR = 0x1e }; /* between packets of one body */

/* What is wrong with a request, in the protocol's numbers. */
enum eio_refusal {
    EIO_TRANSPORT_UNKNOWN,
    EIO_SESSION_UNKNOWN,
    EIO_BAD_METHOD,
    EIO_BAD_REQUEST,
    EIO_VERSION = 5
};

/* --- engineio.c --- */

void eio_refuse(struct http_req *req, enum eio_refusal why);
/* It is over: `last_words` is the packet that a waiting poll gets. Idempotent; s lives until the
 * turn is over. */
void eio_finish(struct eio_session *s, const char *last_words);
/* The same for those who may be in the middle of something: it ends in the next turn. */
void eio_finish_soon(struct eio_session *s);
/* A text packet of either transport. False: not one that a client may send. */
bool eio_take_packet(struct eio_session *s, struct str packet);
/* There is room again for those who were told that there is none. */
void eio_tell_drained(struct eio_session *s);

/* --- engineio_mail.c --- */

void eio_mail_init(struct eio_session *s);
/* Answers the poll that waits with all of it; without memory for that the session ends. */
void eio_mail_deliver(struct eio_session *s);
void eio_mail_empty(struct eio_session *s);

/* --- engineio_poll.c --- */

void eio_answer(struct http_req *req, struct str body);
/* Ends the poll that waits. */
void eio_reply_to_poll(struct eio_session *s, struct str body);
void eio_take_poll(struct eio_session *s, struct http_req *req);
void eio_take_post(struct eio_session *s, struct http_req *req);

/* --- engineio_ws.c --- */

/* Begins a session that has no other transport; `handshake` is the first packet. False: answered
 * with an error. */
bool eio_open_link(struct eio_session *s, struct http_req *req, struct str handshake);
/* A WebSocket for a session that polls. When it cannot be taken it is closed, not refused, so that
 * a late one is told in the protocol's own way. */
void eio_begin_probe(struct eio_session *s, struct http_req *req);
/* Its WebSockets are closed and know it no more. */
void eio_leave_links(struct eio_session *s);
/* Is it about to move to a WebSocket that has been tried? */
bool eio_is_probed(const struct eio_session *s);

#endif
