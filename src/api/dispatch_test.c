/* SPDX-License-Identifier: MIT
 *
 * dispatch_test.c - the table of routes, who reaches a handler, and the exchange of tickets.
 */
#include "api/dispatch.h"

#include "net/http_once_test.h"

static void say_param(struct http_req *req, struct api *api)
{
    char text[256];
    const struct route *route = req->route;

    (void)api;
    snprintf(text, sizeof text, "<%s id=%.*s>", route->sentence, STR_FMT(api_param(req, "id")));
    http_reply(req, 200, "text/plain", str_from(text));
}

static const struct route table[] = {
    {HTTP_GET_M, "/", session_enter, SCOPE_NONE, "page", false, false, NULL, ANSWER_Page},
    {HTTP_GET_M, "/logs", session_enter, SCOPE_NONE, "logs", false, false, NULL, ANSWER_Page},
    {HTTP_GET_M, "/api/session", session_get, SCOPE_NONE, "session", false, false, NULL,
     ANSWER_Page},
    {HTTP_GET_M, "/api/a/{id}", say_param, SCOPE_READ, "param", false, false, NULL, ANSWER_Page},
    {HTTP_DELETE_M, "/api/a/{id}", say_param, SCOPE_ADMIN, "delete", false, false, NULL,
     ANSWER_Page},
    {HTTP_GET_M, "/api/a/latest", say_param, SCOPE_READ, "literal", false, false, NULL,
     ANSWER_Page},
    {HTTP_GET_M, "/api/a/{id}/tail", say_param, SCOPE_READ, "tail", false, false, NULL,
     ANSWER_Page},
    {HTTP_GET_M, "/api/a/latest/{id}", say_param, SCOPE_READ, "latest", false, false, NULL,
     ANSWER_Page},
};

struct fixture {
    struct loop loop;
    struct http_server server;
    struct api api;
    char answer[8192];
};

static void dispatch(struct http_req *req, void *ctx)
{
    struct fixture *f = ctx;

    req->conn->is_loopback = true;
    req->conn->is_local = false; /* so that the scope is what loopback is given */
    route_dispatch(req, &f->api, table, sizeof table / sizeof *table);
}

static struct fixture *start(enum scope loopback)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_int_equal(loop_init(&f->loop), 0);
    assert_int_equal(auth_new(&f->api.auth, loopback), 0);
    f->server = (struct http_server){
        .loop = &f->loop,
        .dispatch = dispatch,
        .ctx = f,
        .head_timeout_ms = 10000,
        .idle_timeout_ms = 10000,
    };
    return f;
}

static int setup(void **state)
{
    *state = start(SCOPE_WRITE);
    return 0;
}

static int setup_without_scope(void **state)
{
    *state = start(SCOPE_NONE);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    auth_free(f->api.auth);
    loop_fini(&f->loop);
    free(f);
    return 0;
}

/* Sends one request and returns the status; `headers` are lines with CRLF. */
static int ask(struct fixture *f, const char *method, const char *path, const char *headers)
{
    char all[1024];

    snprintf(all, sizeof all, "Host: localhost\r\n%s", headers);
    return http_once(&f->server, method, path, all, f->answer, sizeof f->answer);
}

static void assert_has(struct fixture *f, const char *text)
{
    if (!strstr(f->answer, text))
        fail_msg("no \"%s\" in: %s", text, f->answer);
}

struct line {
    const char *method, *path, *sentence;
    enum scope scope;
};

static const struct line lines[] = {
#define ROUTE(method, path, handler, scope, answer, params, sentence)                              \
    {#method, path, sentence, (scope)&SCOPE_BITS},
#include "api/routes.def"
#undef ROUTE
};

static void every_route_has_a_sentence_and_is_there_once(void **state)
{
    size_t n = sizeof lines / sizeof *lines;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        size_t end = strlen(lines[i].sentence);
        assert_int_equal(lines[i].path[0], '/');
        assert_true(end > 10 && lines[i].sentence[end - 1] == '.');
        for (size_t k = 0; k < i; k++)
            if (strcmp(lines[i].path, lines[k].path) == 0)
                assert_string_not_equal(lines[i].method, lines[k].method);
    }
}

static void only_the_page_and_health_are_open_to_all(void **state)
{
    static const char *const open_to_all[] = {"/",
                                              "/logs",
                                              "/jobs",
                                              "/search",
                                              "/processes",
                                              "/status",
                                              "/assets/{name}",
                                              "/healthz",
                                              "/readyz",
                                              "/api/v1/session",
                                              "/api/v1/openapi.json"};
    size_t open_count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (lines[i].scope != SCOPE_NONE)
            continue;
        open_count++;
        bool known = false;
        for (size_t k = 0; k < sizeof open_to_all / sizeof *open_to_all; k++)
            known |= strcmp(lines[i].path, open_to_all[k]) == 0;
        assert_true(known);
    }
    assert_int_equal(open_count, sizeof open_to_all / sizeof *open_to_all + 1); /* DELETE, too */
}

