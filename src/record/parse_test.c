/* SPDX-License-Identifier: MIT
 *
 * parse_test.c - what happens to a record around its dialect: bytes, labels, time, rules, parts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/parse_fixture.h"

/* --- bytes --- */

static void a_plain_message_is_a_view_of_its_bytes(void **state)
{
    struct fixture *f = *state;
    struct str raw = STR("nothing to see here");
    bool replaced;

    f->r = (struct record){.time_us = 5, .labels = f->labels, .stream = STREAM_STDERR};
    assert_int_equal(parse_line(&f->parser, &f->r, raw, &f->scratch, &replaced), PARSE_RECORD);
    assert_ptr_equal(f->r.message.p, raw.p);
    assert_false(replaced);
    assert_int_equal(f->r.level, LEVEL_ERROR);
    assert_int_equal(f->r.time_us, 5);
    assert_ptr_equal(f->r.labels, f->labels);
}

static void feed_bytes(struct fixture *f, const char *p, size_t n, const char *want, size_t want_n)
{
    assert_int_equal(fixture_feed(f, STREAM_STDOUT, str_of(p, n)), PARSE_RECORD);
    assert_int_equal(f->r.message.n, want_n);
    assert_memory_equal(f->r.message.p, want, want_n);
}

#define FEED(f, bytes, want) feed_bytes(f, bytes, sizeof(bytes) - 1, want, sizeof(want) - 1)

static void strange_bytes_are_kept_and_invalid_ones_replaced(void **state)
{
    struct fixture *f = *state;

    FEED(f, "a\0b", "a\0b");
    FEED(f, "lone\rreturn", "lone\rreturn");
    FEED(f, "{\"msg\":\"nul \\u0000 and return \\r\"}", "nul \0 and return \r");
    FEED(f, "", "");
    assert_false(f->replaced);
    FEED(f, "\xff[ERROR] \xc3", "\xef\xbf\xbd[ERROR] \xef\xbf\xbd");
    assert_true(f->replaced);
    assert_int_equal(f->r.level, LEVEL_ERROR);
    FEED(f, "{\"level\":\"warn\",\"msg\":\"\xe2\x82\"}", "\xef\xbf\xbd");
    assert_int_equal(f->r.level, LEVEL_WARN);
}

/* --- labels --- */

static void labels_of_lines_are_interned_and_remembered(void **state)
{
    struct fixture *f = *state;

    fixture_line(f, "{\"msg\":\"a\",\"jobRunId\":\"1\",\"taskName\":\"t\"}");
    struct labels *first = f->r.labels;
    assert_true(str_is(labels_get(first, STR("job_run_id")), "1"));
    assert_true(str_is(labels_get(first, STR("process_id")), "app"));
    for (int i = 0; i < 10; i++) {
        char line[64];
        snprintf(line, sizeof line, "{\"msg\":\"a\",\"jobRunId\":\"%d\"}", i);
        fixture_line(f, line);
        assert_ptr_not_equal(f->r.labels, first);
        fixture_line(f, "no labels at all");
        assert_ptr_equal(f->r.labels, f->labels);
    }
    fixture_line(f, "{\"task_name\":\"t\",\"msg\":\"a\",\"job_run_id\":\"1\"}");
    struct labels *again = f->r.labels;
    assert_true(str_is(labels_get(again, STR("task_name")), "t"));
    fixture_line(f, "{\"msg\":\"b\",\"jobRunId\":\"1\",\"task_name\":\"t\"}");
    assert_ptr_equal(f->r.labels, again);
}

static void a_line_cannot_change_what_its_source_was_given(void **state)
{
    struct fixture *f = *state;
    struct label pair = {STR("job_run_id"), STR("1")};

    labels_unref(f->labels);
    assert_int_equal(labels_make(&f->table, STR("app"), &pair, 1, &f->labels), 0);
    fixture_line(f, "{\"msg\":\"a\",\"jobRunId\":\"1\"}");
    assert_ptr_equal(f->r.labels, f->labels);
    fixture_line(f, "{\"msg\":\"a\",\"jobRunId\":\"2\"}");
    assert_ptr_equal(f->r.labels, f->labels);
    assert_true(str_is(f->r.fields, "{\"jobRunId\":\"2\"}"));
    fixture_line(f, "{\"msg\":\"a\",\"jobRunId\":\"1\",\"sessionId\":\"s\"}");
    assert_true(str_is(labels_get(f->r.labels, STR("job_run_id")), "1"));
    assert_int_equal(f->r.labels->count, 3);
}

