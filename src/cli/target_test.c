/* SPDX-License-Identifier: MIT
 *
 * target_test.c - flags and environment that name a hub, and URLs in parts.
 */
#include "cli/target.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

enum { WORDS_MAX = 10 };

struct words {
    char text[128], *argv[WORDS_MAX + 1];
    int argc;
};

static void split(struct words *w, const char *text)
{
    *w = (struct words){0};
    strncpy(w->text, text, sizeof w->text - 1);
    for (char *at = strtok(w->text, " "); at; at = strtok(NULL, " "))
        w->argv[w->argc++] = at;
}

static int clear(void **state)
{
    (void)state;
    unsetenv("LOGMILL_URL");
    unsetenv("LOGMILL_CA");
    unsetenv("LOGMILL_TOKEN");
    return 0;
}

static void flags_are_taken_and_the_rest_stays(void **state)
{
    struct words w;
    struct target t = {0};

    (void)state;
    split(&w, "ps --url https://h --json --ca=/c.pem --insecure x");
    assert_int_equal(target_take(&t, "ps", &w.argc, w.argv), 0);
    assert_string_equal(t.url, "https://h");
    assert_string_equal(t.ca, "/c.pem");
    assert_true(t.insecure);
    assert_int_equal(w.argc, 3);
    assert_string_equal(w.argv[1], "--json");
    assert_string_equal(w.argv[2], "x");
    assert_null(w.argv[3]);
}

static void what_stands_behind_two_dashes_is_not_a_flag(void **state)
{
    struct words w;
    struct target t = {0};

    (void)state;
    split(&w, "query -- --insecure");
    assert_int_equal(target_take(&t, "query", &w.argc, w.argv), 0);
    assert_false(t.insecure);
    assert_int_equal(w.argc, 3);
}

static void flags_go_before_the_environment(void **state)
{
    struct words w;
    struct target t = {0};

    (void)state;
    setenv("LOGMILL_URL", "http://a", 1);
    setenv("LOGMILL_CA", "/env.pem", 1);
    setenv("LOGMILL_TOKEN", "lmt_1", 1);
    split(&w, "ps --url http://b");
    assert_int_equal(target_take(&t, "ps", &w.argc, w.argv), 0);
    assert_string_equal(t.url, "http://b");
    assert_string_equal(t.ca, "/env.pem");
    assert_string_equal(t.token, "lmt_1");
    clear(NULL);
}

static void a_flag_without_its_value_is_refused(void **state)
{
    struct words w;
    struct target t = {0};

    (void)state;
    split(&w, "ps --ca");
    assert_int_equal(target_take(&t, "ps", &w.argc, w.argv), 2);
    split(&w, "ps --url=");
    assert_int_equal(target_take(&t, "ps", &w.argc, w.argv), 2);
}

static void a_url_has_parts(void **state)
{
    static const struct {
        const char *url, *host, *port, *authority, *prefix;
        bool tls;
    } cases[] = {
        {"http://127.0.0.1:8514", "127.0.0.1", "8514", "127.0.0.1:8514", "", false},
        {"https://ops.example.com/", "ops.example.com", "443", "ops.example.com", "", true},
        {"https://h:1/logs/a//", "h", "1", "h:1", "/logs/a", true},
        {"http://[::1]:80/x", "::1", "80", "[::1]:80", "/x", false},
        {"http://[::1]", "::1", "80", "[::1]", "", false},
    };
    struct target_place p;
    struct errinfo info;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct target t = {.url = cases[i].url};
        assert_int_equal(target_read_url(&t, &p, &info), 0);
        assert_string_equal(p.host, cases[i].host);
        assert_string_equal(p.port, cases[i].port);
        assert_true(str_is(p.authority, cases[i].authority));
        assert_true(str_is(p.prefix, cases[i].prefix));
        assert_int_equal(p.tls, cases[i].tls);
    }
}

static void another_scheme_is_no_url_of_a_hub(void **state)
{
    struct target t = {.url = "ftp://h"};
    struct target_place p;
    struct errinfo info;

    (void)state;
    assert_int_equal(target_read_url(&t, &p, &info), -LM_E_INVALID);
    assert_non_null(strstr(info.text, "ftp://h"));
    t.url = "http:///logs";
    assert_int_equal(target_read_url(&t, &p, &info), -LM_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_are_taken_and_the_rest_stays),
        cmocka_unit_test(what_stands_behind_two_dashes_is_not_a_flag),
        cmocka_unit_test(flags_go_before_the_environment),
        cmocka_unit_test(a_flag_without_its_value_is_refused),
        cmocka_unit_test(a_url_has_parts),
        cmocka_unit_test(another_scheme_is_no_url_of_a_hub),
    };
    return cmocka_run_group_tests(tests, clear, NULL);
}
