/* SPDX-License-Identifier: MIT
 *
 * auth.h - who may ask, before anything is answered (DESIGN 10.8, FAULTS S1-S3).
 *
 *   1. Host must be an IP literal or localhost: otherwise 421 (DNS rebinding).
 *   2. Origin, when there is one, must be this server's own: otherwise 403 (cross-site requests,
 *      WebSocket hijacking). "null" is refused. Exact match of scheme, host and port.
 *   3. The scope: the Unix socket with our own uid or root is admin. TCP on loopback has
 *      `loopback` (none, read+write, or admin). A valid session cookie is admin.
 *
 * The admin session: the hub prints a URL with a one-time ticket; opening it exchanges the ticket
 * for an HttpOnly, SameSite=Strict cookie. Tickets and sessions are 128 random bits, kept as
 * SHA-256, compared in constant time, forgotten when the hub ends.
 *
 * Threads: loop thread only. Owns: its tickets and sessions.
 */
#ifndef LM_NET_AUTH_H
#define LM_NET_AUTH_H

#include "net/http.h"

#define AUTH_COOKIE "logmill_session"

struct auth;

int auth_new(struct auth **ret, enum scope loopback) LM_MUST_CHECK;
void auth_free(struct auth *a);

/* Decides and sets req->scope. Returns 0, or has answered the request itself (403, 421) and
 * returns -LM_E_REFUSED. */
int auth_check(struct auth *a, struct http_req *req) LM_MUST_CHECK;

/* A new one-time ticket of 32 hex digits and a terminator, good for an hour. At most 64 at a time;
 * the oldest goes. */
int auth_ticket(struct auth *a, char out[33]) LM_MUST_CHECK;
/* Uses up a ticket. On success *ret_cookie is the value of the Set-Cookie header (borrowed until
 * the next call). -LM_E_REFUSED when the ticket is unknown, used or too old. */
int auth_redeem(struct auth *a, struct str ticket, const char **ret_cookie) LM_MUST_CHECK;

#endif
