/* SPDX-License-Identifier: MIT
 *
 * batch_test.c - collecting records of one origin, and the positions of origins as bytes.
 */
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_batch_holds_its_labels_until_it_is_cleared(void **state)
{
    struct label_table t = {0};
    struct labels *l;
    struct batch b = {0};

    (void)state;
    assert_int_equal(labels_make(&t, STR("s"), NULL, 0, &l), 0);
    batch_begin(&b, &(struct origin){0}, 77);
    for (uint32_t i = 0; i < 1000; i++) {
        struct record r = {.labels = l, .message = STR("four"), .fields = STR("{}"), .time_us = i};
        assert_int_equal(batch_add(&b, &r), 0);
    }
    assert_int_equal(b.count, 1000);
    assert_int_equal(b.text_n, 6000);
    assert_int_equal(b.sets_n, l->wire.n);
    assert_int_equal(b.arrival_us, 77);
    assert_int_equal(b.records[999].time_us, 999);
    assert_int_equal(l->refs, 1001);
    batch_begin(&b, &(struct origin){0}, 78);
    assert_int_equal(b.count + b.text_n + b.sets_n, 0);
    assert_int_equal(l->refs, 1);
    labels_unref(l);
    batch_fini(&b);
    batch_fini(&b);
    label_table_fini(&t);
}

static void it_is_full_by_records_by_text_or_by_label_sets(void **state)
{
    static char text[1024 * 1024], value[LABEL_VALUE_MAX];
    struct label_table t = {0};
    struct labels *two[2];
    struct batch b = {0};
    struct record r = {0};

    (void)state;
    memset(value, 'v', sizeof value);
    for (int i = 0; i < 2; i++) {
        struct label pair = {STR("job_run_id"), str_of(value, sizeof value - (size_t)i)};
        assert_int_equal(labels_make(&t, STR("s"), &pair, 1, &two[i]), 0);
    }
    r.labels = two[0];
    batch_begin(&b, &(struct origin){0}, 0);
    while (!batch_full(&b))
        assert_int_equal(batch_add(&b, &r), 0);
    assert_int_equal(b.count, BATCH_RECORDS_MAX);
    batch_begin(&b, &(struct origin){0}, 0);
    r.message = str_of(text, sizeof text);
    while (!batch_full(&b))
        assert_int_equal(batch_add(&b, &r), 0);
    assert_int_equal(b.count, 2);
    /* Sets in turns are written in turns: they count as text does. */
    batch_begin(&b, &(struct origin){0}, 0);
    r.message = STR_NONE;
    while (!batch_full(&b)) {
        r.labels = two[b.count % 2];
        assert_int_equal(batch_add(&b, &r), 0);
    }
    assert_true(b.count < BATCH_RECORDS_MAX);
    assert_true(b.sets_n >= BATCH_TEXT_MAX);
    batch_fini(&b);
    labels_unref(two[0]);
    labels_unref(two[1]);
    label_table_fini(&t);
}

/* The bytes that docs/journal-format.md promises. */
static void the_position_of_a_run_is_two_offsets_and_flags(void **state)
{
    static const uint8_t bytes[24] = {1, 2, 0, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 3};
    struct run_position p = {0x201, 0x102030405060708, RUN_EXIT_WRITTEN | RUN_ENDED};
    struct position encoded = run_position_encode(&p);
    struct run_position back = run_position_decode(&encoded);

    (void)state;
    assert_int_equal(encoded.n, 24);
    assert_memory_equal(encoded.bytes, bytes, 24);
    assert_true(back.stdout_n == p.stdout_n && back.stderr_n == p.stderr_n && back.flags == 3);
    encoded.n = 23;
    back = run_position_decode(&encoded);
    assert_true(back.stdout_n == 0 && back.stderr_n == 0 && back.flags == 0);
    assert_int_equal(run_position_decode(NULL).stdout_n, 0);
}

static void only_a_run_that_has_ended_is_final(void **state)
{
    const uint8_t run[16] = "0123456789abcde";
    struct origin o = run_origin(run), file = {.kind = ORIGIN_FILE, .key_n = 16};
    struct run_position p = {5, 6, RUN_EXIT_WRITTEN};
    struct position open = run_position_encode(&p);

    (void)state;
    p.flags |= RUN_ENDED;
    struct position ended = run_position_encode(&p);
    assert_int_equal(o.kind, ORIGIN_RUN);
    assert_int_equal(o.key_n, 16);
    assert_memory_equal(o.key, run, 16);
    assert_false(position_is_final(&o, &open));
    assert_true(position_is_final(&o, &ended));
    assert_false(position_is_final(&file, &ended));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_holds_its_labels_until_it_is_cleared),
        cmocka_unit_test(it_is_full_by_records_by_text_or_by_label_sets),
        cmocka_unit_test(the_position_of_a_run_is_two_offsets_and_flags),
        cmocka_unit_test(only_a_run_that_has_ended_is_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
