/* SPDX-License-Identifier: MIT
 *
 * auth_test.c - who is let in, and as what.
 *
 * Requests come over a real connection, because refusals are answered there.
 */
#include "net/auth.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct loop loop;
    struct http_server server;
    struct auth *auth;
    bool as_tcp;
    uid_t uid;
    enum scope scope; /* of the last request that passed */
    char answer[4096];
};

static void dispatch(struct http_req *req, void *ctx)
{
    struct fixture *f = ctx;

    req->conn->is_local = !f->as_tcp;
    if (f->uid)
        req->conn->peer_uid = f->uid;
    if (auth_check(f->auth, req) < 0)
        return;
    f->scope = req->scope;
    http_reply(req, 200, "text/plain", STR("in"));
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_int_equal(loop_init(&f->loop), 0);
    assert_int_equal(auth_new(&f->auth, SCOPE_WRITE), 0);
    f->server = (struct http_server){
        .loop = &f->loop,
        .dispatch = dispatch,
        .ctx = f,
        .head_timeout_ms = 10000,
        .idle_timeout_ms = 10000,
    };
    f->as_tcp = true;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    auth_free(f->auth);
    loop_fini(&f->loop);
    free(f);
    return 0;
}

/* Sends GET / with these header lines and returns the status. */
static int ask(struct fixture *f, const char *fmt, ...) LM_PRINTF(2, 3);
static int ask(struct fixture *f, const char *fmt, ...)
{
    static const struct conn_ops none = {0};
    char text[1024];
    int pair[2];
    size_t n = 0;
    ssize_t got;
    struct conn *c;
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(conn_open(&f->loop, pair[1], true, &none, NULL, &c), 0);
    assert_int_equal(http_serve(&f->server, c), 0);
    dprintf(pair[0], "GET / HTTP/1.1\r\nConnection: close\r\n%s\r\n", text);
    shutdown(pair[0], SHUT_WR);
    loop_run(&f->loop);
    while ((got = read(pair[0], f->answer + n, sizeof f->answer - 1 - n)) > 0)
        n += (size_t)got;
    f->answer[n] = '\0';
    close(pair[0]);
    return atoi(f->answer + sizeof "HTTP/1.1");
}

static void only_addresses_and_localhost_are_answered(void **state)
{
    static const char *const good[] = {"127.0.0.1",   "127.0.0.1:8514", "localhost",
                                       "LocalHost:1", "[::1]",          "[::1]:8514"};
    static const char *const bad[] = {"example.com",
                                      "evil.localhost",
                                      "localhost.evil.com",
                                      "localhost:x",
                                      "localhost:99999",
                                      "127.0.0.1.nip.io",
                                      "",
                                      "[::1",
                                      "[::1]x",
                                      "::1",
                                      "[127.0.0.1]:8514",
                                      "127.1"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(ask(f, "Host: %s\r\n", good[i]), 200);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ask(f, "Host: %s\r\n", bad[i]), 421);
}

static void an_origin_must_be_our_own_exactly(void **state)
{
    static const char *const bad[] = {"http://evil.com",        "null",
                                      "https://127.0.0.1:8514", "http://127.0.0.1:8515",
                                      "http://127.0.0.1",       "http://127.0.0.1:8514.evil.com",
                                      "http://localhost:8514",  "http://127.0.0.1:8514/",
                                      "127.0.0.1:8514",         ""};
    struct fixture *f = *state;

    assert_int_equal(ask(f, "Host: 127.0.0.1:8514\r\nOrigin: http://127.0.0.1:8514\r\n"), 200);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ask(f, "Host: 127.0.0.1:8514\r\nOrigin: %s\r\n", bad[i]), 403);
}

static void tcp_gets_what_loopback_is_given(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "Host: localhost\r\n"), 200);
    assert_int_equal(f->scope, SCOPE_WRITE);
}

static void the_unix_socket_is_admin_for_us_and_root_only(void **state)
{
    struct fixture *f = *state;

    f->as_tcp = false;
    assert_int_equal(ask(f, "Host: localhost\r\n"), 200);
    assert_int_equal(f->scope, SCOPE_ADMIN);
    f->uid = geteuid() + 12345;
    assert_int_equal(ask(f, "Host: localhost\r\n"), 200);
    assert_int_equal(f->scope, SCOPE_NONE);
}

