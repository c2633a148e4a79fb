/* SPDX-License-Identifier: MIT
 *
 * http_reaper_test.c - a large answer and a slow client: one that reads gets all the time it needs,
 * one that does not is sent away. Time is the test's own.
 */
#include "base/clock.h"
#include "net/http_pair_test.h"

enum { ANSWER = 16 * 1024 * 1024, HEAD_MS = 5, STALL_MS = 3 * HEAD_MS };

static void dispatch(struct http_req *req, void *ctx)
{
    struct buf body = {0};

    (void)ctx;
    assert_int_equal(buf_reserve(&body, ANSWER), 0);
    memset(body.p, 'x', ANSWER);
    body.n = ANSWER;
    http_reply_buf(req, 200, "text/plain", &body);
    assert_null(body.p);
}

static void on_waited(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* The time passes after which a client that has read nothing meanwhile is sent away. */
static void wait_for_the_reaper(struct loop *loop)
{
    uv_timer_t timer;

    clock_advance(STALL_MS * 1000 + 1000);
    uv_timer_init(&loop->uv, &timer);
    uv_timer_start(&timer, on_waited, 2 * STALL_MS, 0);
    loop_run(loop);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
}

static void who_reads_slowly_gets_the_whole_answer_and_who_stops_is_sent_away(void **state)
{
    struct loop loop;
    struct http_server server = {.dispatch = dispatch};
    struct buf answer = {0};
    size_t before = 0;

    (void)state;
    clock_fake(1000000);
    int peer = http_pair_open(&loop, &server);
    server.head_timeout_ms = HEAD_MS;
    assert_true(send(peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27, 0) == 27);
    while (answer.n < ANSWER / 8) {
        assert_true(http_pair_pull(&loop, peer, &answer));
        assert_true(answer.n > before);
        before = answer.n;
        uv_run(&loop.uv, UV_RUN_NOWAIT); /* the kernel takes more, whatever the timers say first */
        wait_for_the_reaper(&loop);
        assert_int_equal(server.live, 1);
    }
    wait_for_the_reaper(&loop);
    assert_int_equal(server.live, 0);
    close(peer);
    buf_fini(&answer);
    loop_fini(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_reads_slowly_gets_the_whole_answer_and_who_stops_is_sent_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
