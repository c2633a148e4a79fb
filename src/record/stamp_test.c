/* SPDX-License-Identifier: MIT
 *
 * stamp_test.c - time stamps as programs write them, and zones.
 */
#include "record/stamp.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int64_t at(const char *rfc3339)
{
    int64_t us = 0;
    assert_true(clock_parse(str_from(rfc3339), &us));
    return us;
}

/* Stamps that are complete, how long they are, and what they mean. */
static const struct {
    const char *text;
    size_t n;
    const char *means;
} complete[] = {
    {"2026-01-02T15:04:05Z rest", 20, "2026-01-02T15:04:05Z"},
    {"2026-01-02t15:04:05.1z", 22, "2026-01-02T15:04:05.1Z"},
    {"2026-01-02T15:04:05.123456789Z", 30, "2026-01-02T15:04:05.123456Z"},
    {"2026-01-02 15:04:05,123+01:00 x", 29, "2026-01-02T14:04:05.123Z"},
    {"2026-01-02 15:04:05.123 +0530]", 29, "2026-01-02T09:34:05.123Z"},
    {"2026-01-02 15:04:05 -07 x", 23, "2026-01-02T22:04:05Z"},
    {"2026-01-02 15:04:05.123 UTC [1]", 27, "2026-01-02T15:04:05.123Z"},
    {"2024-02-29 23:59:60 GMT", 23, "2024-03-01T00:00:00Z"},
    {"2026/01/02 15:04:05 Z", 21, "2026-01-02T15:04:05Z"},
    {"20260102T150405.5Z", 18, "2026-01-02T15:04:05.5Z"},
    {"10/Oct/2000:13:55:36 -0700]", 26, "2000-10-10T20:55:36Z"},
    {"10-Oct-2000 13:55:36 UTC]", 24, "2000-10-10T13:55:36Z"},
    {"Sun Dec  4 04:47:44 UTC 2005", 28, "2005-12-04T04:47:44Z"},
    {"Sun, 04 Dec 2005 04:47:44 GMT", 29, "2005-12-04T04:47:44Z"},
    {"1117838570 2005.06.03 x", 10, "2005-06-03T22:42:50Z"},
    {"1286536309.586    921 x", 14, "2010-10-08T11:11:49.586Z"},
    {"1795229433660 x", 13, "2026-11-21T02:50:33.660Z"},
};

/* Stamps without a zone, and without a year; read on 2026-01-10. */
static const struct {
    const char *text;
    size_t n;
    const char *in_utc;
} incomplete[] = {
    {"2026-01-02 15:04:05,123 - INFO", 23, "2026-01-02T15:04:05.123Z"},
    {"2026-01-02 15:04:05, Info", 19, "2026-01-02T15:04:05Z"},
    {"2026-01-02T15:04:05 -1 items", 19, "2026-01-02T15:04:05Z"},
    {"2026/01/02 15:04:05 main.go:1", 19, "2026-01-02T15:04:05Z"},
    {"17/06/09 20:10:40 INFO", 17, "2017-06-09T20:10:40Z"},
    {"081109 203615 148 INFO", 13, "2008-11-09T20:36:15Z"},
    {"220102 15:04:05 web", 15, "2022-01-02T15:04:05Z"},
    {"20171223-22:15:29:606|x", 21, "2017-12-23T22:15:29.606Z"},
    {"20171224-1:2:35:7|x", 17, "2017-12-24T01:02:35.007Z"},
    {"Sun Dec 04 04:47:44 2005] x", 24, "2005-12-04T04:47:44Z"},
    {"Sun Dec 04 04:47:44.123456 2005", 31, "2005-12-04T04:47:44.123456Z"},
    {"Nov 21, 2026 2:54:29 AM T", 23, "2026-11-21T02:54:29Z"},
    {"Nov 21, 2026 12:54:29 AM T", 24, "2026-11-21T00:54:29Z"},
    {"Nov 21, 2026 12:54:29 PM T", 24, "2026-11-21T12:54:29Z"},
    {"Nov 21, 2026 2:54:29\xe2\x80\xafPM", 25, "2026-11-21T14:54:29Z"},
    {"Jan  2 15:04:05 host", 15, "2026-01-02T15:04:05Z"},
    {"Dec 31 23:59:59 host", 15, "2025-12-31T23:59:59Z"},
    {"01-02 15:04:05.811  17", 18, "2026-01-02T15:04:05.811Z"},
    {"10.30 16:49:06] x", 14, "2025-10-30T16:49:06Z"},
    {"0102 15:04:05.123456  7", 20, "2026-01-02T15:04:05.123456Z"},
};

