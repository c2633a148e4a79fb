/* SPDX-License-Identifier: MIT
 *
 * ws_test.c - frames of the RFC, frames that break it, and streams cut at every byte.
 */
#include "net/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Everything the callback was given, as text: "1:Hello;" */
struct heard {
    struct ws_reader r;
    struct buf in, said;
    int stop_after;
};

static int on_message(enum ws_opcode opcode, struct str payload, uint16_t close_code, void *ctx)
{
    struct heard *h = ctx;

    if (opcode == WS_CLOSE)
        buf_printf(&h->said, "close %u:", close_code);
    else
        buf_printf(&h->said, "%x:", (unsigned)opcode);
    buf_add_str(&h->said, payload);
    buf_add_char(&h->said, ';');
    return h->stop_after > 0 && --h->stop_after == 0 ? 42 : 0;
}

static void start(struct heard *h)
{
    *h = (struct heard){0};
    ws_reader_init(&h->r, 70000, on_message, h);
}

static void finish(struct heard *h)
{
    ws_reader_fini(&h->r);
    buf_fini(&h->in);
    buf_fini(&h->said);
}

/* A masked client frame; `first` is the whole first byte. */
static void add_client_frame(struct buf *out, uint8_t first, struct str payload)
{
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t header[WS_HEADER_MAX];
    size_t n = ws_put_header(header, WS_TEXT, payload.n);

    header[0] = first;
    header[1] |= 0x80;
    buf_add(out, header, n);
    buf_add(out, mask, 4);
    for (size_t i = 0; i < payload.n; i++)
        buf_add_char(out, (char)(payload.p[i] ^ (char)mask[i % 4]));
}

static int feed(struct heard *h, const void *bytes, size_t n)
{
    buf_add(&h->in, bytes, n);
    return ws_feed(&h->r, &h->in);
}

static void assert_said(struct heard *h, const char *text)
{
    assert_int_equal(h->said.n, strlen(text));
    assert_memory_equal(h->said.p, text, h->said.n);
}

/* The bytes must break the protocol with this code. */
static void assert_breaks(const void *bytes, size_t n, uint16_t code)
{
    struct heard h;

    start(&h);
    assert_int_equal(feed(&h, bytes, n), -LM_E_PROTOCOL);
    assert_int_equal(h.r.close_code, code);
    finish(&h);
}

static void the_masked_hello_of_the_rfc_is_read(void **state)
{
    static const unsigned char hello[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                          0x7f, 0x9f, 0x4d, 0x51, 0x58};
    struct heard h;

    (void)state;
    start(&h);
    assert_int_equal(feed(&h, hello, sizeof hello), 0);
    assert_said(&h, "1:Hello;");
    assert_int_equal(h.in.n, 0);
    finish(&h);
}

static void the_unmasked_hello_of_the_rfc_is_written(void **state)
{
    struct buf out = {0};

    (void)state;
    ws_add_frame(&out, WS_TEXT, STR("Hello"));
    assert_int_equal(out.n, 7);
    assert_memory_equal(out.p, "\x81\x05Hello", 7);
    buf_clear(&out);
    ws_add_close(&out, 1001, STR("bye"));
    assert_memory_equal(out.p,
                        "\x88\x05\x03\xe9"
                        "bye",
                        7);
    buf_fini(&out);
}

static void lengths_are_written_in_their_shortest_form(void **state)
{
    uint8_t h[WS_HEADER_MAX];

    (void)state;
    assert_int_equal(ws_put_header(h, WS_BINARY, 125), 2);
    assert_memory_equal(h, "\x82\x7d", 2);
    assert_int_equal(ws_put_header(h, WS_BINARY, 126), 4);
    assert_memory_equal(h, "\x82\x7e\x00\x7e", 4);
    assert_int_equal(ws_put_header(h, WS_BINARY, 65535), 4);
    assert_int_equal(ws_put_header(h, WS_BINARY, 65536), 10);
    assert_memory_equal(h, "\x82\x7f\0\0\0\0\0\1\0\0", 10);
}

static void a_close_reason_is_cut_at_a_character(void **state)
{
    struct buf out = {0};
    char reason[200];

    (void)state;
    for (size_t i = 0; i < sizeof reason; i += 2)
        memcpy(reason + i, "\xc3\xa9", 2);
    ws_add_close(&out, 1008, str_of(reason, sizeof reason));
    assert_int_equal(out.n, 2 + 2 + 122);
    buf_clear(&out);
    ws_add_close(&out, 1005, STR("not sent"));
    assert_int_equal(out.n, 2);
    buf_fini(&out);
}

/* Everything a stream may hold: fragments with a ping between them, long frames, a close. */
static void make_stream(struct buf *out)
{
    char big[300];

    memset(big, 'b', sizeof big);
    add_client_frame(out, 0x81, STR("one"));
    add_client_frame(out, 0x01, STR("caf\xc3"));
    add_client_frame(out, 0x89, STR("ping"));
    add_client_frame(out, 0x00, STR(""));
    add_client_frame(out, 0x80, STR("\xa9!"));
    add_client_frame(out, 0x82, str_of(big, sizeof big));
    add_client_frame(out, 0x8a, STR(""));
    add_client_frame(out, 0x88,
                     STR("\x03\xe8"
                         "done"));
}

