/* SPDX-License-Identifier: MIT
 *
 * positions_test.c - one position for each origin, the latest.
 */
#include "hub/positions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct origin origin(enum origin_kind kind, const char *key)
{
    struct origin o = {.kind = kind, .key_n = (uint8_t)strlen(key)};
    memcpy(o.key, key, o.key_n);
    return o;
}

static void the_latest_position_of_each_origin_is_known(void **state)
{
    struct positions p;
    struct origin a = origin(ORIGIN_RUN, "a"), b = origin(ORIGIN_RUN, "b");
    struct position one = {1, {1}}, two = {2, {2, 2}};

    (void)state;
    positions_init(&p);
    assert_null(positions_get(&p, &a));
    assert_int_equal(positions_set(&p, &a, &one, 0), 0);
    assert_int_equal(positions_set(&p, &b, &one, 0), 0);
    assert_int_equal(positions_set(&p, &a, &two, 0), 0);
    assert_int_equal(positions_get(&p, &a)->n, 2);
    assert_int_equal(positions_get(&p, &b)->n, 1);
    positions_forget(&p, &a);
    positions_forget(&p, &a);
    assert_null(positions_get(&p, &a));
    positions_fini(&p);
}

static void origins_of_different_kinds_do_not_meet(void **state)
{
    struct positions p;
    struct origin run = origin(ORIGIN_RUN, "x"), push = origin(ORIGIN_PUSH, "x");
    struct position one = {1, {1}};

    (void)state;
    positions_init(&p);
    assert_int_equal(positions_set(&p, &run, &one, 0), 0);
    assert_null(positions_get(&p, &push));
    positions_fini(&p);
}

static void the_hub_itself_has_no_position(void **state)
{
    struct positions p;
    struct origin hub = {0};
    struct position one = {1, {1}};

    (void)state;
    positions_init(&p);
    assert_int_equal(positions_set(&p, &hub, &one, 0), 0);
    assert_null(positions_get(&p, &hub));
    positions_fini(&p);
}

/* An entry that was made before the journal took anything of it. */
static void an_entry_counts_only_once_it_is_in_the_journal(void **state)
{
    struct positions p;
    struct origin a = origin(ORIGIN_RUN, "a");

    (void)state;
    positions_init(&p);
    struct position_entry *e = positions_entry(&p, &a);
    assert_non_null(e);
    assert_null(positions_get(&p, &a));
    assert_ptr_equal(positions_entry(&p, &a), e);
    e->known = true;
    assert_ptr_equal(positions_get(&p, &a), &e->position);
    positions_fini(&p);
}

static struct origin numbered(int n)
{
    char key[16];
    snprintf(key, sizeof key, "%d", n);
    return origin(ORIGIN_PUSH, key);
}

static void batches_of_push_clients_are_forgotten_after_ten_minutes(void **state)
{
    struct positions p;
    struct origin old = numbered(1), again = numbered(2), late = numbered(3);
    struct origin run = origin(ORIGIN_RUN, "r");
    struct position one = {1, {1}};

    (void)state;
    positions_init(&p);
    assert_int_equal(positions_set(&p, &old, &one, 0), 0);
    assert_int_equal(positions_set(&p, &again, &one, 1), 0);
    assert_int_equal(positions_set(&p, &run, &one, 0), 0);
    assert_int_equal(positions_set(&p, &again, &one, 1000), 0);
    assert_int_equal(positions_set(&p, &late, &one, PUSH_LIFE_US), 0);
    assert_null(positions_get(&p, &old));
    assert_non_null(positions_get(&p, &again));
    positions_expire(&p, 3 * (int64_t)PUSH_LIFE_US);
    assert_null(positions_get(&p, &again));
    assert_null(positions_get(&p, &late));
    assert_int_equal(p.push_count, 0);
    assert_non_null(positions_get(&p, &run));
    positions_fini(&p);
}

static void of_too_many_batches_the_oldest_are_forgotten(void **state)
{
    struct positions p;
    struct position one = {1, {1}};

    (void)state;
    positions_init(&p);
    for (int i = 0; i < PUSHES_MAX + 10; i++) {
        struct origin o = numbered(i);
        assert_int_equal(positions_set(&p, &o, &one, i), 0);
    }
    struct origin gone = numbered(9), there = numbered(10);
    assert_int_equal(p.push_count, PUSHES_MAX);
    assert_null(positions_get(&p, &gone));
    assert_non_null(positions_get(&p, &there));
    positions_forget(&p, &there);
    assert_int_equal(p.push_count, PUSHES_MAX - 1);
    positions_fini(&p);
}

static void runs_and_files_are_forgotten_after_a_year(void **state)
{
    struct positions p;
    struct origin run = origin(ORIGIN_RUN, "r"), file = origin(ORIGIN_FILE, "f");
    struct position one = {1, {1}};

    (void)state;
    positions_init(&p);
    assert_int_equal(positions_set(&p, &run, &one, 0), 0);
    assert_int_equal(positions_set(&p, &file, &one, OTHER_LIFE_US - 1), 0);
    assert_non_null(positions_get(&p, &run));
    assert_int_equal(positions_set(&p, &file, &one, OTHER_LIFE_US + 1), 0);
    assert_null(positions_get(&p, &run));
    assert_non_null(positions_get(&p, &file));
    positions_fini(&p);
}

static void a_table_comes_back_from_its_bytes_without_runs_that_have_ended(void **state)
{
    struct positions p, back;
    struct origin run = origin(ORIGIN_RUN, "0123456789abcdef"), push = origin(ORIGIN_PUSH, "key");
    struct origin over = origin(ORIGIN_RUN, "fedcba9876543210");
    struct run_position at = {7, 8, 0}, end = {1, 2, RUN_ENDED};
    struct position run_at = run_position_encode(&at), run_end = run_position_encode(&end);
    struct position two = {2, {1, 2}};
    struct buf bytes = {0};

    (void)state;
    positions_init(&p);
    positions_init(&back);
    assert_int_equal(positions_set(&p, &run, &run_at, 5), 0);
    assert_int_equal(positions_set(&p, &over, &run_end, 5), 0);
    assert_int_equal(positions_set(&p, &push, &two, 6), 0);
    positions_encode(&p, &bytes);
    assert_int_equal(positions_decode(&back, buf_str(&bytes)), 0);
    assert_int_equal(run_position_decode(positions_get(&back, &run)).stderr_n, 8);
    assert_int_equal(positions_get(&back, &push)->n, 2);
    assert_null(positions_get(&back, &over));
    for (size_t n = 1; n < bytes.n; n++) { /* cut anywhere, it is refused or ends at an entry */
        struct positions part;
        positions_init(&part);
        int err = positions_decode(&part, str_of(bytes.p, n));
        assert_true(err == -LM_E_DAMAGED || part.other_count + part.push_count == 1);
        positions_fini(&part);
    }
    buf_fini(&bytes);
    positions_fini(&p);
    positions_fini(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_latest_position_of_each_origin_is_known),
        cmocka_unit_test(origins_of_different_kinds_do_not_meet),
        cmocka_unit_test(the_hub_itself_has_no_position),
        cmocka_unit_test(an_entry_counts_only_once_it_is_in_the_journal),
        cmocka_unit_test(batches_of_push_clients_are_forgotten_after_ten_minutes),
        cmocka_unit_test(runs_and_files_are_forgotten_after_a_year),
        cmocka_unit_test(a_table_comes_back_from_its_bytes_without_runs_that_have_ended),
        cmocka_unit_test(of_too_many_batches_the_oldest_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
