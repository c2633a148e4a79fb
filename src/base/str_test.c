/* SPDX-License-Identifier: MIT
 *
 * str_test.c - cutting, comparing and searching borrowed text.
 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void texts_are_equal_byte_by_byte_and_empty_ones_whatever_they_point_at(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), STR("abc")));
    assert_false(str_eq(STR("abc"), STR("abC")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq(STR_NONE, STR("")));
    assert_true(str_eq(STR("a\0b"), str_of("a\0b", 3)));
    assert_false(str_is(STR("a\0b"), "a"));
}

static void one_other_byte_makes_texts_differ_whatever_their_length(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 40; n++)
        for (size_t at = 0; at < n; at++) {
            char one[40], other[40];
            memset(one, 'x', sizeof one);
            memset(other, 'x', sizeof other);
            assert_true(str_eq(str_of(one, n), str_of(other, n)));
            other[at] = 'y';
            assert_false(str_eq(str_of(one, n), str_of(other, n)));
        }
}

static void a_text_starts_with_itself_and_with_nothing(void **state)
{
    (void)state;
    assert_true(str_starts(STR("abc"), STR("abc")));
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_true(str_starts(STR("abc"), STR_NONE));
    assert_true(str_starts(STR_NONE, STR_NONE));
    assert_false(str_starts(STR("ab"), STR("abc")));
}

static void only_ascii_letters_lose_their_case(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("WaRn[1]"), STR("wArN[1]")));
    assert_false(str_eq_nocase(STR("@"), STR("`")));
    assert_false(str_eq_nocase(STR("["), STR("{")));
    assert_false(str_eq_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
}

static void a_cut_gives_the_part_before_and_what_follows(void **state)
{
    struct str rest;

    (void)state;
    assert_true(str_is(str_cut(STR("a=b=c"), '=', &rest), "a"));
    assert_true(str_is(rest, "b=c"));
    assert_true(str_is(str_cut(STR("a="), '=', &rest), "a"));
    assert_non_null(rest.p);
    assert_int_equal(rest.n, 0);
    assert_true(str_is(str_cut(STR("abc"), '=', &rest), "abc"));
    assert_null(rest.p);
    assert_int_equal(str_cut(STR_NONE, '=', &rest).n, 0);
    assert_null(rest.p);
}

static void trimming_takes_spaces_and_tabs_at_both_ends(void **state)
{
    (void)state;
    assert_true(str_is(str_trim(STR(" \t a b\t ")), "a b"));
    assert_true(str_is(str_trim(STR("\na\n")), "\na\n"));
    assert_int_equal(str_trim(STR(" \t ")).n, 0);
    assert_int_equal(str_trim(STR_NONE).n, 0);
}

static void numbers_are_digits_alone_and_must_fit(void **state)
{
    uint64_t v = 7;

    (void)state;
    assert_true(str_to_u64(STR("18446744073709551615"), &v));
    assert_true(v == UINT64_MAX);
    assert_true(str_to_u64(STR("000000000000000000000000000012"), &v));
    assert_int_equal(v, 12);
    v = 7;
    assert_false(str_to_u64(STR("18446744073709551616"), &v));
    assert_false(str_to_u64(STR("99999999999999999999"), &v));
    assert_false(str_to_u64(STR(""), &v));
    assert_false(str_to_u64(STR_NONE, &v));
    assert_false(str_to_u64(STR("+1"), &v));
    assert_false(str_to_u64(STR("-1"), &v));
    assert_false(str_to_u64(STR(" 1"), &v));
    assert_false(str_to_u64(STR("1x"), &v));
    assert_int_equal(v, 7);
}

static void searching_ignores_case_and_finds_the_first(void **state)
{
    (void)state;
    assert_int_equal(str_find_nocase(STR("Connection RESET by peer"), STR("reset")), 11);
    assert_int_equal(str_find_nocase(STR("aaab"), STR("aab")), 1);
    assert_int_equal(str_find_nocase(STR("abc"), STR("")), 0);
    assert_int_equal(str_find_nocase(STR_NONE, STR("")), 0);
    assert_true(str_find_nocase(STR_NONE, STR("a")) == SIZE_MAX);
    assert_true(str_find_nocase(STR("ab"), STR("abc")) == SIZE_MAX);
    assert_int_equal(str_find_nocase(STR("x\0Y"), STR("\0y")), 1);
}

/* Random texts over few letters, so that near misses abound. */
static void searching_agrees_with_trying_every_place(void **state)
{
    char hay[40], needle[4];
    unsigned random = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t hay_n = (random = random * 1103515245 + 12345) >> 16 & 31;
        size_t needle_n = (random = random * 1103515245 + 12345) >> 16 & 3;
        for (size_t i = 0; i < hay_n; i++)
            hay[i] = "aAbB"[(random = random * 1103515245 + 12345) >> 16 & 3];
        for (size_t i = 0; i < needle_n; i++)
            needle[i] = "ab"[(random = random * 1103515245 + 12345) >> 16 & 1];
        size_t expected = SIZE_MAX;
        for (size_t i = 0; i + needle_n <= hay_n && expected == SIZE_MAX; i++)
            if (str_eq_nocase(str_of(hay + i, needle_n), str_of(needle, needle_n)))
                expected = i;
        assert_true(str_find_nocase(str_of(hay, hay_n), str_of(needle, needle_n)) == expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_equal_byte_by_byte_and_empty_ones_whatever_they_point_at),
        cmocka_unit_test(one_other_byte_makes_texts_differ_whatever_their_length),
        cmocka_unit_test(a_text_starts_with_itself_and_with_nothing),
        cmocka_unit_test(only_ascii_letters_lose_their_case),
        cmocka_unit_test(a_cut_gives_the_part_before_and_what_follows),
        cmocka_unit_test(trimming_takes_spaces_and_tabs_at_both_ends),
        cmocka_unit_test(numbers_are_digits_alone_and_must_fit),
        cmocka_unit_test(searching_ignores_case_and_finds_the_first),
        cmocka_unit_test(searching_agrees_with_trying_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