static void every_way_to_cut_a_stream_gives_the_same_messages(void **state)
{
    struct buf stream = {0}, whole = {0};
    struct heard h;

    (void)state;
    make_stream(&stream);
    start(&h);
    assert_int_equal(feed(&h, stream.p, stream.n), 0);
    buf_add_str(&whole, buf_str(&h.said));
    finish(&h);
    assert_memory_equal(whole.p, "1:one;9:ping;1:caf\xc3\xa9!;2:bbb", 26);
    assert_memory_equal(whole.p + whole.n - 21, "b;a:;close 1000:done;", 21);
    for (size_t cut = 0; cut <= stream.n; cut++) {
        start(&h);
        assert_int_equal(feed(&h, stream.p, cut), 0);
        assert_int_equal(feed(&h, stream.p + cut, stream.n - cut), 0);
        assert_true(str_eq(buf_str(&h.said), buf_str(&whole)));
        finish(&h);
    }
    start(&h);
    for (size_t i = 0; i < stream.n; i++)
        assert_int_equal(feed(&h, stream.p + i, 1), 0);
    assert_true(str_eq(buf_str(&h.said), buf_str(&whole)));
    finish(&h);
    buf_fini(&stream);
    buf_fini(&whole);
}

static void the_callback_may_stop_after_any_message(void **state)
{
    struct buf stream = {0};
    struct heard h;

    (void)state;
    add_client_frame(&stream, 0x81, STR("a"));
    add_client_frame(&stream, 0x81, STR("b"));
    start(&h);
    h.stop_after = 1;
    assert_int_equal(feed(&h, stream.p, stream.n), 42);
    assert_said(&h, "1:a;");
    assert_int_equal(h.in.n, stream.n / 2);
    assert_int_equal(feed(&h, "", 0), 0);
    assert_said(&h, "1:a;1:b;");
    finish(&h);
    buf_fini(&stream);
}

static void unmasking_is_right_at_every_length_and_alignment(void **state)
{
    struct heard h;
    char text[80];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('!' + i);
    for (size_t n = 0; n < sizeof text; n++) {
        start(&h);
        struct buf frame = {0};
        add_client_frame(&frame, 0x82, str_of(text, n));
        assert_int_equal(feed(&h, frame.p, frame.n), 0);
        assert_int_equal(h.said.n, n + 3);
        assert_memory_equal(h.said.p + 2, text, n);
        buf_fini(&frame);
        finish(&h);
    }
}

static void headers_that_break_the_rules_are_1002(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {"\xc1", 1},             /* a reserved bit */
        {"\x83", 1},             /* an unknown opcode */
        {"\x8b", 1},             /* an unknown control opcode */
        {"\x81\x05", 2},         /* not masked */
        {"\x09\x80", 2},         /* a control frame in fragments */
        {"\x89\xfe\x00\x7e", 4}, /* a control frame of 126 bytes */
        {"\x80\x80", 2},         /* a continuation of nothing */
        {"\x81\xfe\x00\x7d", 4}, /* a length that fits in one byte */
        {"\x81\xff\0\0\0\0\0\0\xff\xff", 10},
        {"\x81\xff\x80\0\0\0\0\1\0\0", 10},
        {"\x01\x80zzzz\x81\x80", 8}, /* a new message inside another */
        {"\x88\x81zzzz\x03", 7},     /* a close code of one byte */
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_breaks(bad[i].bytes, bad[i].n, 1002);
}

