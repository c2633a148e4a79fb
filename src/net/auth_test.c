/* SPDX-License-Identifier: MIT
 *
 * auth_test.c - who is let in, and as what.
 *
 * Requests come over a real connection, because refusals are answered there.
 */
#include "net/auth.h"

#include "base/clock.h"
#include "conf/token_hash.h"
#include "net/http_once_test.h"
#include "net/throttle.h"

struct fixture {
    struct loop loop;
    struct http_server server;
    struct auth *auth;
    struct settings settings;
    struct token_conf tokens[3];
    char token_texts[3][TOKEN_TEXT_N + 1], token_hashes[3][TOKEN_HASH_N + 1];
    uint32_t wrong_tries; /* the last that auth told of */
    unsigned wrong_told;
    char who[96];
    bool as_tcp, as_other_machine, as_tls;
    uid_t uid;
    bool want_ticket, begin_session;
    const char *cookie;
    char path_text[128];
    int ticket_error;
    char ticket[33];
    const char *path, *method;
    enum scope scope; /* of the last request that passed */
    char answer[4096];
};

static void dispatch(struct http_req *req, void *ctx)
{
    struct fixture *f = ctx;

    req->conn->is_local = !f->as_tcp;
    req->conn->is_loopback = f->as_tcp && !f->as_other_machine;
    req->conn->is_tls = f->as_tls;
    if (f->uid)
        req->conn->peer_uid = f->uid;
    if (auth_check(f->auth, req) < 0)
        return;
    f->scope = req->scope;
    grant_describe(req->grant, f->who);
    if (f->want_ticket)
        assert_int_equal(auth_stream_ticket(f->auth, req, STR_NONE, f->ticket), f->ticket_error);
    if (f->begin_session)
        assert_int_equal(auth_begin_session(f->auth, req, &f->cookie), 0);
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
    char headers[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(headers, sizeof headers, fmt, args);
    va_end(args);
    return http_once(&f->server, f->method ? f->method : "GET", f->path ? f->path : "/", headers,
                     f->answer, sizeof f->answer);
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
    assert_int_equal(auth_redeem(f->auth, str_from(ticket), false, &cookie), 0);
    assert_non_null(strstr(cookie, "; HttpOnly"));
    assert_non_null(strstr(cookie, "; SameSite=Strict"));
    assert_int_equal(auth_redeem(f->auth, str_from(ticket), false, &again), -LM_E_REFUSED);
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
    assert_int_equal(auth_redeem(f->auth, str_from(first), false, &cookie), -LM_E_REFUSED);
    assert_int_equal(auth_redeem(f->auth, str_from(second), false, &cookie), 0);
    assert_int_equal(auth_redeem(f->auth, str_from(more), false, &cookie), 0);
}

static void tickets_grow_old_after_an_hour(void **state)
{
    struct fixture *f = *state;
    char ticket[33], late[33];
    const char *cookie;

    assert_int_equal(auth_ticket(f->auth, ticket), 0);
    assert_int_equal(auth_ticket(f->auth, late), 0);
    clock_advance(3600 * (int64_t)1000000);
    assert_int_equal(auth_redeem(f->auth, str_from(ticket), false, &cookie), 0);
    clock_advance(1);
    assert_int_equal(auth_redeem(f->auth, str_from(late), false, &cookie), -LM_E_REFUSED);
}

static void nonsense_is_no_ticket(void **state)
{
    struct fixture *f = *state;
    const char *cookie;

    assert_int_equal(auth_redeem(f->auth, STR(""), false, &cookie), -LM_E_REFUSED);
    assert_int_equal(auth_redeem(f->auth, STR("0123"), false, &cookie), -LM_E_REFUSED);
    assert_int_equal(auth_redeem(f->auth, STR("00000000000000000000000000000000"), false, &cookie),
                     -LM_E_REFUSED);
}

/* --- tokens --- */

static void on_wrong(const struct http_req *req, uint32_t tries, void *ctx)
{
    struct fixture *f = ctx;

    (void)req;
    f->wrong_tries = tries;
    f->wrong_told++;
}

/* Tokens 0: read, 1: write and limited, 2: admin. */
static void configure_tokens(struct fixture *f)
{
    static char names[][8] = {"reader", "sender", "boss"}, name[] = "campaign_id", value[] = "c1";
    static struct conf_label label = {name, value};

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(token_make(f->token_texts[i], f->token_hashes[i]), 0);
        f->tokens[i] = (struct token_conf){
            .name = names[i], .hash = f->token_hashes[i], .scope = (enum token_scope)i};
    }
    f->tokens[1].labels = &label;
    f->tokens[1].label_count = 1;
    f->settings =
        (struct settings){.auth_loopback = LOOPBACK_READ, .tokens = f->tokens, .token_count = 3};
    assert_int_equal(auth_configure(f->auth, &f->settings), 0);
    auth_listen(f->auth, on_wrong, f);
}

