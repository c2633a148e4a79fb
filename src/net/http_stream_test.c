/* SPDX-License-Identifier: MIT
 *
 * http_stream_test.c - bodies in pieces, over a real socket and a real loop.
 */
#include "net/http.h"

#include "base/clock.h"
#include "net/http_pair_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEADLINE_US = 10000000, MAX = 1000000 };

struct fixture {
    struct loop loop;
    struct http_server server;
    int peer;
    struct buf answer; /* zero-terminated */
    struct buf body;   /* what on_piece took */
    size_t take_max;   /* in one call; SIZE_MAX: all */
    size_t refuse_at;  /* answers 429 once this much came */
    int pieces, lasts, gone, dispatched;
    struct http_req *stalled, *req;
    bool reply_later;
};

static struct fixture *now;

static size_t on_piece(struct http_req *req, struct str bytes, bool last)
{
    struct fixture *f = now;
    size_t n = bytes.n < f->take_max ? bytes.n : f->take_max;

    f->pieces++;
    buf_add(&f->body, bytes.p, n);
    f->stalled = n < bytes.n ? req : NULL;
    if (f->body.n >= f->refuse_at) {
        http_reply_error(req, 429, "later", NULL, "later");
        return n;
    }
    if (last && n == bytes.n) {
        f->lasts++;
        f->req = req;
        if (!f->reply_later)
            http_reply(req, 200, "text/plain", STR("taken"));
    }
    return n;
}

static void on_gone(struct http_req *req)
{
    now->gone++;
    http_reply(req, 408, NULL, STR_NONE);
}

static const struct http_stream stream = {.max = MAX, .on_piece = on_piece, .on_gone = on_gone};

static bool streams(const struct http_req *req, void *ctx)
{
    (void)ctx;
    return str_is(req->path, "/stream") || str_is(req->path, "/refuse");
}

static void dispatch(struct http_req *req, void *ctx)
{
    struct fixture *f = ctx;

    f->dispatched++;
    if (str_is(req->path, "/stream")) {
        if (!http_stream_body(req, &stream))
            f->gone++;
        return;
    }
    http_reply(req, str_is(req->path, "/refuse") ? 401 : 200, "text/plain", STR("other"));
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->server = (struct http_server){.dispatch = dispatch, .streams = streams, .ctx = f};
    f->take_max = f->refuse_at = SIZE_MAX;
    f->peer = http_pair_open(&f->loop, &f->server);
    *state = now = f;
    return 0;
}

/* Has the server closed? */
static bool pull(struct fixture *f)
{
    return !http_pair_pull(&f->loop, f->peer, &f->answer);
}

#define UNTIL(f, cond)                                                                             \
    do {                                                                                           \
        int64_t until_ = clock_mono_us() + DEADLINE_US;                                            \
        while (pull(f), !(cond))                                                                   \
            if (clock_mono_us() > until_)                                                          \
                fail_msg("waited too long for " #cond ", have: %s", (f)->answer.p);                \
    } while (0)

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (f->peer >= 0)
        close(f->peer);
    int64_t until = clock_mono_us() + DEADLINE_US;
    while (f->server.live && clock_mono_us() < until)
        uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    assert_int_equal(f->server.live, 0);
    loop_run(&f->loop);
    loop_fini(&f->loop);
    buf_fini(&f->answer);
    buf_fini(&f->body);
    free(f);
    return 0;
}

static void say(struct fixture *f, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(f->peer, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return;
        if (sent < 0) {
            pull(f);
            continue;
        }
        bytes += sent;
        n -= (size_t)sent;
    }
}

static void say_text(struct fixture *f, const char *text)
{
    say(f, text, strlen(text));
}

static void say_head(struct fixture *f, size_t length)
{
    char head[200];

    snprintf(head, sizeof head, "POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
             length);
    say_text(f, head);
}

static struct buf some_bytes(size_t n)
{
    struct buf b = {0};

