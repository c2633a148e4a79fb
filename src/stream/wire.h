/* SPDX-License-Identifier: MIT
 *
 * wire.h - how a record looks on one kind of connection.
 *
 * A transport implements four small encoders and knows nothing of feeds; the stream knows nothing
 * of transports. JSON arrives ready made: it is encoded once per record for all of them.
 *
 * Threads: loop thread. All encoders append to `out` and report lack of memory through buf_error().
 */
#ifndef LM_STREAM_WIRE_H
#define LM_STREAM_WIRE_H

#include "base/buf.h"

struct wire {
    const char *name; /* "websocket", "sse" */
    /* Bytes that `record` writes around a JSON text of n bytes, at most. */
    uint32_t (*record_overhead)(size_t n);
    /* Writes one record to `at`, which has room for json.n + record_overhead(json.n). Returns how
     * many bytes it took. */
    uint32_t (*record)(char *at, struct str json, struct str cursor);
    /* A notice; `type` is "dropped", "gap" or "error", json carries it too. */
    void (*notice)(struct buf *out, const char *type, struct str json, struct str cursor);
    /* Shows that the connection lives, and where it is. */
    void (*heartbeat)(struct buf *out, struct str cursor);
    /* Last bytes before the hub closes the connection; code is one of WebSocket's. */
    void (*goodbye)(struct buf *out, uint16_t code, struct str reason);
    bool answers_heartbeats; /* silence from the client means it is gone */
};

extern const struct wire wire_ws, wire_sse;

#endif