static void a_token_gives_its_scope_wherever_it_comes_from(void **state)
{
    static const enum scope scopes[] = {SCOPE_READ, SCOPE_WRITE, SCOPE_ADMIN};
    struct fixture *f = *state;

    configure_tokens(f);
    for (int other = 0; other < 2; other++) {
        f->as_other_machine = other;
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(
                ask(f, "Host: localhost\r\nAuthorization: Bearer %s\r\n", f->token_texts[i]), 200);
            assert_int_equal(f->scope, scopes[i]);
            assert_int_equal(
                ask(f, "Host: localhost\r\nauthorization: bearer  %s\r\n", f->token_texts[i]), 200);
            assert_int_equal(f->scope, scopes[i]);
        }
    }
    assert_string_equal(f->who, "token boss");
}

static void a_token_can_be_an_offer_of_a_websocket_plain_or_encoded(void **state)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct fixture *f = *state;
    char encoded[128] = "";
    size_t n = 0;

    configure_tokens(f);
    f->as_other_machine = true;
    assert_int_equal(ask(f, "Host: localhost\r\nSec-WebSocket-Protocol: logmill.v1, bearer.%s\r\n",
                         f->token_texts[0]),
                     200);
    assert_int_equal(f->scope, SCOPE_READ);
    const unsigned char *t = (const unsigned char *)f->token_texts[2];
    for (unsigned bits = 0, count = 0; *t || count >= 6;) {
        if (count < 6) {
            bits = bits << 8 | *t++;
            count += 8;
        }
        count -= 6;
        encoded[n++] = digits[bits >> count & 63];
        if (!*t && count > 0 && count < 6)
            encoded[n++] = digits[bits << (6 - count) & 63], count = 0;
    }
    assert_int_equal(ask(f,
                         "Host: localhost\r\nSec-WebSocket-Protocol: logmill.plain\r\n"
                         "Sec-WebSocket-Protocol: bearer.%s\r\n",
                         encoded),
                     200);
    assert_int_equal(f->scope, SCOPE_ADMIN);
    assert_int_equal(ask(f, "Host: localhost\r\nSec-WebSocket-Protocol: bearer.%%%%\r\n"), 401);
}

static void another_machine_without_a_token_may_do_nothing(void **state)
{
    struct fixture *f = *state;

    configure_tokens(f);
    f->as_other_machine = true;
    assert_int_equal(ask(f, "Host: 192.0.2.1\r\n"), 200);
    assert_int_equal(f->scope, SCOPE_NONE);
}

