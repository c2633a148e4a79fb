/* SPDX-License-Identifier: MIT
 *
 * labels_test.c - equal sets are one object, in memory and in a journal frame.
 */
#include "record/labels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct labels *make(struct label_table *t, const char *source, const struct label *pairs,
                           size_t n)
{
    struct labels *l = NULL;

    assert_int_equal(labels_make(t, str_from(source), pairs, n, &l), 0);
    assert_non_null(l);
    return l;
}

static void equal_sets_are_the_same_object_whatever_their_order(void **state)
{
    struct label_table t = {0};
    const struct label ab[] = {{STR("a"), STR("1")}, {STR("b"), STR("2")}};
    const struct label ba[] = {{STR("b"), STR("9")}, {STR("a"), STR("1")}, {STR("b"), STR("2")}};
    struct labels *x = make(&t, "web", ab, 2), *y = make(&t, "web", ba, 3);
    struct labels *other = make(&t, "job", ab, 2), *bare = make(&t, "web", NULL, 0);

    (void)state;
    assert_ptr_equal(x, y);
    assert_int_equal(x->refs, 2);
    assert_ptr_not_equal(x, other);
    assert_ptr_not_equal(x, bare);
    assert_int_equal(t.by_wire.count, 3);
    labels_unref(x);
    assert_int_equal(t.by_wire.count, 3);
    labels_unref(y);
    labels_unref(other);
    labels_unref(bare);
    labels_unref(NULL);
    assert_int_equal(t.by_wire.count, 0);
    label_table_fini(&t);
}

static void a_set_knows_its_values_and_its_json(void **state)
{
    struct label_table t = {0};
    const struct label pairs[] = {{STR("zone"), STR("")},
                                  {STR("job_run_id"), STR("a\"b\n\xc3\xa4")}};
    struct labels *l = make(&t, "my app", pairs, 2);

    (void)state;
    assert_true(str_is(l->source, "my app"));
    assert_true(str_is(labels_get(l, STR("source")), "my app"));
    assert_true(str_is(labels_get(l, STR("job_run_id")), "a\"b\n\xc3\xa4"));
    assert_non_null(labels_get(l, STR("zone")).p);
    assert_null(labels_get(l, STR("job")).p);
    assert_true(str_is(l->json, "\"source\":\"my app\",\"job_run_id\":\"a\\\"b\\n\xc3\xa4\","
                                "\"zone\":\"\","));
    labels_unref(l);
    label_table_fini(&t);
}

/* The bytes that docs/journal-format.md promises. */
static void the_wire_form_is_as_documented_and_reads_back(void **state)
{
    static const char wire[] = "\x16\0" /* bytes that follow */
                               "\x02\0" /* pairs */
                               "\x06\x03\0source"
                               "web"
                               "\x01\x04\0"
                               "abcde";
    struct label_table t = {0}, u = {0};
    const struct label pair = {STR("a"), STR("bcde")};
    struct labels *l = make(&t, "web", &pair, 1), *back;

    (void)state;
    assert_true(str_eq(l->wire, str_of(wire, sizeof wire - 1)));
    assert_int_equal(labels_from_wire(&u, l->wire, &back), 0);
    assert_true(str_eq(back->wire, l->wire));
    assert_true(str_eq(back->json, l->json));
    labels_unref(l);
    labels_unref(back);
    label_table_fini(&t);
    label_table_fini(&u);
}

/* Every prefix, and every byte changed: read or refused, never worse (the sanitizers look on). */
static void a_wire_form_that_does_not_hold_is_refused(void **state)
{
    struct label_table t = {0}, u = {0};
    const struct label pairs[] = {{STR("a"), STR("b")}, {STR("job_run_id"), STR("17")}};
    struct labels *l = make(&t, "web", pairs, 2), *back;
    char bytes[128];

    (void)state;
    for (size_t n = 0; n < l->wire.n; n++)
        assert_int_equal(labels_from_wire(&u, str_of(l->wire.p, n), &back), -LM_E_DAMAGED);
    for (size_t i = 0; i < l->wire.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            memcpy(bytes, l->wire.p, l->wire.n);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            if (labels_from_wire(&u, str_of(bytes, l->wire.n), &back) == 0)
                labels_unref(back);
        }
    memcpy(bytes, l->wire.p, l->wire.n);
    bytes[7] = 'S'; /* the first pair is always the source */
    assert_int_equal(labels_from_wire(&u, str_of(bytes, l->wire.n), &back), -LM_E_DAMAGED);
    labels_unref(l);
    label_table_fini(&t);
    label_table_fini(&u);
}

static void limits_hold_and_bad_names_are_refused(void **state)
{
    static char names[LABELS_MAX + 1][8], value[LABEL_VALUE_MAX + 1];
    struct label_table t = {0};
    struct label pairs[LABELS_MAX + 1];
    struct labels *l = NULL;
    struct label bad = {STR("Job"), STR("x")}, reserved = {STR("message"), STR("x")};
    struct label again = {STR("source"), STR("x")};

    (void)state;
    memset(value, 'v', sizeof value);
    for (size_t i = 0; i <= LABELS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "n%zu", i);
        pairs[i] = (struct label){str_from(names[i]), str_of(value, LABEL_VALUE_MAX)};
    }
    assert_int_equal(labels_make(&t, STR("s"), pairs, LABELS_MAX + 1, &l), -LM_E_FULL);
    assert_int_equal(labels_make(&t, str_of(value, LABEL_VALUE_MAX + 1), NULL, 0, &l), -LM_E_FULL);
    pairs[0].value.n++;
    assert_int_equal(labels_make(&t, STR("s"), pairs, 1, &l), -LM_E_FULL);
    pairs[0].value.n--;
    assert_int_equal(labels_make(&t, STR("s"), &bad, 1, &l), -LM_E_INVALID);
    assert_int_equal(labels_make(&t, STR("s"), &reserved, 1, &l), -LM_E_INVALID);
    assert_int_equal(labels_make(&t, STR("s"), &again, 1, &l), -LM_E_INVALID);
    assert_null(l);
    assert_int_equal(labels_make(&t, STR("s"), pairs, LABELS_MAX, &l), 0);
    assert_int_equal(l->count, LABELS_MAX + 1);
    labels_unref(l);
    label_table_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_sets_are_the_same_object_whatever_their_order),
        cmocka_unit_test(a_set_knows_its_values_and_its_json),
        cmocka_unit_test(the_wire_form_is_as_documented_and_reads_back),
        cmocka_unit_test(a_wire_form_that_does_not_hold_is_refused),
        cmocka_unit_test(limits_hold_and_bad_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
