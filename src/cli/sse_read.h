/* SPDX-License-Identifier: MIT
 *
 * sse_read.h - reading Server-Sent Events (HTML Living Standard, section 9.2.6), from any pieces.
 *
 * Threads: one at a time. Owns: the line and event under way.
 */
#ifndef LM_CLI_SSE_READ_H
#define LM_CLI_SSE_READ_H

#include "base/buf.h"

struct sse_event {
    struct str type; /* "message" when the stream names none */
    struct str data;
};

/* Called for each event with data. Valid during the call. Non-zero stops sse_feed(), which returns
 * it. */
typedef int sse_event_fn(const struct sse_event *event, void *ctx);

struct sse_reader {
    sse_event_fn *fn;
    void *ctx;
    struct buf line, type, data;
    struct buf id;      /* of the event under way */
    struct buf last_id; /* what to send as Last-Event-ID; survives sse_restart() */
    bool skip_lf;
};

/* Takes the next bytes of the stream. -ENOMEM, -LM_E_FULL for a line or an event over 16 MiB. */
int sse_feed(struct sse_reader *r, struct str bytes) LM_MUST_CHECK;
/* A new connection: forgets what was unfinished. */
void sse_restart(struct sse_reader *r);
void sse_fini(struct sse_reader *r);

#endif
