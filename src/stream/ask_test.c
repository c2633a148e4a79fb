/* SPDX-License-Identifier: MIT
 *
 * ask_test.c - what clients may say, and how they are told what they may not.
 */
#include "stream/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct hub hub; /* only its epoch is asked for */

static int read_text(struct ask *a, const char *text, struct errinfo *info)
{
    return ask_parse(a, &hub, str_from(text), info);
}

static void a_filter_without_a_place_goes_on_where_it_is(void **state)
{
    struct errinfo info;
    struct ask a;

    (void)state;
    assert_int_equal(read_text(&a, "{\"type\":\"filter\",\"level\":\"warn\",\"id\":7}", &info), 0);
    assert_int_equal(a.type, ASK_FILTER);
    assert_int_equal(a.start.from, SUB_FROM_HERE);
    assert_false(filter_is_empty(a.filter));
    assert_int_equal(json_integer_value(a.id), 7);
    assert_string_equal(a.name, "");
    ask_fini(&a);
}

static void a_subscription_may_begin_anywhere(void **state)
{
    static const struct {
        const char *text;
        int from;
        uint64_t after;
        uint32_t tail;
    } cases[] = {
        {"{\"type\":\"subscribe\",\"sub\":\"a\"}", SUB_FROM_HERE, 0, 0},
        {"{\"type\":\"subscribe\",\"sub\":\"a\",\"tail\":5}", SUB_FROM_TAIL, 0, 5},
        {"{\"type\":\"subscribe\",\"sub\":\"a\",\"tail\":0}", SUB_FROM_HERE, 0, 0},
        {"{\"type\":\"subscribe\",\"sub\":\"a\",\"after\":12}", SUB_FROM_CURSOR, 12, 0},
        {"{\"type\":\"subscribe\",\"sub\":\"a\",\"after\":\"12\"}", SUB_FROM_CURSOR, 12, 0},
        {"{\"type\":\"subscribe\",\"sub\":\"a\",\"tail\":5,\"after\":\"12\"}", SUB_FROM_CURSOR, 12,
         5},
        {"{\"type\":\"subscribe\",\"sub\":\"a\",\"after\":\"12\",\"tail\":5}", SUB_FROM_CURSOR, 12,
         5},
    };
    struct errinfo info;
    struct ask a;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_text(&a, cases[i].text, &info), 0);
        assert_int_equal(a.start.from, cases[i].from);
        assert_int_equal(a.start.after, cases[i].after);
        assert_int_equal(a.start.tail, cases[i].tail);
        ask_fini(&a);
    }
}

static void what_is_wrong_is_said_with_what_would_be_right(void **state)
{
    static const struct {
        const char *text, *code, *says;
    } cases[] = {
        {"", "not_understood", "one JSON object"},
        {"[1]", "not_understood", "one JSON object"},
        {"{\"type\":\"pause\",\"type\":\"resume\"}", "not_understood", "one JSON object"},
        {"{}", "not_understood", "with a type"},
        {"{\"type\":7}", "not_understood", "with a type"},
        {"{\"type\":\"pausse\"}", "not_understood", "did you mean 'pause'"},
        {"{\"type\":\"filter\",\"levl\":\"warn\"}", "not_understood", "did you mean 'level'"},
        {"{\"type\":\"filter\",\"limit\":5}", "not_understood", "'limit' does not go here"},
        {"{\"type\":\"filter\",\"limit\":5}", "not_understood", "limit"},
        {"{\"type\":\"filter\",\"tail\":10001}", "bad_parameter", "0 to 10000"},
        {"{\"type\":\"filter\",\"tail\":1.5}", "bad_parameter", "whole number"},
        {"{\"type\":\"filter\",\"slow\":\"maybe\"}", "bad_parameter", "drop or wait"},
        {"{\"type\":\"filter\",\"sub\":\"\"}", "bad_parameter", "1 to 64"},
        {"{\"type\":\"filter\",\"sub\":\"a\\u0000b\"}", "not_understood", "one JSON object"},
        {"{\"type\":\"filter\",\"q\":\"a OR\"}", "bad_filter", ""},
        {"{\"type\":\"filter\",\"level\":null}", "bad_parameter", "text or a whole number"},
        {"{\"type\":\"pause\",\"id\":{}}", "bad_parameter", "id must be"},
        {"{\"type\":\"requestLogs\",\"after\":\"ffffffff.3\"}", "bad_parameter", "of this store"},
        {"{\"type\":\"requestLogs\",\"before\":0}", "bad_parameter", "of this store"},
    };
    struct errinfo info;
    struct ask a;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int err = read_text(&a, cases[i].text, &info);
        if (err >= 0 || strcmp(ask_error_code(&info), cases[i].code) != 0 ||
            !strstr(info.text, cases[i].says))
            fail_msg("%s: %d %s %s", cases[i].text, err, ask_error_code(&info), info.text);
        ask_fini(&a);
    }
}

static void a_question_is_narrowed_by_the_stream_it_is_asked_on(void **state)
{
    struct errinfo info;
    struct filter own, both;
    struct buf a_key = {0}, want = {0};
    struct ask a;

    (void)state;
    filter_init(&own);
    assert_int_equal(filter_add(&own, STR("source"), STR("app"), &info), 0);
    assert_int_equal(read_text(&a, "{\"type\":\"requestLogs\",\"search\":\"x y\"}", &info), 0);
    assert_int_equal(ask_narrow(&a, &own, &info), 0);
    filter_init(&both);
    assert_int_equal(filter_add(&both, STR("search"), STR("x y"), &info), 0);
    assert_int_equal(filter_add(&both, STR("source"), STR("app"), &info), 0);
    filter_add_key(a.filter, &a_key);
    filter_add_key(&both, &want);
    assert_true(str_eq(buf_str(&a_key), buf_str(&want)));
    buf_fini(&a_key);
    buf_fini(&want);
    filter_fini(&own);
    filter_fini(&both);
    ask_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_without_a_place_goes_on_where_it_is),
        cmocka_unit_test(a_subscription_may_begin_anywhere),
        cmocka_unit_test(what_is_wrong_is_said_with_what_would_be_right),
        cmocka_unit_test(a_question_is_narrowed_by_the_stream_it_is_asked_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
