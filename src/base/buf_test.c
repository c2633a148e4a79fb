/* SPDX-License-Identifier: MIT
 *
 * buf_test.c - bytes that grow, against a plain array.
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_zeroed_buffer_is_empty_and_may_be_finished_at_once(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_int_equal(buf_error(&b), 0);
    assert_int_equal(buf_str(&b).n, 0);
    buf_add(&b, NULL, 0);
    buf_consume(&b, 0);
    buf_fini(&b);
    buf_fini(&b);
}

static void every_way_to_append_puts_its_bytes_at_the_end(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_add(&b, "ab", 2);
    buf_add_char(&b, '\0');
    buf_add_str(&b, STR("cd"));
    buf_add_str(&b, STR_NONE);
    buf_add_u64(&b, 0);
    buf_add_u64(&b, UINT64_MAX);
    BUF_LIT(&b, "|");
    buf_printf(&b, "%s-%d", "x", -5);
    buf_printf(&b, "%s", "");
    assert_true(str_eq(buf_str(&b), STR("ab\0cd018446744073709551615|x--5")));
    buf_fini(&b);
}

static void printing_more_than_there_is_room_for_grows_the_buffer(void **state)
{
    struct buf b = {0};

    (void)state;
    for (int i = 0; i < 100; i++)
        buf_printf(&b, "%0*d", 10 * i + 1, i);
    assert_int_equal(b.n, 100 + 10 * 99 * 100 / 2);
    assert_memory_equal(b.p, "000000000001", 12);
    buf_fini(&b);
}

static void what_cannot_be_had_leaves_the_buffer_as_it_was_and_is_remembered(void **state)
{
    struct buf b = {0};

    (void)state;
    BUF_LIT(&b, "kept");
    assert_true(buf_reserve(&b, SIZE_MAX / 2) < 0);
    assert_int_equal(buf_error(&b), 0);
    buf_add(&b, "x", SIZE_MAX / 2);
    assert_true(str_is(buf_str(&b), "kept"));
    assert_true(buf_error(&b) < 0);
    buf_clear(&b);
    assert_int_equal(buf_error(&b), 0);
    buf_fini(&b);
}

static void random_appends_and_consumes_agree_with_an_array(void **state)
{
    static char model[200000];
    size_t n = 0;
    unsigned random = 7;
    struct buf b = {0};

    (void)state;
    for (int step = 0; step < 100000; step++) {
        random = random * 1103515245 + 12345;
        size_t k = random >> 16 & 63;
        if (random >> 24 & 1 && n + k < sizeof model) {
            for (size_t i = 0; i < k; i++)
                model[n + i] = (char)(random + i);
            buf_add(&b, model + n, k);
            n += k;
        } else if (k < n) {
            buf_consume(&b, k);
            memmove(model, model + k, n - k);
            n -= k;
        }
        assert_int_equal(b.n, n);
        assert_true(b.n <= b.cap);
        if (step % 100 == 0 && n)
            assert_memory_equal(b.p, model, n);
    }
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zeroed_buffer_is_empty_and_may_be_finished_at_once),
        cmocka_unit_test(every_way_to_append_puts_its_bytes_at_the_end),
        cmocka_unit_test(printing_more_than_there_is_room_for_grows_the_buffer),
        cmocka_unit_test(what_cannot_be_had_leaves_the_buffer_as_it_was_and_is_remembered),
        cmocka_unit_test(random_appends_and_consumes_agree_with_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
