/* SPDX-License-Identifier: MIT
 *
 * server_test.c - a manager that spins before it sleeps serves everybody all the same.
 */
#include "ipc/ipc_world_test.h"

static void echo(struct lm_call call, void *ctx)
{
    (void)ctx;
    lm_reply(call, lm_call_args(call));
}

static void ask_again(struct lm_client *c, const struct lm_answer *a, void *ctx)
{
    int *answers = ctx;
    struct lm_ask ask = {
        .channel = "t:echo", .args = LM_STR("1"), .on_answer = ask_again, .ctx = ctx};

    if (a->code == LM_OK) {
        ++*answers;
        assert_int_equal(lm_client_ask(c, &ask, NULL), 0);
    }
}

static void who_asks_without_end_does_not_keep_others_out(void **state)
{
    struct world w;
    struct lm_answer begin = {.code = LM_OK};
    int busy = 0, quiet = 0;

    (void)state;
    world_open(&w, &(struct lm_manager_opts){.spin_us = 200});
    must_register(&w, "t:echo", (struct lm_handler){.call = echo});
    struct lm_client *first = world_client(&w), *second = world_client(&w);
    ask_again(first, &begin, &busy);
    while (busy < 1000) {
        assert_true(lm_manager_dispatch(w.manager, 1000) >= 0);
        assert_true(lm_client_dispatch(first, 0) >= 0);
    }
    ask_again(second, &begin, &quiet);
    int before = busy;
    while (quiet < 100) {
        assert_true(lm_manager_dispatch(w.manager, 1000) >= 0);
        assert_true(lm_client_dispatch(first, 0) >= 0);
        assert_true(lm_client_dispatch(second, 0) >= 0);
        assert_true(busy - before <= 10 * (quiet + 10));
    }
    world_close(&w);
}

static void who_leaves_is_not_looked_at_again(void **state)
{
    struct world w;
    struct lm_answer begin = {.code = LM_OK};
    int first = 0, second = 0;

    (void)state;
    world_open(&w, &(struct lm_manager_opts){.spin_us = 200});
    must_register(&w, "t:echo", (struct lm_handler){.call = echo});
    ask_again(world_client(&w), &begin, &first);
    WORLD_UNTIL(&w, first > 2);
    lm_client_close(w.clients[0]);
    w.clients[0] = NULL;
    ask_again(world_client(&w), &begin, &second);
    WORLD_UNTIL(&w, second > 2);
    assert_true(lm_manager_dispatch(w.manager, 1) >= 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_without_end_does_not_keep_others_out),
        cmocka_unit_test(who_leaves_is_not_looked_at_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
