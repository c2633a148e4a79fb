/* SPDX-License-Identifier: MIT
 *
 * uv_test.c - logmill/uv.h: manager and client in one libuv loop, and nothing turns them but that.
 */
#include <logmill/uv.h>

#include "ipc/ipc_world_test.h"

enum { CALLS = 500 };

static void echo(struct lm_call call, void *ctx)
{
    (void)ctx;
    lm_reply(call, lm_call_args(call));
}

/* Answers nothing: the time-out does, by the manager's clock. */
static void forget(struct lm_call call, void *ctx)
{
    (void)call;
    (void)ctx;
}

static int numbers_open(struct lm_call call, void *ctx, void **ret_state)
{
    (void)call;
    *(int *)ctx = 0;
    *ret_state = ctx;
    return 0;
}

static enum lm_next numbers_next(struct lm_call call, void *state)
{
    int *n = state;

    assert_int_equal(lm_stream_item(call, LM_STR("1")), 0);
    return ++*n < 1000 ? LM_NEXT_MORE : LM_NEXT_END;
}

static void numbers_close(void *state)
{
    (void)state;
}

struct scene {
    uv_loop_t loop;
    struct lm_uv manager, client;
    int answers, items, ended;
};

/* Everything has come: the loop ends by itself when nothing is watched any more. */
static void look(struct scene *s)
{
    if (s->answers < CALLS || s->ended < 2)
        return;
    lm_uv_stop(&s->client, NULL);
    lm_uv_stop(&s->manager, NULL);
}

static void again(struct lm_client *c, const struct lm_answer *a, void *ctx)
{
    struct scene *s = ctx;
    struct lm_ask ask = {.channel = "u:echo", .args = LM_STR("7"), .on_answer = again, .ctx = ctx};

    assert_int_equal(a->code, LM_OK);
    assert_string_equal(a->data.p[0] == '7' ? "7" : "?", "7");
    if (++s->answers < CALLS)
        assert_int_equal(lm_client_ask(c, &ask, NULL), 0);
    look(s);
}

static void timed_out(struct lm_client *c, const struct lm_answer *a, void *ctx)
{
    struct scene *s = ctx;

    (void)c;
    assert_int_equal(a->code, LM_TIMEOUT);
    s->ended++;
    look(s);
}

static void take(struct lm_client *c, const struct lm_chunk *chunk, void *ctx)
{
    struct scene *s = ctx;

    (void)c;
    s->items++;
    s->ended += chunk->last;
    look(s);
}

static void a_libuv_loop_turns_both_ends(void **state)
{
    static const struct lm_stream_ops numbers = {numbers_open, numbers_next, numbers_close};
    struct scene s = {0};
    struct world w;
    int counter;

    (void)state;
    world_open(&w, NULL);
    must_register(&w, "u:echo", (struct lm_handler){.call = echo});
    must_register(&w, "u:forget", (struct lm_handler){.call = forget});
    must_register(&w, "u:numbers",
                  (struct lm_handler){.stream = &numbers, .chunk_size = 10, .ctx = &counter});
    struct lm_client *c = world_client(&w);
    assert_int_equal(uv_loop_init(&s.loop), 0);
    assert_int_equal(lm_uv_manager(&s.loop, &s.manager, w.manager), 0);
    assert_int_equal(lm_uv_client(&s.loop, &s.client, c), 0);
    struct lm_ask asks[] = {
        {.channel = "u:echo", .args = LM_STR("7"), .on_answer = again, .ctx = &s},
        {.channel = "u:forget", .timeout_ms = 20, .on_answer = timed_out, .ctx = &s},
        {.channel = "u:numbers", .window = 64, .on_chunk = take, .ctx = &s}};
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        assert_int_equal(lm_client_ask(c, &asks[i], NULL), 0);
    assert_int_equal(uv_run(&s.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(s.answers, CALLS);
    assert_int_equal(s.items, 100);
    assert_int_equal(uv_loop_close(&s.loop), 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_libuv_loop_turns_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
