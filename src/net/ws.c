/* SPDX-License-Identifier: MIT
 *
 * ws.c - WebSocket frames, read where they lie.
 *
 *     byte 0   FIN | RSV1 RSV2 RSV3 | opcode (4 bits)
 *     byte 1   MASK | length (7 bits); 126: 2 more bytes follow, 127: 8 more, most significant first
 *     4 bytes  mask, when MASK (always, from a client)
 *     payload  each byte XOR mask[i % 4]
 *
 * A message in one frame, which is nearly every message, is never copied: it is unmasked in the
 * receive buffer and handed out there. Only fragments are gathered. A header is judged as soon as it
 * can be read, so an oversized frame is refused before any of it is waited for.
 */
#include "net/ws.h"

#include "record/utf8.h"

#include <errno.h>
#include <openssl/evp.h>

enum {
    FIN = 0x80,
    RSV = 0x70,
    OPCODE = 0x0f,
    MASK = 0x80,
    CONTROL = 0x08,
    FRAGMENTS_MAX_DEFAULT = 1024,
    MESSAGE_KEEP = 16 * 1024, /* an empty buffer larger than this gives its memory back */
};

enum { CLOSE_PROTOCOL = 1002, CLOSE_NONE = 1005, CLOSE_TEXT = 1007, CLOSE_POLICY = 1008 };
enum { CLOSE_TOO_BIG = 1009, CLOSE_INTERNAL = 1011 };

struct frame {
    uint8_t first;
    enum ws_opcode opcode;
    uint64_t n; /* of the payload */
    size_t header_n;
};

void ws_reader_init(struct ws_reader *r, size_t message_max, ws_message_fn *fn, void *ctx)
{
    *r = (struct ws_reader){
        .message_max = message_max,
        .fragments_max = FRAGMENTS_MAX_DEFAULT,
        .on_message = fn,
        .ctx = ctx,
    };
}

void ws_reader_fini(struct ws_reader *r)
{
    buf_fini(&r->message);
}

static int broken(struct ws_reader *r, uint16_t close_code)
{
    r->close_code = close_code;
    return -LM_E_PROTOCOL;
}

/* State of the UTF-8 check between fragments: how many bytes the character still lacks, and the range
 * of the next one. 0 = between characters. */
static uint32_t utf8_state(unsigned more, unsigned low, unsigned high)
{
    return more | low << 8 | high << 16;
}

/* The state after a first byte >= 0x80; 0 when no character begins with it (Unicode table 3-7). */
static uint32_t utf8_begin(unsigned char c)
{
    if (c < 0xc2 || c > 0xf4)
        return 0;
    if (c < 0xe0)
        return utf8_state(1, 0x80, 0xbf);
    if (c < 0xf0)
        return utf8_state(2, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf);
    return utf8_state(3, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf);
}

/* Checks text that may begin and end inside a character. False as soon as it cannot be UTF-8. */
static bool utf8_feed(uint32_t *state, struct str s)
{
    uint32_t now = *state;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (now == 0) {
            if (c < 0x80)
                continue;
            now = utf8_begin(c);
            if (now == 0)
                return false;
        } else {
            unsigned more = now & 0xff;
            if (c < (now >> 8 & 0xff) || c > now >> 16)
                return false;
            now = more > 1 ? utf8_state(more - 1, 0x80, 0xbf) : 0;
        }
    }
    *state = now;
    return true;
}

static void unmask(char *p, size_t n, const char mask[4])
{
    uint64_t wide;
    size_t i = 0;

    memcpy(&wide, mask, 4);
    memcpy((char *)&wide + 4, mask, 4);
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, 8);
        word ^= wide;
        memcpy(p + i, &word, 8);
    }
    for (; i < n; i++)
        p[i] = (char)(p[i] ^ mask[i & 3]);
}