static void a_literal_segment_goes_before_a_parameter(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "GET", "/api/a/latest", ""), 200);
    assert_has(f, "<literal id=>");
    assert_int_equal(ask(f, "GET", "/api/a/x%20y", ""), 200);
    assert_has(f, "<param id=x y>");
    assert_int_equal(ask(f, "GET", "/api/a/1/tail", ""), 200);
    assert_has(f, "<tail id=1>");
    assert_int_equal(ask(f, "GET", "/api/a/latest/tail", ""), 200);
    assert_has(f, "<latest id=tail>");
}

static void what_is_not_in_the_table_is_404_with_a_hint(void **state)
{
    static const char *const nothing[] = {"/api/a",          "/api/a/", "/api/a/1/", "/api/a/1/tai",
                                          "/api/a/1/tail/2", "//",      "/logs/"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        assert_int_equal(ask(f, "GET", nothing[i], ""), 404);
    assert_int_equal(ask(f, "GET", "/api/sesion", ""), 404);
    assert_has(f, "did you mean /api/session?");
    assert_int_equal(ask(f, "GET", "/quite/another/thing", ""), 404);
    assert_has(f, "the API below /api/v1/");
}

static void a_wrong_method_is_405_and_the_right_ones_are_named(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "POST", "/api/a/1", ""), 405);
    assert_has(f, "Allow: GET, HEAD, DELETE, OPTIONS\r\n");
    assert_int_equal(ask(f, "PATCH", "/api/session", ""), 405);
    assert_has(f, "Allow: GET, HEAD, OPTIONS\r\n");
}

static void options_are_answered_for_every_path(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "OPTIONS", "/api/a/1", ""), 204);
    assert_has(f, "Allow: GET, HEAD, DELETE, OPTIONS\r\n");
    assert_int_equal(ask(f, "OPTIONS", "/nothing", ""), 404);
}

static void head_is_served_by_get_without_a_body(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "HEAD", "/api/a/1", ""), 200);
    assert_has(f, "Content-Length: 12\r\n");
    assert_null(strstr(f->answer, "<param"));
}

static void a_missing_scope_is_401_and_says_what_to_do(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "DELETE", "/api/a/1", ""), 401);
    assert_has(f, "open the URL that `logmill serve` printed");
    assert_int_equal(ask(f, "GET", "/api/session", ""), 200);
    assert_has(f, "{\"scope\":\"write\",\"session\":false}");
}

static void without_any_scope_the_session_can_still_be_asked_for(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "GET", "/api/a/1", ""), 401);
    assert_int_equal(ask(f, "GET", "/api/session", ""), 200);
    assert_has(f, "{\"scope\":\"none\",\"session\":false}");
}

static void a_foreign_origin_is_refused_before_anything_else(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "GET", "/nothing", "Origin: http://evil.com\r\n"), 403);
}

static void a_ticket_becomes_a_cookie_once(void **state)
{
    struct fixture *f = *state;
    char ticket[33], path[64], cookie[128];

    assert_int_equal(auth_ticket(f->api.auth, ticket), 0);
    snprintf(path, sizeof path, "/logs?job_run_id=x&ticket=%s", ticket);
    assert_int_equal(ask(f, "HEAD", path, ""), 403);
    assert_int_equal(ask(f, "GET", path, ""), 303);
    assert_has(f, "Location: /logs\r\n");
    const char *set = strstr(f->answer, "Set-Cookie: ");
    assert_non_null(set);
    snprintf(cookie, sizeof cookie, "Cookie: %.*s\r\n", (int)strcspn(set + 12, ";"), set + 12);
    assert_int_equal(ask(f, "GET", "/api/session", cookie), 200);
    assert_has(f, "{\"scope\":\"admin\",\"session\":true}");
    assert_int_equal(ask(f, "DELETE", "/api/a/1", cookie), 200);
    assert_int_equal(ask(f, "GET", path, ""), 403);
    assert_has(f, "Take the URL from the console again");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_has_a_sentence_and_is_there_once),
        cmocka_unit_test(only_the_page_and_health_are_open_to_all),
        TEST(a_literal_segment_goes_before_a_parameter),
        TEST(what_is_not_in_the_table_is_404_with_a_hint),
        TEST(a_wrong_method_is_405_and_the_right_ones_are_named),
        TEST(options_are_answered_for_every_path),
        TEST(head_is_served_by_get_without_a_body),
        TEST(a_missing_scope_is_401_and_says_what_to_do),
        cmocka_unit_test_setup_teardown(without_any_scope_the_session_can_still_be_asked_for,
                                        setup_without_scope, teardown),
        TEST(a_foreign_origin_is_refused_before_anything_else),
        TEST(a_ticket_becomes_a_cookie_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
