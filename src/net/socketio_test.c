/* SPDX-License-Identifier: MIT
 *
 * socketio_test.c - packets as the protocol's text has them, and mail for clients that poll.
 */
#include "net/socketio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
    const char *text;
    struct sio_packet p;
} good[] = {
    {"0", {SIO_CONNECT, 0, {"/", 1}, SIO_NO_ACK, {"", 0}}},
    {"0{\"token\":\"123\"}", {SIO_CONNECT, 0, {"/", 1}, SIO_NO_ACK, {"{\"token\":\"123\"}", 15}}},
    {"0/admin,{}", {SIO_CONNECT, 0, {"/admin", 6}, SIO_NO_ACK, {"{}", 2}}},
    {"1/admin,", {SIO_DISCONNECT, 0, {"/admin", 6}, SIO_NO_ACK, {"", 0}}},
    {"2[\"foo\"]", {SIO_EVENT, 0, {"/", 1}, SIO_NO_ACK, {"[\"foo\"]", 7}}},
    {"2/admin,[\"bar\"]", {SIO_EVENT, 0, {"/admin", 6}, SIO_NO_ACK, {"[\"bar\"]", 7}}},
    {"212[\"foo\"]", {SIO_EVENT, 0, {"/", 1}, 12, {"[\"foo\"]", 7}}},
    {"3/admin,13[\"bar\"]", {SIO_ACK, 0, {"/admin", 6}, 13, {"[\"bar\"]", 7}}},
    {"4{\"message\":\"x\"}",
     {SIO_CONNECT_ERROR, 0, {"/", 1}, SIO_NO_ACK, {"{\"message\":\"x\"}", 15}}},
    {"51-[\"b\",{\"_placeholder\":true,\"num\":0}]",
     {SIO_BINARY_EVENT,
      1,
      {"/", 1},
      SIO_NO_ACK,
      {"[\"b\",{\"_placeholder\":true,\"num\":0}]", 35}}},
    {"61-/a,15[{\"_placeholder\":true,\"num\":0}]",
     {SIO_BINARY_ACK, 1, {"/a", 2}, 15, {"[{\"_placeholder\":true,\"num\":0}]", 31}}},
};

static void packets_of_the_specification_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct sio_packet p;
        const struct sio_packet *want = &good[i].p;
        struct buf out = {0};

        assert_true(sio_parse(str_from(good[i].text), &p));
        assert_int_equal(p.type, want->type);
        assert_int_equal(p.attachments, want->attachments);
        assert_true(p.ack == want->ack);
        assert_true(str_eq(p.nsp, want->nsp));
        assert_true(str_eq(p.data, want->data));
        sio_add(&out, want);
        assert_true(str_eq(buf_str(&out), str_from(good[i].text)));
        buf_fini(&out);
    }
}

static void a_namespace_needs_no_comma_at_the_end_and_loses_its_query(void **state)
{
    struct sio_packet p;

    (void)state;
    assert_true(sio_parse(STR("0/custom"), &p));
    assert_true(str_is(p.nsp, "/custom"));
    assert_true(sio_parse(STR("0/custom?a=b,{}"), &p));
    assert_true(str_is(p.nsp, "/custom"));
    assert_true(str_is(p.data, "{}"));
}

static void what_is_no_packet_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "7",
        "x",
        "0[]",
        "0{",
        "0{}x",
        "1{}",
        "2",
        "2{}",
        "2[]",
        "2[1]",
        "2[\"a\"",
        "2abc[\"a\"]",
        "3[1]",
        "3",
        "4",
        "5[\"a\"]",
        "5-[\"a\"]",
        "533-[\"a\"]",
        "51[\"a\"]",
        "6[1]",
        "299999999999999999999[\"a\"]",
        "0/0123456789012345678901234567890123456789012345678901234567890123456789",
    };
    struct sio_packet p;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (sio_parse(str_from(bad[i]), &p))
            fail_msg("taken for a packet: %s", bad[i]);
}

static void mail_is_frames_taken_apart(void **state)
{
    struct buf mail = {0}, out = {0};
    char large[70000];

    (void)state;
    memset(large, 'x', sizeof large);
    eio_add_text(&mail, STR("hello"));
    ws_add_frame(&mail, WS_BINARY, STR("\1\2\3\4"));
    ws_add_frame(&mail, WS_BINARY, STR(""));
    eio_add_text(&mail, str_of(large, 200));
    eio_add_text(&mail, str_of(large, sizeof large));
    eio_mail_unpack(buf_str(&mail), &out);
    assert_int_equal(out.n, 6 + 1 + 9 + 1 + 1 + 1 + 201 + 1 + 1 + sizeof large);
    assert_memory_equal(out.p,
                        "4hello\x1e"
                        "bAQIDBA==\x1e"
                        "b\x1e"
                        "4xxx",
                        22);
    buf_fini(&mail);
    buf_fini(&out);
}

static void the_head_of_a_text_fits_the_frame(void **state)
{
    static const size_t sizes[] = {0, 124, 125, 126, 65534, 65535, 65536};
    char head[EIO_TEXT_HEAD_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = eio_put_text_head(head, sizes[i]);
        assert_true(n <= sizeof head);
        assert_int_equal(head[n - 1], '4');
        assert_int_equal((unsigned char)head[0], 0x81);
    }
    assert_int_equal(eio_put_text_head(head, 124), 3);
    assert_int_equal((unsigned char)head[1], 125);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_of_the_specification_are_read_and_written),
        cmocka_unit_test(a_namespace_needs_no_comma_at_the_end_and_loses_its_query),
        cmocka_unit_test(what_is_no_packet_is_refused),
        cmocka_unit_test(mail_is_frames_taken_apart),
        cmocka_unit_test(the_head_of_a_text_fits_the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
