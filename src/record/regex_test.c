/* SPDX-License-Identifier: MIT
 *
 * regex_test.c - the literals that must be there, many lines at once, and the ends of patience.
 */
#include "record/regex.h"

#include "base/buf.h"
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
        {"error|warn", "", "error|warn"},
        {"\\d+ms|[a-f]+z(x)?", "", "ms|z"},
        {"error|\\d", "", ""},
        {"error|", "", ""},
        {"|error", "", ""},
        {"a|b|c|d|e|f|g|h", "", "a|b|c|d|e|f|g|h"},
        {"a|b|c|d|e|f|g|h|i", "", ""},
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
        struct str got[REGEX_LITERALS_MAX];
        uint32_t n = regex_literals(&a, str_from(cases[i].pattern), str_from(cases[i].flags), got);
        struct buf all = {0};
        for (uint32_t k = 0; k < n; k++)
            buf_printf(&all, "%s%.*s", k ? "|" : "", STR_FMT(got[k]));
        if (!str_is(buf_str(&all), cases[i].literal))
            fail_msg("%s: '%.*s'", cases[i].pattern, STR_FMT(buf_str(&all)));
        buf_fini(&all);
    }
    arena_fini(&a);
}

/* --- many lines at once --- */

static void what_looks_beyond_its_match_is_asked_line_by_line(void **state)
{
    static const char *const within[] = {"a",       "^a$",        "a|b", "(a|(?:b))+",
                                         "[^x]*?y", "\\bx\\.\\d", ""};
    static const char *const beyond[] = {
        "(?!a)b", "(?<=a)b", "(?=a)", "(a)\\1",  "\\Aa",  "a\\z",    "a\\Z", "a++",  "a*+",
        "a?+",    "a{2}+",   "(?>a)", "(*ANY)a", "(?i)a", "\\Qa\\E", "\\Ka", "\\Ra", "\\X"};

    (void)state;
    for (size_t i = 0; i < sizeof within / sizeof within[0]; i++)
        if (!regex_sees_lines(str_from(within[i]), STR_NONE))
            fail_msg("%s", within[i]);
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++)
        if (regex_sees_lines(str_from(beyond[i]), STR_NONE))
            fail_msg("%s", beyond[i]);
    assert_false(regex_sees_lines(STR("a b"), STR("x")));
}

static uint32_t seed = 5;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void add_random_lines(struct buf *out)
{
    static const char *const pieces[] = {"a",  "b",  "ab", " ", "x1", "time out", "\xc3\xbc",
                                         "\r", "-7", "",   "",  "$",  "^",        "A"};

    for (uint32_t i = 1 + below(12); i > 0; i--) {
        for (uint32_t k = below(7); k > 0; k--)
            buf_add_str(out, str_from(pieces[below(sizeof pieces / sizeof pieces[0])]));
        buf_add_char(out, '\n');
    }
}

/* From `at` on, hit by hit, as one search or line by line where it does not want to go on. */
static void check_scan(struct regex *r, struct str lines, const char *pattern)
{
    struct regex_scan s;
    struct str rest = lines, line;
    size_t at = 0, hit;

    regex_scan_begin(&s, r, lines);
    enum regex_hit what = regex_scan_next(&s, at, &hit);
    while (rest.n && what != REGEX_UNFIT) {
        size_t from = (size_t)(rest.p - lines.p);
        line = str_cut(rest, '\n', &rest);
        bool here = what == REGEX_HIT && hit >= from && hit <= from + line.n;
        if (here != regex_found(r, line))
            fail_msg("/%s/ in '%.*s'", pattern, STR_FMT(line));
        if (here)
            what = regex_scan_next(&s, (size_t)(rest.p - lines.p), &hit);
    }
}

static void lines_that_match_are_found_among_others(void **state)
{
    static const char *const patterns[] = {
        "a",        "^a",  "b$",        "^$",      "a|b$",    "[^a]b",     "\\s",     "a\\sb",
        "(a|b)+x1", "x?",  "^\\bab\\b", "\\B",     "[^x]*x1", "a.*b",      ".+",      "a\\nb",
        "\xc3\xbc", "\\d", "t.*?t",     "(?:a|)$", "\\W\\W",  "[\\s\\d]+", "\\$|\\^", "o{1}u.?t"};
    static const char *const flags[] = {"", "i", "m", "s"};

    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0] * 4; i++) {
        struct regex *r;
        size_t at;
        char why[120];
        assert_int_equal(regex_new(&r, str_from(patterns[i / 4]), str_from(flags[i % 4]), &at, why),
                         0);
        for (int round = 0; round < 200; round++) {
            struct buf lines = {0};
            add_random_lines(&lines);
            check_scan(r, buf_str(&lines), patterns[i / 4]);
            buf_fini(&lines);
        }
        regex_free(r);
    }
}

static void a_scan_that_is_slow_gives_up(void **state)
{
    enum { N = 4 * 1000 * 1000 };
    char *text = malloc(N);
    int64_t start_us = clock_mono_us();
    struct regex_scan s;
    struct regex *r;
    size_t at;
    char why[120];

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < N; i++)
        text[i] = i % 100 == 99 ? '\n' : 'a';
    assert_int_equal(regex_new(&r, STR("[^x]*y"), STR_NONE, &at, why), 0);
    for (int i = 0; i < 3; i++) {
        regex_scan_begin(&s, r, str_of(text, N));
        assert_int_equal(regex_scan_next(&s, 0, &at), REGEX_UNFIT);
        assert_true(at % 100 == 0);
    }
    assert_true(clock_mono_us() - start_us < 5 * 1000 * 1000);
    regex_scan_begin(&s, r, STR("xy\n")); /* from now on never */
    assert_int_equal(regex_scan_next(&s, 0, &at), REGEX_UNFIT);
    regex_free(r);
    free(text);
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
        cmocka_unit_test(what_looks_beyond_its_match_is_asked_line_by_line),
        cmocka_unit_test(lines_that_match_are_found_among_others),
        cmocka_unit_test(a_scan_that_is_slow_gives_up),
        cmocka_unit_test(without_case_the_kelvin_sign_is_a_k),
        cmocka_unit_test(a_long_text_is_searched_to_its_end),
        cmocka_unit_test(no_pattern_runs_for_long),
        cmocka_unit_test(an_empty_text_may_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