static bool is_known(enum ws_opcode opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

/* The extended length, which must be the shortest form. 1, 0 (more bytes needed) or an error. */
static int read_length(struct ws_reader *r, struct str bytes, struct frame *f)
{
    size_t wide = f->n == 126 ? 2 : f->n == 127 ? 8 : 0;
    uint64_t n = 0;

    f->header_n = 2 + wide + 4;
    if (wide == 0)
        return 1;
    if (bytes.n < 2 + wide)
        return 0;
    for (size_t i = 0; i < wide; i++)
        n = n << 8 | (unsigned char)bytes.p[2 + i];
    if (n < (wide == 2 ? 126u : 65536u) || n >> 63)
        return broken(r, CLOSE_PROTOCOL);
    f->n = n;
    return 1;
}

/* May this frame come now, and is there room for it? */
static int judge(struct ws_reader *r, const struct frame *f)
{
    bool in_message = r->fragments > 0;

    if (f->opcode & CONTROL)
        return (f->first & FIN) && f->n <= WS_CONTROL_MAX ? 0 : broken(r, CLOSE_PROTOCOL);
    if (in_message != (f->opcode == WS_CONTINUATION))
        return broken(r, CLOSE_PROTOCOL);
    if (f->n > r->message_max - r->message.n)
        return broken(r, CLOSE_TOO_BIG);
    if (in_message && r->fragments >= r->fragments_max)
        return broken(r, CLOSE_POLICY);
    return 0;
}

/* 1 when the header is whole, 0 when more bytes are needed, or an error. */
static int read_header(struct ws_reader *r, struct str bytes, struct frame *f)
{
    f->first = (uint8_t)bytes.p[0];
    f->opcode = f->first & OPCODE;
    if ((f->first & RSV) || !is_known(f->opcode))
        return broken(r, CLOSE_PROTOCOL);
    if (bytes.n < 2)
        return 0;
    uint8_t second = (uint8_t)bytes.p[1];
    if (!(second & MASK))
        return broken(r, CLOSE_PROTOCOL);
    f->n = second & ~MASK & 0xff;
    int got = read_length(r, bytes, f);
    if (got <= 0)
        return got;
    int e = judge(r, f);
    if (e < 0)
        return e;
    return bytes.n >= f->header_n;
}

static bool may_close_with(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static int take_close(struct ws_reader *r, struct str payload)
{
    uint16_t code = CLOSE_NONE;
    struct str reason = STR("");

    if (payload.n == 1)
        return broken(r, CLOSE_PROTOCOL);
    if (payload.n >= 2) {
        code = (uint16_t)((unsigned char)payload.p[0] << 8 | (unsigned char)payload.p[1]);
        reason = str_of(payload.p + 2, payload.n - 2);
        if (!may_close_with(code))
            return broken(r, CLOSE_PROTOCOL);
    }
    if (utf8_valid_prefix(reason) != reason.n)
        return broken(r, CLOSE_TEXT);
    return r->on_message(WS_CLOSE, reason, code, r->ctx);
}

/* One frame of a message of several. */
static int take_fragment(struct ws_reader *r, const struct frame *f, struct str payload)
{
    bool last = f->first & FIN;

    if (r->fragments++ == 0) {
        r->message_opcode = (uint8_t)f->opcode;
        r->utf8_state = 0;
    }
    if (r->message_opcode == WS_TEXT &&
        (!utf8_feed(&r->utf8_state, payload) || (last && r->utf8_state != 0)))
        return broken(r, CLOSE_TEXT);
    buf_add_str(&r->message, payload);
    if (r->message.failed) {
        r->close_code = CLOSE_INTERNAL;
        return -ENOMEM;
    }
    if (!last)
        return 0;
    int e = r->on_message(r->message_opcode, buf_str(&r->message), 0, r->ctx);
    r->fragments = 0;
    buf_clear(&r->message);
    if (r->message.cap > MESSAGE_KEEP)
        buf_fini(&r->message);
    return e;
}

static int take_frame(struct ws_reader *r, const struct frame *f, struct str payload)
{
    if (f->opcode == WS_CLOSE)
        return take_close(r, payload);
    if (!(f->opcode & CONTROL) && (f->opcode == WS_CONTINUATION || !(f->first & FIN)))
        return take_fragment(r, f, payload);
    if (f->opcode == WS_TEXT && utf8_valid_prefix(payload) != payload.n)
        return broken(r, CLOSE_TEXT);
    return r->on_message(f->opcode, payload, 0, r->ctx);
}

int ws_feed(struct ws_reader *r, struct buf *in)
{
    size_t at = 0;
    int e = 0;

    while (e == 0 && at < in->n) {
        struct str bytes = str_of(in->p + at, in->n - at);
        struct frame f;
        int got = read_header(r, bytes, &f);
        if (got <= 0) {
            e = got;
            break;
        }
        if (bytes.n - f.header_n < f.n)
            break;
        char *payload = in->p + at + f.header_n;
        unmask(payload, f.n, payload - 4);
        e = take_frame(r, &f, str_of(payload, f.n));
        at += f.header_n + f.n;
    }
    buf_consume(in, at);
    return e;
}

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

void ws_add_close(struct buf *out, uint16_t code, struct str reason)
{
    char payload[WS_CONTROL_MAX] = {(char)(code >> 8), (char)code};
    size_t n = utf8_cut(reason, sizeof payload - 2);

    if (code == CLOSE_NONE) {
        ws_add_frame(out, WS_CLOSE, STR(""));
        return;
    }
    if (n)
        memcpy(payload + 2, reason.p, n);
    ws_add_frame(out, WS_CLOSE, str_of(payload, 2 + n));
}

static bool is_base64_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

int ws_accept_key(struct str key, char out[29])
{
    enum { KEY_N = 24, KEY_DIGITS = 22, SHA1_N = 20 };
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_N + sizeof guid - 1];
    unsigned char hash[EVP_MAX_MD_SIZE];

    if (key.n != KEY_N || memcmp(key.p + KEY_DIGITS, "==", 2) != 0)
        return -LM_E_SYNTAX;
    for (size_t i = 0; i < KEY_DIGITS; i++)
        if (!is_base64_char(key.p[i]))
            return -LM_E_SYNTAX;
    memcpy(text, key.p, KEY_N);
    memcpy(text + KEY_N, guid, sizeof guid - 1);
    if (EVP_Digest(text, sizeof text, hash, NULL, EVP_sha1(), NULL) != 1)
        return -ENOMEM;
    EVP_EncodeBlock((unsigned char *)out, hash, SHA1_N);
    return 0;
}
