/* SPDX-License-Identifier: MIT
 *
 * ws_out.h - live records over WebSocket, one JSON object per text message (subprotocol
 * `logmill.plain`, or none).
 */
#ifndef LM_STREAM_WS_OUT_H
#define LM_STREAM_WS_OUT_H

#include "stream/fanout.h"

/* The connection has been upgraded: its answer head was sent, ops and self are free to set. Takes
 * ownership of filter. On failure the connection is closing. */
void ws_out_open(struct fanout *s, struct conn *c, struct filter *filter,
                 const struct sub_start *start);

#endif
