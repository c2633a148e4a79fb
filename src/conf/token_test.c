/* SPDX-License-Identifier: MIT
 *
 * token_test.c - tokens and their hashes, origins and hosts, and how the file says them.
 */
#include "conf/settings_file.h"
#include "conf/token_hash.h"
#include "conf/web_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void a_token_matches_its_hash_and_no_other(void **state)
{
    char token[TOKEN_TEXT_N + 1], hash[TOKEN_HASH_N + 1], other[TOKEN_TEXT_N + 1];
    char other_hash[TOKEN_HASH_N + 1];
    struct token_hash h;

    (void)state;
    assert_int_equal(token_make(token, hash), 0);
    assert_int_equal(token_make(other, other_hash), 0);
    assert_int_equal(strlen(token), TOKEN_TEXT_N);
    assert_int_equal(strlen(hash), TOKEN_HASH_N);
    assert_true(token_hash_parse(str_from(hash), &h));
    assert_true(token_hash_matches(&h, str_from(token)));
    assert_false(token_hash_matches(&h, str_from(other)));
    assert_false(token_hash_matches(&h, str_of(token, TOKEN_TEXT_N - 1)));
    assert_false(token_hash_matches(&h, STR("")));
    assert_false(token_hash_matches(&h, str_from(hash)));
    token[TOKEN_TEXT_N - 1] ^= 1;
    assert_false(token_hash_matches(&h, str_from(token)));
}

static void a_damaged_hash_is_none(void **state)
{
    char token[TOKEN_TEXT_N + 1], hash[TOKEN_HASH_N + 1], damaged[TOKEN_HASH_N + 1];
    struct token_hash h;

    (void)state;
    assert_int_equal(token_make(token, hash), 0);
    for (size_t n = 0; n < TOKEN_HASH_N; n++)
        assert_false(token_hash_parse(str_of(hash, n), &h));
    for (size_t i = 0; i < TOKEN_HASH_N; i++) {
        memcpy(damaged, hash, sizeof damaged);
        damaged[i] = 'x';
        assert_false(token_hash_parse(str_from(damaged), &h));
    }
    assert_false(token_hash_parse(STR("v2.00.00"), &h));
}

static void origins_are_what_browsers_send(void **state)
{
    static const char *const good[] = {"*",
                                       "https://ops.example.com",
                                       "http://localhost:3000",
                                       "http://[::1]:8080",
                                       "https://[2001:db8::1]",
                                       "app://desktop",
                                       "chrome-extension://abcdef"};
    static const char *const bad[] = {"",
                                      "null",
                                      "ops.example.com",
                                      "https://",
                                      "https://ops.example.com/",
                                      "https://ops.example.com:0",
                                      "https://ops.example.com:99999",
                                      "https://a b",
                                      "https://user@ops.example.com",
                                      "https://*.example.com",
                                      "HTTPS://ops.example.com",
                                      "://x",
                                      "https//x",
                                      "http://[::1",
                                      "http://[]"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(web_origin_ok(str_from(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (web_origin_ok(str_from(bad[i])))
            fail_msg("%s", bad[i]);
}

static void hosts_are_names_without_a_port(void **state)
{
    (void)state;
    assert_true(web_host_ok(STR("logs.example.com")));
    assert_true(web_host_ok(STR("hub_1")));
    assert_false(web_host_ok(STR("")));
    assert_false(web_host_ok(STR("logs.example.com:8514")));
    assert_false(web_host_ok(STR(".example.com")));
    assert_false(web_host_ok(STR("a/b")));
}

/* Reads a file with this text; on failure *info says why. */
static int read_file(struct settings *s, const char *text, struct errinfo *info)
{
    *s = (struct settings){0};
    *info = (struct errinfo){0};
    return settings_parse(s, str_from(text), info);
}

static void tokens_and_lists_are_read_from_the_file(void **state)
{
    char token[TOKEN_TEXT_N + 1], hash[TOKEN_HASH_N + 1], text[1024];
    struct settings s;
    struct errinfo info;

    (void)state;
    assert_int_equal(token_make(token, hash), 0);
    snprintf(text, sizeof text,
             "auth:\n  loopback: none\n  tokens:\n"
             "    - {name: viewer, hash: \"%s\"}\n"
             "    - {name: ci, hash: %s, scope: write, labels: {campaign_id: c1, team: blue}}\n"
             "hosts: [a.example.com, b.example.com]\n"
             "cors: {origins: [\"https://ops.example.com\"]}\n",
             hash, hash);
    assert_int_equal(read_file(&s, text, &info), 0);
    assert_int_equal(s.token_count, 2);
    assert_string_equal(s.tokens[0].name, "viewer");
    assert_int_equal(s.tokens[0].scope, TOKEN_READ);
    assert_int_equal(s.tokens[1].scope, TOKEN_WRITE);
    assert_int_equal(s.tokens[1].label_count, 2);
    assert_string_equal(s.tokens[1].labels[1].value, "blue");
    assert_string_equal(s.hosts[1], "b.example.com");
    assert_null(s.hosts[2]);
    assert_string_equal(s.cors_origins[0], "https://ops.example.com");
    settings_fini(&s);
    assert_int_equal(read_file(&s, "hosts: []\ncors: {origins: none}\n", &info), 0);
    assert_null(s.hosts[0]);
    assert_null(s.cors_origins[0]);
    settings_fini(&s);
}

static void mistakes_are_named_with_their_place(void **state)
{
    static const struct {
        const char *text, *why;
        int line;
    } cases[] = {
        {"auth:\n  tokens: {a: b}\n", "is a list of tokens", 2},
        {"auth:\n  tokens:\n    - {name: x}\n", "needs a hash", 3},
        {"auth:\n  tokens:\n    - {hash: lmt_0123}\n", "is not one that `logmill token create`", 3},
        {"auth:\n  tokens:\n    - {nme: x}\n", "did you mean 'name'?", 3},
        {"auth:\n  tokens:\n    - {name: x, scope: rea}\n", "did you mean 'read'?", 3},
        {"auth:\n  tokens:\n    - {name: x, labels: {source: ''}}\n", "cannot be a label", 3},
        {"cors:\n  origins:\n    - https://x/\n", "'https://x/'", 3},
        {"hosts: [a, 'b:1']\n", "'b:1'", 1},
    };
    struct settings s;
    struct errinfo info;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(read_file(&s, cases[i].text, &info) < 0);
        if (!strstr(info.text, cases[i].why))
            fail_msg("%zu: %s", i, info.text);
        assert_int_equal(info.line, cases[i].line);
        settings_fini(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_matches_its_hash_and_no_other),
        cmocka_unit_test(a_damaged_hash_is_none),
        cmocka_unit_test(origins_are_what_browsers_send),
        cmocka_unit_test(hosts_are_names_without_a_port),
        cmocka_unit_test(tokens_and_lists_are_read_from_the_file),
        cmocka_unit_test(mistakes_are_named_with_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
