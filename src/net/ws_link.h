/* SPDX-License-Identifier: MIT
 *
 * ws_link.h - a WebSocket on a connection: the handshake, control frames, time-outs, the end.
 *
 *     http request ─▶ ws_handshake_ok() ─▶ ws_accept() ─▶ ws_link_open()
 *     messages ─▶ ops->on_message          ws_link_send() ─▶ peer
 *
 * Pings are answered here, a flood of them with fewer pongs than pings; closing echoes the peer's
 * code. The watch that links belong to pings the silent, drops who does not answer, and closes on
 * messages that are never finished.
 *
 * Whoever else writes to the connection writes whole frames.
 *
 * Threads: loop thread. Owns: the reader. The struct is the caller's, until on_gone.
 */
#ifndef LM_NET_WS_LINK_H
#define LM_NET_WS_LINK_H

#include "base/list.h"
#include "net/http.h"
#include "net/ws.h"
#include "net/ws_deflate.h"

struct ws_link;

struct ws_link_ops {
    /* A whole message, text or binary; valid during the call. The link may be closed in it. */
    void (*on_message)(struct ws_link *w, enum ws_opcode opcode, struct str payload);
    /* All that was written has left; more may be written. May be NULL. */
    void (*on_drained)(struct ws_link *w);
    /* No message comes any more: the closing handshake has begun. May be NULL. */
    void (*on_closing)(struct ws_link *w);
    /* The connection is over; the struct may be freed. */
    void (*on_gone)(struct ws_link *w);
};

/* Deadlines of many links; one timer. 0: no such deadline. */
struct ws_watch {
    struct loop *loop;
    uint32_t ping_interval_ms;   /* silence after which a peer is pinged */
    uint32_t ping_timeout_ms;    /* further silence after which it is gone */
    uint32_t message_timeout_ms; /* for a message, from its first byte to its last (1008) */
    struct list links;
    uv_timer_t timer;
    struct buf late_ping; /* scratch of one read: the last of a flood */
};
void ws_watch_init(struct ws_watch *watch, struct loop *l, uint32_t ping_interval_ms,
                   uint32_t ping_timeout_ms, uint32_t message_timeout_ms);
/* Its links have to be closed by their owners; the memory must live until the loop has ended. */
void ws_watch_close(struct ws_watch *watch);

struct ws_limits {
    size_t message_max;     /* bytes; more is 1009 */
    uint32_t fragments_max; /* frames of a message; more is 1008; 0: the default, 1024 */
    int window_bits;        /* what ws_accept() agreed on; 0: nothing is compressed */
};

struct ws_link {
    struct list link; /* in the watch */
    struct ws_watch *watch;
    struct conn *conn;
    const struct ws_link_ops *ops;
    struct ws_reader reader;
    int64_t pinged_us, unfinished_us; /* monotonic; 0: not */
    uint8_t pongs;                    /* sent since the last read */
    uint8_t window_bits;
    bool closing;
};

/* Is this a handshake (RFC 6455, 4.2.1)? False: it has been answered; `instead` says what those who
 * do not speak WebSocket may do ("" when there is nothing). */
bool ws_handshake_ok(struct http_req *req, const char *instead) LM_MUST_CHECK;

struct ws_terms {
    const char *protocol; /* the subprotocol that was chosen, or NULL */
    int least_window;     /* permessage-deflate with at least these bits; 0: not at all */
};
/* Answers a good handshake with 101. *window_bits is what goes into ws_limits. */
struct conn *ws_accept(struct http_req *req, const struct ws_terms *terms, int *window_bits);
/* Does the client offer this subprotocol? */
bool ws_offers_protocol(const struct http_req *req, const char *name);

/* Takes the connection over. What has come with the handshake waits for ws_link_go(). */
void ws_link_open(struct ws_link *w, struct ws_watch *watch, struct conn *c,
                  const struct ws_link_ops *ops, const struct ws_limits *limits);
/* The owner is ready: on_message may be called, before this returns. */
void ws_link_go(struct ws_link *w);
/* Sends a message; compressed when that was agreed on and is of use. After closing nothing is
 * sent. */
void ws_link_send(struct ws_link *w, enum ws_opcode opcode, struct str payload);
/* Begins the closing handshake. Idempotent. */
void ws_link_close(struct ws_link *w, uint16_t code, struct str reason);

#endif
