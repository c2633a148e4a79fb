/* SPDX-License-Identifier: MIT
 *
 * regex_test.c - the literal that must be there, and the ends of patience.
 */
#include "record/regex.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void the_longest_text_that_must_be_there_is_found(void **state)
{
    static const struct {
        const char *pattern, *flags, *literal;
    } cases[] = {
        {"timeout", "", "timeout"},
        {"time(d)? out", "", "time"},
        {"^GET /api", "", "GET /api"},
        {"abc*", "", "ab"},
        {"abc?de", "", "ab"},
        {"abc{0,2}defg", "", "defg"},
        {"abc+d", "", "abc"},
        {"gr\xc3\xb6?x", "", "gr"},
        {"gr\xc3\xb6\xc3\x9f", "", "gr\xc3\xb6\xc3\x9f"},
        {"\\[ERROR\\] at", "", "[ERROR] at"},
        {"a\\/b", "", "a/b"},
        {"\\d+ms", "", "ms"},
        {"user=\\w+ id", "", "user="},
        {"[abc]def[]x]g", "", "def"},
        {"(?:a|b)cde", "", "cde"},
        {"(a(b)c)de", "", "de"},
        {"error|warn", "", ""},
        {"(error|warn): x", "", ": x"},
        {"a(?i)b", "", ""},
        {"(?i)abc", "", ""},
        {"abc(?=d)", "", ""},
        {"(?#comment)abc", "", ""},
        {"\\Qa.b\\E", "", ""},
        {"\\x41bc", "", ""},
        {"(a)\\1bc", "", ""},
        {"a[[:alpha:]]bc", "", ""},
        {"a b c", "x", ""},
        {"Timeout", "i", "timeout"},
        {"Disk", "i", "di"}, /* k and s have relatives beyond ASCII */
        {"gr\xc3\xb6\xc3\x9f"
         "e",
         "i", "gr"},
        {"", "", ""},
    };
    struct arena a = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str got = regex_literal(&a, str_from(cases[i].pattern), str_from(cases[i].flags));
        if (!str_is(got, cases[i].literal))
            fail_msg("%s: '%.*s'", cases[i].pattern, STR_FMT(got));
    }
    arena_fini(&a);
}

static bool found(const char *pattern, const char *flags, struct str text, uint32_t *overruns)
{
    struct regex *r;
    size_t at;
    char why[120];

    if (regex_new(&r, str_from(pattern), str_from(flags), &at, why) < 0)
        fail_msg("%s: %s", pattern, why);
    bool yes = regex_found(r, text);
    *overruns = regex_overruns(r);
    regex_free(r);
    return yes;
}

static void without_case_the_kelvin_sign_is_a_k(void **state)
{
    uint32_t overruns;

    (void)state;
    assert_true(found("300k", "i", STR("300\xe2\x84\xaa"), &overruns));
    assert_true(found("disk", "i", STR("DI\xc5\xbfK"), &overruns));
    assert_false(found("disk", "", STR("DI\xc5\xbfK"), &overruns));
}

/* What quick steps cannot answer is answered all the same, as long as time allows. */
static void a_long_text_is_searched_to_its_end(void **state)
{
    enum { N = 200 * 1000 };
    char *text = malloc(N);
    uint32_t overruns;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', N);
    memcpy(text + N - 8, "b\xc3\xb6 x12y", 8);
    assert_true(found("[a-f]\xc3\xb6 x\\d+y$", "", str_of(text, N), &overruns));
    assert_int_equal(overruns, 0);
    assert_true(found("^a.*x", "", str_of(text, N), &overruns));
    assert_int_equal(overruns, 0);
    assert_false(found("[z][0-9]", "", str_of(text, N), &overruns));
    assert_int_equal(overruns, 0);
    assert_true(found("$", "", str_of(text, N), &overruns));
    assert_int_equal(overruns, 0);
    free(text);
}

static void no_pattern_runs_for_long(void **state)
{
    static const char *const patterns[] = {"(a+)+[bc]$",    "(a|a)*[bc]$",         "(a|aa)+[bc]$",
                                           "(.*a){20}[bc]", "(?:a?){30}a{30}[bc]", "([a-z]*)*[0-9]",
                                           "(.+)\\1[xy]"};
    enum { N = 300 * 1000 };
    char *text = malloc(N);
    uint32_t overruns;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', N);
    text[N - 1] = 'c';
    text[N - 2] = '!';
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        for (size_t n = 100; n < N; n *= 10) {
            int64_t start_us = clock_mono_us();
            bool yes = found(patterns[i], "", str_of(text + N - n, n), &overruns);
            assert_true(!yes || overruns == 0);
            /* Generous, as the machine may be busy; left alone some of these need hours. */
            assert_true(clock_mono_us() - start_us < 100 * REGEX_TIME_MAX_US);
        }
    free(text);
}

static void an_empty_text_may_match(void **state)
{
    uint32_t overruns;

    (void)state;
    assert_true(found("^$", "", STR_NONE, &overruns));
    assert_false(found("a", "", STR_NONE, &overruns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_text_that_must_be_there_is_found),
        cmocka_unit_test(without_case_the_kelvin_sign_is_a_k),
        cmocka_unit_test(a_long_text_is_searched_to_its_end),
        cmocka_unit_test(no_pattern_runs_for_long),
        cmocka_unit_test(an_empty_text_may_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
