/* SPDX-License-Identifier: MIT
 *
 * units_test.c - sizes and durations, there and back.
 */
#include "conf/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void sizes_are_read_with_binary_and_decimal_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0", 0},
        {"7", 7},
        {"7B", 7},
        {"64KiB", 65536},
        {"1kB", 1000},
        {"1KB", 1000},
        {"20GB", 20000000000},
        {"1MiB", 1048576},
        {"3TB", 3000000000000},
        {"1GiB", 1 << 30},
        {"2TiB", 1ull << 41},
        {"5MB", 5000000},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t bytes = 1;
        assert_true(size_parse(str_from(cases[i].text), &bytes));
        assert_int_equal(bytes, cases[i].bytes);
    }
}

static void durations_need_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {
        {"250ms", 250}, {"10s", 10000}, {"5m", 300000}, {"2h", 7200000}, {"30d", 2592000000}};
    uint64_t ms = 1;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(duration_parse(str_from(cases[i].text), &ms));
        assert_int_equal(ms, cases[i].ms);
    }
    assert_false(duration_parse(STR("10"), &ms));
}

static void nonsense_is_refused_and_leaves_the_value_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "KiB",
        "-1",
        "1.5GiB",
        "1 MiB",
        "1mib",
        "0x10",
        "1KiBB",
        "18446744073709551616",
        "18446744073709551615KiB",
        "16777216TiB",
        "1K",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t value = 42;
        assert_false(size_parse(str_from(texts[i]), &value));
        assert_false(duration_parse(str_from(texts[i]), &value));
        assert_int_equal(value, 42);
    }
}

static void what_is_written_reads_back_as_the_same(void **state)
{
    (void)state;
    static const char *const sizes[] = {"0", "500B", "64KiB", "1GiB", "20GB", "1kB", "1000KiB"};
    static const char *const durations[] = {"0ms", "1500ms", "10s", "5m", "36h", "30d"};
    uint64_t value = 0;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buf b = {0};
        assert_true(size_parse(str_from(sizes[i]), &value));
        size_write(&b, value);
        assert_true(str_is(buf_str(&b), sizes[i]));
        buf_fini(&b);
    }
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        struct buf b = {0};
        assert_true(duration_parse(str_from(durations[i]), &value));
        duration_write(&b, value);
        assert_true(str_is(buf_str(&b), durations[i]));
        buf_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read_with_binary_and_decimal_units),
        cmocka_unit_test(durations_need_a_unit),
        cmocka_unit_test(nonsense_is_refused_and_leaves_the_value_alone),
        cmocka_unit_test(what_is_written_reads_back_as_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
