/* SPDX-License-Identifier: MIT
 *
 * untaken_test.c - who has to go when much is unread.
 */
#include "net/untaken.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { N = 5, MIB = 1024 * 1024 };

struct client {
    struct untaken_holder holder;
    unsigned given_up;
};

static void gone(struct untaken_holder *h)
{
    LIST_ITEM(h, struct client, holder)->given_up++;
}

static void open_clients(struct untaken *u, struct client clients[N], size_t max)
{
    untaken_init(u, max);
    for (int i = 0; i < N; i++) {
        clients[i] = (struct client){0};
        untaken_holder_init(&clients[i].holder, gone);
    }
}

static void who_has_taken_nothing_for_longest_goes_first(void **state)
{
    struct untaken u;
    struct client c[N];

    (void)state;
    open_clients(&u, c, 4 * MIB);
    for (int i = 0; i < 4; i++)
        untaken_note(&u, &c[i].holder, MIB);
    untaken_note(&u, &c[0].holder, MIB - 1); /* it has read a byte */
    untaken_note(&u, &c[4].holder, MIB);
    assert_int_equal(c[1].given_up, 1);
    assert_int_equal(u.given_up, 1);
    assert_int_equal(u.bytes, 4 * MIB - 1);
    untaken_note(&u, &c[4].holder, 3 * MIB);
    assert_int_equal(c[2].given_up, 1);
    assert_int_equal(c[3].given_up, 1);
    assert_int_equal(c[0].given_up + c[4].given_up, 0);
}

static void who_came_last_stays_however_much_it_is(void **state)
{
    struct untaken u;
    struct client c[N];

    (void)state;
    open_clients(&u, c, MIB);
    untaken_note(&u, &c[0].holder, 10 * MIB);
    assert_int_equal(c[0].given_up, 0);
    untaken_note(&u, &c[1].holder, 10 * MIB);
    assert_int_equal(c[0].given_up, 1);
    assert_int_equal(c[1].given_up, 0);
}

static void little_is_not_counted_and_all_that_was_read_is_forgotten(void **state)
{
    struct untaken u;
    struct client c[N];

    (void)state;
    open_clients(&u, c, 1);
    for (int i = 0; i < N; i++)
        untaken_note(&u, &c[i].holder, UNTAKEN_FREE);
    assert_int_equal(u.bytes, 0);
    untaken_note(&u, &c[0].holder, UNTAKEN_FREE + 1);
    assert_int_equal(u.bytes, UNTAKEN_FREE + 1);
    untaken_note(&u, &c[0].holder, 0);
    untaken_note(&u, &c[0].holder, 0);
    assert_int_equal(u.bytes, 0);
    assert_true(list_empty(&u.holders));
    assert_int_equal(u.given_up, 0);
}

static void without_a_limit_nobody_goes(void **state)
{
    struct untaken u;
    struct client c[N];

    (void)state;
    open_clients(&u, c, 0);
    for (int i = 0; i < N; i++)
        untaken_note(&u, &c[i].holder, 100 * (size_t)MIB);
    assert_int_equal(u.given_up, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_taken_nothing_for_longest_goes_first),
        cmocka_unit_test(who_came_last_stays_however_much_it_is),
        cmocka_unit_test(little_is_not_counted_and_all_that_was_read_is_forgotten),
        cmocka_unit_test(without_a_limit_nobody_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
