/* SPDX-License-Identifier: MIT
 *
 * ws_write.c - WebSocket frames of ours: final, unmasked, with the shortest length (RFC 6455,
 * section 5.2).
 *
 * Threads: any. Owns: nothing.
 */
#include "net/ws.h"

#include "net/ws_deflate.h"
#include "record/utf8.h"

enum {
    FIN = 0x80,
    RSV1 = 0x40,      /* compressed */
    DEFLATE_MIN = 64, /* bytes; what is shorter does not get smaller */
};

size_t ws_put_header(uint8_t out[WS_HEADER_MAX], enum ws_opcode opcode, uint64_t payload_n)
{
    size_t wide = payload_n < 126 ? 0 : payload_n < 65536 ? 2 : 8;

    out[0] = (uint8_t)(FIN | opcode);
    out[1] = wide == 0 ? (uint8_t)payload_n : wide == 2 ? 126 : 127;
    for (size_t i = 0; i < wide; i++)
        out[2 + i] = (uint8_t)(payload_n >> 8 * (wide - 1 - i));
    return 2 + wide;
}

void ws_add_frame(struct buf *out, enum ws_opcode opcode, struct str payload)
{
    uint8_t header[WS_HEADER_MAX];

    buf_add(out, header, ws_put_header(header, opcode, payload.n));
    buf_add_str(out, payload);
}

void ws_add_deflated(struct buf *out, enum ws_opcode opcode, struct str payload, int window_bits)
{
    uint8_t header[WS_HEADER_MAX];
    struct buf packed = {0};

    if (payload.n >= DEFLATE_MIN)
        ws_deflate(&packed, payload, window_bits);
    if (packed.n == 0 || buf_error(&packed) < 0 || packed.n >= payload.n) {
        ws_add_frame(out, opcode, payload);
    } else {
        size_t n = ws_put_header(header, opcode, packed.n);
        header[0] |= RSV1;
        buf_add(out, header, n);
        buf_add_str(out, buf_str(&packed));
    }
    buf_fini(&packed);
}

void ws_add_close(struct buf *out, uint16_t code, struct str reason)
{
    char payload[WS_CONTROL_MAX] = {(char)(code >> 8), (char)code};
    size_t n = utf8_cut(reason, sizeof payload - 2);

    if (code == WS_CLOSE_NONE) {
        ws_add_frame(out, WS_CLOSE, STR(""));
        return;
    }
    if (n)
        memcpy(payload + 2, reason.p, n);
    ws_add_frame(out, WS_CLOSE, str_of(payload, 2 + n));
}
