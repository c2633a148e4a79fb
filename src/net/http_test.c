/* SPDX-License-Identifier: MIT
 *
 * http_test.c - requests over a real socket and a real loop: what passes, what is refused, and that
 * nothing that follows a refusal is ever read.
 */
#include "net/http.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_US = 10000000, BUSY_US = 200 };

struct fixture {
    struct loop loop;
    struct http_server server;
    int peer;
    struct buf answer; /* zero-terminated */
    int dispatched, gone, taken_closed;
    struct http_req *held;
    struct conn *taken;
};

static void on_gone(struct http_req *req)
{
    struct fixture *f = req->ctx;
    f->gone++;
}

static void taken_data(struct conn *c)
{
    conn_write(c, c->in.p, c->in.n);
    buf_consume(&c->in, c->in.n);
}

static void taken_close(struct conn *c)
{
    struct fixture *f = c->self;
    f->taken = NULL;
    f->taken_closed++;
}

static const struct conn_ops taken_ops = {taken_data, NULL, taken_close};

static void take(struct http_req *req, struct fixture *f)
{
    f->taken = http_take_conn(req);
    f->taken->ops = &taken_ops;
    f->taken->self = f;
    conn_write(f->taken, "taken:", 6);
    taken_data(f->taken);
}

static void dispatch(struct http_req *req, void *ctx)
{
    struct fixture *f = ctx;
    char text[4096];

    f->dispatched++;
    req->ctx = f;
    if (str_is(req->path, "/hold")) {
        http_hold(req, on_gone);
        f->held = req;
        return;
    }
    if (str_is(req->path, "/busy"))
        for (int64_t end = clock_mono_us() + BUSY_US; clock_mono_us() < end;)
            continue;
    if (str_is(req->path, "/take")) {
        take(req, f);
        return;
    }
    if (str_is(req->path, "/error")) {
        http_reply_error(req, 404, "not_found", "{\"n\":1}", "no \"%s\" here", "thing");
        return;
    }
    struct str a = http_query(req, "a");
    struct str cookie = http_cookie(req, "sid");
    snprintf(text, sizeof text, "<%.*s %.*s a=%.*s sid=%.*s body=%.*s>", STR_FMT(req->method_name),
             STR_FMT(req->path), STR_FMT(a), STR_FMT(cookie), STR_FMT(req->body));
    http_add_header(req, "X-Test", "yes");
    http_reply(req, 200, "text/plain", str_from(text));
}

static void connect_peer(struct fixture *f)
{
    int pair[2];
    struct conn *c;
    static const struct conn_ops none = {0};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    f->peer = pair[0];
    assert_int_equal(conn_open(&f->loop, pair[1], true, &none, NULL, &c), 0);
    assert_int_equal(http_serve(&f->server, c), 0);
    buf_clear(&f->answer);
}

static void turn(struct fixture *f)
{
    uv_run(&f->loop.uv, UV_RUN_NOWAIT);
}

/* Reads what the server has sent. True when it has closed its side. */
static bool pull(struct fixture *f)
{
    ssize_t n;
    char part[65536];

    while ((n = read(f->peer, part, sizeof part)) > 0)
        buf_add(&f->answer, part, (size_t)n);
    bool ended = n == 0;
    assert_int_equal(buf_reserve(&f->answer, 1), 0);
    f->answer.p[f->answer.n] = '\0';
    return ended;
}

static bool has(struct fixture *f, const char *text)
{
    pull(f);
    return strstr(f->answer.p, text) != NULL;
}

