/* SPDX-License-Identifier: MIT
 *
 * arena_test.c - many small pieces, none over another.
 */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void pieces_are_aligned_and_keep_their_bytes(void **state)
{
    struct arena a = {0};
    char *pieces[500];
    size_t sizes[500];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 500; i++) {
            sizes[i] = i % 97 == 0 ? 20000 + i : i % 61; /* some larger than a block, some empty */
            pieces[i] = arena_alloc(&a, sizes[i]);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
            memset(pieces[i], (int)(i + (size_t)round), sizes[i]);
        }
        for (size_t i = 0; i < 500; i++)
            for (size_t k = 0; k < sizes[i]; k++)
                assert_true(pieces[i][k] == (char)(i + (size_t)round));
        assert_true(a.used > 0);
        arena_reset(&a);
        assert_int_equal(a.used, 0);
    }
    arena_fini(&a);
}

static void a_copy_ends_with_a_zero_that_does_not_count(void **state)
{
    struct arena a = {0};
    struct str copy = arena_copy(&a, STR("hello"));
    struct str empty = arena_copy(&a, STR_NONE);

    (void)state;
    assert_string_equal(copy.p, "hello");
    assert_int_equal(copy.n, 5);
    assert_string_equal(empty.p, "");
    assert_int_equal(empty.n, 0);
    arena_fini(&a);
}

static void more_than_there_can_be_is_refused(void **state)
{
    struct arena a = {0};

    (void)state;
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 40));
    assert_non_null(arena_alloc(&a, 1));
    arena_fini(&a);
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_keep_their_bytes),
        cmocka_unit_test(a_copy_ends_with_a_zero_that_does_not_count),
        cmocka_unit_test(more_than_there_can_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
