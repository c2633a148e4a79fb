/* SPDX-License-Identifier: MIT
 *
 * ws.c - WebSocket frames, read where they lie.
 *
 *     byte 0   FIN | RSV1 RSV2 RSV3 | opcode (4 bits)
 *     byte 1   MASK | length (7 bits); 126: 2 more bytes follow, 127: 8 more, most significant first
 *     4 bytes  mask, when MASK (always, from a client)
 *     payload  each byte XOR mask[i % 4]
 *
 * A message that lies whole in the receive buffer in one frame, which is nearly every message, is
 * never copied: it is unmasked and handed out there. What comes in pieces is gathered, and checked
 * as it comes. A header is judged as soon as it can be read, so an oversized frame is refused
 * before any of it is waited for.
 *
 * Threads: any, one for each reader. Owns: see ws.h.
 */
#include "net/ws.h"

#include "net/ws_deflate.h"
#include "record/utf8.h"

#include <errno.h>

enum {
    FIN = 0x80,
    RSV = 0x70,
    RSV1 = 0x40, /* compressed */
    OPCODE = 0x0f,
    MASK = 0x80,
    CONTROL = 0x08,
    FRAGMENTS_MAX_DEFAULT = 1024,
    MESSAGE_KEEP = 16 * 1024, /* an empty buffer larger than this gives its memory back */
};

/* A header as it was read. */
struct header {
    uint8_t first;
    enum ws_opcode opcode;
    uint64_t n; /* of the payload */
    size_t size;
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
    ws_inflate_free(r->inflate);
    r->inflate = NULL;
    buf_fini(&r->message);
}

static int broken(struct ws_reader *r, uint16_t close_code)
{
    r->close_code = close_code;
    return -LM_E_PROTOCOL;
}

