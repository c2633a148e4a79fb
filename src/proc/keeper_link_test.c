/* SPDX-License-Identifier: MIT
 *
 * keeper_link_test.c - when a keeper without a hub calls again. Time is what the test says it is.
 */
#include "proc/keeper_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { FIRST_US = 50000, LAST_US = 1000000 };

static void calls_become_rarer_up_to_one_a_second(void **state)
{
    (void)state;
    struct frame_run run = {0};
    struct queue queue = {0};
    struct link l;
    int64_t now = 1000000;

    link_init(&l, "/nonexistent/hub.sock", &run, &queue);
    for (int64_t pause = FIRST_US; pause < 4 * LAST_US; pause *= 2) {
        link_tick(&l, now);
        assert_int_equal(link_deadline(&l), now + (pause < LAST_US ? pause : LAST_US));
        now = link_deadline(&l);
    }
    link_fini(&l);
}

static void a_hub_that_says_it_is_there_is_called_at_once(void **state)
{
    (void)state;
    struct frame_run run = {0};
    struct queue queue = {0};
    struct link l;

    link_init(&l, "/nonexistent/hub.sock", &run, &queue);
    for (int i = 0; i < 10; i++)
        link_tick(&l, link_deadline(&l));
    int64_t now = link_deadline(&l) - LAST_US / 2;
    link_call_now(&l, now);
    assert_int_equal(link_deadline(&l), now);
    link_tick(&l, now);
    assert_int_equal(link_deadline(&l), now + FIRST_US);
    link_fini(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_become_rarer_up_to_one_a_second),
        cmocka_unit_test(a_hub_that_says_it_is_there_is_called_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
