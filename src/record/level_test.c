/* SPDX-License-Identifier: MIT
 *
 * level_test.c - words and numbers of other people for our six levels.
 */
#include "record/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void every_word_of_the_table_is_found_in_any_case(void **state)
{
    (void)state;
#define LEVEL_WORD(first, last, text, LEVEL, PLACE, FOLD)                                          \
    assert_int_equal(level_from_text(STR(text)), LEVEL_##LEVEL);
#include "record/level_words.def"
#undef LEVEL_WORD
    assert_int_equal(level_from_text(STR("WARNING")), LEVEL_WARN);
    assert_int_equal(level_from_text(STR("Critical")), LEVEL_FATAL);
    assert_int_equal(level_from_text(STR("eRrOr")), LEVEL_ERROR);
}

static void other_words_are_none(void **state)
{
    static const char *const words[] = {"",       "warns",    "informations", "x",    "err0r",
                                        "error ", "warn\n",   "w@rn",         "!nfo", "[nfo",
                                        "levels", "erroring", "tr\200ce"};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_int_equal(level_from_text(str_from(words[i])), LEVEL_NONE);
}

static void names_of_levels_are_understood_again(void **state)
{
    (void)state;
    for (enum level l = LEVEL_TRACE; l <= LEVEL_FATAL; l++)
        assert_int_equal(level_from_text(str_from(level_name(l))), l);
    for (enum stream s = STREAM_STDOUT; s <= STREAM_SYSTEM; s++)
        assert_int_equal(stream_from_text(str_from(stream_name(s))), s);
    assert_int_equal(stream_from_text(STR("stdlog")), STREAM_NONE);
    assert_int_equal(stream_from_text(STR("STDOUT")), STREAM_NONE);
    assert_string_equal(level_name(LEVEL_NONE), "");
    assert_string_equal(level_name(LEVEL_COUNT), "");
    assert_string_equal(stream_name(STREAM_NONE), "");
    assert_string_equal(stream_name((enum stream)9), "");
}

static void numbers_of_three_scales_are_told_apart(void **state)
{
    static const struct {
        uint64_t number;
        enum level level;
        bool folded;
    } want[] = {
        {0, LEVEL_FATAL, true},   {3, LEVEL_ERROR, false},   {5, LEVEL_INFO, true},
        {6, LEVEL_INFO, false},   {7, LEVEL_DEBUG, false},   {8, LEVEL_NONE, false},
        {10, LEVEL_TRACE, false}, {30, LEVEL_INFO, false},   {35, LEVEL_INFO, true},
        {60, LEVEL_FATAL, false}, {70, LEVEL_NONE, true},    {100, LEVEL_DEBUG, false},
        {250, LEVEL_INFO, true},  {400, LEVEL_ERROR, false}, {550, LEVEL_FATAL, true},
        {600, LEVEL_FATAL, true}, {601, LEVEL_NONE, true},   {UINT64_MAX, LEVEL_NONE, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        bool folded = false;
        assert_int_equal(level_from_number(want[i].number, &folded), want[i].level);
        if (want[i].level != LEVEL_NONE)
            assert_int_equal(folded, want[i].folded);
        assert_int_equal(level_from_number(want[i].number, NULL), want[i].level);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_of_the_table_is_found_in_any_case),
        cmocka_unit_test(other_words_are_none),
        cmocka_unit_test(names_of_levels_are_understood_again),
        cmocka_unit_test(numbers_of_three_scales_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