static int out_of_memory(struct ws_reader *r)
{
    r->close_code = WS_CLOSE_INTERNAL;
    return -ENOMEM;
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

/* Only the first frame of a message says that it is compressed. */
static bool reserved_bits_are_right(const struct ws_reader *r, const struct header *h)
{
    unsigned reserved = h->first & RSV;

    return reserved == 0 ||
           (reserved == RSV1 && r->may_deflate && (h->opcode == WS_TEXT || h->opcode == WS_BINARY));
}

/* The extended length, which must be the shortest form. 1, 0 (more bytes needed) or an error. */
static int read_length(struct ws_reader *r, struct str bytes, struct header *h)
{
    size_t wide = h->n == 126 ? 2 : h->n == 127 ? 8 : 0;
    uint64_t n = 0;

    h->size = 2 + wide + 4;
    if (wide == 0)
        return 1;
    if (bytes.n < 2 + wide)
        return 0;
    for (size_t i = 0; i < wide; i++)
        n = n << 8 | (unsigned char)bytes.p[2 + i];
    if (n < (wide == 2 ? 126u : 65536u) || n >> 63)
        return broken(r, WS_CLOSE_PROTOCOL);
    h->n = n;
    return 1;
}

/* May this frame come now, and is there room for it? */
static int judge(struct ws_reader *r, const struct header *h)
{
    if (h->opcode & CONTROL)
        return (h->first & FIN) && h->n <= WS_CONTROL_MAX ? 0 : broken(r, WS_CLOSE_PROTOCOL);
    if (r->in_message != (h->opcode == WS_CONTINUATION))
        return broken(r, WS_CLOSE_PROTOCOL);
    if (h->n > r->message_max - r->message.n)
        return broken(r, WS_CLOSE_TOO_BIG);
    if (r->in_message && r->fragments >= r->fragments_max)
        return broken(r, WS_CLOSE_POLICY);
    return 0;
}

/* 1 when the header is whole, 0 when more bytes are needed, or an error. */
static int read_header(struct ws_reader *r, struct str bytes, struct header *h)
{
    h->first = (uint8_t)bytes.p[0];
    h->opcode = h->first & OPCODE;
    if (!is_known(h->opcode) || !reserved_bits_are_right(r, h))
        return broken(r, WS_CLOSE_PROTOCOL);
    if (bytes.n < 2)
        return 0;
    uint8_t second = (uint8_t)bytes.p[1];
    if (!(second & MASK))
        return broken(r, WS_CLOSE_PROTOCOL);
    h->n = second & ~MASK & 0xff;
    int got = read_length(r, bytes, h);
    if (got <= 0)
        return got;
    int e = judge(r, h);
    if (e < 0)
        return e;
    return bytes.n >= h->size;
}

static bool may_close_with(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static int take_close(struct ws_reader *r, struct str payload)
{
    uint16_t code = WS_CLOSE_NONE;
    struct str reason = STR("");

    if (payload.n == 1)
        return broken(r, WS_CLOSE_PROTOCOL);
    if (payload.n >= 2) {
        code = (uint16_t)((unsigned char)payload.p[0] << 8 | (unsigned char)payload.p[1]);
        reason = str_of(payload.p + 2, payload.n - 2);
        if (!may_close_with(code))
            return broken(r, WS_CLOSE_PROTOCOL);
    }
    if (utf8_valid_prefix(reason) != reason.n)
        return broken(r, WS_CLOSE_TEXT);
    return r->on_message(WS_CLOSE, reason, code, r->ctx);
}

static int take_control(struct ws_reader *r, enum ws_opcode opcode, struct str payload)
{
    if (opcode == WS_CLOSE)
        return take_close(r, payload);
    return r->on_message(opcode, payload, 0, r->ctx);
}

/* More bytes of the message's text; `whole` when it ends with them. */
static int check_text(struct ws_reader *r, struct str s, bool whole)
{
    if (r->message_opcode != WS_TEXT)
        return 0;
    if (!utf8_feed(&r->utf8_state, s) || (whole && r->utf8_state != 0))
        return broken(r, WS_CLOSE_TEXT);
    return 0;
}

/* Inflates a piece of the message to its end; the limit is on what comes out. */
static int inflate_piece(struct ws_reader *r, struct str piece, bool whole)
{
    if (!r->inflate && ws_inflate_new(&r->inflate) < 0)
        return out_of_memory(r);
    for (;;) {
        size_t before = r->message.n;
        int got = ws_inflate_step(r->inflate, &piece, whole, &r->message, r->message_max);
        if (got == -LM_E_FULL)
            return broken(r, WS_CLOSE_TOO_BIG);
        if (got == -LM_E_DAMAGED)
            return broken(r, WS_CLOSE_TEXT);
        if (got < 0)
            return out_of_memory(r);
        struct str fresh = str_of(r->message.p + before, r->message.n - before);
        int e = check_text(r, fresh, false);
        if (e < 0 || got == 0)
            return e;
    }
}

static int end_message(struct ws_reader *r, struct str message)
{
    int e = check_text(r, STR_NONE, true);

    if (e == 0)
        e = r->on_message(r->message_opcode, message, 0, r->ctx);
    r->in_message = false;
    r->fragments = 0;
    ws_inflate_free(r->inflate);
    r->inflate = NULL;
    buf_clear(&r->message);
    if (r->message.cap > MESSAGE_KEEP)
        buf_fini(&r->message);
    return e;
}

/* The next bytes of the payload of the frame that is coming. A message that came whole in one frame
 * is handed out where it lies; everything else is gathered. */
static int take_payload(struct ws_reader *r, struct str payload)
{
    bool whole = r->frame.left == 0 && r->frame.last;

    if (r->compressed) {
        int e = inflate_piece(r, payload, whole);
        return e == 0 && whole ? end_message(r, buf_str(&r->message)) : e;
    }
    int e = check_text(r, payload, false);
    if (e < 0)
        return e;
    if (whole && r->fragments == 1 && r->message.n == 0)
        return end_message(r, payload);
    buf_add_str(&r->message, payload);
    if (r->message.failed)
        return out_of_memory(r);
    return whole ? end_message(r, buf_str(&r->message)) : 0;
}

static void begin_frame(struct ws_reader *r, const struct header *h, const char mask[4])
{
    if (!r->in_message) {
        r->in_message = true;
        r->message_opcode = (uint8_t)h->opcode;
        r->compressed = h->first & RSV1;
        r->utf8_state = 0;
    }
    r->fragments++;
    r->in_frame = true;
    r->frame = (struct ws_frame){.left = h->n, .last = h->first & FIN};
    memcpy(r->frame.mask, mask, 4);
}

/* The mask for the byte after n more. */
static void turn_mask(char mask[4], size_t n)
{
    char old[4];

    memcpy(old, mask, 4);
    for (size_t i = 0; i < 4; i++)
        mask[i] = old[(i + n) & 3];
}

/* Takes from the payload that is coming. Returns how many bytes, or an error in *e. */
static size_t go_on(struct ws_reader *r, char *p, size_t n, int *e)
{
    if (n > r->frame.left)
        n = r->frame.left;
    unmask(p, n, r->frame.mask);
    turn_mask(r->frame.mask, n);
    r->frame.left -= n;
    r->in_frame = r->frame.left > 0;
    *e = take_payload(r, str_of(p, n));
    return n;
}

/* Takes a header, and the whole frame when it is a control frame. Returns how many bytes; 0: more
 * are needed, or *e says what is wrong. */
static size_t begin(struct ws_reader *r, char *p, size_t n, int *e)
{
    struct header h;
    int got = read_header(r, str_of(p, n), &h);

    if (got <= 0) {
        *e = got;
        return 0;
    }
    if (!(h.opcode & CONTROL)) {
        begin_frame(r, &h, p + h.size - 4);
        if (h.n == 0)
            go_on(r, p + h.size, 0, e);
        return h.size;
    }
    if (n - h.size < h.n)
        return 0;
    unmask(p + h.size, h.n, p + h.size - 4);
    *e = take_control(r, h.opcode, str_of(p + h.size, h.n));
    return h.size + h.n;
}

int ws_feed(struct ws_reader *r, struct buf *in)
{
    size_t at = 0;
    int e = 0;

    while (e == 0 && at < in->n) {
        size_t taken = (r->in_frame ? go_on : begin)(r, in->p + at, in->n - at, &e);
        at += taken;
        if (taken == 0)
            break;
    }
    buf_consume(in, at);
    return e;
}
