/* SPDX-License-Identifier: MIT
 *
 * params_test.c - what a query string may say, asked over a real connection.
 */
#include "api/params.h"

#include "net/http_once_test.h"

#include <inttypes.h>

struct fixture {
    struct loop loop;
    struct http_server server;
    char answer[4096];
};

static const char *const own[] = {"limit", "from", "order", NULL};
static const char *const orders[] = {"asc", "desc"};

/* Answers with what it understood: "<filter key> limit=... from=... order=...". */
static void handle(struct http_req *req, void *ctx)
{
    struct filter *f = params_filter(req, own);
    struct buf out = {0};
    uint64_t limit = 7;
    int64_t from = -1;
    int order = 0;

    (void)ctx;
    if (!f)
        return;
    if (params_number(req, "limit", 100, &limit) && params_time(req, "from", &from) &&
        params_choice(req, "order", orders, 2, &order)) {
        filter_add_key(f, &out);
        buf_printf(&out, " limit=%" PRIu64 " from=%" PRId64 " order=%s", limit, from,
                   orders[order]);
        http_reply(req, 200, "text/plain", buf_str(&out));
        buf_fini(&out);
    }
    params_filter_free(f);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    assert_int_equal(loop_init(&f->loop), 0);
    f->server = (struct http_server){
        .loop = &f->loop, .dispatch = handle, .head_timeout_ms = 10000, .idle_timeout_ms = 10000};
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

/* The status must be this one, the answer must hold this text. */
static void expect(struct fixture *f, const char *query, int status, const char *part)
{
    char target[1024];

    snprintf(target, sizeof target, "/x?%s", query);
    int got =
        http_once(&f->server, "GET", target, "Host: localhost\r\n", f->answer, sizeof f->answer);
    if (got != status || !strstr(f->answer, part))
        fail_msg("%s: not %d with '%s' but:\n%s", query, status, part, f->answer);
}

static void nothing_said_is_everything_wanted(void **state)
{
    expect(*state, "", 200, "\r\n\r\n limit=7 from=-1 order=asc");
    expect(*state, "&&", 200, "\r\n\r\n limit=7");
}

static void filters_and_the_routes_own_parameters_are_told_apart(void **state)
{
    expect(*state, "level=warn&limit=100&job_run_id=a&order=desc&search=x+y%2B", 200,
           "\r\n\r\nlevel:\"error\",\"fatal\",\"warn\" job_run_id:\"a\" \"x y+\" limit=100 from=-1 "
           "order=desc");
    expect(*state, "from=1970-01-02", 200, "from=86400000000");
    expect(*state, "stream=stderr&limit=0", 200, "stream:\"stderr\" limit=0");
}

static void a_filter_text_joins_the_other_parameters(void **state)
{
    expect(*state, "q=-x+%22a+b%22&source=web", 200,
           "\r\n\r\nsource:\"web\" \"a b\" -\"x\" limit=7");
    expect(*state, "q=", 200, "\r\n\r\n limit=7");
}

static void a_bad_filter_text_is_refused_with_its_column(void **state)
{
    expect(*state, "q=a+(b", 400, "\"code\":\"bad_filter\"");
    expect(*state, "q=a+(b", 400, "\"details\":{\"column\":3}");
    expect(*state, "q=gr%C3%B6%C3%9Fer+level:loud", 400, "\"details\":{\"column\":14}");
}

static void an_unknown_name_is_refused_with_the_nearest_one(void **state)
{
    expect(*state, "job_runid=a", 400, "did you mean 'job_run_id'?");
    expect(*state, "limt=3", 400, "did you mean 'limit'?");
    expect(*state, "limt=3", 400, "unknown_parameter");
    expect(*state, "something_else=3", 400, "see docs/http-api.md");
    expect(*state, "Level=info", 400, "did you mean 'level'?");
    expect(*state, "=3", 400, "unknown parameter ''");
}

static void a_name_given_twice_is_refused(void **state)
{
    expect(*state, "level=info&level=error", 400, "level is given more than once");
    expect(*state, "limit=1&level=info&limit=2", 400, "limit is given more than once");
}

static void a_bad_value_says_what_would_be_good(void **state)
{
    expect(*state, "level=loud", 400, "trace, debug, info, warn, error, fatal");
    expect(*state, "stream=stdin", 400, "stdout, stderr, system");
    expect(*state, "job_run_id=", 400, "job_run_id has no value");
    expect(*state, "limit=101", 400, "limit must be a whole number from 0 to 100");
    expect(*state, "limit=-1", 400, "limit must be");
    expect(*state, "limit=", 400, "limit must be");
    expect(*state, "limit=1e2", 400, "limit must be");
    expect(*state, "limit=99999999999999999999", 400, "limit must be");
    expect(*state, "from=yesterday", 400, "from must be a time such as");
    expect(*state, "order=up", 400, "order must be one of asc, desc");
    expect(*state, "order", 400, "order must be one of");
}

static void what_is_repeated_in_an_answer_is_made_text(void **state)
{
    expect(*state, "%22%0a%e2%82%ac=1", 400, "unknown parameter '\\\"\\n\xe2\x82\xac'");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_said_is_everything_wanted),
        TEST(filters_and_the_routes_own_parameters_are_told_apart),
        TEST(a_filter_text_joins_the_other_parameters),
        TEST(a_bad_filter_text_is_refused_with_its_column),
        TEST(an_unknown_name_is_refused_with_the_nearest_one),
        TEST(a_name_given_twice_is_refused),
        TEST(a_bad_value_says_what_would_be_good),
        TEST(what_is_repeated_in_an_answer_is_made_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
