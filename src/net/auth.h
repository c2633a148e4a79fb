/* SPDX-License-Identifier: MIT
 *
 * auth.h - who may ask, before anything is answered (docs/security.md).
 *
 *   1. Host must be an IP literal, localhost or a configured name: otherwise 421 (DNS rebinding).
 *   2. Origin, when there is one, must be this server's own or in `cors.origins`: otherwise 403
 *      (cross-site requests, WebSocket hijacking). "null" is refused. A preflight is answered here.
 *   3. Who asks. What is shown explicitly goes first, and when it is wrong the request is refused
 *      (401, then 429) and not answered with less:
 *
 *        Authorization: Bearer, or the offer bearer.<token> of a WebSocket    a token
 *        ?ticket=                                                             whoever asked for it
 *        the session's cookie                                                 whoever began it
 *        the Unix socket, with our own uid or root                            the owner: admin
 *        TCP from this machine                                                `loopback`
 *        anybody else                                                         nothing
 *
 * Tokens come from the configuration (conf/token_hash.h). A session begins with the one-time ticket
 * of the URL that the hub prints, or with a token, and is a HttpOnly, SameSite=Strict cookie. A
 * stream ticket is for what cannot send headers (EventSource): used first within 30 s, for one
 * path, and again for reconnects until 60 s after its last connection has ended.
 *
 * Threads: loop thread only. Owns: its tokens, tickets and sessions.
 */
#ifndef LM_NET_AUTH_H
#define LM_NET_AUTH_H

#include "net/grant.h"

#define AUTH_COOKIE       "logmill_session"
#define AUTH_TICKET_PARAM "ticket"

enum { AUTH_TICKET_FIRST_S = 30, AUTH_TICKET_AGAIN_S = 60 };

struct auth;

int auth_new(struct auth **ret, enum scope loopback) LM_MUST_CHECK;
void auth_free(struct auth *a);

/* Takes loopback, tokens, hosts and origins of the settings, which must live until the next call or
 * auth_free(). A token that stays as it was keeps its grant; the grant of any other is revoked, and
 * with it sessions and tickets that came of it. On failure everything is as it was. */
int auth_configure(struct auth *a, const struct settings *s) LM_MUST_CHECK;

/* Called for each wrong token or ticket of which a record should tell: the first of an address
 * within a minute, and the one with which it is throttled. `tries` of them there have been. */
typedef void auth_wrong_fn(const struct http_req *req, uint32_t tries, void *ctx);
void auth_listen(struct auth *a, auth_wrong_fn *fn, void *ctx);

/* Decides and sets req->scope, grant, cors_origin and vary_origin. Returns 0, or has answered the
 * request itself (204, 401, 403, 421, 429) and returns -LM_E_REFUSED. */
int auth_check(struct auth *a, struct http_req *req) LM_MUST_CHECK;

/* A new one-time ticket of 32 hex digits and a terminator, good for an hour. At most 64 at a time;
 * the oldest goes. */
int auth_ticket(struct auth *a, char out[33]) LM_MUST_CHECK;
/* Uses up a ticket. On success *ret_cookie is the value of the Set-Cookie header (borrowed until
 * the next call); `secure`: over TLS. -LM_E_REFUSED when the ticket is unknown, used or too old. */
int auth_redeem(struct auth *a, struct str ticket, bool secure,
                const char **ret_cookie) LM_MUST_CHECK;

/* A session for whoever sent this request; the cookie as above. */
int auth_begin_session(struct auth *a, const struct http_req *req,
                       const char **ret_cookie) LM_MUST_CHECK;
/* The grant of the session of this request, or NULL. Borrowed. */
struct grant *auth_find_session(struct auth *a, const struct http_req *req);
/* Forgets the session of this request, if it has one; the cookie that takes it away, as above. */
const char *auth_end_session(struct auth *a, const struct http_req *req);

/* A ticket for streams, with what this request's caller may do. `path` may be empty: the first one
 * it is used for. -LM_E_FULL: too many at a time. */
int auth_stream_ticket(struct auth *a, const struct http_req *req, struct str path,
                       char out[33]) LM_MUST_CHECK;

#endif
