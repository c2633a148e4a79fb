/* SPDX-License-Identifier: MIT
 *
 * level_test.c - other people's words for how grave it is.
 */
#include "record/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void every_level_is_read_back_from_its_name(void **state)
{
    (void)state;
    for (enum level l = LEVEL_TRACE; l < LEVEL_COUNT; l++)
        assert_int_equal(level_from_text(str_from(level_name(l))), l);
    assert_string_equal(level_name(LEVEL_NONE), "");
    assert_string_equal(level_name(LEVEL_COUNT), "");
    assert_int_equal(level_from_text(STR("")), LEVEL_NONE);
}

static void the_words_of_others_are_understood_in_any_case(void **state)
{
    static const struct {
        const char *text;
        enum level level;
    } words[] = {
        {"WARNING", LEVEL_WARN}, {"Critical", LEVEL_FATAL}, {"E", LEVEL_ERROR},
        {"notice", LEVEL_INFO},  {"EMERG", LEVEL_FATAL},    {"Panic", LEVEL_FATAL},
        {"silly", LEVEL_TRACE},  {"Severe", LEVEL_ERROR},   {"dpanic", LEVEL_FATAL},
        {"loud", LEVEL_NONE},    {"warnin", LEVEL_NONE},    {"warn ", LEVEL_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_int_equal(level_from_text(str_from(words[i].text)), words[i].level);
}

static void numbers_count_in_tens_from_trace_to_fatal(void **state)
{
    (void)state;
    assert_int_equal(level_from_number(10), LEVEL_TRACE);
    assert_int_equal(level_from_number(29), LEVEL_DEBUG);
    assert_int_equal(level_from_number(30), LEVEL_INFO);
    assert_int_equal(level_from_number(69), LEVEL_FATAL);
    assert_int_equal(level_from_number(9), LEVEL_NONE);
    assert_int_equal(level_from_number(70), LEVEL_NONE);
    assert_int_equal(level_from_number(UINT64_MAX), LEVEL_NONE);
}

static void streams_have_exactly_three_names(void **state)
{
    (void)state;
    for (enum stream s = STREAM_STDOUT; s <= STREAM_SYSTEM; s++)
        assert_int_equal(stream_from_text(str_from(stream_name(s))), s);
    assert_int_equal(stream_from_text(STR("STDOUT")), STREAM_NONE);
    assert_int_equal(stream_from_text(STR("")), STREAM_NONE);
    assert_string_equal(stream_name(STREAM_NONE), "");
    assert_string_equal(stream_name((enum stream)9), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_is_read_back_from_its_name),
        cmocka_unit_test(the_words_of_others_are_understood_in_any_case),
        cmocka_unit_test(numbers_count_in_tens_from_trace_to_fatal),
        cmocka_unit_test(streams_have_exactly_three_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
