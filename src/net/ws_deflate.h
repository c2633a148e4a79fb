/* SPDX-License-Identifier: MIT
 *
 * ws_deflate.h - permessage-deflate (RFC 7692): what is agreed on, and the bytes.
 *
 * No state is kept between messages (no context takeover, both ways), so an idle connection holds
 * nothing and one compressed message may be sent to everybody. What comes in is inflated at most 64
 * KiB at a time against the limit of the message, so a bomb costs no more than a large message
 * does.
 *
 * Threads: any, one at a time. Owns: struct ws_inflate its state in zlib.
 */
#ifndef LM_NET_WS_DEFLATE_H
#define LM_NET_WS_DEFLATE_H

#include "base/buf.h"

enum {
    WS_EXTENSION_MAX = 160,
    WS_WINDOW_BITS = 12,    /* of what we send, unless a client needs less */
    WS_WINDOW_BITS_MIN = 9, /* zlib makes no raw stream with less */
};

/* The answer to Sec-WebSocket-Extensions: the first offer of permessage-deflate that can be
 * accepted. Returns the window of what we send, which is `least` or more; 0: no such offer, and the
 * connection goes without. */
int ws_deflate_agree(struct str offers, int least, char ret[WS_EXTENSION_MAX]);

/* Appends the payload of a compressed message. Check buf_error(). */
void ws_deflate(struct buf *out, struct str payload, int window_bits);

struct ws_inflate;
int ws_inflate_new(struct ws_inflate **ret) LM_MUST_CHECK;
void ws_inflate_free(struct ws_inflate *z);

/* Inflates from the front of *piece, `last` when the message ends with it, and appends at most 64
 * KiB to out. 1: there is more to come out of what came in; 0: there is not; -LM_E_FULL: out would
 * hold more than max; -LM_E_DAMAGED, -ENOMEM. */
int ws_inflate_step(struct ws_inflate *z, struct str *piece, bool last, struct buf *out,
                    size_t max) LM_MUST_CHECK;

#endif
