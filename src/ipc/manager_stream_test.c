/* SPDX-License-Identifier: MIT
 *
 * manager_stream_test.c - results in chunks: order, credit, progress, errors in the middle, cancel.
 */
#include "ipc/ipc_world_test.h"

#include <errno.h>
#include <time.h>

/* Counts from 1 to `last`; -1: for ever. */
struct counter {
    struct lm_call call;
    int64_t at, last, fail_at, wait_at;
    bool open;
    int asked;
};

static struct counter counters[64];
static int opened, closed;

static int count_open(struct lm_call call, void *ctx, void **ret_state)
{
    struct counter *c = &counters[opened];

    (void)ctx;
    *c = (struct counter){.call = call, .open = true};
    (void)lm_json_get_int(lm_call_args(call), "last", &c->last);
    (void)lm_json_get_int(lm_call_args(call), "fail_at", &c->fail_at);
    (void)lm_json_get_int(lm_call_args(call), "wait_at", &c->wait_at);
    if (c->last == 0)
        return lm_fail(call, LM_HANDLER_ERROR, "nothing to count", (struct lm_str){0}) + 1;
    opened++;
    *ret_state = c;
    return 0;
}

static enum lm_next count_next(struct lm_call call, void *state)
{
    struct counter *c = state;
    char text[32];

    c->asked++;
    if (c->wait_at && c->at == c->wait_at) {
        c->wait_at = 0;
        return LM_NEXT_WAIT;
    }
    if (c->fail_at && c->at == c->fail_at) {
        assert_int_equal(lm_fail(call, LM_HANDLER_ERROR, "lost count", (struct lm_str){0}), 0);
        return LM_NEXT_MORE;
    }
    if (c->last > 0 && c->at == c->last)
        return LM_NEXT_END;
    size_t n = (size_t)snprintf(text, sizeof text, "%lld", (long long)c->at + 1);
    lm_stream_progress(call, (uint64_t)c->at + 1, c->last > 0 ? (uint64_t)c->last : 0);
    if (lm_stream_item(call, (struct lm_str){text, n}) == 0)
        c->at++;
    return LM_NEXT_MORE;
}

static void count_close(void *state)
{
    struct counter *c = state;

    assert_true(c->open);
    c->open = false;
    closed++;
}

static const struct lm_stream_ops count_ops = {count_open, count_next, count_close};

static void start(struct world *w)
{
    opened = closed = 0;
    world_open(w, NULL);
    must_register(w, "count:up", (struct lm_handler){.stream = &count_ops, .chunk_size = 10});
}

static void chunks_come_in_order_with_their_progress(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};

    start(&w);
    ask_stream(world_client(&w), "count:up", "{\"last\":1005}", 0, &h);
    WORLD_UNTIL(&w, h.last);
    assert_true(h.stream);
    assert_int_equal(h.chunks, 101);
    assert_string_equal(h.data, "[1001,1002,1003,1004,1005]");
    assert_true(h.percentage > 99.9);
    assert_int_equal(closed, 1);
    world_close(&w);
}

static void one_chunk_is_a_plain_answer(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};

    start(&w);
    ask_stream(world_client(&w), "count:up", "{\"last\":10}", 0, &h);
    WORLD_UNTIL(&w, h.answers);
    assert_false(h.stream);
    assert_int_equal(h.chunks, 0);
    assert_string_equal(h.data, "[1,2,3,4,5,6,7,8,9,10]");
    assert_int_equal(closed, 1);
    world_close(&w);
}

static void chunks_are_held_until_somebody_listens(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};

    start(&w);
    struct lm_client *c = world_client(&w);
    uint64_t request = ask(c, "count:up", "{\"last\":100}", &h);
    WORLD_UNTIL(&w, h.stream);
    for (int i = 0; i < 20; i++)
        world_turn(&w);
    assert_int_equal(h.chunks, 0);
    assert_int_equal(counters[0].at, 10);
    assert_int_equal(lm_client_listen(c, request, hear_chunk, &h, 0), 0);
    WORLD_UNTIL(&w, h.last);
    assert_int_equal(h.next_index, h.chunks);
    world_close(&w);
}

