/* SPDX-License-Identifier: MIT
 *
 * http_send_test.c - answers in pieces, over a real socket and a real loop.
 */
#include "net/http_send.h"
#include "net/inflate.h"

#include "base/clock.h"
#include "net/http_pair_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEADLINE_US = 10000000 };

/* What the maker does in one test. */
struct maker {
    struct http_send send;
    size_t pieces, piece_n; /* to make */
    size_t fail_at;         /* this one fails */
    size_t made, prepared, settled;
    bool refuse;
};

struct fixture {
    struct loop loop;
    struct http_server server;
    int peer;
    struct buf answer; /* zero-terminated */
    struct maker maker;
    int overs;
    bool deaf; /* the peer reads nothing */
};

static struct fixture *now;

static struct maker *maker_of(struct http_send *s)
{
    return LIST_ITEM(s, struct maker, send);
}

static int prepare(struct http_send *s)
{
    maker_of(s)->prepared++;
    return 0;
}

static int next(struct http_send *s, struct buf *out)
{
    struct maker *m = maker_of(s);

    if (m->made == m->fail_at)
        return -EIO;
    for (size_t i = 0; i < m->piece_n; i++)
        buf_add_char(out, (char)('a' + (m->made * m->piece_n + i) % 23));
    return ++m->made < m->pieces;
}

static void settle(struct http_send *s)
{
    maker_of(s)->settled++;
}

static bool begin(struct http_send *s, int made, size_t n)
{
    if (made < 0)
        http_reply_error(s->req, 503, "query_failed", NULL, "failed");
    else if (maker_of(s)->refuse)
        http_reply_error(s->req, 404, "nothing", NULL, "nothing of %zu bytes", n);
    return made >= 0 && !maker_of(s)->refuse;
}

static void over(struct http_send *s)
{
    assert_int_equal(maker_of(s)->settled, maker_of(s)->prepared);
    now->overs++;
}

static const struct http_send_ops ops = {prepare, next, settle, begin, over};

static void dispatch(struct http_req *req, void *ctx)
{
    struct fixture *f = ctx;

    if (str_is(req->path, "/other")) {
        http_reply(req, 200, "text/plain", STR("other"));
        return;
    }
    f->maker.made = 0;
    f->maker.send.ops = &ops;
    f->maker.send.status = 200;
    f->maker.send.content_type = "text/plain";
    http_send(req, &f->maker.send);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->server = (struct http_server){.dispatch = dispatch, .ctx = f};
    f->maker = (struct maker){.pieces = 1, .piece_n = 10, .fail_at = SIZE_MAX};
    f->maker.send.length = HTTP_LENGTH_UNKNOWN;
    f->peer = http_pair_open(&f->loop, &f->server);
    *state = now = f;
    return 0;
}

static void pull(struct fixture *f)
{
    (void)http_pair_pull(&f->loop, f->deaf ? -1 : f->peer, &f->answer);
}

#define UNTIL(f, cond)                                                                             \
    do {                                                                                           \
        int64_t until_ = clock_mono_us() + DEADLINE_US;                                            \
        while (pull(f), !(cond))                                                                   \
            if (clock_mono_us() > until_)                                                          \
                fail_msg("waited too long for " #cond ", have: %.300s", (f)->answer.p);            \
    } while (0)

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (f->peer >= 0)
        close(f->peer);
    f->peer = -1;
    UNTIL(f, f->server.live == 0);
    loop_run(&f->loop);
    loop_fini(&f->loop);
    buf_fini(&f->answer);
    free(f);
    return 0;
}

static void ask(struct fixture *f, const char *first_line)
{
    char head[200];
    int n = snprintf(head, sizeof head, "%s\r\nHost: h\r\n\r\n", first_line);

    assert_int_equal(send(f->peer, head, (size_t)n, MSG_NOSIGNAL), n);
}

static bool has(struct fixture *f, const char *text)
{
    return strstr(f->answer.p, text) != NULL;
}

static const char *body(struct fixture *f)
{
    const char *end = strstr(f->answer.p, "\r\n\r\n");
    return end ? end + 4 : "";
}

/* The body of a chunked answer, put together. */
static struct buf dechunked(struct fixture *f)
{
    struct buf out = {0};
    const char *at = body(f);

    for (;;) {
        char *end;
        size_t n = strtoul(at, &end, 16);
        assert_memory_equal(end, "\r\n", 2);
        if (n == 0)
            break;
        buf_add(&out, end + 2, n);
        assert_memory_equal(end + 2 + n, "\r\n", 2);
        at = end + 4 + n;
    }
    return out;
}

static void expect_whole(struct fixture *f, struct str got)
{
    assert_int_equal(got.n, f->maker.pieces * f->maker.piece_n);
    for (size_t i = 0; i < got.n; i++)
        if (got.p[i] != (char)('a' + i % 23))
            fail_msg("byte %zu is wrong", i);
}

static void an_answer_of_one_piece_says_its_length(void **state)
{
    struct fixture *f = *state;

    ask(f, "GET / HTTP/1.1");
    UNTIL(f, f->overs == 1 && has(f, "abcdefghij"));
    assert_true(has(f, "Content-Length: 10\r\n"));
    assert_false(has(f, "chunked"));
}

static void a_long_answer_is_chunked_and_the_connection_goes_on(void **state)
{
    struct fixture *f = *state;

    f->maker.pieces = 40;
    f->maker.piece_n = 100000;
    ask(f, "GET / HTTP/1.1");
    UNTIL(f, f->overs == 1 && has(f, "\r\n0\r\n\r\n"));
    assert_true(has(f, "Transfer-Encoding: chunked\r\n"));
    struct buf whole = dechunked(f);
    expect_whole(f, buf_str(&whole));
    buf_fini(&whole);
    ask(f, "GET /other HTTP/1.1");
    UNTIL(f, has(f, "\r\n\r\nother"));
}

