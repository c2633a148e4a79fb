/* SPDX-License-Identifier: MIT
 *
 * ws_out.h - live records over WebSocket (docs/streams.md): the plain contract, one record a message,
 * and `logmill.v1`, batches and many subscriptions on one connection.
 *
 * Threads: loop thread. Owns: the connection, its subscriptions.
 */
#ifndef LM_STREAM_WS_OUT_H
#define LM_STREAM_WS_OUT_H

#include "net/grant.h"
#include "stream/fanout.h"

struct ws_terms_out {
    bool v1;             /* the subprotocol logmill.v1 */
    int window_bits;     /* as ws_accept() agreed on */
    bool basic_levels;   /* of the first subscription */
    uint32_t batch_ms;   /* of all that do not say otherwise */
    struct grant *grant; /* who asks; a reference is taken */
};

/* The connection has been upgraded: its answer head was sent, ops and self are free to set. Takes
 * ownership of filter, the first subscription's; NULL: there is none. On failure the connection is
 * closing. */
void ws_out_open(struct fanout *s, struct conn *c, struct filter *filter,
                 const struct sub_start *start, const struct ws_terms_out *terms);

#endif
