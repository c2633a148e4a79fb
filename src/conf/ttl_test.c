/* SPDX-License-Identifier: MIT
 *
 * ttl_test.c - lists of classes, and which one a time gets.
 */
#include "conf/ttl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void a_time_gets_the_smallest_class_that_is_not_shorter(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint16_t hours;
    } cases[] = {{"1ms", 1},   {"30m", 1},  {"1h", 1},    {"61m", 24},        {"1d", 24},
                 {"25h", 168}, {"7d", 168}, {"8d", 8760}, {"365d", 8760},     {"1y", 8760},
                 {"366d", 0},  {"90y", 0},  {"1h", 1},    {"31536000s", 8760}};
    struct ttl_classes c;

    assert_true(ttl_classes_parse(STR("1h, 1d,7d,1y"), &c));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint16_t hours = 77;
        assert_true(ttl_class_of(&c, str_from(cases[i].text), &hours));
        assert_int_equal(hours, cases[i].hours);
    }
}

static void what_is_no_time_gets_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "7", "7 d", "-1d", "d", "0s", "1.5h", "for ever"};
    struct ttl_classes c;
    uint16_t hours = 77;

    assert_true(ttl_classes_parse(STR("1h"), &c));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(ttl_class_of(&c, str_from(texts[i]), &hours));
    assert_int_equal(hours, 77);
}

static void a_list_rises_in_whole_hours_and_is_written_as_it_is_read(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "1h,",
                                        "1d,1h",
                                        "1h,1h",
                                        "90m",
                                        "0h",
                                        "65536h",
                                        "1h;2h",
                                        "none",
                                        "100y",
                                        "1h,2h,3h,4h,5h,6h,7h,8h,9h"};
    struct ttl_classes c = {.count = 5};
    struct buf b = {0};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(ttl_classes_parse(str_from(wrong[i]), &c));
    assert_int_equal(c.count, 5);
    assert_true(ttl_classes_parse(STR("1h,1d,7d,30d,1y"), &c));
    ttl_classes_write(&c, &b);
    assert_true(str_is(buf_str(&b), "1h,1d,7d,30d,1y"));
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_gets_the_smallest_class_that_is_not_shorter),
        cmocka_unit_test(what_is_no_time_gets_none),
        cmocka_unit_test(a_list_rises_in_whole_hours_and_is_written_as_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
