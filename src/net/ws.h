/* SPDX-License-Identifier: MIT
 *
 * ws.h - WebSocket frames (RFC 6455), as bytes: no sockets, no routes.
 *
 * ws_feed() is given what arrived and calls back for whole messages and control frames; the
 * caller sends. It checks masking, reserved bits, opcodes, lengths, fragmentation, UTF-8 of text
 * (failing fast, also across fragments) and close codes. Server side only.
 *
 * Threads: any one at a time. Owns: the message under assembly, at most `message_max` bytes.
 */
#ifndef LM_NET_WS_H
#define LM_NET_WS_H

#include "base/buf.h"
#include "base/err.h"

enum ws_opcode {
    WS_CONTINUATION = 0x0,
    WS_TEXT = 0x1,
    WS_BINARY = 0x2,
    WS_CLOSE = 0x8,
    WS_PING = 0x9,
    WS_PONG = 0xa,
};

enum { WS_HEADER_MAX = 10, WS_CONTROL_MAX = 125 };

/* One whole message (text, binary) or one control frame (close, ping, pong). `payload` is unmasked
 * and valid during the call. For WS_CLOSE close_code is the peer's code (1005 when it gave none).
 * Return non-zero to stop: ws_feed() returns it. */
typedef int ws_message_fn(enum ws_opcode opcode, struct str payload, uint16_t close_code,
                          void *ctx);

struct ws_reader {
    size_t message_max;     /* bytes of one message; more is 1009 */
    uint32_t fragments_max; /* frames of one message; more is 1008 */
    ws_message_fn *on_message;
    void *ctx;
    struct buf message; /* fragments so far */
    uint8_t message_opcode;
    uint32_t fragments;
    uint32_t utf8_state;
    uint16_t close_code; /* after an error: what to close with */
};

void ws_reader_init(struct ws_reader *r, size_t message_max, ws_message_fn *fn, void *ctx);
void ws_reader_fini(struct ws_reader *r);

/* Takes whole frames from the front of `in` (consuming them; payloads are unmasked in place).
 * Returns 0, what on_message returned, or -LM_E_PROTOCOL with r->close_code set (1002, 1007, 1008,
 * 1009). */
int ws_feed(struct ws_reader *r, struct buf *in) LM_MUST_CHECK;

/* Header of an unmasked, final server frame; returns its length (2, 4 or 10). */
size_t ws_put_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode opcode, uint64_t payload_n);
void ws_add_frame(struct buf *out, enum ws_opcode opcode, struct str payload);
void ws_add_close(struct buf *out, uint16_t code, struct str reason);

/* Sec-WebSocket-Accept for a key (28 characters and a terminator). -LM_E_SYNTAX when the key is not the base64 of
 * 16 bytes. */
int ws_accept_key(struct str key, char out[29]) LM_MUST_CHECK;

#endif