static void a_length_beyond_the_limit_is_1009_before_the_payload_comes(void **state)
{
    struct buf stream = {0};
    char half[40000];

    (void)state;
    assert_breaks("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10, 1009);
    assert_breaks("\x82\xff\0\0\0\0\0\x01\x11\x71", 10, 1009);
    memset(half, 'x', sizeof half);
    add_client_frame(&stream, 0x02, str_of(half, sizeof half));
    add_client_frame(&stream, 0x80, str_of(half, sizeof half));
    assert_breaks(stream.p, stream.n - sizeof half, 1009);
    buf_fini(&stream);
}

static void endless_fragments_are_1008(void **state)
{
    struct buf stream = {0};

    (void)state;
    add_client_frame(&stream, 0x02, STR(""));
    for (int i = 0; i < 1024; i++)
        add_client_frame(&stream, 0x00, STR(""));
    assert_breaks(stream.p, stream.n, 1008);
    buf_fini(&stream);
}

static void text_that_is_not_utf8_is_1007_as_soon_as_it_shows(void **state)
{
    static const char *const bad[] = {
        "\xff",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\x80",         "\xe2\x82",         "ok\xc3(",
    };
    struct buf stream = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        buf_clear(&stream);
        add_client_frame(&stream, 0x81, str_from(bad[i]));
        assert_breaks(stream.p, stream.n, 1007);
        /* The same one byte a fragment; an empty last one ends what is merely incomplete. */
        buf_clear(&stream);
        for (const char *p = bad[i]; *p; p++)
            add_client_frame(&stream, p == bad[i] ? 0x01 : 0x00, str_of(p, 1));
        add_client_frame(&stream, 0x80, STR(""));
        assert_breaks(stream.p, stream.n, 1007);
    }
    /* The fragment that cannot become UTF-8 is refused although the message goes on. */
    buf_clear(&stream);
    add_client_frame(&stream, 0x01, STR("\xe2\x28"));
    assert_breaks(stream.p, stream.n, 1007);
    buf_fini(&stream);
}

static void utf8_at_every_edge_passes_whole_and_in_fragments(void **state)
{
    static const char *const good[] = {
        "",
        "a",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "a\xe2\x82\xac z\xf0\x9f\x93\x81",
    };
    struct buf stream = {0};
    struct heard h;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        buf_clear(&stream);
        add_client_frame(&stream, 0x81, str_from(good[i]));
        add_client_frame(&stream, 0x01, STR(""));
        for (const char *p = good[i]; *p; p++)
            add_client_frame(&stream, 0x00, str_of(p, 1));
        add_client_frame(&stream, 0x80, STR(""));
        start(&h);
        assert_int_equal(feed(&h, stream.p, stream.n), 0);
        size_t n = strlen(good[i]);
        assert_int_equal(h.said.n, 2 * (n + 3));
        assert_memory_equal(h.said.p + 2, good[i], n);
        assert_memory_equal(h.said.p + n + 5, good[i], n);
        finish(&h);
    }
    buf_fini(&stream);
}

static void close_codes_are_checked(void **state)
{
    static const unsigned good[] = {1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999};
    static const unsigned bad[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};
    struct buf stream = {0};
    struct heard h;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char code[2] = {(char)(good[i] >> 8), (char)good[i]};
        buf_clear(&stream);
        add_client_frame(&stream, 0x88, str_of(code, 2));
        start(&h);
        assert_int_equal(feed(&h, stream.p, stream.n), 0);
        finish(&h);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char code[2] = {(char)(bad[i] >> 8), (char)bad[i]};
        buf_clear(&stream);
        add_client_frame(&stream, 0x88, str_of(code, 2));
        assert_breaks(stream.p, stream.n, 1002);
    }
    buf_clear(&stream);
    add_client_frame(&stream, 0x88, STR("\x03\xe8\xff"));
    assert_breaks(stream.p, stream.n, 1007);
    buf_clear(&stream);
    add_client_frame(&stream, 0x88, STR(""));
    start(&h);
    assert_int_equal(feed(&h, stream.p, stream.n), 0);
    assert_said(&h, "close 1005:;");
    finish(&h);
    buf_fini(&stream);
}

static void the_key_of_the_rfc_is_accepted_and_others_checked(void **state)
{
    char out[29];

    (void)state;
    assert_int_equal(ws_accept_key(STR("dGhlIHNhbXBsZSBub25jZQ=="), out), 0);
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_int_equal(ws_accept_key(STR(""), out), -LM_E_SYNTAX);
    assert_int_equal(ws_accept_key(STR("dGhlIHNhbXBsZSBub25jZQ="), out), -LM_E_SYNTAX);
    assert_int_equal(ws_accept_key(STR("dGhlIHNhbXBsZSBub25jZQ==="), out), -LM_E_SYNTAX);
    assert_int_equal(ws_accept_key(STR("dGhlIHNhbXBsZSBub25jZQ-="), out), -LM_E_SYNTAX);
    assert_int_equal(ws_accept_key(STR("dGhl!HNhbXBsZSBub25jZQ=="), out), -LM_E_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_masked_hello_of_the_rfc_is_read),
        cmocka_unit_test(the_unmasked_hello_of_the_rfc_is_written),
        cmocka_unit_test(lengths_are_written_in_their_shortest_form),
        cmocka_unit_test(a_close_reason_is_cut_at_a_character),
        cmocka_unit_test(every_way_to_cut_a_stream_gives_the_same_messages),
        cmocka_unit_test(the_callback_may_stop_after_any_message),
        cmocka_unit_test(unmasking_is_right_at_every_length_and_alignment),
        cmocka_unit_test(headers_that_break_the_rules_are_1002),
        cmocka_unit_test(a_length_beyond_the_limit_is_1009_before_the_payload_comes),
        cmocka_unit_test(endless_fragments_are_1008),
        cmocka_unit_test(text_that_is_not_utf8_is_1007_as_soon_as_it_shows),
        cmocka_unit_test(utf8_at_every_edge_passes_whole_and_in_fragments),
        cmocka_unit_test(close_codes_are_checked),
        cmocka_unit_test(the_key_of_the_rfc_is_accepted_and_others_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
