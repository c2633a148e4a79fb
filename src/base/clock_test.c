/* SPDX-License-Identifier: MIT
 *
 * clock_test.c - time stamps out and in, compared with the C library's calendar.
 */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static const char *stamp(int64_t us)
{
    static char text[28];

    assert_int_equal(clock_rfc3339(us, text), 27);
    text[27] = '\0';
    return text;
}

static void known_moments_are_written_as_everybody_writes_them(void **state)
{
    (void)state;
    assert_string_equal(stamp(0), "1970-01-01T00:00:00.000000Z");
    assert_string_equal(stamp(1), "1970-01-01T00:00:00.000001Z");
    assert_string_equal(stamp(-1), "1969-12-31T23:59:59.999999Z");
    assert_string_equal(stamp(951782400000000), "2000-02-29T00:00:00.000000Z");
    assert_string_equal(stamp(1768473045123456), "2026-01-15T10:30:45.123456Z");
    assert_string_equal(stamp(-62135596800000000), "0001-01-01T00:00:00.000000Z");
}

static void times_beyond_four_digits_of_year_are_clamped(void **state)
{
    (void)state;
    assert_string_equal(stamp(INT64_MAX), "9999-12-31T23:59:59.999999Z");
    assert_string_equal(stamp(INT64_MIN), "0000-01-01T00:00:00.000000Z");
}

/* Every 10 days and some minutes through all the years, against gmtime_r(). */
static void the_calendar_agrees_with_the_c_library_and_reads_back(void **state)
{
    const int64_t step = 864000 + 12347;

    (void)state;
    for (int64_t second = -62167219200; second < 253402300800; second += step) {
        time_t t = (time_t)second;
        struct tm tm;
        char expected[64];
        int64_t back;
        gmtime_r(&t, &tm);
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.654321Z",
                 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        assert_string_equal(stamp(second * 1000000 + 654321), expected);
        assert_true(clock_parse(str_from(expected), &back));
        assert_true(back == second * 1000000 + 654321);
    }
}

static void assert_reads(const char *text, int64_t expected)
{
    int64_t us = 0;

    if (!clock_parse(str_from(text), &us) || us != expected)
        fail_msg("%s was read as %lld", text, (long long)us);
}

static void all_the_forms_of_rfc3339_are_read(void **state)
{
    const int64_t at = 1768473045000000;

    (void)state;
    assert_reads("2026-01-15T10:30:45Z", at);
    assert_reads("2026-01-15t10:30:45z", at);
    assert_reads("2026-01-15 10:30:45Z", at);
    assert_reads("2026-01-15T12:00:45+01:30", at);
    assert_reads("2026-01-15T09:30:45-01:00", at);
    assert_reads("2026-01-15T10:30:45.5Z", at + 500000);
    assert_reads("2026-01-15T10:30:45,123Z", at + 123000);
    assert_reads("2026-01-15T10:30:45.1234567899Z", at + 123456);
    assert_reads("2026-01-15", at - (10 * 3600 + 30 * 60 + 45) * 1000000ll);
    assert_reads("2026-01-15T10:30:60Z", at + 15000000);
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "2026",
        "2026-1-5",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "2100-02-29",
        "2026-04-31",
        "2026-01-00",
        "2026-01-15T",
        "2026-01-15T10:30Z",
        "2026-01-15T10:30:45",
        "2026-01-15T24:00:00Z",
        "2026-01-15T10:60:45Z",
        "2026-01-15T10:30:61Z",
        "2026-01-15T10:30:45.Z",
        "2026-01-15T10:30:45+0130",
        "2026-01-15T10:30:45+24:00",
        "2026-01-15T10:30:45ZZ",
        "2026-01-15T10:30:45Z ",
        "+026-01-15",
        "yesterday",
    };
    int64_t us = 99;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (clock_parse(str_from(texts[i]), &us))
            fail_msg("\"%s\" was taken for a time", texts[i]);
    assert_false(clock_parse(STR("2026-01-15\0"), &us));
    assert_int_equal(us, 99);
}

static void a_faked_clock_moves_only_when_told(void **state)
{
    (void)state;
    int64_t before = clock_mono_us();
    assert_true(clock_mono_us() >= before);
    assert_true(clock_wall_us() > 1700000000000000);
    clock_fake(5000000);
    int64_t mono = clock_mono_us();
    assert_true(clock_wall_us() == 5000000);
    clock_advance(250);
    assert_true(clock_wall_us() == 5000250);
    assert_true(clock_mono_us() == mono + 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_are_written_as_everybody_writes_them),
        cmocka_unit_test(times_beyond_four_digits_of_year_are_clamped),
        cmocka_unit_test(the_calendar_agrees_with_the_c_library_and_reads_back),
        cmocka_unit_test(all_the_forms_of_rfc3339_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(a_faked_clock_moves_only_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
