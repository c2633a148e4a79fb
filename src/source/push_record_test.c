/* SPDX-License-Identifier: MIT
 *
 * push_record_test.c - what is refused and what is moved first; then each thing in its place.
 */
#include "source/push_record.h"

#include "record/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const int64_t read_us = 1800000000000000;

struct fixture {
    struct push_mapper mapper;
    struct label_table table;
    struct metrics metrics;
    struct batch batch;
    struct buf json;
};

static const struct ttl_classes classes = {.hours = {1, 24, 168}, .count = 3};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->mapper.table = &f->table;
    f->mapper.metrics = &f->metrics;
    f->mapper.classes = &classes;
    batch_begin(&f->batch, &(struct origin){0}, read_us);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    push_mapper_fini(&f->mapper);
    batch_fini(&f->batch);
    label_table_fini(&f->table);
    buf_fini(&f->json);
    free(f);
    return 0;
}

static int add(struct fixture *f, const char *text, const char **reason)
{
    return push_record(&f->mapper, str_from(text), STR("app"), &f->batch, reason);
}

static void expect(struct fixture *f, const char *text, const char *json)
{
    const char *reason = "";

    if (add(f, text, &reason) != 0)
        fail_msg("%s was refused: %s", text, reason);
    buf_clear(&f->json);
    encode_json(&f->json, &f->batch.records[f->batch.count - 1], SIZE_MAX);
    if (!str_is(buf_str(&f->json), json))
        fail_msg("%s\n became %.*s\n not    %s", text, STR_FMT(buf_str(&f->json)), json);
}

static void expect_refused(struct fixture *f, const char *text, const char *why)
{
    const char *reason = "";
    uint32_t before = f->batch.count;

    assert_int_equal(add(f, text, &reason), -LM_E_INVALID);
    assert_string_equal(reason, why);
    assert_int_equal(f->batch.count, before);
}

#define HEAD(level, stream)                                                                        \
    "{\"id\":0,\"timestamp\":\"2027-01-15T08:00:00.000000Z\",\"level\":\"" level                   \
    "\",\"stream\":\"" stream "\","

static void what_is_no_record_is_refused_with_the_reason(void **state)
{
    static const char damaged[] = "not a well-formed JSON object";
    static const char empty[] = "no message: it needs a member message, msg, log or text";

    expect_refused(*state, "", damaged);
    expect_refused(*state, "hello", damaged);
    expect_refused(*state, "[\"message\"]", damaged);
    expect_refused(*state, "{\"message\":\"x\"", damaged);
    expect_refused(*state, "{\"message\":\"x\"} x", damaged);
    expect_refused(*state, "{\"message\":\"\\q\"}", damaged);
    expect_refused(*state, "{\"message\":\"x\",\"fields\":{\"a\":01}}", damaged);
    expect_refused(*state, "{}", empty);
    expect_refused(*state, "{\"message\":null,\"level\":\"info\"}", empty);
}

static void a_message_beyond_1_mib_and_a_source_beyond_256_bytes_are_refused(void **state)
{
    struct fixture *f = *state;
    char *text = malloc(RECORD_MESSAGE_MAX + 100);
    const char *reason;
    char source[300];

    int n = sprintf(text, "{\"message\":\"");
    memset(text + n, 'x', RECORD_MESSAGE_MAX + 1);
    strcpy(text + n + RECORD_MESSAGE_MAX + 1, "\"}");
    expect_refused(f, text, "the message is longer than 1 MiB");
    strcpy(text + n + RECORD_MESSAGE_MAX, "\"}");
    assert_int_equal(add(f, text, &reason), 0);
    free(text);
    memset(source, 's', sizeof source);
    int m = sprintf(source, "{\"message\":\"x\",\"source\":\"");
    strcpy(source + m + 257, "\"}");
    source[m] = 's';
    expect_refused(f, source, "the source is longer than 256 bytes");
}

