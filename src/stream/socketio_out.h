/* SPDX-License-Identifier: MIT
 *
 * socketio_out.h - live records over Socket.IO (docs/streams.md): event `log` a record, `requestLogs`
 * answered with `logs`.
 *
 * Threads: loop thread. Owns: its clients.
 */
#ifndef LM_STREAM_SOCKETIO_OUT_H
#define LM_STREAM_SOCKETIO_OUT_H

#include "net/socketio.h"
#include "stream/fanout.h"

struct socketio;

/* Reads the query. False: answered. */
typedef bool socketio_read_fn(struct http_req *req, void *ctx, struct stream_wish *ret);

struct socketio_opts {
    struct fanout *fanout;
    socketio_read_fn *read;
    void *ctx;
    uint32_t ping_interval_ms, ping_timeout_ms, sessions_max;
    size_t payload_max; /* bytes of a body the HTTP server takes */
    uint32_t queue;     /* records requestLogs is answered with, at most */
};

int socketio_new(struct socketio **ret, const struct socketio_opts *opts) LM_MUST_CHECK;
/* One request to /socket.io/. */
void socketio_handle(struct socketio *s, struct http_req *req);
/* Ends every session. */
void socketio_close(struct socketio *s);
/* After the loop has ended. NULL is fine. */
void socketio_free(struct socketio *s);

#endif