    for (size_t i = 0; i < n; i++)
        buf_add_char(&b, (char)('a' + i % 23));
    return b;
}

static void a_body_that_is_announced_too_large_is_refused_before_it_comes(void **state)
{
    struct fixture *f = *state;

    say_text(f, "POST /stream HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                "Content-Length: 1000001\r\n\r\n");
    UNTIL(f, strstr(f->answer.p, "413") && strstr(f->answer.p, "Connection: close"));
    assert_null(strstr(f->answer.p, "100 Continue"));
    assert_int_equal(f->pieces, 0);
}

static void a_chunked_body_is_refused_where_it_becomes_too_large(void **state)
{
    struct fixture *f = *state;
    struct buf bytes = some_bytes(MAX + 1);

    say_text(f, "POST /stream HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nf4241\r\n");
    say(f, bytes.p, bytes.n);
    UNTIL(f, strstr(f->answer.p, "413") != NULL);
    assert_int_equal(f->lasts, 0);
    close(f->peer);
    f->peer = -1;
    while (!f->gone)
        uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    buf_fini(&bytes);
}

static void who_is_refused_at_the_head_is_not_asked_for_the_body(void **state)
{
    struct fixture *f = *state;

    say_text(f, "POST /refuse HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                "Content-Length: 500000\r\n\r\n");
    UNTIL(f, strstr(f->answer.p, "401") && strstr(f->answer.p, "Connection: close"));
    assert_null(strstr(f->answer.p, "100 Continue"));
}

static void an_answer_in_the_middle_closes_and_nothing_after_it_is_a_request(void **state)
{
    struct fixture *f = *state;

    f->refuse_at = 10;
    say_head(f, 100);
    say_text(f, "0123456789POST /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    UNTIL(f, strstr(f->answer.p, "429") && strstr(f->answer.p, "Connection: close"));
    for (int i = 0; i < 10; i++)
        pull(f);
    assert_int_equal(f->dispatched, 1);
    assert_int_equal(f->gone, 0);
}

static void a_handler_that_is_slow_gets_everything_and_the_client_is_not_blamed(void **state)
{
    struct fixture *f = *state;
    struct buf bytes = some_bytes(500000);
    int64_t go_on_at = 0, start = clock_mono_us();

    f->take_max = 100000;
    say_head(f, bytes.n);
    size_t sent = 0;
    while (f->lasts == 0 && clock_mono_us() < start + DEADLINE_US) {
        ssize_t n = send(f->peer, bytes.p + sent, bytes.n - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        pull(f);
        if (f->stalled && !go_on_at)
            go_on_at = clock_mono_us() + 250000; /* longer than the time-out of the client */
        if (f->stalled && clock_mono_us() >= go_on_at) {
            struct http_req *req = f->stalled;
            f->stalled = NULL;
            f->take_max = SIZE_MAX;
            http_go_on(req);
        }
    }
    UNTIL(f, strstr(f->answer.p, "taken") != NULL);
    assert_true(str_eq(buf_str(&f->body), buf_str(&bytes)));
    buf_fini(&bytes);
}

static void nothing_is_read_while_the_handler_wants_no_more(void **state)
{
    struct fixture *f = *state;
    struct buf bytes = some_bytes(900000);
    size_t sent = 0;

    f->take_max = 1;
    say_head(f, bytes.n);
    for (int i = 0; i < 200; i++) {
        ssize_t n = send(f->peer, bytes.p + sent, bytes.n - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        pull(f);
    }
    assert_int_equal(f->pieces, 1);
    assert_true(sent < 800000);
    f->take_max = SIZE_MAX;
    http_go_on(f->stalled);
    buf_fini(&bytes);
}

static void the_end_comes_once_however_the_body_is_cut(void **state)
{
    struct fixture *f = *state;
    static const char chunked[] = "POST /stream HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                                  "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

    for (size_t cut = 1; cut < sizeof chunked - 1; cut++) {
        buf_clear(&f->body);
        buf_clear(&f->answer);
        f->lasts = 0;
        say(f, chunked, cut);
        pull(f);
        say(f, chunked + cut, sizeof chunked - 1 - cut);
        UNTIL(f, strstr(f->answer.p, "taken") != NULL);
        assert_true(str_is(buf_str(&f->body), "abcde"));
        assert_int_equal(f->lasts, 1);
        assert_null(strstr(f->answer.p, "Connection: close"));
    }
}

static void a_body_of_nothing_has_an_end_too(void **state)
{
    struct fixture *f = *state;

    say_text(f, "POST /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    UNTIL(f, strstr(f->answer.p, "taken") != NULL);
    assert_int_equal(f->lasts, 1);
    assert_int_equal(f->body.n, 0);
}

static void the_next_request_waits_for_a_late_answer(void **state)
{
    struct fixture *f = *state;

    f->reply_later = true;
    say_head(f, 3);
    say_text(f, "abcGET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    UNTIL(f, f->lasts == 1);
    for (int i = 0; i < 10; i++)
        pull(f);
    assert_int_equal(f->dispatched, 1);
    http_reply(f->req, 200, "text/plain", STR("taken"));
    UNTIL(f, strstr(f->answer.p, "other") != NULL);
    assert_true(strstr(f->answer.p, "taken") < strstr(f->answer.p, "other"));
}

static void who_expects_continue_gets_it_once_the_handler_agrees(void **state)
{
    struct fixture *f = *state;

    say_text(f, "POST /stream HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    UNTIL(f, strstr(f->answer.p, "HTTP/1.1 100 Continue\r\n\r\n") != NULL);
    say_text(f, "1\r\na\r\n0\r\n\r\n");
    UNTIL(f, strstr(f->answer.p, "taken") != NULL);
}

static void a_client_that_leaves_in_the_middle_is_told_of_once(void **state)
{
    struct fixture *f = *state;

    say_head(f, 100);
    say_text(f, "abc");
    UNTIL(f, f->body.n == 3);
    close(f->peer);
    f->peer = -1;
    int64_t until = clock_mono_us() + DEADLINE_US;
    while (!f->gone && clock_mono_us() < until)
        uv_run(&f->loop.uv, UV_RUN_NOWAIT);
    assert_int_equal(f->gone, 1);
    assert_int_equal(f->lasts, 0);
}

static void a_body_that_stops_coming_is_answered_408(void **state)
{
    struct fixture *f = *state;

    say_head(f, 100);
    say_text(f, "abc");
    UNTIL(f, strstr(f->answer.p, "408") != NULL);
}

static void bodies_of_other_routes_still_come_whole(void **state)
{
    struct fixture *f = *state;

    say_text(f, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
    UNTIL(f, strstr(f->answer.p, "413") != NULL);
    assert_int_equal(f->dispatched, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_that_is_announced_too_large_is_refused_before_it_comes),
        TEST(a_chunked_body_is_refused_where_it_becomes_too_large),
        TEST(who_is_refused_at_the_head_is_not_asked_for_the_body),
        TEST(an_answer_in_the_middle_closes_and_nothing_after_it_is_a_request),
        TEST(a_handler_that_is_slow_gets_everything_and_the_client_is_not_blamed),
        TEST(nothing_is_read_while_the_handler_wants_no_more),
        TEST(the_end_comes_once_however_the_body_is_cut),
        TEST(a_body_of_nothing_has_an_end_too),
        TEST(the_next_request_waits_for_a_late_answer),
        TEST(who_expects_continue_gets_it_once_the_handler_agrees),
        TEST(a_client_that_leaves_in_the_middle_is_told_of_once),
        TEST(a_body_that_stops_coming_is_answered_408),
        TEST(bodies_of_other_routes_still_come_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