static const char *const not_stamps[] = {
    "",
    "2026",
    "2026-01-02",
    "2026-13-02 15:04:05",
    "2026-01-32 15:04:05",
    "2026-02-30 15:04:05Z",
    "2026-01-02 24:04:05",
    "2026-01-02 15:60:05",
    "2026-01-02 15:04:051",
    "2026-01-02 1:04:05",
    "15:04:05",
    "Foo 12 15:04:05",
    "Jan 42 15:04:05",
    "1117838570",
    "9117838570 x",
    "12345678901 x",
    "99/99/99 20:10:40",
    "10/Oct/2000:13:55",
    "Mon Oct",
    "12 apples and 3:04:05",
};

static void complete_stamps_are_points_in_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof complete / sizeof *complete; i++) {
        struct stamp s;
        int64_t us = 0;
        assert_int_equal(stamp_read(str_from(complete[i].text), &s), complete[i].n);
        assert_true(stamp_time(&s, NULL, 0, &us));
        assert_int_equal(us, at(complete[i].means));
    }
}

static void incomplete_stamps_need_the_zone_of_their_source(void **state)
{
    struct zone utc = {0};
    int64_t read_us = at("2026-01-10T00:00:00Z");

    (void)state;
    /* One of them lies after the read: two digits of a year would be refused, four are not. */
    for (size_t i = 0; i < sizeof incomplete / sizeof *incomplete; i++) {
        struct stamp s;
        int64_t us = 0;
        assert_int_equal(stamp_read(str_from(incomplete[i].text), &s), incomplete[i].n);
        assert_false(stamp_time(&s, NULL, read_us, &us));
        assert_int_equal(us, 0);
        assert_true(stamp_time(&s, &utc, read_us, &us));
        assert_int_equal(us, at(incomplete[i].in_utc));
    }
}

static void other_texts_are_no_stamps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof not_stamps / sizeof *not_stamps; i++) {
        struct stamp s;
        assert_int_equal(stamp_read(str_from(not_stamps[i]), &s), 0);
    }
}

static void a_short_year_in_the_future_is_somebody_elses_day(void **state)
{
    struct zone utc = {0};
    struct stamp s;
    int64_t us;

    (void)state;
    assert_int_equal(stamp_read(STR("31/12/09 20:10:40 x"), &s), 17);
    assert_false(stamp_time(&s, &utc, at("2026-01-10T00:00:00Z"), &us));
}

static void every_cut_of_a_stamp_is_read_within_its_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof complete / sizeof *complete; i++) {
        for (size_t n = 0; n <= strlen(complete[i].text); n++) {
            char *copy = malloc(n ? n : 1);
            struct stamp s;
            assert_non_null(copy);
            memcpy(copy, complete[i].text, n);
            assert_true(stamp_read(str_of(copy, n), &s) <= n);
            free(copy);
        }
    }
}

static void numbers_are_told_apart_by_their_size(void **state)
{
    static const struct {
        const char *number;
        int64_t us;
    } want[] = {
        {"1700000000", 1700000000000000},          {"1700000000.5", 1700000000500000},
        {"1700000000.1234567", 1700000000123456},  {"1700000000123", 1700000000123000},
        {"1700000000123.25", 1700000000123250},    {"1700000000123456", 1700000000123456},
        {"1700000000123456789", 1700000000123456}, {"100000000", 100000000000000},
    };
    static const char *const none[] = {
        "",      "12",         "99999999",     "-1700000000",
        "1.7e9", "17000000x0", "1700000000.x", "99999999999999999999"};
    int64_t us = 0;

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_true(stamp_epoch(str_from(want[i].number), &us));
        assert_int_equal(us, want[i].us);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(stamp_epoch(str_from(none[i]), &us));
}

/* --- zones --- */

static int64_t in_zone(const char *name, const char *local)
{
    struct zone z;
    int64_t local_s = at(local) / 1000000;

    assert_int_equal(zone_load(&z, name), 0);
    int64_t utc_s = zone_to_utc(&z, local_s);
    zone_fini(&z);
    return (local_s - utc_s) / 60;
}