static void a_label_over_the_limits_becomes_a_field_and_is_counted(void **state)
{
    struct fixture *f = *state;
    struct buf text = {0};

    expect(f, "{\"message\":\"x\",\"labels\":{\"Bad Name\":\"v\",\"level\":\"v\",\"ok\":\"v\"}}",
           HEAD("info", "stdout") "\"source\":\"app\",\"ok\":\"v\",\"message\":\"x\",\"fields\":{"
                                  "\"Bad Name\":\"v\",\"level\":\"v\"}}");
    assert_int_equal(f->metrics.labels_moved_total, 2);
    assert_true(f->mapper.moved);
    buf_printf(&text, "{\"message\":\"x\",\"job_run_id\":\"%0257d\"}", 7);
    buf_add_char(&text, '\0');
    const char *reason;
    assert_int_equal(add(f, text.p, &reason), 0);
    const struct record *r = &f->batch.records[f->batch.count - 1];
    assert_int_equal(r->labels->count, 1);
    assert_int_equal(r->fields.n, 257 + sizeof "{\"job_run_id\":\"\"}" - 1);
    assert_int_equal(f->metrics.labels_moved_total, 3);
    buf_fini(&text);
}

static void of_more_than_32_labels_the_rest_become_fields(void **state)
{
    struct fixture *f = *state;
    struct buf text = {0};
    const char *reason;

    BUF_LIT(&text, "{\"message\":\"x\",\"labels\":{\"l0\":0");
    for (int i = 1; i < 40; i++)
        buf_printf(&text, ",\"l%d\":%d", i, i);
    BUF_LIT(&text, "}}");
    buf_add_char(&text, '\0');
    assert_int_equal(add(f, text.p, &reason), 0);
    assert_int_equal(f->batch.records[0].labels->count, 33);
    assert_true(str_is(f->batch.records[0].fields,
                       "{\"l32\":32,\"l33\":33,\"l34\":34,\"l35\":35,\"l36\":36,\"l37\":37,"
                       "\"l38\":38,\"l39\":39}"));
    assert_int_equal(f->metrics.labels_moved_total, 8);
    buf_fini(&text);
}

static void what_is_not_understood_stays_as_a_field(void **state)
{
    expect(*state,
           "{\"message\":\"x\",\"level\":\"odd\",\"timestamp\":\"soon\",\"stream\":\"tape\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\",\"fields\":{"
                                  "\"level\":\"odd\",\"timestamp\":\"soon\",\"stream\":\"tape\"}}");
}

