/* SPDX-License-Identifier: MIT
 *
 * webpage_test.c - how the files of the page are served. The files are this test's own: page_find()
 * is defined here, as webpage.c defines it in the program.
 */
#include "api/webpage.h"

#include "net/http_once_test.h"

static const struct page_file files[] = {
    {"/", "text/html; charset=utf-8", "\"01\"", {"<html>", 6}, {0}},
    {"/assets/app.js", "text/javascript; charset=utf-8", "\"02\"", {"let x;", 6}, {0}},
    {"/assets/app.css", "text/css; charset=utf-8", "\"03\"", {"a { }", 5}, {"packed", 6}},
};

const struct page_file *page_find(struct str path)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (str_is(path, files[i].path))
            return &files[i];
    return NULL;
}

struct fixture {
    struct loop loop;
    struct http_server server;
    char answer[4096];
};

static void dispatch(struct http_req *req, void *ctx)
{
    (void)ctx;
    if (str_starts(req->path, STR("/assets/")))
        page_asset(req, NULL);
    else
        page_get(req, NULL);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    assert_int_equal(loop_init(&f->loop), 0);
    f->server = (struct http_server){.loop = &f->loop,
                                     .dispatch = dispatch,
                                     .ctx = f,
                                     .head_timeout_ms = 10000,
                                     .idle_timeout_ms = 10000};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    loop_fini(&f->loop);
    free(f);
    return 0;
}

/* Sends one request and returns the status; `headers` are lines with CRLF. */
static int ask(struct fixture *f, const char *path, const char *headers)
{
    char all[1024];

    snprintf(all, sizeof all, "Host: localhost\r\n%s", headers);
    return http_once(&f->server, "GET", path, all, f->answer, sizeof f->answer);
}

static void assert_has(struct fixture *f, const char *text)
{
    if (!strstr(f->answer, text))
        fail_msg("no \"%s\" in: %s", text, f->answer);
}

static void the_page_comes_at_any_address_of_its_own_and_with_any_query(void **state)
{
    assert_int_equal(ask(*state, "/", ""), 200);
    assert_has(*state, "\r\n\r\n<html>");
    assert_int_equal(ask(*state, "/logs?level=warn&search=%3Cb%3E", ""), 200);
    assert_has(*state, "\r\n\r\n<html>");
}

static void every_file_comes_with_the_policy_that_forbids_all_but_our_own(void **state)
{
    assert_int_equal(ask(*state, "/assets/app.js", ""), 200);
    assert_has(*state, "Content-Security-Policy: default-src 'none'; script-src 'self';");
    assert_has(*state, "frame-ancestors 'none'\r\n");
    assert_has(*state, "X-Frame-Options: DENY\r\n");
    assert_has(*state, "X-Content-Type-Options: nosniff\r\n");
    assert_has(*state, "Cache-Control: no-cache\r\n");
    assert_has(*state, "Content-Type: text/javascript; charset=utf-8\r\n");
}

static void a_client_that_has_the_file_gets_304_without_it(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "/assets/app.js", "If-None-Match: \"7\", W/\"02\"\r\n"), 304);
    assert_has(f, "ETag: W/\"02\"\r\n");
    assert_null(strstr(f->answer, "let x;"));
    assert_int_equal(ask(f, "/assets/app.js", "If-None-Match: \"01\"\r\n"), 200);
}

static void a_file_may_be_kept_when_its_version_was_asked_for(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "/assets/app.js?v=02", ""), 200);
    assert_has(f, "Cache-Control: max-age=31536000, immutable\r\n");
    assert_int_equal(ask(f, "/assets/app.js?v=01", ""), 200);
    assert_has(f, "Cache-Control: no-cache\r\n");
    assert_int_equal(ask(f, "/?v=", ""), 200);
    assert_has(f, "Cache-Control: no-cache\r\n");
}

static void a_large_file_is_packed_for_those_who_take_that(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "/assets/app.css", "Accept-Encoding: gzip, br\r\n"), 200);
    assert_has(f, "Content-Encoding: gzip\r\n");
    assert_has(f, "Vary: Accept-Encoding\r\n");
    assert_has(f, "\r\n\r\npacked");
    assert_int_equal(ask(f, "/assets/app.css", "Accept-Encoding: br, gzip;q=0\r\n"), 200);
    assert_has(f, "\r\n\r\na { }");
    assert_null(strstr(f->answer, "Content-Encoding"));
    assert_int_equal(ask(f, "/assets/app.js", "Accept-Encoding: gzip\r\n"), 200);
    assert_null(strstr(f->answer, "Content-Encoding"));
}

static void a_file_that_is_not_part_of_the_page_is_not_found(void **state)
{
    assert_int_equal(ask(*state, "/assets/app.ts", ""), 404);
    assert_int_equal(ask(*state, "/assets/", ""), 404);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_page_comes_at_any_address_of_its_own_and_with_any_query,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            every_file_comes_with_the_policy_that_forbids_all_but_our_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_that_has_the_file_gets_304_without_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_may_be_kept_when_its_version_was_asked_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_large_file_is_packed_for_those_who_take_that, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_part_of_the_page_is_not_found, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
