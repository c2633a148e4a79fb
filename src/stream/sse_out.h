/* SPDX-License-Identifier: MIT
 *
 * sse_out.h - live records as Server-Sent Events (HTML Living Standard, section 9.2).
 *
 *     event: log | dropped | gap | error
 *     id: <cursor>
 *     data: <JSON of the record>
 */
#ifndef LM_STREAM_SSE_OUT_H
#define LM_STREAM_SSE_OUT_H

#include "stream/fanout.h"

/* The answer head was sent; ops and self are free to set. Takes ownership of filter; form says
 * everything but the wire. On failure the connection is closing. */
void sse_out_open(struct fanout *s, struct conn *c, struct filter *filter, struct form form,
                  const struct sub_start *start);

#endif
