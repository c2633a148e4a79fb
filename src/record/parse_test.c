/* SPDX-License-Identifier: MIT
 *
 * parse_test.c - what lines of real programs say about themselves.
 */
#include "record/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct example {
    const char *line;
    enum level level;
};

static void assert_levels(const struct example *examples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum level got = parse_level(str_from(examples[i].line));
        if (got != examples[i].level)
            fail_msg("\"%s\" is %s, not %s", examples[i].line, level_name(got),
                     level_name(examples[i].level));
    }
}
#define ASSERT_LEVELS(examples) assert_levels((examples), sizeof(examples) / sizeof(examples)[0])

static void a_level_stands_in_brackets_or_capitals_or_before_a_colon(void **state)
{
    static const struct example examples[] = {
        {"2026-01-02 10:00:00,123 INFO root: starting", LEVEL_INFO},
        {"2026-01-02 10:00:00,123 - mylogger - WARNING - careful", LEVEL_WARN},
        {"2026-01-02T10:00:00.123+01:00  WARN 1 --- [main] o.s.b: x", LEVEL_WARN},
        {"[2026-01-02T10:00:00Z] [ERROR] boom", LEVEL_ERROR},
        {"[warn] low", LEVEL_WARN},
        {"[E] short", LEVEL_ERROR},
        {"(INFO) x", LEVEL_INFO},
        {"WARN low", LEVEL_WARN},
        {"warn: low", LEVEL_WARN},
        {"Error: cannot find module", LEVEL_ERROR},
        {"CRITICAL:root:x", LEVEL_FATAL},
        {"panic: runtime error", LEVEL_FATAL},
        {"fatal: not a git repository", LEVEL_FATAL},
        {"INFO[0000] started", LEVEL_INFO},
        {"10:00:00.123 [main] DEBUG c.e.App - hello", LEVEL_DEBUG},
        {"npm WARN deprecated", LEVEL_WARN},
        {"DEBUG", LEVEL_DEBUG},
    };

    (void)state;
    ASSERT_LEVELS(examples);
}

static void words_that_only_look_like_levels_are_left_alone(void **state)
{
    static const struct example examples[] = {
        {"", LEVEL_NONE},
        {" ", LEVEL_NONE},
        {"warn about low things", LEVEL_NONE},
        {"error TS2304: Cannot find name", LEVEL_NONE},
        {"TypeError: x is undefined", LEVEL_NONE},
        {"The server is in ERROR state", LEVEL_NONE},
        {"T minus ten", LEVEL_NONE},
        {"E short", LEVEL_NONE},
        {"[  OK  ] done", LEVEL_NONE},
        {"http://a/b answered 500", LEVEL_NONE},
        {"GET http://a/b failed", LEVEL_NONE},
        {"http: GET /b", LEVEL_DEBUG}, /* winston */
        {"10T20", LEVEL_NONE},
        {"information wants to be free", LEVEL_NONE},
    };

    (void)state;
    ASSERT_LEVELS(examples);
}

static void a_json_line_says_it_in_a_member(void **state)
{
    static const struct example examples[] = {
        {"{\"level\":\"warn\",\"msg\":\"x\"}", LEVEL_WARN},
        {"{\"level\":50,\"msg\":\"x\"}", LEVEL_ERROR},
        {"{\"msg\":\"x\",\"severity\":\"CRITICAL\"}", LEVEL_FATAL},
        {"{\"levelname\":\"DEBUG\"}", LEVEL_DEBUG},
        {"{\"lvl\":\"trace\"}", LEVEL_TRACE},
        {"{\"log.level\":\"error\"}", LEVEL_ERROR},
        {"{\"level\":\"odd\",\"severity\":\"info\"}", LEVEL_INFO},
        {"{\"level\":null}", LEVEL_NONE},
        {"{\"level\":-30}", LEVEL_NONE},
        {"{\"level\":30.5}", LEVEL_NONE},
        {"{\"level\":1e1}", LEVEL_NONE},
        {"{\"o\":{\"level\":\"error\"}}", LEVEL_NONE},
        {"{\"level\":\"warn\"", LEVEL_NONE}, /* cut off: not an object */
    };

    (void)state;
    ASSERT_LEVELS(examples);
}

static void colours_do_not_hide_a_level(void **state)
{
    static const struct example examples[] = {
        {"\x1b[32minfo\x1b[39m: winston", LEVEL_INFO},
        {"\x1b[33mWARN\x1b[0m x", LEVEL_WARN},
        {"[\x1b[31mERROR\x1b[0m] y", LEVEL_ERROR},
        {"\x1b[1;38;5;196mFATAL\x1b[0m: z", LEVEL_FATAL},
        {"\x1b[", LEVEL_NONE},
        {"\x1b", LEVEL_NONE},
    };

    (void)state;
    ASSERT_LEVELS(examples);
}

static void a_line_that_says_nothing_gets_the_level_of_its_stream(void **state)
{
    struct arena scratch = {0};
    struct record r = {.stream = STREAM_STDOUT};
    struct str line = STR("hello");
    bool replaced = true;

    (void)state;
    assert_int_equal(parse_line(&r, line, &scratch, &replaced), 0);
    assert_int_equal(r.level, LEVEL_INFO);
    assert_false(replaced);
    assert_ptr_equal(r.message.p, line.p); /* a view */
    r.stream = STREAM_STDERR;
    assert_int_equal(parse_line(&r, line, &scratch, &replaced), 0);
    assert_int_equal(r.level, LEVEL_ERROR);
    assert_int_equal(parse_line(&r, STR("[INFO] hello"), &scratch, &replaced), 0);
    assert_int_equal(r.level, LEVEL_INFO);
    arena_fini(&scratch);
}

static void bytes_that_are_no_text_are_replaced_in_scratch(void **state)
{
    struct arena scratch = {0};
    struct record r = {.stream = STREAM_STDERR};
    bool replaced = false;

    (void)state;
    assert_int_equal(parse_line(&r, STR("warn: \xff\xe2\x82 caf\xe9"), &scratch, &replaced), 0);
    assert_true(replaced);
    assert_true(str_is(r.message, "warn: \xef\xbf\xbd\xef\xbf\xbd caf\xef\xbf\xbd"));
    assert_int_equal(r.level, LEVEL_WARN);
    arena_fini(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_stands_in_brackets_or_capitals_or_before_a_colon),
        cmocka_unit_test(words_that_only_look_like_levels_are_left_alone),
        cmocka_unit_test(a_json_line_says_it_in_a_member),
        cmocka_unit_test(colours_do_not_hide_a_level),
        cmocka_unit_test(a_line_that_says_nothing_gets_the_level_of_its_stream),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced_in_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