static void pieces_of_nothing_do_not_end_it(void **state)
{
    struct fixture *f = *state;

    f->maker.pieces = 5;
    f->maker.piece_n = 0;
    ask(f, "GET / HTTP/1.1");
    UNTIL(f, f->overs == 1 && has(f, "0\r\n\r\n"));
    assert_string_equal(body(f), "0\r\n\r\n");
}

static void a_known_length_is_said_and_nothing_is_chunked(void **state)
{
    struct fixture *f = *state;

    f->maker.pieces = 30;
    f->maker.piece_n = 1000;
    f->maker.send.length = 30000;
    ask(f, "GET / HTTP/1.1");
    UNTIL(f, f->overs == 1);
    assert_true(has(f, "Content-Length: 30000\r\n"));
    UNTIL(f, strlen(body(f)) == 30000);
    expect_whole(f, str_from(body(f)));
}

static void an_old_client_reads_until_the_end_of_the_connection(void **state)
{
    struct fixture *f = *state;

    f->maker.pieces = 30;
    f->maker.piece_n = 1000;
    ask(f, "GET / HTTP/1.0");
    UNTIL(f, f->overs == 1);
    UNTIL(f, strlen(body(f)) == 30000);
    assert_true(has(f, "Connection: close\r\n"));
    assert_false(has(f, "chunked"));
    expect_whole(f, str_from(body(f)));
}

static void head_is_answered_without_the_body(void **state)
{
    struct fixture *f = *state;

    f->maker.pieces = 30;
    ask(f, "HEAD / HTTP/1.1");
    UNTIL(f, f->overs == 1);
    UNTIL(f, has(f, "\r\n\r\n"));
    assert_true(has(f, "Transfer-Encoding: chunked\r\n"));
    assert_string_equal(body(f), "");
    assert_int_equal(f->maker.made, 1);
}

static void the_first_piece_may_still_be_refused(void **state)
{
    struct fixture *f = *state;

    f->maker.refuse = true;
    ask(f, "GET / HTTP/1.1");
    UNTIL(f, has(f, "404 Not Found") && has(f, "nothing of 10 bytes"));
    assert_int_equal(f->overs, 1);
    f->maker.refuse = false;
    f->maker.fail_at = 0;
    ask(f, "GET / HTTP/1.1");
    UNTIL(f, has(f, "503 Service Unavailable"));
    assert_int_equal(f->overs, 2);
}

static void a_failure_in_the_middle_cuts_the_body(void **state)
{
    struct fixture *f = *state;

    f->maker.pieces = 10;
    f->maker.fail_at = 3;
    ask(f, "GET / HTTP/1.1");
    UNTIL(f, f->overs == 1 && f->server.live == 0);
    pull(f);
    assert_true(has(f, "200 OK"));
    assert_false(has(f, "\r\n0\r\n\r\n"));
}

static void who_does_not_read_stops_the_maker_after_two_pieces(void **state)
{
    struct fixture *f = *state;

    f->maker.pieces = 1000;
    f->maker.piece_n = 1000000;
    f->deaf = true;
    ask(f, "GET / HTTP/1.1");
    UNTIL(f, f->maker.settled == 2);
    for (int i = 0; i < 50; i++)
        pull(f);
    assert_int_equal(f->maker.made, 2);
    assert_int_equal(f->overs, 0);
    close(f->peer);
    f->peer = -1;
    UNTIL(f, f->overs == 1);
    assert_true(f->maker.send.cancelled);
}

static void who_reads_nothing_for_long_is_sent_away(void **state)
{
    struct fixture *f = *state;

    f->server.idle_timeout_ms = 50;
    f->maker.pieces = 1000;
    f->maker.piece_n = 1000000;
    f->deaf = true;
    ask(f, "GET / HTTP/1.1");
    UNTIL(f, f->overs == 1);
    assert_true(f->maker.made < 5);
}

static void a_packed_answer_is_the_same_text(void **state)
{
    struct fixture *f = *state;
    struct inflate *z;
    struct buf whole = {0};
    static char plain[5000000];

    f->maker.pieces = 40;
    f->maker.piece_n = 100000;
    f->maker.send.pack = PACK_GZIP;
    f->maker.send.is_coding = true;
    ask(f, "GET / HTTP/1.1");
    UNTIL(f, f->overs == 1);
    for (int i = 0; i < 3; i++)
        pull(f);
    assert_true(has(f, "Content-Encoding: gzip\r\n"));
    whole = dechunked(f);
    assert_true(whole.n < 1000000);
    assert_int_equal(inflate_new(&z, STR("gzip"), sizeof plain), 0);
    struct str in = buf_str(&whole);
    ssize_t n = inflate_next(z, &in, plain, sizeof plain);
    assert_true(inflate_is_whole(z));
    expect_whole(f, str_of(plain, (size_t)n));
    inflate_free(z);
    buf_fini(&whole);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_of_one_piece_says_its_length),
        TEST(a_long_answer_is_chunked_and_the_connection_goes_on),
        TEST(pieces_of_nothing_do_not_end_it),
        TEST(a_known_length_is_said_and_nothing_is_chunked),
        TEST(an_old_client_reads_until_the_end_of_the_connection),
        TEST(head_is_answered_without_the_body),
        TEST(the_first_piece_may_still_be_refused),
        TEST(a_failure_in_the_middle_cuts_the_body),
        TEST(who_does_not_read_stops_the_maker_after_two_pieces),
        TEST(who_reads_nothing_for_long_is_sent_away),
        TEST(a_packed_answer_is_the_same_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
