/* SPDX-License-Identifier: MIT
 *
 * format_test.c - what is formatted here reads as the C library would write it; the rest is left to
 * it.
 */
#include "client/format.h"

#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include <cmocka.h>

enum { SIZE = 128 };

static int plain(char *out, size_t size, const char *format, ...) LM_FORMAT(3, 4);
static int plain(char *out, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = format_plain(out, size, format, args);
    va_end(args);
    return n;
}

#define SAME(...)                                                                                  \
    do {                                                                                           \
        char ours[SIZE], theirs[SIZE];                                                             \
        int same_n = plain(ours, sizeof ours, __VA_ARGS__);                                        \
        assert_int_equal(same_n, snprintf(theirs, sizeof theirs, __VA_ARGS__));                    \
        assert_memory_equal(ours, theirs, (size_t)same_n);                                         \
    } while (0)

#define LEFT(...)                                                                                  \
    do {                                                                                           \
        char ours[SIZE];                                                                           \
        assert_int_equal(plain(ours, sizeof ours, __VA_ARGS__), -1);                               \
    } while (0)

static void texts_and_whole_numbers_read_the_same(void **state)
{
    static const long long numbers[] = {0,       1,       -1,       9,         10,        -10,
                                        INT_MAX, INT_MIN, LONG_MAX, LLONG_MIN, LLONG_MAX, 255};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        long long n = numbers[i];
        SAME("%d %i %u %x", (int)n, (int)n, (unsigned)n, (unsigned)n);
        SAME("%ld %lu %lx", (long)n, (unsigned long)n, (unsigned long)n);
        SAME("%lld %llu", n, (unsigned long long)n);
        SAME("%zd,%zu", (ssize_t)n, (size_t)n);
    }
    SAME("plain");
    SAME("%s", "");
    SAME("a %s b%sc", "one", "two");
    SAME("%.3s|%.0s|%.*s|%.*s", "abcdef", "abc", 2, "xyz", -1, "whole");
    SAME("%c%c 100%%", 'a', 'b');
    SAME("%.100s", "short");
}

static void what_is_rare_is_left_to_the_library(void **state)
{
    (void)state;
    LEFT("%5d", 1);
    LEFT("%-3s", "a");
    LEFT("%05d", 1);
    LEFT("%+d", 1);
    LEFT("%#x", 1u);
    LEFT("%.3d", 1);
    LEFT("%.*d", 3, 1);
    LEFT("%.*d", -1, 1);
    LEFT("%f %d", 1.5, 2);
    LEFT("%p", (void *)state);
    LEFT("%hd", (short)1);
    LEFT("%X %o", 1u, 1u);
    LEFT("%jd", (intmax_t)1);
}

static void what_does_not_fit_is_not_cut_here(void **state)
{
    char out[4];

    (void)state;
    assert_int_equal(plain(out, sizeof out, "%s", "four"), 4);
    assert_int_equal(plain(out, sizeof out, "%s", "fiver"), -1);
    assert_int_equal(plain(out, sizeof out, "%d", 12345), -1);
    assert_int_equal(plain(out, sizeof out, "abc%c%c", 'd', 'e'), -1);
    assert_int_equal(plain(out, 0, "%s", ""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_whole_numbers_read_the_same),
        cmocka_unit_test(what_is_rare_is_left_to_the_library),
        cmocka_unit_test(what_does_not_fit_is_not_cut_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
