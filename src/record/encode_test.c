/* SPDX-License-Identifier: MIT
 *
 * encode_test.c - a record as clients see it.
 */
#include "record/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

static struct labels *set;

static int make_labels(void **state)
{
    static struct label_table table;
    const struct label pair = {STR("job_run_id"), STR("run \"7\"")};

    (void)state;
    return labels_make(&table, STR("web"), &pair, 1, &set);
}

static int drop_labels(void **state)
{
    (void)state;
    labels_unref(set);
    return 0;
}

static void assert_encoded(const struct record *r, size_t message_max, const char *expected)
{
    struct buf out = {0};

    encode_json(&out, r, message_max);
    assert_int_equal(buf_error(&out), 0);
    json_t *json = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    json_decref(json);
    if (!str_is(buf_str(&out), expected))
        fail_msg("got %.*s", (int)out.n, out.p);
    buf_fini(&out);
}

static void a_record_is_one_flat_object(void **state)
{
    struct record r = {.id = 9007199254740991,
                       .time_us = 1768473045123456,
                       .labels = set,
                       .message = STR("say \"hi\"\t\xe2\x82\xac"),
                       .level = LEVEL_WARN,
                       .stream = STREAM_STDERR};

    (void)state;
    assert_encoded(
        &r, SIZE_MAX,
        "{\"id\":9007199254740991,\"timestamp\":\"2026-01-15T10:30:45.123456Z\","
        "\"level\":\"warn\",\"stream\":\"stderr\",\"source\":\"web\","
        "\"job_run_id\":\"run \\\"7\\\"\",\"message\":\"say \\\"hi\\\"\\t\xe2\x82\xac\"}");
}

static void what_is_special_about_it_follows_the_message(void **state)
{
    struct record r = {.id = 1,
                       .labels = set,
                       .message = STR(""),
                       .fields = STR("{\"a\":[1]}"),
                       .level = LEVEL_INFO,
                       .stream = STREAM_SYSTEM,
                       .flags = RECORD_CONT | RECORD_UNTERMINATED};

    (void)state;
    assert_encoded(&r, SIZE_MAX,
                   "{\"id\":1,\"timestamp\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"info\","
                   "\"stream\":\"system\",\"source\":\"web\",\"job_run_id\":\"run \\\"7\\\"\","
                   "\"message\":\"\",\"cont\":true,\"unterminated\":true,\"fields\":{\"a\":[1]}}");
}

static void a_long_message_is_cut_at_a_character_and_says_its_size(void **state)
{
    struct record r = {.id = 2,
                       .labels = set,
                       .message = STR("ab\xe2\x82\xac"),
                       .level = LEVEL_INFO,
                       .stream = STREAM_STDOUT};
    static const char *const head =
        "{\"id\":2,\"timestamp\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"info\","
        "\"stream\":\"stdout\",\"source\":\"web\",\"job_run_id\":\"run \\\"7\\\"\",";
    struct buf whole = {0}, cut = {0};

    (void)state;
    buf_printf(&whole, "%s\"message\":\"ab\xe2\x82\xac\"}%c", head, '\0');
    buf_printf(&cut, "%s\"message\":\"ab\",\"truncated\":true,\"size\":5}%c", head, '\0');
    assert_encoded(&r, 5, whole.p);
    assert_encoded(&r, 4, cut.p);
    assert_encoded(&r, 2, cut.p);
    buf_fini(&whole);
    buf_fini(&cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_one_flat_object),
        cmocka_unit_test(what_is_special_about_it_follows_the_message),
        cmocka_unit_test(a_long_message_is_cut_at_a_character_and_says_its_size),
    };
    return cmocka_run_group_tests(tests, make_labels, drop_labels);
}