static void a_wrong_token_is_refused_and_not_answered_with_less(void **state)
{
    static const char *const wrong[] = {"lmt_0000000000000000000000000000000000000000000000000000",
                                        "x", "v1.0.0", "lmt_"};
    struct fixture *f = *state;

    configure_tokens(f);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Bearer %s\r\n", wrong[i]), 401);
        assert_non_null(strstr(f->answer, "error=\"invalid_token\""));
    }
    /* The hash is no token, and neither is a token cut short. */
    assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Bearer %s\r\n", f->token_hashes[2]),
                     401);
    assert_int_equal(
        ask(f, "Host: localhost\r\nAuthorization: Bearer %.40s\r\n", f->token_texts[2]), 401);
    /* What a proxy may have asked for is not ours. */
    assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Basic eDp5\r\n"), 200);
    assert_int_equal(f->scope, SCOPE_WRITE);
}

static void ten_wrong_tokens_are_told_once_and_then_throttled(void **state)
{
    struct fixture *f = *state;

    configure_tokens(f);
    for (int i = 0; i < THROTTLE_TRIES; i++)
        assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Bearer no\r\n"), 401);
    assert_int_equal(f->wrong_told, 2); /* the first and the last */
    assert_int_equal(f->wrong_tries, THROTTLE_TRIES);
    assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Bearer no\r\n"), 429);
    assert_non_null(strstr(f->answer, "Retry-After: 60\r\n"));
    assert_int_equal(f->wrong_told, 2);
    /* Whoever has the right one is let in all the same. */
    assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Bearer %s\r\n", f->token_texts[0]),
                     200);
    clock_advance(THROTTLE_WINDOW_S * (int64_t)1000000);
    assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Bearer no\r\n"), 401);
}

static void a_token_that_is_gone_takes_its_sessions_and_tickets_with_it(void **state)
{
    struct fixture *f = *state;
    char session[64];

    configure_tokens(f);
    f->want_ticket = true;
    assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Bearer %s\r\n", f->token_texts[2]),
                     200);
    f->want_ticket = false;
    f->begin_session = true;
    assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Bearer %s\r\n", f->token_texts[2]),
                     200);
    f->begin_session = false;
    snprintf(session, sizeof session, "%.*s", (int)strcspn(f->cookie, ";"), f->cookie);
    assert_int_equal(ask(f, "Host: localhost\r\nCookie: %s\r\n", session), 200);
    assert_string_equal(f->who, "token boss");
    /* A reload that changes nothing changes nothing. */
    assert_int_equal(auth_configure(f->auth, &f->settings), 0);
    assert_int_equal(ask(f, "Host: localhost\r\nCookie: %s\r\n", session), 200);
    assert_string_equal(f->who, "token boss");
    f->settings.token_count = 2;
    assert_int_equal(auth_configure(f->auth, &f->settings), 0);
    assert_int_equal(ask(f, "Host: localhost\r\nCookie: %s\r\n", session), 200);
    assert_string_equal(f->who, "loopback");
    assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Bearer %s\r\n", f->token_texts[2]),
                     401);
    f->path = f->path_text;
    snprintf(f->path_text, sizeof f->path_text, "/api/x?ticket=%s", f->ticket);
    assert_int_equal(ask(f, "Host: localhost\r\n"), 401);
}

/* --- tickets for streams --- */

static int ask_with_ticket(struct fixture *f, const char *path)
{
    snprintf(f->path_text, sizeof f->path_text, "%s?tail=1&ticket=%s", path, f->ticket);
    f->path = f->path_text;
    int status = ask(f, "Host: localhost\r\n");
    f->path = NULL;
    return status;
}

static void get_ticket(struct fixture *f)
{
    f->want_ticket = true;
    assert_int_equal(ask(f, "Host: localhost\r\nAuthorization: Bearer %s\r\n", f->token_texts[1]),
                     200);
    f->want_ticket = false;
}