#define UNTIL(f, cond)                                                                             \
    do {                                                                                           \
        int64_t until_ = clock_mono_us() + DEADLINE_US;                                            \
        while (!(cond)) {                                                                          \
            turn(f);                                                                               \
            if (clock_mono_us() > until_)                                                          \
                fail_msg("waited too long for " #cond ", have: %s", (f)->answer.p);                \
        }                                                                                          \
    } while (0)

static void say(struct fixture *f, const void *bytes, size_t n)
{
    const char *at = bytes;

    while (n) {
        ssize_t sent = send(f->peer, at, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            turn(f);
            continue;
        }
        if (sent < 0)
            return;
        at += sent;
        n -= (size_t)sent;
    }
}

static void say_text(struct fixture *f, const char *text)
{
    say(f, text, strlen(text));
}

static void hang_up(struct fixture *f)
{
    close(f->peer);
    f->peer = -1;
    UNTIL(f, f->server.live == 0 && !f->taken);
}

/* A fresh connection; the bytes must be answered with this status and then the end. */
static void assert_refused(struct fixture *f, const char *bytes, size_t n, const char *status)
{
    int before = f->dispatched;

    if (f->peer >= 0)
        hang_up(f);
    connect_peer(f);
    say(f, bytes, n);
    UNTIL(f, pull(f));
    if (strncmp(f->answer.p, "HTTP/1.1 ", 9) != 0 || strncmp(f->answer.p + 9, status, 3) != 0)
        fail_msg("expected %s for \"%s\", got: %s", status, bytes, f->answer.p);
    assert_non_null(strstr(f->answer.p, "Connection: close\r\n"));
    assert_int_equal(f->dispatched, before);
}

static void assert_status(struct fixture *f, const char *text, const char *status)
{
    assert_refused(f, text, strlen(text), status);
}

static void assert_answer(struct fixture *f, const char *text, const char *expected)
{
    hang_up(f);
    connect_peer(f);
    say_text(f, text);
    UNTIL(f, has(f, expected));
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_int_equal(loop_init(&f->loop), 0);
    f->server = (struct http_server){
        .loop = &f->loop,
        .dispatch = dispatch,
        .ctx = f,
        .body_max = 1 << 20,
        .head_timeout_ms = 10000,
        .idle_timeout_ms = 60000,
    };
    connect_peer(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (f->peer >= 0)
        hang_up(f);
    assert_null(f->server.reaper);
    loop_fini(&f->loop);
    buf_fini(&f->answer);
    free(f);
    return 0;
}

static void a_request_is_answered_with_the_standing_headers(void **state)
{
    struct fixture *f = *state;

    say_text(f, "GET /a%20b?x=1&a=c+d%2F&a=2 HTTP/1.1\r\nHost: h\r\nCookie: z=1; sid=abc\r\n\r\n");
    UNTIL(f, has(f, "<GET /a b a=c d/ sid=abc body=>"));
    assert_int_equal(strncmp(f->answer.p, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_true(has(f, "X-Content-Type-Options: nosniff\r\n"));
    assert_true(has(f, "Referrer-Policy: no-referrer\r\n"));
    assert_true(has(f, "Cache-Control: no-store\r\n"));
    assert_true(has(f, "Content-Type: text/plain\r\n"));
    assert_true(has(f, "X-Test: yes\r\n"));
    assert_true(has(f, "Content-Length: 31\r\n"));
    assert_false(has(f, "Connection:"));
}

static void every_way_to_cut_a_stream_of_requests_gives_the_same_answers(void **state)
{
    static const char stream[] =
        "POST /p?a=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
        "\r\nPOST /q HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
        "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    struct fixture *f = *state;

    for (size_t cut = 1; cut < sizeof stream - 1; cut++) {
        hang_up(f);
        connect_peer(f);
        f->dispatched = 0;
        say(f, stream, cut);
        turn(f);
        say(f, stream + cut, sizeof stream - 1 - cut);
        UNTIL(f, pull(f));
        assert_true(has(f, "<POST /p a=1 sid= body=hello>"));
        assert_true(has(f, "<POST /q a= sid= body=abcde>"));
        assert_true(has(f, "<GET /last a= sid= body=>"));
        assert_int_equal(f->dispatched, 3);
    }
}

static void a_head_that_arrives_byte_by_byte_is_understood(void **state)
{
    struct fixture *f = *state;

    for (const char *p = "\r\nPUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok"; *p; p++) {
        say(f, p, 1);
        turn(f);
    }
    UNTIL(f, has(f, "<PUT /x a= sid= body=ok>"));
}

static void head_gets_the_length_and_no_body(void **state)
{
    struct fixture *f = *state;

    say_text(f, "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
    UNTIL(f, has(f, "\r\n\r\n"));
    assert_true(has(f, "Content-Length: 23\r\n"));
    assert_int_equal(strcmp(strstr(f->answer.p, "\r\n\r\n"), "\r\n\r\n"), 0);
}

static void errors_are_json_with_details(void **state)
{
    struct fixture *f = *state;

    say_text(f, "GET /error HTTP/1.1\r\nHost: h\r\n\r\n");
    UNTIL(f, has(f, "{\"error\":{\"code\":\"not_found\",\"message\":\"no \\\"thing\\\" here\","
                    "\"details\":{\"n\":1}}}"));
    assert_true(has(f, "HTTP/1.1 404 Not Found\r\n"));
}

static void http_1_0_is_answered_and_closed(void **state)
{
    struct fixture *f = *state;

    say_text(f, "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /y HTTP/1.0\r\n\r\n");
    UNTIL(f, pull(f));
    assert_true(has(f, "<GET /x"));
    assert_false(has(f, "<GET /y"));
    assert_true(has(f, "Connection: close\r\n"));
}

static void a_client_that_expects_continue_gets_it(void **state)
{
    struct fixture *f = *state;

    say_text(f, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    UNTIL(f, has(f, "HTTP/1.1 100 Continue\r\n\r\n"));
    say_text(f, "ok");
    UNTIL(f, has(f, "body=ok>"));
}

static void an_offer_to_upgrade_that_nobody_takes_is_plain_http(void **state)
{
    struct fixture *f = *state;

    say_text(f, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
                "GET /y HTTP/1.1\r\nHost: h\r\n\r\n");
    UNTIL(f, has(f, "<GET /y"));
    assert_true(has(f, "<GET /x"));
}

static void absolute_addresses_are_taken_only_for_our_own_host(void **state)
{
    struct fixture *f = *state;

    assert_answer(f, "GET http://Here:1/p HTTP/1.1\r\nHost: here:1\r\n\r\n", "<GET /p");
    assert_answer(f, "GET http://here?a=1 HTTP/1.1\r\nHost: here\r\n\r\n", "<GET / a=1");
    assert_status(f, "GET http://there/ HTTP/1.1\r\nHost: here\r\n\r\n", "400");
    assert_status(f, "GET https://here/ HTTP/1.1\r\nHost: here\r\n\r\n", "400");
    assert_status(f, "GET http://here@there/ HTTP/1.1\r\nHost: here\r\n\r\n", "400");
}

static void what_has_two_readings_is_refused(void **state)
{
    static const struct {
        const char *bytes, *status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\nHost: a\n\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\n\rZGET /evil HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: \x0c\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nFo@: b\r\n\r\n", "400"},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        {"GET / x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        {"GET /\r\n\r\n", "400"},
        {"GET / ICE/1.0\r\nHost: a\r\n\r\n", "400"},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
        {"GET / HTTP/0.9\r\nHost: a\r\n\r\n", "505"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
        {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "501"},
        {"FROB / HTTP/1.1\r\nHost: a\r\n\r\n", "501"},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a\r\nExpect: cake\r\n\r\n", "417"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4 2\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", "413"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", "413"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\n",
         "400"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", "501"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
         "Transfer-Encoding: chunked\r\n\r\n",
         "400"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_status(f, cases[i].bytes, cases[i].status);
    assert_refused(f, "GET /\0 HTTP/1.1\r\n", 16, "400");
}

static void damaged_chunks_are_refused_and_nothing_after_them_is_read(void **state)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char *const bodies[] = {
        "x\r\n",
        "2 \r\nab\r\n0\r\n\r\n",
        "2\nab\r\n0\r\n\r\n",
        "2\r\nabc\r\n0\r\n\r\n",
        "5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n",
        "5\r\nABCDE0\r\n",
        "-1\r\n",
        "0x2\r\nab\r\n0\r\n\r\n",
        "2\r\nab\r\n\r\n",
        "2\r\nab\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "2 erfrferferf\r\n",
        "100001\r\n",
        "0\r\nBad Trailer : x\r\n\r\n",
    };
    struct fixture *f = *state;
    struct buf bytes = {0};

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        buf_clear(&bytes);
        BUF_LIT(&bytes, head);
        buf_add_str(&bytes, str_from(bodies[i]));
        BUF_LIT(&bytes, "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        buf_add_char(&bytes, '\0');
        if (strcmp(bodies[i], "100001\r\n") == 0)
            for (int k = 0; k <= 0x100001; k++)
                buf_add_char(&bytes, 'x');
        assert_refused(f, bytes.p, bytes.n, strcmp(bodies[i], "100001\r\n") ? "400" : "413");
    }
    buf_fini(&bytes);
}

static void chunks_that_are_all_overhead_are_refused(void **state)
{
    struct fixture *f = *state;
    struct buf bytes = {0};

    BUF_LIT(&bytes, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x=");
    for (int i = 0; i < 100000; i++)
        buf_add_char(&bytes, 'y');
    assert_refused(f, bytes.p, bytes.n, "400");
    buf_fini(&bytes);
}

static void limits_on_the_head_have_their_own_answers(void **state)
{
    struct fixture *f = *state;
    struct buf bytes = {0};

    BUF_LIT(&bytes, "GET /");
    for (int i = 0; i < 9000; i++)
        buf_add_char(&bytes, 'x');
    assert_refused(f, bytes.p, bytes.n, "414");
    buf_clear(&bytes);
    BUF_LIT(&bytes, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    for (int i = 0; i < 17000; i++)
        buf_add_char(&bytes, 'x');
    assert_refused(f, bytes.p, bytes.n, "431");
    buf_clear(&bytes);
    BUF_LIT(&bytes, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 64; i++)
        BUF_LIT(&bytes, "X: y\r\n");
    BUF_LIT(&bytes, "\r\n");
    assert_refused(f, bytes.p, bytes.n, "431");
    buf_fini(&bytes);
}

static void addresses_in_disguise_are_refused(void **state)
{
    static const char *const bad[] = {
        "/a/../b", "/..",     "/.",        "/a/%2e%2e/b", "/%2E",       "/a%2fb",
        "/a%2Fb",  "/a%00b",  "/a%",       "/a%1",        "/a%zz",      "/?a=%",
        "/?a=%4",  "/?%zz=1", "/?a=%00",   "/%ff",        "/?a=%c3%28", "/a%0ab",
        "/a%7f",   "/a#b",    "/\xc3\xa9", "a",           "?a=1",       "//a/../b",
    };
    struct fixture *f = *state;
    char text[128];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", bad[i]);
        assert_status(f, text, "400");
    }
    assert_answer(f, "GET /..a/b./%c3%a9?&a=%c3%a9&& HTTP/1.1\r\nHost: a\r\n\r\n",
                  "<GET /..a/b./\xc3\xa9 a=\xc3\xa9 ");
}

static void too_many_parameters_are_refused(void **state)
{
    struct fixture *f = *state;
    struct buf bytes = {0};

    BUF_LIT(&bytes, "GET /?");
    for (int i = 0; i < 65; i++)
        BUF_LIT(&bytes, "a&");
    BUF_LIT(&bytes, " HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_refused(f, bytes.p, bytes.n, "400");
    buf_fini(&bytes);
}

static void garbage_is_refused_at_its_first_byte(void **state)
{
    struct fixture *f = *state;

    assert_refused(f, "\x16\x03\x01\x02", 4, "400");
}

static void a_held_request_is_answered_later_and_the_next_waits_for_it(void **state)
{
    struct fixture *f = *state;

    say_text(f, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    UNTIL(f, f->held);
    for (int i = 0; i < 5; i++)
        turn(f);
    assert_int_equal(f->dispatched, 1);
    http_reply(f->held, 200, "text/plain", STR("later"));
    UNTIL(f, has(f, "<GET /next"));
    assert_true(strstr(f->answer.p, "later") < strstr(f->answer.p, "<GET /next"));
}

static void a_held_request_outlives_its_client(void **state)
{
    struct fixture *f = *state;

    say_text(f, "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    UNTIL(f, f->held);
    hang_up(f);
    assert_int_equal(f->gone, 1);
    assert_null(f->held->conn);
    assert_memory_equal(f->held->body.p, "abc", 3);
    http_reply(f->held, 200, "text/plain", STR("nobody hears this"));
}

static void an_answered_request_whose_client_left_in_the_same_turn_is_freed_once(void **state)
{
    struct fixture *f = *state;

    say_text(f, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    UNTIL(f, f->held);
    http_reply(f->held, 200, "text/plain", STR("x"));
    hang_up(f);
    assert_int_equal(f->gone, 0);
}

static void a_taken_connection_keeps_the_bytes_that_follow(void **state)
{
    struct fixture *f = *state;

    say_text(f, "GET /take HTTP/1.1\r\nHost: h\r\n\r\nand more");
    UNTIL(f, has(f, "taken:and more"));
    assert_int_equal(f->server.live, 0);
    say_text(f, "!");
    UNTIL(f, has(f, "taken:and more!"));
    hang_up(f);
    assert_int_equal(f->taken_closed, 1);
}

static void a_held_request_may_be_taken_later(void **state)
{
    struct fixture *f = *state;

    say_text(f, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\nrest");
    UNTIL(f, f->held);
    take(f->held, f);
    UNTIL(f, has(f, "taken:rest"));
}

static void a_slow_head_is_answered_408(void **state)
{
    struct fixture *f = *state;

    f->server.head_timeout_ms = 30;
    say_text(f, "GET / HTTP/1.1\r\nHost: h\r\n");
    UNTIL(f, pull(f));
    assert_true(has(f, "HTTP/1.1 408 Request Timeout\r\n"));
}

static void a_slow_body_is_answered_408(void **state)
{
    struct fixture *f = *state;

    f->server.head_timeout_ms = 30;
    say_text(f, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    UNTIL(f, pull(f));
    assert_true(has(f, "HTTP/1.1 408 Request Timeout\r\n"));
}

static void an_idle_connection_is_closed_without_a_word(void **state)
{
    struct fixture *f = *state;

    hang_up(f);
    f->server.idle_timeout_ms = 30;
    connect_peer(f);
    say_text(f, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    UNTIL(f, pull(f));
    assert_true(has(f, "<GET /x"));
    assert_false(has(f, "408"));
}

static void a_client_that_does_not_read_gets_no_further_requests_served(void **state)
{
    static const char ask[] = "GET /x?a=1 HTTP/1.1\r\nHost: h\r\n\r\n";
    struct fixture *f = *state;
    int asked = 0, before = -1;

    while (f->dispatched != before) {
        before = f->dispatched;
        for (int i = 0; i < 200; i++, asked++)
            if (send(f->peer, ask, sizeof ask - 1, MSG_NOSIGNAL | MSG_DONTWAIT) <
                (ssize_t)sizeof ask - 1)
                break;
        for (int i = 0; i < 20; i++)
            turn(f);
    }
    assert_true(f->dispatched < asked);
    UNTIL(f, (pull(f), f->dispatched == asked));
}

static void say_times(struct fixture *f, const char *path, int times)
{
    char text[64];

    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
    for (int i = 0; i < times; i++)
        say_text(f, text);
}

static void who_asks_for_much_at_once_gets_all_even_when_it_says_no_more(void **state)
{
    struct fixture *f = *state;
    int answers = 0;

    say_times(f, "/x?a=1", 300);
    shutdown(f->peer, SHUT_WR);
    UNTIL(f, pull(f));
    for (const char *at = f->answer.p; (at = strstr(at, "<GET /x a=1")); at++)
        answers++;
    assert_int_equal(answers, 300);
    assert_int_equal(f->dispatched, 300);
}

static void who_asks_for_little_does_not_wait_for_those_who_ask_for_much(void **state)
{
    struct fixture *f = *state;
    int busy = f->peer, quick;

    say_times(f, "/busy", 300);
    turn(f);
    connect_peer(f);
    quick = f->peer;
    say_text(f, "GET /quick HTTP/1.1\r\nHost: h\r\n\r\n");
    UNTIL(f, has(f, "<GET /quick"));
    assert_in_range(f->dispatched, 2, 200);
    f->peer = busy;
    UNTIL(f, (pull(f), f->dispatched == 301));
    close(quick);
}

static void a_connection_that_is_taken_after_many_requests_goes_on_reading(void **state)
{
    struct fixture *f = *state;

    say_times(f, "/x", 40);
    say_text(f, "GET /take HTTP/1.1\r\nHost: h\r\n\r\nand more");
    UNTIL(f, has(f, "taken:and more"));
    say_text(f, "!");
    UNTIL(f, has(f, "taken:and more!"));
    hang_up(f);
}

static void closing_all_closes_what_speaks_http(void **state)
{
    struct fixture *f = *state;

    http_close_all(&f->server);
    UNTIL(f, pull(f) && f->server.live == 0);
    http_close_all(&f->server);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_answered_with_the_standing_headers),
        TEST(every_way_to_cut_a_stream_of_requests_gives_the_same_answers),
        TEST(a_head_that_arrives_byte_by_byte_is_understood),
        TEST(head_gets_the_length_and_no_body),
        TEST(errors_are_json_with_details),
        TEST(http_1_0_is_answered_and_closed),
        TEST(a_client_that_expects_continue_gets_it),
        TEST(an_offer_to_upgrade_that_nobody_takes_is_plain_http),
        TEST(absolute_addresses_are_taken_only_for_our_own_host),
        TEST(what_has_two_readings_is_refused),
        TEST(damaged_chunks_are_refused_and_nothing_after_them_is_read),
        TEST(chunks_that_are_all_overhead_are_refused),
        TEST(limits_on_the_head_have_their_own_answers),
        TEST(addresses_in_disguise_are_refused),
        TEST(too_many_parameters_are_refused),
        TEST(garbage_is_refused_at_its_first_byte),
        TEST(a_held_request_is_answered_later_and_the_next_waits_for_it),
        TEST(a_held_request_outlives_its_client),
        TEST(an_answered_request_whose_client_left_in_the_same_turn_is_freed_once),
        TEST(a_taken_connection_keeps_the_bytes_that_follow),
        TEST(a_held_request_may_be_taken_later),
        TEST(a_slow_head_is_answered_408),
        TEST(a_slow_body_is_answered_408),
        TEST(an_idle_connection_is_closed_without_a_word),
        TEST(a_client_that_does_not_read_gets_no_further_requests_served),
        TEST(who_asks_for_much_at_once_gets_all_even_when_it_says_no_more),
        TEST(who_asks_for_little_does_not_wait_for_those_who_ask_for_much),
        TEST(a_connection_that_is_taken_after_many_requests_goes_on_reading),
        TEST(closing_all_closes_what_speaks_http),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
