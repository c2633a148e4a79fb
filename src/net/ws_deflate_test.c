/* SPDX-License-Identifier: MIT
 *
 * ws_deflate_test.c - what is agreed on, and that bytes come back whole however they are cut.
 */
#include "net/ws.h"
#include "net/ws_deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void offers_are_answered_or_declined(void **state)
{
    static const struct {
        const char *offer;
        int least, bits;
        const char *answer;
    } cases[] = {
        {"permessage-deflate", 12, 12, ""},
        {"permessage-deflate; client_max_window_bits", 12, 12, "; client_max_window_bits=12"},
        {"permessage-deflate;server_max_window_bits=\"10\"", 9, 10, "; server_max_window_bits=10"},
        {"permessage-deflate; server_max_window_bits=10", 12, 0, NULL},
        {"permessage-deflate; server_max_window_bits=10, permessage-deflate", 12, 12, ""},
        {"x-webkit-deflate-frame, permessage-deflate", 12, 12, ""},
        {"x-webkit-deflate-frame", 12, 0, NULL},
        {"permessage-deflate; server_max_window_bits=09", 9, 0, NULL},
        {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", 9, 0, NULL},
        {"", 9, 0, NULL},
    };
    char answer[WS_EXTENSION_MAX], want[WS_EXTENSION_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int bits = ws_deflate_agree(str_from(cases[i].offer), cases[i].least, answer);
        assert_int_equal(bits, cases[i].bits);
        if (!bits)
            continue;
        snprintf(want, sizeof want,
                 "permessage-deflate; server_no_context_takeover; client_no_context_takeover%s",
                 cases[i].answer);
        assert_string_equal(answer, want);
    }
}

/* Inflates in pieces of `step` bytes; returns the last result. */
static int inflate_in(struct str packed, size_t step, struct buf *out, size_t max)
{
    struct ws_inflate *z;
    int e = 0;

    assert_int_equal(ws_inflate_new(&z), 0);
    do {
        size_t n = packed.n < step ? packed.n : step;
        struct str piece = str_of(packed.p, n);
        packed = str_of(packed.p + n, packed.n - n);
        do
            e = ws_inflate_step(z, &piece, packed.n == 0, out, max);
        while (e == 1);
    } while (e == 0 && packed.n > 0);
    ws_inflate_free(z);
    return e;
}

static void what_was_compressed_comes_back_in_any_pieces(void **state)
{
    static const size_t sizes[] = {0, 1, 5, 1000, 70000, 300000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int bits = WS_WINDOW_BITS_MIN; bits <= WS_WINDOW_BITS; bits++) {
            struct buf packed = {0}, out = {0};
            char *text = malloc(sizes[i] + 1);
            assert_non_null(text);
            for (size_t k = 0; k < sizes[i]; k++)
                text[k] = "a line that repeats itself, nearly "[(k + k / 977) % 35];
            ws_deflate(&packed, str_of(text, sizes[i]), bits);
            assert_int_equal(buf_error(&packed), 0);
            for (size_t step = 1; step < 100000; step = step * 7 + 3) {
                buf_clear(&out);
                assert_int_equal(inflate_in(buf_str(&packed), step, &out, sizes[i]), 0);
                assert_int_equal(out.n, sizes[i]);
                assert_true(sizes[i] == 0 || memcmp(out.p, text, sizes[i]) == 0);
            }
            free(text);
            buf_fini(&packed);
            buf_fini(&out);
        }
}

static void one_byte_beyond_the_limit_is_too_much(void **state)
{
    struct buf packed = {0}, out = {0};
    char *zeros = calloc(1, 1 << 20);

    (void)state;
    assert_non_null(zeros);
    ws_deflate(&packed, str_of(zeros, 1 << 20), WS_WINDOW_BITS);
    assert_int_equal(inflate_in(buf_str(&packed), SIZE_MAX, &out, 1 << 20), 0);
    assert_int_equal(out.n, 1 << 20);
    buf_fini(&out);
    assert_int_equal(inflate_in(buf_str(&packed), SIZE_MAX, &out, (1 << 20) - 1), -LM_E_FULL);
    assert_true(out.n < 1 << 20);
    buf_fini(&out);
    assert_int_equal(inflate_in(STR("\x07\xff\xff"), SIZE_MAX, &out, 1000), -LM_E_DAMAGED);
    free(zeros);
    buf_fini(&packed);
    buf_fini(&out);
}

static void a_frame_is_compressed_only_when_that_helps(void **state)
{
    struct buf out = {0};
    char text[400];

    (void)state;
    ws_add_deflated(&out, WS_TEXT, STR("xyz"), WS_WINDOW_BITS);
    assert_memory_equal(out.p, "\x81\x03xyz", 5);
    buf_clear(&out);
    memset(text, 'a', sizeof text);
    ws_add_deflated(&out, WS_TEXT, str_of(text, sizeof text), WS_WINDOW_BITS);
    assert_int_equal((unsigned char)out.p[0], 0xc1);
    assert_true(out.n < 30);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_are_answered_or_declined),
        cmocka_unit_test(what_was_compressed_comes_back_in_any_pieces),
        cmocka_unit_test(one_byte_beyond_the_limit_is_too_much),
        cmocka_unit_test(a_frame_is_compressed_only_when_that_helps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