static void a_stream_ticket_stands_for_its_caller_on_one_path(void **state)
{
    struct fixture *f = *state;

    configure_tokens(f);
    f->as_other_machine = true;
    get_ticket(f);
    assert_int_equal(ask_with_ticket(f, "/api/v1/sse"), 200);
    assert_string_equal(f->who, "token sender");
    assert_int_equal(f->scope, SCOPE_WRITE);
    assert_int_equal(ask_with_ticket(f, "/api/v1/ws"), 401);
    assert_int_equal(ask_with_ticket(f, "/api/v1/sse/"), 401);
    f->method = "POST";
    assert_int_equal(ask_with_ticket(f, "/api/v1/sse"), 401);
    f->method = NULL;
    assert_int_equal(ask_with_ticket(f, "/api/v1/sse"), 200);
}

static void a_stream_ticket_waits_30_s_and_then_60_s_after_its_last_connection(void **state)
{
    struct fixture *f = *state;

    configure_tokens(f);
    f->as_other_machine = true;
    get_ticket(f);
    clock_advance(30 * (int64_t)1000000);
    assert_int_equal(ask_with_ticket(f, "/api/v1/sse"), 200);
    clock_advance(60 * (int64_t)1000000);
    assert_int_equal(ask_with_ticket(f, "/api/v1/sse"), 200);
    clock_advance(60 * (int64_t)1000000 + 1);
    assert_int_equal(ask_with_ticket(f, "/api/v1/sse"), 401);
    get_ticket(f);
    clock_advance(30 * (int64_t)1000000 + 1);
    assert_int_equal(ask_with_ticket(f, "/api/v1/sse"), 401);
}

static void tickets_that_wait_are_not_pushed_out_by_others(void **state)
{
    struct fixture *f = *state;
    char first[33];

    configure_tokens(f);
    get_ticket(f);
    memcpy(first, f->ticket, sizeof first);
    for (int i = 1; i < 1024; i++)
        get_ticket(f);
    f->ticket_error = -LM_E_FULL;
    get_ticket(f);
    memcpy(f->ticket, first, sizeof first);
    assert_int_equal(ask_with_ticket(f, "/api/v1/sse"), 200);
    clock_advance(31 * (int64_t)1000000);
    f->ticket_error = 0;
    get_ticket(f);
}

/* --- pages of other sites --- */

static void listed_origins_may_ask_and_the_answer_says_so(void **state)
{
    static char ops[] = "https://ops.example.com", local[] = "http://localhost:3000";
    static char *origins[] = {ops, local, NULL};
    static const char *const bad[] = {"https://ops.example.com.evil.com",
                                      "https://ops.example.co",
                                      "http://ops.example.com",
                                      "https://ops.example.com:444",
                                      "null",
                                      "*",
                                      "https://OPS.example.com"};
    struct fixture *f = *state;

    configure_tokens(f);
    f->settings.cors_origins = origins;
    assert_int_equal(auth_configure(f->auth, &f->settings), 0);
    assert_int_equal(ask(f, "Host: 127.0.0.1:1\r\nOrigin: https://ops.example.com\r\n"), 200);
    assert_non_null(strstr(f->answer, "Access-Control-Allow-Origin: https://ops.example.com\r\n"));
    assert_non_null(strstr(f->answer, "Vary: Origin\r\n"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ask(f, "Host: 127.0.0.1:1\r\nOrigin: %s\r\n", bad[i]), 403);
        assert_null(strstr(f->answer, "Access-Control-Allow-Origin"));
    }
    f->method = "OPTIONS";
    assert_int_equal(ask(f, "Host: 127.0.0.1:1\r\nOrigin: http://localhost:3000\r\n"
                            "Access-Control-Request-Method: GET\r\n"),
                     204);
    assert_non_null(strstr(f->answer, "Access-Control-Allow-Headers: Authorization, Content-Type, "
                                      "Last-Event-ID"));
}

