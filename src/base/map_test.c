/* SPDX-License-Identifier: MIT
 *
 * map_test.c - the hash map against an array that is searched from end to end.
 */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEYS = 300, STEPS = 100000 };

static struct str key_of(unsigned i, char text[16])
{
    /* Key 0 is empty, others hold a zero byte. */
    int n = i ? snprintf(text, 16, "k%c%u", '\0', i) : 0;
    return str_of(text, (size_t)n);
}

static void an_empty_map_finds_and_removes_nothing(void **state)
{
    struct map m = {0};

    (void)state;
    assert_null(map_find(&m, STR("x")));
    assert_null(map_remove(&m, STR("x")));
    assert_null(map_next(&m, NULL));
    map_fini(&m);
    map_fini(&m);
}

static void putting_again_replaces_the_value(void **state)
{
    struct map m = {0};
    int a, b;

    (void)state;
    assert_int_equal(map_put(&m, STR("x"), &a), 0);
    assert_int_equal(map_put(&m, STR("x"), &b), 0);
    assert_int_equal(m.count, 1);
    assert_ptr_equal(map_find(&m, STR("x")), &b);
    assert_ptr_equal(map_remove(&m, STR("x")), &b);
    assert_int_equal(m.count, 0);
    map_fini(&m);
}

static void keys_are_copied(void **state)
{
    struct map m = {0};
    char key[] = "abc";
    int a;

    (void)state;
    assert_int_equal(map_put(&m, str_from(key), &a), 0);
    key[0] = 'z';
    assert_ptr_equal(map_find(&m, STR("abc")), &a);
    assert_null(map_find(&m, str_from(key)));
    map_fini(&m);
}

/* Everything the array has is found, and walking gives each entry once. */
static void compare(const struct map *m, void *const model[KEYS])
{
    size_t count = 0, walked = 0;
    char text[16];

    for (unsigned i = 0; i < KEYS; i++) {
        assert_ptr_equal(map_find(m, key_of(i, text)), model[i]);
        count += model[i] != NULL;
    }
    assert_int_equal(m->count, count);
    for (struct map_slot *s = map_next(m, NULL); s; s = map_next(m, s)) {
        assert_ptr_equal(map_find(m, str_of(s->key, s->key_n)), s->value);
        walked++;
    }
    assert_int_equal(walked, count);
}

static void random_puts_and_removes_agree_with_an_array(void **state)
{
    static int values[STEPS];
    void *model[KEYS] = {0};
    struct map m = {0};
    unsigned random = 42;
    char text[16];

    (void)state;
    for (int step = 0; step < STEPS; step++) {
        random = random * 1103515245 + 12345;
        unsigned i = (random >> 8) % KEYS;
        /* Tides: mostly in, then mostly out, so that the map fills and empties. */
        bool in = (random >> 28) < (step / 5000 % 2 ? 5u : 11u);
        if (in) {
            assert_int_equal(map_put(&m, key_of(i, text), &values[step]), 0);
            model[i] = &values[step];
        } else {
            assert_ptr_equal(map_remove(&m, key_of(i, text)), model[i]);
            model[i] = NULL;
        }
        if (step % 500 == 0)
            compare(&m, model);
    }
    compare(&m, model);
    map_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_finds_and_removes_nothing),
        cmocka_unit_test(putting_again_replaces_the_value),
        cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(random_puts_and_removes_agree_with_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