static void hear_nothing(struct lm_client *c, const struct lm_chunk *chunk, void *ctx)
{
    (void)c;
    ((struct heard *)ctx)->bytes += chunk->data.n;
}

static void credit_bounds_what_waits(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};

    start(&w);
    struct lm_client *c = world_client(&w);
    struct lm_ask a = {.channel = "count:up",
                       .args = LM_STR("{\"last\":-1}"),
                       .window = 4096,
                       .on_chunk = hear_nothing,
                       .on_answer = hear,
                       .ctx = &h};
    assert_int_equal(lm_client_ask(c, &a, NULL), 0);
    for (int i = 0; i < 200; i++) /* the client does not read: no credit comes back */
        assert_true(lm_manager_dispatch(w.manager, 0) >= 0);
    assert_true(opened == 1 && counters[0].at < 4096 && counters[0].at > 500);
    int64_t before = counters[0].at;
    for (int i = 0; i < 50; i++)
        world_turn(&w);
    assert_true(counters[0].at > before); /* reading gave it back */
    world_close(&w);
    assert_int_equal(closed, 1);
}

static void an_error_may_come_in_the_middle(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0}, at_once = {0};

    start(&w);
    struct lm_client *c = world_client(&w);
    ask_stream(c, "count:up", "{\"last\":100,\"fail_at\":55}", 0, &h);
    ask_stream(c, "count:up", "{\"last\":0}", 0, &at_once);
    WORLD_UNTIL(&w, h.answers && at_once.answers);
    assert_int_equal(h.chunks, 5);
    assert_int_equal(h.last, 0);
    assert_int_equal(h.code, LM_HANDLER_ERROR);
    assert_string_equal(h.message, "lost count");
    assert_string_equal(at_once.message, "nothing to count");
    assert_int_equal(closed, opened);
    world_close(&w);
}

static void a_stream_without_end_is_cancelled_at_once(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0}, other = {0};

    start(&w);
    struct lm_client *c = world_client(&w);
    uint64_t request = ask_stream(c, "count:up", "{\"last\":-1}", 0, &h);
    WORLD_UNTIL(&w, h.chunks > 1000);
    ask_stream(c, "count:up", "{\"last\":5}", 0, &other); /* the endless one lets others in */
    WORLD_UNTIL(&w, other.answers);
    int64_t start_us = clock_mono_us();
    assert_int_equal(lm_client_cancel(c, request), 0);
    assert_true(lm_manager_dispatch(w.manager, 0) >= 0);
    assert_false(counters[0].open);
    WORLD_UNTIL(&w, h.answers);
    assert_true(clock_mono_us() - start_us < 200000); /* what was on its way is read first */
    assert_int_equal(h.code, LM_CANCELLED);
    world_close(&w);
}

static void a_stream_that_waits_goes_on_when_woken(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};

    start(&w);
    ask_stream(world_client(&w), "count:up", "{\"last\":25,\"wait_at\":13}", 0, &h);
    WORLD_UNTIL(&w, h.chunks == 2);
    assert_string_equal(h.data, "[11,12,13]"); /* nothing now, so what is there leaves */
    for (int i = 0; i < 10; i++)
        world_turn(&w);
    assert_int_equal(h.chunks, 2);
    assert_int_equal(lm_stream_wake(counters[0].call), 0);
    WORLD_UNTIL(&w, h.last);
    assert_string_equal(h.data, "[24,25]");
    assert_int_equal(lm_stream_wake(counters[0].call), -ESTALE);
    world_close(&w);
}

