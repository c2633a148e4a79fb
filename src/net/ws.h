/* SPDX-License-Identifier: MIT
 *
 * ws.h - WebSocket frames (RFC 6455), as bytes: no sockets, no routes.
 *
 * ws_feed() is given what arrived and calls back for whole messages and control frames; the caller
 * sends. It checks masking, reserved bits, opcodes, lengths, fragmentation, UTF-8 of text (failing
 * fast, in the middle of a frame as well as across fragments) and close codes. Compressed messages
 * (RFC 7692, permessage-deflate without context takeover) are inflated step by step against the
 * same limit. Server side only.
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

/* Close codes that this side gives. */
enum {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_AWAY = 1001,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_NONE = 1005, /* never on the wire: the peer gave none */
    WS_CLOSE_TEXT = 1007,
    WS_CLOSE_POLICY = 1008,
    WS_CLOSE_TOO_BIG = 1009,
    WS_CLOSE_INTERNAL = 1011,
};

/* One whole message (text, binary) or one control frame (close, ping, pong). `payload` is unmasked
 * and valid during the call. For WS_CLOSE close_code is the peer's code (1005 when it gave none).
 * Return non-zero to stop: ws_feed() returns it. */
typedef int ws_message_fn(enum ws_opcode opcode, struct str payload, uint16_t close_code,
                          void *ctx);

/* A frame whose payload is coming. */
struct ws_frame {
    uint64_t left; /* bytes of it that have not come */
    char mask[4];  /* for the next byte on */
    bool last;     /* of its message */
};

struct ws_reader {
    size_t message_max;     /* bytes of one message; more is 1009 */
    uint32_t fragments_max; /* frames of one message; more is 1008 */
    bool may_deflate;       /* permessage-deflate was agreed on */
    bool in_frame, in_message, compressed;
    uint8_t message_opcode;
    uint16_t close_code; /* after an error: what to close with */
    ws_message_fn *on_message;
    void *ctx;
    struct buf message; /* what has come of it, inflated */
    struct ws_frame frame;
    uint32_t fragments;
    uint32_t utf8_state;
    struct ws_inflate *inflate; /* while a compressed message comes */
};

void ws_reader_init(struct ws_reader *r, size_t message_max, ws_message_fn *fn, void *ctx);
void ws_reader_fini(struct ws_reader *r);

/* Is a message under way? The caller gives it a deadline. */
static inline bool ws_is_unfinished(const struct ws_reader *r)
{
    return r->in_message;
}

/* Takes what can be taken from the front of `in` (consuming it; payloads are unmasked in place): a
 * header when it is whole, and payload as it comes, so `in` never has to hold more than a control
 * frame. Returns 0, what on_message returned, or -LM_E_PROTOCOL with r->close_code set (1002, 1007,
 * 1008, 1009). */
int ws_feed(struct ws_reader *r, struct buf *in) LM_MUST_CHECK;

/* Header of an unmasked, final server frame; returns its length (2, 4 or 10). */
size_t ws_put_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode opcode, uint64_t payload_n);
void ws_add_frame(struct buf *out, enum ws_opcode opcode, struct str payload);
/* The same compressed (RFC 7692) with a window of so many bits, when that makes it smaller. */
void ws_add_deflated(struct buf *out, enum ws_opcode opcode, struct str payload, int window_bits);
void ws_add_close(struct buf *out, uint16_t code, struct str reason);

/* Sec-WebSocket-Accept for a key (28 characters and a terminator). -LM_E_SYNTAX when the key is not
 * the base64 of 16 bytes. */
int ws_accept_key(struct str key, char out[29]) LM_MUST_CHECK;

#endif