static void labels_that_do_not_fit_stay_among_the_fields(void **state)
{
    struct fixture *f = *state;
    struct label pairs[LABELS_MAX];
    char names[LABELS_MAX][16], line[400];

    for (int i = 0; i < LABELS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "l%d", i);
        pairs[i] = (struct label){str_from(names[i]), STR("v")};
    }
    snprintf(line, sizeof line, "{\"msg\":\"a\",\"jobRunId\":\"%0300d\"}", 7);
    fixture_line(f, line);
    assert_ptr_equal(f->r.labels, f->labels);
    assert_true(f->r.fields.n > 300);
    labels_unref(f->labels);
    assert_int_equal(labels_make(&f->table, STR("app"), pairs, LABELS_MAX, &f->labels), 0);
    fixture_line(f, "{\"msg\":\"a\",\"jobRunId\":\"1\"}");
    assert_ptr_equal(f->r.labels, f->labels);
    assert_true(str_is(f->r.fields, "{\"jobRunId\":\"1\"}"));
}

/* --- time --- */

static void a_live_line_a_day_off_keeps_its_time_as_a_field(void **state)
{
    struct fixture *f = *state;

    f->parser.live = true;
    assert_string_equal(fixture_line(f, "2026-11-20T03:00:00Z a day"),
                        "info 2026-11-20T03:00:00.000000Z | 2026-11-20T03:00:00Z a day");
    assert_string_equal(fixture_line(f, "2026-11-20T02:59:59Z more"),
                        "info | 2026-11-20T02:59:59Z more | "
                        "{\"time_in_line\":\"2026-11-20T02:59:59.000000Z\"}");
    assert_string_equal(
        fixture_line(f, "{\"time\":\"2030-01-01T00:00:00Z\",\"a\":1,\"msg\":\"m\"}"),
        "info | m | {\"time_in_line\":\"2030-01-01T00:00:00.000000Z\",\"a\":1}");
    f->parser.live = false;
    assert_string_equal(fixture_line(f, "{\"time\":\"2030-01-01T00:00:00Z\",\"msg\":\"m\"}"),
                        "info 2030-01-01T00:00:00.000000Z | m");
}

/* --- rules --- */

static void rules_of_a_source_come_before_the_fallback(void **state)
{
    struct fixture *f = *state;
    struct errinfo info = {0};

    assert_int_equal(parse_rules_add(&f->rules, STR("\xf0\x9f\x93\xb8"), LEVEL_DEBUG, &info), 0);
    assert_int_equal(parse_rules_add(&f->rules, STR("/^step [0-9]+$/"), LEVEL_TRACE, &info), 0);
    f->rules.fallback[STREAM_STDERR] = LEVEL_WARN;
    assert_string_equal(fixture_line(f, "\xf0\x9f\x93\xb8 taken"),
                        "debug | \xf0\x9f\x93\xb8 taken");
    assert_string_equal(fixture_line(f, "ERROR \xf0\x9f\x93\xb8"),
                        "error | ERROR \xf0\x9f\x93\xb8");
    assert_string_equal(fixture_line(f, "step 12"), "trace | step 12");
    assert_string_equal(fixture_line(f, "{\"msg\":\"step 12\"}"), "trace | step 12");
    assert_string_equal(fixture_line(f, "step x"), "info | step x");
    assert_int_equal(fixture_feed(f, STREAM_STDERR, STR("other")), PARSE_RECORD);
    assert_int_equal(f->r.level, LEVEL_WARN);

    assert_int_equal(parse_rules_add(&f->rules, STR("/(/"), LEVEL_INFO, &info), -LM_E_INVALID);
    assert_non_null(strstr(info.text, "/(/"));
    assert_int_equal(parse_rules_add(&f->rules, STR(""), LEVEL_INFO, &info), -LM_E_INVALID);
    assert_int_equal(f->rules.level_count, 2);
}

/* --- parts --- */

static void parts_of_a_long_line_share_what_its_first_part_said(void **state)
{
    struct fixture *f = *state;
    bool replaced;

    f->r = (struct record){
        .time_us = 5, .labels = f->labels, .stream = STREAM_STDOUT, .flags = RECORD_PART};
    assert_int_equal(
        parse_line(&f->parser, &f->r, STR("level=warn msg=\"x\" a=1"), &f->scratch, &replaced),
        PARSE_RECORD);
    assert_int_equal(f->r.level, LEVEL_WARN);
    assert_true(str_is(f->r.message, "level=warn msg=\"x\" a=1"));
    f->r = (struct record){
        .time_us = 5, .labels = f->labels, .stream = STREAM_STDOUT, .flags = RECORD_PART};
    assert_int_equal(parse_part(&f->parser, &f->r, STR("ERROR \xff"), &f->scratch, &replaced),
                     PARSE_RECORD);
    assert_int_equal(f->r.level, LEVEL_WARN);
    assert_int_equal(f->r.flags, RECORD_PART);
    assert_true(replaced);
}

