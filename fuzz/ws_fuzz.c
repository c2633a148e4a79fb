/* SPDX-License-Identifier: MIT
 *
 * ws_fuzz.c - arbitrary bytes as WebSocket frames, in one piece and cut in two.
 *
 * What must hold: no memory error, text is UTF-8, no message is larger than allowed, and both ways
 * to cut lead to the same messages and the same end.
 */
#include "net/ws.h"

#include "record/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 5000 };

static int on_message(enum ws_opcode opcode, struct str payload, uint16_t close_code, void *ctx)
{
    struct buf *heard = ctx;

    lm_assert(payload.n <= MESSAGE_MAX);
    lm_assert(opcode != WS_TEXT || utf8_valid_prefix(payload) == payload.n);
    lm_assert((opcode & 8) == 0 || payload.n <= WS_CONTROL_MAX);
    buf_printf(heard, "%u %u %zu:", (unsigned)opcode, close_code, payload.n);
    buf_add_str(heard, payload);
    return opcode == WS_CLOSE;
}

/* What is said, and how it ends, as text in `heard`. */
static void run(const uint8_t *data, size_t size, size_t cut, bool may_deflate, struct buf *heard)
{
    struct ws_reader r;
    struct buf in = {0};

    ws_reader_init(&r, MESSAGE_MAX, on_message, heard);
    r.may_deflate = may_deflate;
    buf_add(&in, data, cut);
    int e = ws_feed(&r, &in);
    if (e == 0) {
        buf_add(&in, data + cut, size - cut);
        e = ws_feed(&r, &in);
    }
    buf_printf(heard, "end %d %u", e, e < 0 ? r.close_code : 0);
    ws_reader_fini(&r);
    buf_fini(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = {0}, cut = {0};
    char key[29];

    if (size < 1)
        return 0;
    int accepted = ws_accept_key(str_of((const char *)data, size), key);
    lm_assert(accepted < 0 || strlen(key) == 28);
    size_t at = data[0] * (size - 1) / 256;
    run(data + 1, size - 1, size - 1, false, &whole);
    run(data + 1, size - 1, at, false, &cut);
    lm_assert(str_eq(buf_str(&whole), buf_str(&cut)));
    run(data + 1, size - 1, at, true, &cut);
    buf_fini(&whole);
    buf_fini(&cut);
    return 0;
}
