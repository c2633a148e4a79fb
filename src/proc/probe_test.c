/* SPDX-License-Identifier: MIT
 *
 * probe_test.c - questions to programs that answer well, badly, or not at all.
 */
#include "proc/probe.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char loopback[] = "127.0.0.1", target[] = "/healthz";

/* A server with one answer; NULL: it takes the connection and is silent. */
struct server {
    uv_tcp_t listener, conn;
    uv_write_t write;
    const char *answer;
    uint16_t port;
    bool served;
};

struct stage {
    struct loop loop;
    struct server server;
    int answers;
    char why[160];
};

static void on_serve(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;

    assert_int_equal(status, 0);
    uv_tcp_init(listener->loop, &s->conn);
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&s->conn), 0);
    s->served = true;
    union {
        const char *from;
        char *to;
    } text = {.from = s->answer};
    uv_buf_t bytes = uv_buf_init(text.to, s->answer ? (unsigned)strlen(s->answer) : 0);
    if (s->answer)
        uv_write(&s->write, (uv_stream_t *)&s->conn, &bytes, 1, NULL);
}

static void server_start(struct stage *t, const char *answer)
{
    struct server *s = &t->server;
    struct sockaddr_in addr;
    int n = sizeof addr;

    s->answer = answer;
    uv_ip4_addr(loopback, 0, &addr);
    uv_tcp_init(&t->loop.uv, &s->listener);
    s->listener.data = s;
    assert_int_equal(uv_tcp_bind(&s->listener, (struct sockaddr *)&addr, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&s->listener, 4, on_serve), 0);
    assert_int_equal(uv_tcp_getsockname(&s->listener, (struct sockaddr *)&addr, &n), 0);
    s->port = ntohs(addr.sin_port);
}

static void on_done(void *ctx, const char *why)
{
    struct stage *t = ctx;

    t->answers++;
    snprintf(t->why, sizeof t->why, "%s", why ? why : "yes");
    if (t->server.port)
        uv_close((uv_handle_t *)&t->server.listener, NULL);
    if (t->server.served)
        uv_close((uv_handle_t *)&t->server.conn, NULL);
}

/* Asks once; the loop ends by itself when everything is closed. */
static void ask(struct stage *t, const struct process_check *check, uint32_t timeout_ms)
{
    struct probe_opts opts = {.loop = &t->loop,
                              .check = check,
                              .timeout_ms = timeout_ms,
                              .env = environ,
                              .done = on_done,
                              .ctx = t};
    struct probe *p;

    assert_int_equal(probe_start(&p, &opts), 0);
    assert_int_equal(t->answers, 0);
    loop_run(&t->loop);
    assert_int_equal(t->answers, 1);
    loop_fini(&t->loop);
}

static void ask_server(enum check_kind kind, const char *answer, const char *want)
{
    struct stage t = {0};

    assert_int_equal(loop_init(&t.loop), 0);
    server_start(&t, answer);
    struct process_check check = {
        .kind = kind, .host = loopback, .port = t.server.port, .text = target};
    ask(&t, &check, 200);
    assert_string_equal(t.why, want);
}

static void ask_command(const char *script, uint32_t timeout_ms, const char *want)
{
    static char sh[] = "/bin/sh", c[] = "-c";
    union {
        const char *from;
        char *to;
    } text = {.from = script};
    char *argv[] = {sh, c, text.to, NULL};
    struct process_check check = {.kind = CHECK_COMMAND, .argv = argv};
    struct stage t = {0};

    assert_int_equal(loop_init(&t.loop), 0);
    ask(&t, &check, timeout_ms);
    assert_string_equal(t.why, want);
}

static void a_port_answers_or_says_why_not(void **state)
{
    (void)state;
    struct stage t = {0};
    struct process_check closed = {.kind = CHECK_TCP, .host = loopback, .port = 1};

    ask_server(CHECK_TCP, NULL, "yes");
    assert_int_equal(loop_init(&t.loop), 0);
    ask(&t, &closed, 1000);
    assert_string_equal(t.why, "Connection refused");
}

static void an_http_answer_is_judged_by_its_status(void **state)
{
    (void)state;
    ask_server(CHECK_HTTP, "HTTP/1.1 204 No Content\r\n\r\n", "yes");
    ask_server(CHECK_HTTP, "HTTP/1.0 302 Found\r\n\r\n", "yes");
    ask_server(CHECK_HTTP, "HTTP/1.1 503 Service Unavailable\r\n\r\n", "it answered 503");
    ask_server(CHECK_HTTP, "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", "its answer is no HTTP");
    ask_server(CHECK_HTTP, NULL, "no answer within 200 ms");
}

static void a_command_answers_with_its_code(void **state)
{
    (void)state;
    ask_command("exit 0", 5000, "yes");
    ask_command("exit 3", 5000, "/bin/sh ended with code 3");
    ask_command("kill -9 $$", 5000, "/bin/sh was ended by signal 9");
    ask_command("sleep 1000 & wait", 100, "no answer within 100 ms");
}

static void a_command_that_is_not_there_is_an_answer(void **state)
{
    (void)state;
    static char name[] = "no-such-command";
    char *argv[] = {name, NULL};
    struct process_check check = {.kind = CHECK_COMMAND, .argv = argv};
    struct stage t = {0};

    assert_int_equal(loop_init(&t.loop), 0);
    ask(&t, &check, 5000);
    assert_string_equal(t.why, "no-such-command cannot be run: No such file or directory");
}

static void a_question_that_is_cancelled_has_no_answer(void **state)
{
    (void)state;
    struct stage t = {0};
    struct process_check check = {.kind = CHECK_TCP, .host = loopback, .port = 1};
    struct probe_opts opts = {
        .loop = &t.loop, .check = &check, .timeout_ms = 1000, .done = on_done, .ctx = &t};
    struct probe *p;

    assert_int_equal(loop_init(&t.loop), 0);
    assert_int_equal(probe_start(&p, &opts), 0);
    probe_cancel(p);
    loop_run(&t.loop);
    assert_int_equal(t.answers, 0);
    loop_fini(&t.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_answers_or_says_why_not),
        cmocka_unit_test(an_http_answer_is_judged_by_its_status),
        cmocka_unit_test(a_command_answers_with_its_code),
        cmocka_unit_test(a_command_that_is_not_there_is_an_answer),
        cmocka_unit_test(a_question_that_is_cancelled_has_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
