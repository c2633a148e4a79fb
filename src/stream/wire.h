/* SPDX-License-Identifier: MIT
 *
 * wire.h - how a record looks on one kind of connection.
 *
 * A transport implements a few small encoders and knows nothing of feeds; the stream knows nothing
 * of transports. JSON arrives ready made: it is encoded once per record for all of them.
 *
 * A wire sends each record as a frame of its own, or gathers records in batches, one frame for many.
 *
 * Threads: loop thread. All encoders append to `out` and report lack of memory through buf_error().
 */
#ifndef LM_STREAM_WIRE_H
#define LM_STREAM_WIRE_H

#include "base/buf.h"

struct wire;

/* What the bytes of a subscription depend on, besides its filter. */
struct form {
    const struct wire *wire;
    struct str name;   /* of the subscription, on wires that carry many; empty: none */
    bool basic_levels; /* trace is sent as debug, fatal as error */
    bool compressed;   /* batches are */
    uint32_t batch_ms; /* sent at most once in so many ms; 0: whenever there is something */
};

/* Longer, and an unfinished line (`partial`) would be shown before records that came ahead of it. */
enum { BATCH_MS_MAX = 100 };

struct wire {
    const char *name;      /* of this format */
    const char *transport; /* "websocket", "sse", "socketio" */
    /* Bytes that `record` writes around a JSON text of n bytes, at most. */
    uint32_t (*record_overhead)(size_t n);
    /* Writes one record to `at`, which has room for json.n + record_overhead(json.n). Returns how
     * many bytes it took. */
    uint32_t (*record)(char *at, struct str json, struct str cursor);
    /* In place of these two: one frame of many records; rows are their JSON with commas between. */
    void (*batch)(struct buf *out, const struct form *form, struct str rows, struct str cursor);
    /* A notice; `type` is "dropped", "gap" or "error", json carries it too. */
    void (*notice)(struct buf *out, const struct form *form, const char *type, struct str json,
                   struct str cursor);
    /* Shows that the connection lives, and where it is. May append nothing. */
    void (*heartbeat)(struct buf *out, const struct form *form, struct str cursor);
    /* The unfinished last line of a source, a JSON object without its closing brace. NULL: not said. */
    void (*partial)(struct buf *out, const struct form *form, struct str json);
    /* Last bytes before the hub closes the connection; code is one of WebSocket's. */
    void (*goodbye)(struct buf *out, uint16_t code, struct str reason);
    bool answers_heartbeats; /* silence from the client means it is gone */
};

extern const struct wire wire_ws, wire_v1, wire_sse, wire_socketio;

/* A batch is sealed when it has this many bytes or records. */
enum { BATCH_BYTES = 48 * 1024, BATCH_RECORDS = 1000 };

#endif
