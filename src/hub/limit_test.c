/* SPDX-License-Identifier: MIT
 *
 * limit_test.c - the average holds, whatever the batches; nobody pays for others; memory is
 * bounded.
 */
#include "hub/limit.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct str app = {"app", 3}, web = {"web", 3};

static int setup(void **state)
{
    static struct limit l;

    clock_fake(1700000000000000);
    l = (struct limit){.rate = 100};
    *state = &l;
    return 0;
}

static int teardown(void **state)
{
    limit_fini(*state);
    return 0;
}

static void without_a_rate_everything_passes(void **state)
{
    struct limit *l = *state;

    l->rate = 0;
    limit_charge(l, app, UINT64_C(1) << 40);
    assert_int_equal(limit_wait_ms(l, app), 0);
    assert_int_equal(l->by_source.count, 0);
}

static void a_batch_may_leave_a_debt_that_the_next_waits_for(void **state)
{
    struct limit *l = *state;

    assert_int_equal(limit_wait_ms(l, app), 0);
    limit_charge(l, app, 1000);
    assert_in_range(limit_wait_ms(l, app), 9000, 9020);
    clock_advance(9000000);
    assert_in_range(limit_wait_ms(l, app), 1, 20);
    clock_advance(20000);
    assert_int_equal(limit_wait_ms(l, app), 0);
}

static void one_source_does_not_pay_for_another(void **state)
{
    struct limit *l = *state;

    limit_charge(l, app, 1000);
    assert_int_equal(limit_wait_ms(l, web), 0);
}

static void the_average_holds_for_small_batches_and_large_ones(void **state)
{
    struct limit *l = *state;
    static const uint64_t sizes[] = {1, 7, 5000};

    for (int s = 0; s < 3; s++) {
        uint64_t passed = 0;
        limit_fini(l);
        l->rate = 100;
        for (int ms = 0; ms < 100000; ms += 5) {
            if (limit_wait_ms(l, app) == 0) {
                limit_charge(l, app, sizes[s]);
                passed += sizes[s];
            }
            clock_advance(5000);
        }
        assert_in_range(passed, 9900, 10100 + sizes[s]);
    }
}

static void a_long_silence_saves_up_one_second(void **state)
{
    struct limit *l = *state;

    limit_charge(l, app, 1);
    clock_advance(INT64_C(1000000) * 3600 * 24 * 365 * 50);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(limit_wait_ms(l, app), 0);
        limit_charge(l, app, 1);
    }
    assert_true(limit_wait_ms(l, app) > 0);
}

static void buckets_are_bounded_and_full_ones_make_room(void **state)
{
    struct limit *l = *state;
    char name[32];

    for (int i = 0; i < 3 * LIMIT_SOURCES; i++)
        limit_charge(l, str_of(name, (size_t)snprintf(name, sizeof name, "s%d", i)), 1000);
    assert_int_equal(l->by_source.count, LIMIT_SOURCES);
    assert_true(limit_wait_ms(l, STR("never seen")) > 0); /* it shares the bucket of the rest */
    clock_advance(INT64_C(1000000) * 3600 * 24);
    assert_int_equal(limit_wait_ms(l, STR("never seen")), 0);
    assert_int_equal(l->by_source.count, 1);
}

static void refusals_are_told_once_a_minute_with_their_number(void **state)
{
    struct limit *l = *state;

    assert_int_equal(limit_refused(l, app), 1);
    assert_int_equal(limit_refused(l, app), 0);
    assert_int_equal(limit_refused(l, app), 0);
    clock_advance(61 * 1000000);
    assert_int_equal(limit_refused(l, app), 3);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_rate_everything_passes),
        TEST(a_batch_may_leave_a_debt_that_the_next_waits_for),
        TEST(one_source_does_not_pay_for_another),
        TEST(the_average_holds_for_small_batches_and_large_ones),
        TEST(a_long_silence_saves_up_one_second),
        TEST(buckets_are_bounded_and_full_ones_make_room),
        TEST(refusals_are_told_once_a_minute_with_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