static void a_stream_without_progress_times_out(void **state)
{
    (void)state;
    struct world w;
    struct heard h = {0};

    start(&w);
    must_register(
        &w, "count:slow",
        (struct lm_handler){.stream = &count_ops, .chunk_size = 10, .stream_timeout_ms = 30});
    ask_stream(world_client(&w), "count:slow", "{\"last\":25,\"wait_at\":13}", 0, &h);
    WORLD_UNTIL(&w, h.answers);
    assert_int_equal(h.code, LM_TIMEOUT);
    assert_int_equal(closed, 1);
    world_close(&w);
}

static void a_reader_that_leaves_closes_its_streams(void **state)
{
    (void)state;
    struct world w;
    struct heard h[3] = {0};

    start(&w);
    struct lm_client *c = world_client(&w);
    for (int i = 0; i < 3; i++)
        ask_stream(c, "count:up", "{\"last\":-1}", 4096, &h[i]);
    WORLD_UNTIL(&w, h[2].chunks);
    lm_client_close(c);
    w.clients[0] = NULL;
    WORLD_UNTIL(&w, closed == 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(h[i].code, LM_DISCONNECTED);
    world_close(&w);
}

/* --- bytes --- */

enum { BLOCK = 100 * 1000, BLOCKS = 40 };
static char block[BLOCK];

static int bytes_open(struct lm_call call, void *ctx, void **ret_state)
{
    static int at;

    (void)call;
    (void)ctx;
    at = 0;
    *ret_state = &at;
    opened++;
    return 0;
}

static enum lm_next bytes_next(struct lm_call call, void *state)
{
    int *at = state;

    if (*at == BLOCKS)
        return LM_NEXT_END;
    memset(block, 'a' + *at % 26, sizeof block);
    lm_stream_progress(call, (uint64_t)(*at + 1) * BLOCK, (uint64_t)BLOCK * BLOCKS);
    if (lm_stream_chunk(call, (struct lm_str){0}, (struct lm_str){block, BLOCK}) == 0)
        (*at)++;
    return LM_NEXT_MORE;
}

static void bytes_close(void *state)
{
    (void)state;
    closed++;
}

static void hear_bytes(struct lm_client *c, const struct lm_chunk *chunk, void *ctx)
{
    struct heard *h = ctx;
    struct lm_str bytes = lm_attachment(&chunk->attachments, 0);

    (void)c;
    assert_int_equal(chunk->index, h->next_index++);
    for (size_t i = 0; i < bytes.n; i += 997)
        assert_int_equal(bytes.p[i], 'a' + (int)chunk->index % 26);
    h->bytes += bytes.n;
    h->last += chunk->last;
}

static void bytes_are_sent_from_the_handlers_memory(void **state)
{
    (void)state;
    static const struct lm_stream_ops ops = {bytes_open, bytes_next, bytes_close};
    struct world w;
    struct heard h = {0};
    struct lm_ask a = {.channel = "bytes:all",
                       .window = 300000,
                       .on_chunk = hear_bytes,
                       .on_answer = hear,
                       .ctx = &h};

    start(&w);
    must_register(&w, "bytes:all", (struct lm_handler){.stream = &ops});
    assert_int_equal(lm_client_ask(world_client(&w), &a, NULL), 0);
    WORLD_UNTIL(&w, h.last);
    assert_int_equal(h.bytes, (size_t)BLOCK * BLOCKS);
    assert_int_equal(closed, 1);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_come_in_order_with_their_progress),
        cmocka_unit_test(one_chunk_is_a_plain_answer),
        cmocka_unit_test(chunks_are_held_until_somebody_listens),
        cmocka_unit_test(credit_bounds_what_waits),
        cmocka_unit_test(an_error_may_come_in_the_middle),
        cmocka_unit_test(a_stream_without_end_is_cancelled_at_once),
        cmocka_unit_test(a_stream_that_waits_goes_on_when_woken),
        cmocka_unit_test(a_stream_without_progress_times_out),
        cmocka_unit_test(a_reader_that_leaves_closes_its_streams),
        cmocka_unit_test(bytes_are_sent_from_the_handlers_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