static void invalid_utf8_is_replaced_and_counted(void **state)
{
    struct fixture *f = *state;

    expect(f, "{\"message\":\"a\xff\xc3(\",\"k\":\"\xe2\x82\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"a\xef\xbf\xbd\xef\xbf\xbd(\","
                                  "\"fields\":{\"k\":\"\xef\xbf\xbd\"}}");
    assert_int_equal(f->metrics.lines_invalid_utf8_total, 1);
}

static void messages_have_four_names(void **state)
{
    expect(*state, "{\"msg\":\"x\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\"}");
    expect(*state, "{\"log\":\"x\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\"}");
    expect(*state, "{\"text\":\"t\",\"msg\":\"m\",\"message\":\"x\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\",\"fields\":{\"text\":\"t\","
                                  "\"msg\":\"m\"}}");
    expect(*state, "{\"message\":42}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"42\"}");
    expect(*state, "{\"message\":\"\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"\"}");
    expect(*state, "{\"message\":\"a\\n\\u00e9\\\"\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"a\\n\xc3\xa9\\\"\"}");
}

static void levels_are_names_synonyms_and_numbers(void **state)
{
    expect(*state, "{\"message\":\"x\",\"level\":\"WARNING\"}",
           HEAD("warn", "stdout") "\"source\":\"app\",\"message\":\"x\"}");
    expect(*state, "{\"message\":\"x\",\"severity\":\"critical\"}",
           HEAD("fatal", "stdout") "\"source\":\"app\",\"message\":\"x\"}");
    expect(*state, "{\"message\":\"x\",\"level\":50}",
           HEAD("error", "stdout") "\"source\":\"app\",\"message\":\"x\"}");
    expect(*state, "{\"message\":\"x\",\"level\":\"20\"}",
           HEAD("debug", "stdout") "\"source\":\"app\",\"message\":\"x\"}");
    expect(*state, "{\"message\":\"x\",\"level\":4}",
           HEAD("warn", "stdout") "\"source\":\"app\",\"message\":\"x\"}");
    expect(*state, "{\"message\":\"x\",\"level\":\"notice\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\",\"fields\":{"
                                  "\"level\":\"notice\"}}");
    expect(*state, "{\"message\":\"x\",\"level\":\"odd\",\"severity\":\"warn\"}",
           HEAD("warn", "stdout") "\"source\":\"app\",\"message\":\"x\",\"fields\":{"
                                  "\"level\":\"odd\"}}");
    expect(*state, "{\"message\":\"x\",\"stream\":\"stderr\"}",
           HEAD("error", "stderr") "\"source\":\"app\",\"message\":\"x\"}");
    expect(*state, "{\"message\":\"[WARN] x\",\"stream\":\"stderr\"}",
           HEAD("warn", "stderr") "\"source\":\"app\",\"message\":\"[WARN] x\"}");
}

static void expect_time(struct fixture *f, const char *value, const char *stamp)
{
    char text[200], json[300];

    snprintf(text, sizeof text, "{\"message\":\"x\",\"timestamp\":%s}", value);
    snprintf(json, sizeof json,
             "{\"id\":0,\"timestamp\":\"%s\",\"level\":\"info\",\"stream\":\"stdout\","
             "\"source\":\"app\",\"message\":\"x\"}",
             stamp);
    expect(f, text, json);
}

static void times_are_kept_to_the_microsecond(void **state)
{
    expect_time(*state, "\"2026-01-02T03:04:05.123456Z\"", "2026-01-02T03:04:05.123456Z");
    expect_time(*state, "\"2026-01-02T03:04:05+02:00\"", "2026-01-02T01:04:05.000000Z");
    expect_time(*state, "1700000000", "2023-11-14T22:13:20.000000Z");
    expect_time(*state, "1700000000.25", "2023-11-14T22:13:20.250000Z");
    expect_time(*state, "1700000000.1234567", "2023-11-14T22:13:20.123456Z");
    expect_time(*state, "1700000000123", "2023-11-14T22:13:20.123000Z");
    expect_time(*state, "1700000000123456", "2023-11-14T22:13:20.123456Z");
    expect_time(*state, "1700000000123456789", "2023-11-14T22:13:20.123456Z");
    expect_time(*state, "\"1700000000123456789\"", "2023-11-14T22:13:20.123456Z");
}

static void known_labels_are_taken_in_both_spellings(void **state)
{
    expect(*state,
           "{\"message\":\"x\",\"jobRunId\":\"7\",\"campaign_id\":5,\"userEmail\":\"a@b\","
           "\"sessionId\":null,\"task_name\":\"\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"campaign_id\":\"5\",\"job_run_id\":\"7\","
                                  "\"user_email\":\"a@b\",\"message\":\"x\","
                                  "\"fields\":{\"sessionId\":null,\"task_name\":\"\"}}");
    expect(*state, "{\"message\":\"x\",\"labels\":{\"taskRunId\":\"t\",\"zone\":\"\\u0065u\"}}",
           HEAD("info", "stdout") "\"source\":\"app\",\"task_run_id\":\"t\",\"zone\":\"eu\","
                                  "\"message\":\"x\"}");
}

static void the_source_is_the_record_s_own_or_the_default(void **state)
{
    expect(*state, "{\"message\":\"x\",\"source\":\"mine\"}",
           HEAD("info", "stdout") "\"source\":\"mine\",\"message\":\"x\"}");
    expect(*state, "{\"message\":\"x\",\"source\":\"\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\"}");
    expect(*state, "{\"message\":\"x\",\"source\":null}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\",\"fields\":{"
                                  "\"source\":null}}");
}

static void other_members_keep_their_text_on_one_line(void **state)
{
    expect(
        *state,
        "{\"message\":\"x\",\"fields\":{\"a\":1.50,\"b\": [1,\n 2]},\"c\" : \"\\u00e9\",\"d\":1e9}",
        HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\",\"fields\":{\"a\":1.50,"
                               "\"b\": [1,  2],\"c\" : \"\\u00e9\",\"d\":1e9}}");
    expect(*state, "{\"message\":\"x\",\"fields\":3,\"labels\":[]}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\",\"fields\":{\"fields\":3,"
                                  "\"labels\":[]}}");
}

static void records_with_the_same_labels_share_them(void **state)
{
    struct fixture *f = *state;
    const char *reason;

    for (int i = 0; i < 3; i++)
        assert_int_equal(
            add(f, "{\"message\":\"x\",\"jobRunId\":\"7\",\"task_name\":\"t\"}", &reason), 0);
    assert_int_equal(add(f, "{\"message\":\"x\",\"jobRunId\":\"8\",\"task_name\":\"t\"}", &reason),
                     0);
    assert_int_equal(add(f, "{\"message\":\"x\",\"jobRunId\":\"8\",\"job_run_id\":\"9\"}", &reason),
                     0);
    struct record *r = f->batch.records;
    assert_ptr_equal(r[0].labels, r[2].labels);
    assert_ptr_not_equal(r[2].labels, r[3].labels);
    assert_true(str_is(labels_get(r[4].labels, STR("job_run_id")), "9"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static void expect_class(struct fixture *f, const char *text, uint16_t class)
{
    const char *reason = "";

    if (add(f, text, &reason) != 0)
        fail_msg("%s was refused: %s", text, reason);
    if (f->batch.records[f->batch.count - 1].class != class)
        fail_msg("%s got the class %u", text, f->batch.records[f->batch.count - 1].class);
}

static void a_record_may_say_how_long_it_is_kept(void **state)
{
    struct fixture *f = *state;

    expect_class(f, "{\"message\":\"x\",\"ttl\":\"20h\"}", 24);
    expect_class(f, "{\"message\":\"x\"}", 0);
    f->mapper.class = 168;
    expect_class(f, "{\"message\":\"x\"}", 168);
    expect_class(f, "{\"message\":\"x\",\"ttl\":\"5m\"}", 1);
    expect_class(f, "{\"message\":\"x\",\"ttl\":\"1y\"}", 0);
    expect(f, "{\"message\":\"x\",\"ttl\":\"7d\"}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\"}");
}

static void a_ttl_that_is_no_time_is_a_field_like_any_other(void **state)
{
    struct fixture *f = *state;

    expect_class(f, "{\"message\":\"resolved\",\"ttl\":300}", 0);
    expect(f, "{\"message\":\"x\",\"ttl\":300}",
           HEAD("info", "stdout") "\"source\":\"app\",\"message\":\"x\",\"fields\":{\"ttl\":300}}");
    expect(f, "{\"message\":\"x\",\"ttl\":\"soon\"}",
           HEAD("info",
                "stdout") "\"source\":\"app\",\"message\":\"x\",\"fields\":{\"ttl\":\"soon\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_record_is_refused_with_the_reason),
        TEST(a_message_beyond_1_mib_and_a_source_beyond_256_bytes_are_refused),
        TEST(a_label_over_the_limits_becomes_a_field_and_is_counted),
        TEST(of_more_than_32_labels_the_rest_become_fields),
        TEST(what_is_not_understood_stays_as_a_field),
        TEST(invalid_utf8_is_replaced_and_counted),
        TEST(messages_have_four_names),
        TEST(levels_are_names_synonyms_and_numbers),
        TEST(times_are_kept_to_the_microsecond),
        TEST(known_labels_are_taken_in_both_spellings),
        TEST(the_source_is_the_record_s_own_or_the_default),
        TEST(other_members_keep_their_text_on_one_line),
        TEST(records_with_the_same_labels_share_them),
        TEST(a_record_may_say_how_long_it_is_kept),
        TEST(a_ttl_that_is_no_time_is_a_field_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
