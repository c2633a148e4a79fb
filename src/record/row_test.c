/* SPDX-License-Identifier: MIT
 *
 * row_test.c - rows of files.
 */
#include "record/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* 2026-03-28 23:59:59 UTC, half a second before the day in which Berlin's clocks change. */
#define EVENING INT64_C(1774742399500000)

static struct label_table table;

static struct record record_of(const char *message, const char *fields)
{
    const struct label labels[] = {{STR("job_run_id"), STR("4\"2")},
                                   {STR("user_email"), STR("a@b.c")}};
    struct record r = {.id = 7,
                       .time_us = EVENING,
                       .message = str_from(message),
                       .fields = str_from(fields),
                       .level = LEVEL_WARN,
                       .stream = STREAM_STDERR};

    assert_int_equal(labels_make(&table, STR("api, \"x\""), labels, 2, &r.labels), 0);
    return r;
}

static void expect(enum row_format format, const char *zone_name, const char *message,
                   const char *fields, const char *row)
{
    struct record r = record_of(message, fields);
    struct buf out = {0};
    struct zone zone;

    assert_int_equal(zone_load(&zone, zone_name), 0);
    struct row_clock clock = row_clock(&zone);
    row_add(&out, format, &clock, &r);
    buf_add_char(&out, '\0');
    assert_string_equal(out.p, row);
    buf_fini(&out);
    zone_fini(&zone);
    labels_unref(r.labels);
}

static void text_is_one_line_whatever_was_written(void **state)
{
    (void)state;
    expect(ROW_TEXT, "UTC", "disk nearly full", "", "2026-03-28 23:59:59 WARN: disk nearly full\n");
    expect(ROW_TEXT, "UTC", "a\nb\r\tc", "", "2026-03-28 23:59:59 WARN: a\u240ab\u240d\tc\n");
    expect(ROW_TEXT, "UTC", "\x1b[31mred\x1b[0m \x1b]0;title\a!", "",
           "2026-03-28 23:59:59 WARN: red !\n");
}

static void days_are_those_of_the_zone(void **state)
{
    struct zone zone;
    char day[11];

    (void)state;
    expect(ROW_TEXT, "Europe/Berlin", "x", "", "2026-03-29 00:59:59 WARN: x\n");
    expect(ROW_TEXT, "-05:30", "x", "", "2026-03-28 18:29:59 WARN: x\n");
    assert_int_equal(zone_load(&zone, "Europe/Berlin"), 0);
    struct row_clock clock = row_clock(&zone);
    row_day(&clock, EVENING, day);
    assert_string_equal(day, "2026-03-29");
    row_day(&clock, EVENING - INT64_C(3600000000), day);
    assert_string_equal(day, "2026-03-28");
    row_day(&clock, EVENING + INT64_C(22) * 3600000000, day); /* summer time now */
    assert_string_equal(day, "2026-03-29");
    row_day(&clock, EVENING + INT64_C(22) * 3600000000 + 600000, day);
    assert_string_equal(day, "2026-03-30");
    row_day(&clock, -1, day);
    assert_string_equal(day, "1970-01-01");
    zone_fini(&zone);
}

static void csv_quotes_what_needs_it(void **state)
{
    struct buf head = {0};

    (void)state;
    expect(ROW_CSV, "UTC", "he said \"no\",\nthen left", "{\"a\":\"b\"}",
           "7,2026-03-28T23:59:59.500000Z,warn,stderr,\"api, \"\"x\"\"\","
           "\"he said \"\"no\"\",\nthen left\","
           "\"{\"\"job_run_id\"\":\"\"4\\\"\"2\"\",\"\"user_email\"\":\"\"a@b.c\"\"}\","
           "\"{\"\"a\"\":\"\"b\"\"}\"\r\n");
    row_add_head(&head, ROW_CSV);
    buf_add_char(&head, '\0');
    assert_string_equal(head.p, "id,timestamp,level,stream,source,message,labels,fields\r\n");
    buf_fini(&head);
}

static void ndjson_is_the_canonical_object(void **state)
{
    (void)state;
    expect(ROW_NDJSON, "UTC", "x", "",
           "{\"id\":7,\"timestamp\":\"2026-03-28T23:59:59.500000Z\",\"level\":\"warn\","
           "\"stream\":\"stderr\",\"source\":\"api, \\\"x\\\"\",\"job_run_id\":\"4\\\"2\","
           "\"user_email\":\"a@b.c\",\"message\":\"x\"}\n");
}

static void ndjson_says_how_long_a_record_is_kept(void **state)
{
    struct record r = record_of("x", "");
    struct buf out = {0};

    (void)state;
    r.class = 168;
    row_add(&out, ROW_NDJSON, NULL, &r);
    buf_add_char(&out, '\0');
    assert_non_null(strstr(out.p, "\"message\":\"x\",\"ttl\":\"168h\"}\n"));
    labels_unref(r.labels);
    buf_fini(&out);
}

static int teardown(void **state)
{
    (void)state;
    label_table_fini(&table);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_one_line_whatever_was_written),
        cmocka_unit_test(days_are_those_of_the_zone),
        cmocka_unit_test(csv_quotes_what_needs_it),
        cmocka_unit_test(ndjson_is_the_canonical_object),
        cmocka_unit_test(ndjson_says_how_long_a_record_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