static void a_star_lets_every_site_in_without_its_cookies(void **state)
{
    static char star[] = "*", *origins[] = {star, NULL};
    struct fixture *f = *state;
    char ticket[33], session[64];
    const char *cookie;

    configure_tokens(f);
    f->settings.cors_origins = origins;
    assert_int_equal(auth_configure(f->auth, &f->settings), 0);
    assert_int_equal(auth_ticket(f->auth, ticket), 0);
    assert_int_equal(auth_redeem(f->auth, str_from(ticket), false, &cookie), 0);
    snprintf(session, sizeof session, "%.*s", (int)strcspn(cookie, ";"), cookie);
    assert_int_equal(
        ask(f, "Host: localhost\r\nOrigin: http://localhost:1\r\nCookie: %s\r\n", session), 200);
    assert_int_equal(f->scope, SCOPE_WRITE);
    assert_non_null(strstr(f->answer, "Access-Control-Allow-Origin: *\r\n"));
    assert_null(strstr(f->answer, "Allow-Credentials"));
    assert_int_equal(ask(f, "Host: localhost\r\nOrigin: null\r\n"), 403);
}

static void what_hides_its_origin_is_told_by_the_browser(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"
                            "Sec-Fetch-Mode: no-cors\r\n"),
                     403);
    assert_int_equal(ask(f, "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"
                            "Sec-Fetch-Mode: navigate\r\n"),
                     200);
    assert_int_equal(ask(f, "Host: localhost\r\nSec-Fetch-Site: same-origin\r\n"
                            "Sec-Fetch-Mode: no-cors\r\n"),
                     200);
}

static void configured_names_are_hosts_and_their_pages_our_own(void **state)
{
    static char logs[] = "logs.example.com", *hosts[] = {logs, NULL};
    struct fixture *f = *state;

    configure_tokens(f);
    f->settings.hosts = hosts;
    assert_int_equal(auth_configure(f->auth, &f->settings), 0);
    assert_int_equal(ask(f, "Host: Logs.Example.com\r\n"), 200);
    assert_int_equal(ask(f, "Host: logs.example.com:8443\r\n"
                            "Origin: https://logs.example.com:8443\r\n"),
                     200);
    assert_int_equal(ask(f, "Host: x.logs.example.com\r\n"), 421);
    assert_int_equal(ask(f, "Host: logs.example.com.evil.com\r\n"), 421);
    assert_int_equal(ask(f, "Host: logs.example.com\r\nOrigin: https://evil.com\r\n"), 403);
}

static void over_tls_the_own_origin_is_https_and_the_cookie_secure(void **state)
{
    struct fixture *f = *state;

    f->as_tls = true;
    assert_int_equal(ask(f, "Host: 127.0.0.1:1\r\nOrigin: https://127.0.0.1:1\r\n"), 200);
    assert_int_equal(ask(f, "Host: 127.0.0.1:1\r\nOrigin: http://127.0.0.1:1\r\n"), 403);
    f->begin_session = true;
    assert_int_equal(ask(f, "Host: 127.0.0.1:1\r\n"), 200);
    assert_non_null(strstr(f->cookie, "; Secure"));
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
        TEST(a_token_gives_its_scope_wherever_it_comes_from),
        TEST(a_token_can_be_an_offer_of_a_websocket_plain_or_encoded),
        TEST(another_machine_without_a_token_may_do_nothing),
        TEST(a_wrong_token_is_refused_and_not_answered_with_less),
        TEST(ten_wrong_tokens_are_told_once_and_then_throttled),
        TEST(a_token_that_is_gone_takes_its_sessions_and_tickets_with_it),
        TEST(a_stream_ticket_stands_for_its_caller_on_one_path),
        TEST(a_stream_ticket_waits_30_s_and_then_60_s_after_its_last_connection),
        TEST(tickets_that_wait_are_not_pushed_out_by_others),
        TEST(listed_origins_may_ask_and_the_answer_says_so),
        TEST(a_star_lets_every_site_in_without_its_cookies),
        TEST(what_hides_its_origin_is_told_by_the_browser),
        TEST(configured_names_are_hosts_and_their_pages_our_own),
        TEST(over_tls_the_own_origin_is_https_and_the_cookie_secure),
    };
    clock_fake(1700000000000000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
