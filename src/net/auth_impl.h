/* SPDX-License-Identifier: MIT
 *
 * auth_impl.h - what auth.c (the questions), auth_tokens.c and auth_tickets.c share.
 *
 * Threads: loop thread. Owns: see auth.h.
 */
#ifndef LM_NET_AUTH_IMPL_H
#define LM_NET_AUTH_IMPL_H

#include "conf/token_hash.h"
#include "net/auth.h"
#include "net/secrets.h"
#include "net/throttle.h"
#include "net/web_guard.h"

#include <stdio.h>

enum { AUTH_TICKETS_MAX = 64, AUTH_SESSIONS_MAX = 256, AUTH_STREAM_TICKETS_MAX = 1024 };

struct auth_token {
    struct token_hash hash;
    struct grant *grant;
};

struct auth {
    struct grant *owner, *loopback, *nobody;
    struct auth_token *tokens;
    size_t token_count;
    char *const *hosts, *const *origins; /* of the settings */
    struct secrets tickets;              /* of printed URLs */
    struct secrets sessions, stream_tickets;
    struct throttle throttle;
    auth_wrong_fn *on_wrong;
    void *wrong_ctx;
    char cookie[SECRET_DIGITS + 96];
};

/* --- auth_tokens.c --- */
/* The grant of the token that the request shows; NULL: it shows none, or, with *wrong, not one of
 * ours. Borrowed. */
struct grant *auth_find_bearer(const struct auth *a, const struct http_req *req, bool *wrong);
void auth_free_tokens(struct auth_token *tokens, size_t n);

/* --- auth_tickets.c --- */
/* The same for the ticket in its query; remembers the connection. */
struct grant *auth_find_stream_ticket(struct auth *a, struct http_req *req, bool *wrong);

#endif
