/* SPDX-License-Identifier: MIT
 *
 * http_client.h - how the command line asks the hub: one request, its answer read as it comes.
 *
 * The hub is at a Unix socket (the usual case: the own uid is the identity) or at a URL (target.h).
 *
 * Threads: the main thread; calls block. Owns: its socket during a call.
 */
#ifndef LM_CLI_HTTP_CLIENT_H
#define LM_CLI_HTTP_CLIENT_H

#include "base/buf.h"
#include "cli/target.h"

struct http_get {
    const char *method;        /* NULL: GET */
    const char *path;          /* with query */
    struct str body;           /* sent with its length; p NULL: none */
    const char *headers;       /* further ones, each ended by CR LF; NULL: none */
    bool must_be_whole;        /* an answer that is cut is -ECONNRESET */
    const char *last_event_id; /* header, or NULL */
    int silence_ms;            /* nothing for this long ends the call; 0 = wait for ever */
    /* Pieces of the body of a 200. Non-zero stops and is returned. NULL: they go to *ret_body. */
    int (*on_body)(struct str piece, void *ctx);
    void *ctx;
};

/* Returns the status of the answer once its body has ended or the connection was cut; -errno when
 * there was no answer; -ETIMEDOUT after silence; what on_body returned. *ret_body has the body of
 * statuses other than 200, and without on_body that of any (caller: buf_fini). */
int http_client_get(const struct target *target, const struct http_get *get, struct buf *ret_body,
                    struct errinfo *info) LM_MUST_CHECK;

/* Appends text percent-encoded for a query. */
void http_add_query_value(struct buf *out, struct str text);

#endif
