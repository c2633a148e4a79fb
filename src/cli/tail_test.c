/* SPDX-License-Identifier: MIT
 *
 * tail_test.c - `logmill tail` and its HTTP client against a hub that is a script: one answer per
 * connection, and what was asked is kept.
 */
#include "cli/cli_call_test.h"
#include "cli/http_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWERS_MAX = 8 };

#define STREAM                                                                                     \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"              \
    "retry: 1000\n\n"
#define FULL "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define REFUSAL                                                                                    \
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 52\r\nConnection: close\r\n\r\n"                  \
    "{\"error\":{\"code\":\"x\",\"message\":\"enough, thank you\"}}"

static struct script {
    pthread_t thread;
    char dir[64], path[96];
    int listener, port;
    const char *answers[ANSWERS_MAX];
    size_t piece; /* bytes per write; 0 = all at once */
    char asked[ANSWERS_MAX][1024];
} script;

static void serve_one(int fd, const char *answer, char asked[1024])
{
    size_t n = 0, left = strlen(answer), piece = script.piece ? script.piece : left;

    while (n < 1023 && !memmem(asked, n, "\r\n\r\n", 4)) {
        ssize_t got = read(fd, asked + n, 1023 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    asked[n] = '\0';
    for (; left > 0; left -= piece < left ? piece : left, answer += piece)
        if (send(fd, answer, piece < left ? piece : left, MSG_NOSIGNAL) < 0)
            break;
    close(fd);
}

static void *play(void *unused)
{
    (void)unused;
    for (int i = 0; i < ANSWERS_MAX && script.answers[i]; i++) {
        int fd = accept(script.listener, NULL, NULL);
        if (fd < 0)
            break;
        serve_one(fd, script.answers[i], script.asked[i]);
    }
    return NULL;
}

static void begin(size_t piece, const char *first, const char *second, const char *third)
{
    script.answers[0] = first;
    script.answers[1] = second;
    script.answers[2] = third;
    script.piece = piece;
    assert_int_equal(pthread_create(&script.thread, NULL, play, NULL), 0);
}

static void end(void)
{
    assert_int_equal(pthread_join(script.thread, NULL), 0);
}

static int setup(void **state)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    (void)state;
    script = (struct script){.dir = "/tmp/tail_test.XXXXXX"};
    assert_non_null(mkdtemp(script.dir));
    snprintf(script.path, sizeof script.path, "%s/hub", script.dir);
    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", script.path);
    script.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(script.listener, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(script.listener, 8), 0);
    return 0;
}

static int setup_tcp(void **state)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof addr;

    (void)state;
    script = (struct script){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(bind(script.listener, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(script.listener, 8), 0);
    assert_int_equal(getsockname(script.listener, (struct sockaddr *)&addr, &n), 0);
    script.port = ntohs(addr.sin_port);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close(script.listener);
    if (script.dir[0]) {
        unlink(script.path);
        rmdir(script.dir);
    }
    return 0;
}

/* --- the client --- */

static int collect(struct str piece, void *ctx)
{
    buf_add_str(ctx, piece);
    return memmem(piece.p, piece.n, "STOP", 4) ? 5 : 0;
}

/* Returns the status; bodies of a 200 go to `got`, others to `body`. */
static int get(struct buf *got, struct buf *body, const char *url, int silence_ms,
               struct errinfo *info)
{
    struct target target = {.socket = script.path, .url = url};
    struct http_get what = {.path = "/api/x?a=b",
                            .last_event_id = "e.7",
                            .silence_ms = silence_ms,
                            .on_body = collect,
                            .ctx = got};
    return http_client_get(&target, &what, body, info);
}

static void an_answer_is_read_in_any_pieces(void **state)
{
    struct buf got = {0}, body = {0};
    struct errinfo info;

    (void)state;
    begin(1,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
          NULL, NULL);
    assert_int_equal(get(&got, &body, NULL, 0, &info), 200);
    end();
    assert_true(str_is(buf_str(&got), "abcde"));
    assert_int_equal(body.n, 0);
    assert_non_null(strstr(script.asked[0], "GET /api/x?a=b HTTP/1.1\r\nHost: localhost\r\n"));
    assert_non_null(strstr(script.asked[0], "\r\nLast-Event-ID: e.7\r\n"));
    buf_fini(&got);
}

static void a_refusal_is_handed_over_with_its_words(void **state)
{
    struct buf got = {0}, body = {0};
    struct errinfo info;

    (void)state;
    begin(7, REFUSAL, NULL, NULL);
    assert_int_equal(get(&got, &body, NULL, 0, &info), 400);
    end();
    assert_int_equal(got.n, 0);
    assert_non_null(memmem(body.p, body.n, "enough", 6));
    buf_fini(&body);
}

static void the_reader_may_stop_the_answer(void **state)
{
    struct buf got = {0}, body = {0};
    struct errinfo info;

    (void)state;
    begin(0, STREAM "STOP", NULL, NULL);
    assert_int_equal(get(&got, &body, NULL, 0, &info), 5);
    end();
    buf_fini(&got);
}

static void what_is_no_http_is_no_answer(void **state)
{
    struct buf got = {0}, body = {0};
    struct errinfo info;

    (void)state;
    begin(0, "SSH-2.0-OpenSSH\r\n", "", NULL);
    assert_int_equal(get(&got, &body, NULL, 0, &info), -LM_E_PROTOCOL);
    assert_int_equal(get(&got, &body, NULL, 0, &info), -ECONNRESET);
    end();
}

static void silence_ends_the_call(void **state)
{
    struct buf got = {0}, body = {0};
    struct errinfo info;

    (void)state; /* nobody accepts */
    assert_int_equal(get(&got, &body, NULL, 20, &info), -ETIMEDOUT);
}

static void a_hub_that_is_not_there_is_said_with_what_to_do(void **state)
{
    struct buf got = {0}, body = {0};
    struct errinfo info;

    (void)state;
    unlink(script.path);
    assert_int_equal(get(&got, &body, NULL, 0, &info), -ENOENT);
    assert_non_null(strstr(info.text, "logmill serve"));
    assert_int_equal(get(&got, &body, "ftp://127.0.0.1", 0, &info), -LM_E_INVALID);
    assert_int_equal(get(&got, &body, "http://127.0.0.1:1", 0, &info), -ECONNREFUSED);
    assert_true(get(&got, &body, "http://[::1]", 0, &info) < 0);
    assert_non_null(strstr(info.text, "no hub answers at http://[::1]"));
}

static void a_url_is_asked_by_its_own_name(void **state)
{
    struct buf got = {0}, body = {0};
    struct errinfo info;
    char url[64], host[64];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", script.port);
    snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%d\r\n", script.port);
    begin(0, STREAM, NULL, NULL);
    assert_int_equal(get(&got, &body, url, 0, &info), 200);
    end();
    assert_non_null(strstr(script.asked[0], host));
    buf_fini(&got);
}

static void query_values_are_encoded(void **state)
{
    struct buf out = {0};

    (void)state;
    http_add_query_value(&out, STR("aZ09-_. &=+%/\xc3\xa4\n"));
    assert_true(str_is(buf_str(&out), "aZ09-_.%20%26%3D%2B%25%2F%C3%A4%0A"));
    buf_fini(&out);
}

/* --- tail --- */

#define EVENT(id, level, message)                                                                  \
    "event: log\nid: e." #id "\ndata: {\"id\":" #id ",\"timestamp\":\"2026-01-15T10:30:45Z\","     \
    "\"level\":\"" level "\",\"stream\":\"stdout\",\"source\":\"demo\",\"message\":\"" message     \
    "\"}\n\n"

static char printed[64 * 1024];

/* Runs the command with its stdout in a file; stderr goes to /dev/null. */
static int tail(const char *options)
{
    char words[512];

    snprintf(words, sizeof words, "tail %s --socket %s", options, script.path);
    return cli_call(words, false, printed, sizeof printed);
}

static void tail_resumes_after_the_last_line_it_has(void **state)
{
    (void)state;
    begin(0,
          STREAM EVENT(1, "info", "one") EVENT(2, "warn", "two") ": hb\nid: e.9\n\n"
                                                                 "id: e.10\n",
          STREAM EVENT(11, "info", "three"), REFUSAL);
    assert_int_equal(tail("--raw -n 5 --level info"), CLI_USAGE); /* what it says to a 400 */
    end();
    assert_string_equal(printed, "one\ntwo\nthree\n");
    assert_non_null(strstr(script.asked[0],
                           "GET /api/v1/logs/stream/sse?slow=wait&tail=5&level=info HTTP/1.1\r\n"));
    assert_null(strstr(script.asked[0], "Last-Event-ID"));
    assert_non_null(strstr(script.asked[1], "\r\nLast-Event-ID: e.9\r\n"));
    assert_non_null(strstr(script.asked[2], "\r\nLast-Event-ID: e.11\r\n"));
}

static void tail_waits_for_a_hub_that_is_full_once_it_has_been_served(void **state)
{
    (void)state;
    begin(0, STREAM EVENT(1, "info", "one"), FULL, REFUSAL);
    assert_int_equal(tail("--raw"), CLI_USAGE);
    end();
    assert_string_equal(printed, "one\n");
    assert_non_null(strstr(script.asked[2], "\r\nLast-Event-ID: e.1\r\n"));
}

static void a_hub_that_is_full_from_the_start_is_a_failure(void **state)
{
    (void)state;
    begin(0, FULL, NULL, NULL);
    assert_int_equal(tail("--raw"), CLI_FAILED);
    end();
}

static void tail_prints_time_level_source_and_harmless_text(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    begin(0, STREAM EVENT(1, "warn", "a\\u001b[2Jb"), REFUSAL, NULL);
    assert_int_equal(tail(""), CLI_USAGE);
    end();
    assert_non_null(strstr(printed, "10:30:45"));
    assert_non_null(strstr(printed, "demo"));
    assert_null(strchr(printed, '\x1b'));
    assert_null(strstr(printed, "[2J"));
}

static void with_one_source_its_name_is_left_out(void **state)
{
    (void)state;
    begin(0, STREAM EVENT(1, "info", "words"), REFUSAL, NULL);
    assert_int_equal(tail("--source demo"), CLI_USAGE);
    end();
    assert_null(strstr(printed, "demo"));
    assert_non_null(strstr(printed, "words"));
}

static void json_is_printed_as_it_came(void **state)
{
    (void)state;
    begin(3, STREAM "event: log\nid: e.1\ndata: {\"id\":1,  \"message\":\"x\"}\n\n", REFUSAL, NULL);
    assert_int_equal(tail("--json"), CLI_USAGE);
    end();
    assert_string_equal(printed, "{\"id\":1,  \"message\":\"x\"}\n");
}

static void a_line_that_is_no_record_costs_itself_only(void **state)
{
    (void)state;
    begin(0, STREAM EVENT(1, "info", "one") "id: e.2\ndata: not JSON\n\n" EVENT(3, "info", "no"),
          STREAM EVENT(3, "info", "three"), REFUSAL);
    assert_int_equal(tail("--raw"), CLI_USAGE);
    end();
    assert_string_equal(printed, "one\nthree\n");
    assert_non_null(strstr(script.asked[1], "\r\nLast-Event-ID: e.2\r\n"));
}

#define TEST(name)     cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_TCP(name) cmocka_unit_test_setup_teardown(name, setup_tcp, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_is_read_in_any_pieces),
        TEST(a_refusal_is_handed_over_with_its_words),
        TEST(the_reader_may_stop_the_answer),
        TEST(what_is_no_http_is_no_answer),
        TEST(silence_ends_the_call),
        TEST(a_hub_that_is_not_there_is_said_with_what_to_do),
        TEST_TCP(a_url_is_asked_by_its_own_name),
        TEST(query_values_are_encoded),
        TEST(tail_resumes_after_the_last_line_it_has),
        TEST(tail_waits_for_a_hub_that_is_full_once_it_has_been_served),
        TEST(a_hub_that_is_full_from_the_start_is_a_failure),
        TEST(tail_prints_time_level_source_and_harmless_text),
        TEST(with_one_source_its_name_is_left_out),
        TEST(json_is_printed_as_it_came),
        TEST(a_line_that_is_no_record_costs_itself_only),
    };
    unsetenv("LOGMILL_URL");
    unsetenv("LOGMILL_CONFIG");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
