/* SPDX-License-Identifier: MIT
 *
 * tomb_test.c - what a clear takes, and what it leaves.
 */
#include "store/tomb.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct label_table table;

static struct labels *set_of(const char *source, const char *job, const char *task)
{
    struct label pairs[] = {{STR("job_run_id"), str_from(job)}, {STR("task_name"), str_from(task)}};
    struct labels *l;

    assert_int_equal(labels_make(&table, str_from(source), pairs, task[0] ? 2 : 1, &l), 0);
    return l;
}

/* Takes over the caller's reference to `t`. */
static struct tombs *with(struct tombs *t, const char *name, const char *value, uint64_t bound)
{
    struct label condition = {str_from(name), str_from(value)};
    struct tombs *ret;

    assert_int_equal(tombs_with(t, &condition, 1, bound, &ret), 0);
    tombs_unref(t);
    return ret;
}

static void nothing_cleared_leaves_everything(void **state)
{
    struct labels *l = set_of("web", "a", "");

    (void)state;
    assert_int_equal(tombs_dead_to(NULL, l), 0);
    labels_unref(l);
}

static void a_clear_takes_what_matches_up_to_its_bound(void **state)
{
    struct labels *a = set_of("web", "a", ""), *b = set_of("web", "b", "x");
    struct tombs *t = with(NULL, "job_run_id", "a", 100);

    (void)state;
    assert_int_equal(tombs_dead_to(t, a), 100);
    assert_int_equal(tombs_dead_to(t, b), 0);
    t = with(t, "source", "web", 40);
    assert_int_equal(tombs_dead_to(t, a), 100); /* the higher bound counts */
    assert_int_equal(tombs_dead_to(t, b), 40);
    tombs_unref(t);
    labels_unref(a);
    labels_unref(b);
}

static void every_condition_must_hold(void **state)
{
    struct label both[] = {{STR("job_run_id"), STR("b")}, {STR("task_name"), STR("x")}};
    struct labels *one = set_of("web", "b", ""), *two = set_of("web", "b", "x");
    struct tombs *t;

    (void)state;
    assert_int_equal(tombs_with(NULL, both, 2, 7, &t), 0);
    assert_int_equal(tombs_dead_to(t, one), 0);
    assert_int_equal(tombs_dead_to(t, two), 7);
    tombs_unref(t);
    labels_unref(one);
    labels_unref(two);
}

static void the_same_clear_again_only_raises_the_bound(void **state)
{
    struct labels *a = set_of("web", "a", "");
    struct tombs *t = NULL;

    (void)state;
    for (uint64_t i = 1; i <= 2 * TOMBS_MAX; i++)
        t = with(t, "job_run_id", "a", i);
    assert_int_equal(tombs_dead_to(t, a), 2 * TOMBS_MAX);
    t = with(t, "job_run_id", "a", 3); /* never lowers it */
    assert_int_equal(tombs_dead_to(t, a), 2 * TOMBS_MAX);
    tombs_unref(t);
    labels_unref(a);
}

static void too_many_clears_are_refused(void **state)
{
    struct label condition = {STR("job_run_id"), STR_NONE};
    struct tombs *t = NULL, *more;
    char job[16];

    (void)state;
    for (uint32_t i = 0; i < TOMBS_MAX; i++) {
        snprintf(job, sizeof job, "j%u", i);
        t = with(t, "job_run_id", job, 1);
    }
    condition.value = STR("one more");
    assert_int_equal(tombs_with(t, &condition, 1, 1, &more), -LM_E_FULL);
    tombs_unref(t);
}

static void a_reader_keeps_the_set_it_has(void **state)
{
    struct labels *a = set_of("web", "a", "");
    struct tombs *t = with(NULL, "job_run_id", "a", 5);
    const struct tombs *mine = tombs_ref(t);

    (void)state;
    t = with(t, "job_run_id", "a", 9);
    assert_int_equal(tombs_dead_to(mine, a), 5);
    assert_int_equal(tombs_dead_to(t, a), 9);
    tombs_unref(t);
    tombs_unref(mine);
    labels_unref(a);
}

static void below_the_floor_everything_is_gone(void **state)
{
    struct labels *a = set_of("web", "a", ""), *b = set_of("web", "b", "");
    struct tombs *t = with(NULL, "job_run_id", "a", 100), *low, *high;

    (void)state;
    assert_int_equal(tombs_with_floor(t, 50, &low), 0);
    assert_int_equal(tombs_dead_to(low, b), 49);
    assert_int_equal(tombs_dead_to(low, a), 100);
    assert_int_equal(tombs_with_floor(t, 101, &high), 0);
    assert_int_equal(tombs_count(high), 0); /* nothing is left that it could take */
    assert_int_equal(tombs_dead_to(high, a), 100);
    tombs_unref(t);
    tombs_unref(low);
    tombs_unref(high);
    labels_unref(a);
    labels_unref(b);
}

/* Whatever byte of the file is changed, or wherever it is cut. */
static void tombs_come_back_from_their_bytes_or_not_at_all(void **state)
{
    struct label both[] = {{STR("job_run_id"), STR("b")}, {STR("task_name"), STR("x")}};
    struct labels *two = set_of("web", "b", "x");
    struct tombs *t = with(NULL, "job_run_id", "a", 100), *more, *back;
    struct buf bytes = {0};

    (void)state;
    assert_int_equal(tombs_with(t, both, 2, 7, &more), 0);
    tombs_unref(t);
    assert_int_equal(tombs_with_floor(more, 3, &t), 0);
    tombs_unref(more);
    tombs_encode(t, 9, &bytes);
    assert_int_equal(tombs_decode(buf_str(&bytes), 9, &back), 0);
    assert_int_equal(tombs_dead_to(back, two), 7);
    assert_int_equal(tombs_floor(back), 3);
    tombs_unref(back);
    assert_int_equal(tombs_decode(buf_str(&bytes), 8, &back), -LM_E_DAMAGED);
    for (size_t i = 0; i < bytes.n; i++) {
        bytes.p[i] ^= 1;
        assert_int_equal(tombs_decode(buf_str(&bytes), 9, &back), -LM_E_DAMAGED);
        bytes.p[i] ^= 1;
        assert_int_equal(tombs_decode(str_of(bytes.p, i), 9, &back), -LM_E_DAMAGED);
    }
    buf_fini(&bytes);
    tombs_unref(t);
    labels_unref(two);
}

static int teardown(void **state)
{
    (void)state;
    label_table_fini(&table);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_cleared_leaves_everything),
        cmocka_unit_test(a_clear_takes_what_matches_up_to_its_bound),
        cmocka_unit_test(every_condition_must_hold),
        cmocka_unit_test(the_same_clear_again_only_raises_the_bound),
        cmocka_unit_test(too_many_clears_are_refused),
        cmocka_unit_test(below_the_floor_everything_is_gone),
        cmocka_unit_test(tombs_come_back_from_their_bytes_or_not_at_all),
        cmocka_unit_test(a_reader_keeps_the_set_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