static void a_ticket_opens_one_session_that_is_admin(void **state)
{
    struct fixture *f = *state;
    char ticket[33], session[64];
    const char *cookie, *again;

    assert_int_equal(auth_ticket(f->auth, ticket), 0);
    assert_int_equal(strlen(ticket), 32);
    assert_int_equal(auth_redeem(f->auth, str_from(ticket), &cookie), 0);
    assert_non_null(strstr(cookie, "; HttpOnly"));
    assert_non_null(strstr(cookie, "; SameSite=Strict"));
    assert_int_equal(auth_redeem(f->auth, str_from(ticket), &again), -LM_E_REFUSED);
    snprintf(session, sizeof session, "%.*s", (int)strcspn(cookie, ";"), cookie);
    assert_int_equal(ask(f, "Host: localhost\r\nCookie: x=y; %s\r\n", session), 200);
    assert_int_equal(f->scope, SCOPE_ADMIN);
    session[strlen(session) - 1] ^= 1;
    assert_int_equal(ask(f, "Host: localhost\r\nCookie: %s\r\n", session), 200);
    assert_int_equal(f->scope, SCOPE_WRITE);
}

static void a_ticket_is_not_a_session(void **state)
{
    struct fixture *f = *state;
    char ticket[33];

    assert_int_equal(auth_ticket(f->auth, ticket), 0);
    assert_int_equal(ask(f, "Host: localhost\r\nCookie: " AUTH_COOKIE "=%s\r\n", ticket), 200);
    assert_int_equal(f->scope, SCOPE_WRITE);
}

static void the_oldest_of_65_tickets_makes_room(void **state)
{
    struct fixture *f = *state;
    char first[33], second[33], more[33];
    const char *cookie;

    assert_int_equal(auth_ticket(f->auth, first), 0);
    clock_advance(1);
    assert_int_equal(auth_ticket(f->auth, second), 0);
    for (int i = 0; i < 63; i++) {
        clock_advance(1);
        assert_int_equal(auth_ticket(f->auth, more), 0);
    }
    assert_int_equal(auth_redeem(f->auth, str_from(first), &cookie), -LM_E_REFUSED);
    assert_int_equal(auth_redeem(f->auth, str_from(second), &cookie), 0);
    assert_int_equal(auth_redeem(f->auth, str_from(more), &cookie), 0);
}

static void tickets_grow_old_after_an_hour(void **state)
{
    struct fixture *f = *state;
    char ticket[33], late[33];
    const char *cookie;

    assert_int_equal(auth_ticket(f->auth, ticket), 0);
    assert_int_equal(auth_ticket(f->auth, late), 0);
    clock_advance(3600 * (int64_t)1000000);
    assert_int_equal(auth_redeem(f->auth, str_from(ticket), &cookie), 0);
    clock_advance(1);
    assert_int_equal(auth_redeem(f->auth, str_from(late), &cookie), -LM_E_REFUSED);
}

static void nonsense_is_no_ticket(void **state)
{
    struct fixture *f = *state;
    const char *cookie;

    assert_int_equal(auth_redeem(f->auth, STR(""), &cookie), -LM_E_REFUSED);
    assert_int_equal(auth_redeem(f->auth, STR("0123"), &cookie), -LM_E_REFUSED);
    assert_int_equal(auth_redeem(f->auth, STR("00000000000000000000000000000000"), &cookie),
                     -LM_E_REFUSED);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_addresses_and_localhost_are_answered),
        TEST(an_origin_must_be_our_own_exactly),
        TEST(tcp_gets_what_loopback_is_given),
        TEST(the_unix_socket_is_admin_for_us_and_root_only),
        TEST(a_ticket_opens_one_session_that_is_admin),
        TEST(a_ticket_is_not_a_session),
        TEST(the_oldest_of_65_tickets_makes_room),
        TEST(tickets_grow_old_after_an_hour),
        TEST(nonsense_is_no_ticket),
    };
    clock_fake(1700000000000000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