static void fixed_zones_are_offsets(void **state)
{
    struct zone z;

    (void)state;
    assert_int_equal(in_zone("UTC", "2026-07-01T00:00:00Z"), 0);
    assert_int_equal(in_zone("+05:30", "2026-07-01T00:00:00Z"), 330);
    assert_int_equal(in_zone("-03", "2026-07-01T00:00:00Z"), -180);
    assert_int_equal(zone_load(&z, "+x"), -LM_E_UNKNOWN);
    assert_int_equal(zone_load(&z, "+27:00"), -LM_E_UNKNOWN);
    assert_int_equal(zone_load(&z, ""), -LM_E_UNKNOWN);
    assert_int_equal(zone_load(&z, "No/Such_Place"), -LM_E_UNKNOWN);
    assert_int_equal(zone_load(&z, "../../etc/passwd"), -LM_E_UNKNOWN);
    assert_int_equal(zone_load(&z, "/etc/passwd"), -LM_E_UNKNOWN);
}

static void places_change_their_clocks(void **state)
{
    struct zone z;

    (void)state;
    if (zone_load(&z, "Europe/Berlin") < 0)
        skip(); /* a machine without a time zone database */
    zone_fini(&z);
    assert_int_equal(in_zone("Europe/Berlin", "2026-01-15T12:00:00Z"), 60);
    assert_int_equal(in_zone("Europe/Berlin", "2026-07-15T12:00:00Z"), 120);
    assert_int_equal(in_zone("Europe/Berlin", "2059-01-15T12:00:00Z"), 60);
    assert_int_equal(in_zone("Europe/Berlin", "2059-07-15T12:00:00Z"), 120);
    assert_int_equal(in_zone("Australia/Sydney", "2059-01-15T12:00:00Z"), 660);
    /* Skipped and repeated hours are read with the offset before the change. */
    assert_int_equal(in_zone("Europe/Berlin", "2026-03-29T02:30:00Z"), 60);
    assert_int_equal(in_zone("Europe/Berlin", "2026-10-25T02:30:00Z"), 120);
    assert_int_equal(in_zone("Europe/Berlin", "2026-10-25T03:00:00Z"), 60);
}

/* Whatever was read before, by whichever way, the answer is that of a first reading. */
static void the_memo_changes_no_answer(void **state)
{
    static const char *const texts[] = {
        "2026-01-02T15:04:05Z",          "2026-01-02T15:04:05.25Z",
        "2026-01-02T15:04:05.25+02:00",  "2026-01-02T15:04:05",
        "2026-01-02 15:04:05,1 UTC",     "2026-01-02T15:04:06Z",
        "2026-01-02T15:04:05.1.2Z",      "2026-01-02T15:04:05Zz",
        "2026-01-02T15:04:05 -07",       "2024-02-29T23:59:60Z",
        "2026-13-02T15:04:05Z",          "1795229433660",
        "Sun, 04 Dec 2005 04:47:44 GMT",
    };
    enum { COUNT = sizeof texts / sizeof *texts };
    struct zone east;
    int64_t read_us = at("2026-01-10T00:00:00Z");

    (void)state;
    assert_int_equal(zone_load(&east, "+05:30"), 0);
    for (int i = 0; i < COUNT * COUNT * 2; i++) {
        const struct zone *zone = i & 1 ? &east : NULL;
        struct str before = str_from(texts[i / 2 % COUNT]), text = str_from(texts[i / 2 / COUNT]);
        struct stamp_memo memo = {0}, fresh = {0};
        int64_t ignored, us = 0, want = 0;
        stamp_parse(before, zone, read_us, &memo, &ignored);
        bool ok = stamp_parse(text, zone, read_us, &fresh, &want);
        assert_int_equal(stamp_parse(text, zone, read_us, &memo, &us), ok);
        if (ok)
            assert_true(us == want);
    }
    zone_fini(&east);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_stamps_are_points_in_time),
        cmocka_unit_test(incomplete_stamps_need_the_zone_of_their_source),
        cmocka_unit_test(other_texts_are_no_stamps),
        cmocka_unit_test(a_short_year_in_the_future_is_somebody_elses_day),
        cmocka_unit_test(the_memo_changes_no_answer),
        cmocka_unit_test(every_cut_of_a_stamp_is_read_within_its_bounds),
        cmocka_unit_test(numbers_are_told_apart_by_their_size),
        cmocka_unit_test(fixed_zones_are_offsets),
        cmocka_unit_test(places_change_their_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
