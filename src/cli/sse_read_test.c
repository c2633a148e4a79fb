/* SPDX-License-Identifier: MIT
 *
 * sse_read_test.c - event streams in any pieces, by the letter of the standard.
 */
#include "cli/sse_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Everything that came, as one text: "<type>|<data>|<last id>;" for each event. */
struct heard {
    struct sse_reader reader;
    struct buf text;
    int stop_at; /* the callback says stop at this event, from 1 */
    int events;
};

static int on_event(const struct sse_event *e, void *ctx)
{
    struct heard *h = ctx;

    buf_add_str(&h->text, e->type);
    buf_add_char(&h->text, '|');
    buf_add_str(&h->text, e->data);
    buf_add_char(&h->text, '|');
    buf_add_str(&h->text, buf_str(&h->reader.last_id));
    buf_add_char(&h->text, ';');
    return ++h->events == h->stop_at ? 77 : 0;
}

static void begin(struct heard *h)
{
    *h = (struct heard){.reader = {.fn = on_event, .ctx = h}};
}

static void end(struct heard *h)
{
    sse_fini(&h->reader);
    buf_fini(&h->text);
}

static void expect_text(const struct heard *h, const char *want)
{
    struct str got = buf_str(&h->text);

    if (!str_is(got, want))
        fail_msg("heard '%.*s', not '%s'", STR_FMT(got), want);
}

static void expect(const char *stream, const char *want)
{
    struct heard h;

    begin(&h);
    assert_int_equal(sse_feed(&h.reader, str_from(stream)), 0);
    expect_text(&h, want);
    end(&h);
}

static void fields_mean_what_the_standard_says(void **state)
{
    (void)state;
    expect("data: a\n\n", "message|a|;");
    expect("data:a\n\n", "message|a|;");
    expect("data:  a\n\n", "message| a|;");
    expect("data\n\n", "message||;");
    expect("data: a\ndata\ndata:b\n\n", "message|a\n\nb|;");
    expect("event: log\nid: 7\ndata: a\n\n", "log|a|7;");
    expect("event: log\nevent: gap\ndata: a\n\ndata: b\n\n", "gap|a|;message|b|;");
    expect("event:\ndata: a\n\n", "message|a|;");
    expect("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", "message|a|1;message|b|1;message|c|;");
    expect(": words\n:\ndata: a\n: more\n\n", "message|a|;");
    expect("retry: 10\nnonsense: x\nDATA: y\n data: z\ndata: a\n\n", "message|a|;");
    expect("data: a:b\n\n", "message|a:b|;");
}

static void what_carries_no_data_fires_nothing(void **state)
{
    (void)state;
    expect("\n\n\n", "");
    expect("event: log\n\ndata: a\n\n", "message|a|;");
    expect("data: unfinished\n", "");
    expect("data: unfinished", "");
}

static void a_heartbeat_moves_the_last_id_and_fires_nothing(void **state)
{
    struct heard h;

    (void)state;
    begin(&h);
    assert_int_equal(sse_feed(&h.reader, STR(": hb\nid: e.5\n")), 0);
    assert_int_equal(h.reader.last_id.n, 0);
    assert_int_equal(sse_feed(&h.reader, STR("\n")), 0);
    assert_true(str_is(buf_str(&h.reader.last_id), "e.5"));
    expect_text(&h, "");
    end(&h);
}

static void an_id_with_a_zero_byte_is_ignored(void **state)
{
    struct heard h;

    (void)state;
    begin(&h);
    assert_int_equal(sse_feed(&h.reader, STR("id: 1\n\nid: 2\0003\ndata: a\n\n")), 0);
    expect_text(&h, "message|a|1;");
    end(&h);
}

static void lines_end_with_lf_cr_or_both_wherever_the_pieces_are_cut(void **state)
{
    static const char stream[] = "event: log\nid: 1\ndata: LF\n\n"
                                 "event: log\rid: 2\rdata: CR\r\r"
                                 "event: log\r\nid: 3\r\ndata: CRLF\r\n\r\n"
                                 ": hb\r\nid: 4\n\r\ndata: \xe2\x82\xac\rdata: two\n\r";
    static const char want[] = "log|LF|1;log|CR|2;log|CRLF|3;message|\xe2\x82\xac\ntwo|4;";
    enum { N = sizeof stream - 1 };

    (void)state;
    for (size_t a = 0; a <= N; a++)
        for (size_t b = a; b <= N; b++) {
            struct heard h;
            begin(&h);
            assert_int_equal(sse_feed(&h.reader, str_of(stream, a)), 0);
            assert_int_equal(sse_feed(&h.reader, str_of(stream + a, b - a)), 0);
            assert_int_equal(sse_feed(&h.reader, str_of(stream + b, N - b)), 0);
            expect_text(&h, want);
            end(&h);
        }
}

static void a_new_connection_forgets_what_was_unfinished_and_keeps_the_last_id(void **state)
{
    struct heard h;

    (void)state;
    begin(&h);
    assert_int_equal(sse_feed(&h.reader, STR("id: 5\ndata: a\n\nid: 6\nevent: x\ndata: b\nda")), 0);
    sse_restart(&h.reader);
    assert_true(str_is(buf_str(&h.reader.last_id), "5"));
    assert_int_equal(sse_feed(&h.reader, STR("data: c\n\n")), 0);
    expect_text(&h, "message|a|5;message|c|5;");
    sse_restart(&h.reader);
    assert_int_equal(sse_feed(&h.reader, STR("data: d\r")), 0);
    sse_restart(&h.reader);
    assert_int_equal(sse_feed(&h.reader, STR("\ndata: e\n\n")), 0); /* no half of a CRLF */
    expect_text(&h, "message|a|5;message|c|5;message|e|5;");
    end(&h);
}

static void the_callback_may_stop_the_reading(void **state)
{
    struct heard h;

    (void)state;
    begin(&h);
    h.stop_at = 2;
    assert_int_equal(sse_feed(&h.reader, STR("data: a\n\nid: 9\ndata: b\n\ndata: c\n\n")), 77);
    expect_text(&h, "message|a|;message|b|9;");
    end(&h);
}

static void a_stream_cannot_fill_the_memory(void **state)
{
    enum { PIECE = 1024 * 1024 };
    char *piece = malloc(PIECE);
    struct heard h;
    int err = 0;

    (void)state;
    assert_non_null(piece);
    memset(piece, 'x', PIECE);
    begin(&h);
    for (int i = 0; i < 20 && err == 0; i++)
        err = sse_feed(&h.reader, str_of(piece, PIECE));
    assert_int_equal(err, -LM_E_FULL);
    sse_restart(&h.reader);
    memcpy(piece, "data:", 5);
    piece[PIECE - 1] = '\n';
    err = 0;
    for (int i = 0; i < 20 && err == 0; i++)
        err = sse_feed(&h.reader, str_of(piece, PIECE));
    assert_int_equal(err, -LM_E_FULL);
    end(&h);
    free(piece);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_mean_what_the_standard_says),
        cmocka_unit_test(what_carries_no_data_fires_nothing),
        cmocka_unit_test(a_heartbeat_moves_the_last_id_and_fires_nothing),
        cmocka_unit_test(an_id_with_a_zero_byte_is_ignored),
        cmocka_unit_test(lines_end_with_lf_cr_or_both_wherever_the_pieces_are_cut),
        cmocka_unit_test(a_new_connection_forgets_what_was_unfinished_and_keeps_the_last_id),
        cmocka_unit_test(the_callback_may_stop_the_reading),
        cmocka_unit_test(a_stream_cannot_fill_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