static void pieces_of_container_lines_are_joined_per_stream(void **state)
{
    struct fixture *f = *state;

    f->parser.joins = true;
    assert_int_equal(
        fixture_feed(f, STREAM_STDOUT,
                     STR("2026-11-21T02:50:33.000000001Z stdout P {\"level\":\"warn\",")),
        PARSE_WAITS);
    assert_int_equal(
        fixture_feed(f, STREAM_STDOUT, STR("2026-11-21T02:50:33.000000001Z stderr P half ")),
        PARSE_WAITS);
    assert_int_equal(f->parser.join.waiting, 2);
    assert_string_equal(
        fixture_line(f, "2026-11-21T02:50:34.000000001Z stdout F \"msg\":\"whole\"}"),
        "warn 2026-11-21T02:50:34.000000Z | whole");
    assert_int_equal(f->r.flags, 0);
    assert_string_equal(fixture_line(f, "{\"log\":\"and half\\n\",\"stream\":\"stderr\",\"time\":"
                                        "\"2026-11-21T02:50:35Z\"}"),
                        "error 2026-11-21T02:50:35.000000Z | half and half");
    assert_int_equal(f->r.stream, STREAM_STDERR);
    assert_int_equal(f->parser.join.waiting, 0);
}

static void what_waits_at_the_end_is_a_record(void **state)
{
    struct fixture *f = *state;

    f->parser.joins = true;
    assert_int_equal(fixture_feed(f, STREAM_STDOUT,
                                  STR("{\"log\":\"no end\",\"stream\":\"stdout\",\"time\":"
                                      "\"2026-11-21T02:50:35Z\"}")),
                     PARSE_WAITS);
    f->r = (struct record){.time_us = f->read_us, .labels = f->labels};
    assert_int_equal(parse_rest(&f->parser, &f->r, STREAM_STDERR, &f->scratch), PARSE_WAITS);
    assert_int_equal(parse_rest(&f->parser, &f->r, STREAM_STDOUT, &f->scratch), PARSE_RECORD);
    assert_string_equal(fixture_show(f), "info | no end");
    assert_int_equal(f->r.flags, RECORD_PART);
    assert_int_equal(parse_rest(&f->parser, &f->r, STREAM_STDOUT, &f->scratch), PARSE_WAITS);
}

static void without_joining_pieces_are_marked(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(fixture_line(f, "2026-11-21T02:50:33.000000001Z stdout P half"),
                        "info 2026-11-21T02:50:33.000000Z | half");
    assert_int_equal(f->r.flags, RECORD_PART);
}

static void a_joined_line_beyond_the_limit_is_handed_out_in_parts(void **state)
{
    static const char head[] = "2026-11-21T02:50:33.000000001Z stdout P ";
    struct fixture *f = *state;
    struct buf line = {0};
    int waits = 0;

    f->parser.joins = true;
    BUF_LIT(&line, head);
    for (int i = 0; i < 16 * 1024; i++)
        buf_add_char(&line, 'x');
    while (fixture_feed(f, STREAM_STDOUT, buf_str(&line)) == PARSE_WAITS) {
        waits++;
        assert_true(waits < 64);
    }
    assert_int_equal(waits, 63);
    assert_int_equal(f->r.message.n, RECORD_MESSAGE_MAX);
    assert_int_equal(f->r.flags, RECORD_PART);
    assert_int_equal(f->parser.join.waiting, 0);
    buf_fini(&line);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_plain_message_is_a_view_of_its_bytes),
        TEST(strange_bytes_are_kept_and_invalid_ones_replaced),
        TEST(labels_of_lines_are_interned_and_remembered),
        TEST(a_line_cannot_change_what_its_source_was_given),
        TEST(labels_that_do_not_fit_stay_among_the_fields),
        TEST(a_live_line_a_day_off_keeps_its_time_as_a_field),
        TEST(rules_of_a_source_come_before_the_fallback),
        TEST(parts_of_a_long_line_share_what_its_first_part_said),
        TEST(pieces_of_container_lines_are_joined_per_stream),
        TEST(what_waits_at_the_end_is_a_record),
        TEST(without_joining_pieces_are_marked),
        TEST(a_joined_line_beyond_the_limit_is_handed_out_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
