/* SPDX-License-Identifier: MIT
 *
 * json_vectors_test.c - the scanner against texts whose verdict is decided, whole and cut.
 */
#include "record/json.h"

#include "record/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The text in memory of its own size, so that a sanitizer sees a step beyond its end. */
static struct str exact(const char *p, size_t n)
{
    char *copy = malloc(n ? n : 1);

    assert_non_null(copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = p[i];
    return str_of(copy, n);
}

static void release(struct str s)
{
    free((void *)(uintptr_t)s.p);
}

static bool accepts(struct str s)
{
    return utf8_valid_prefix(s) == s.n && json_valid(s);
}

static void check(const char *p, size_t n, bool good)
{
    struct str s = exact(p, n);

    if (accepts(s) != good)
        fail_msg("%s: %.*s", good ? "refused" : "accepted", STR_FMT(s));
    release(s);
}

static void decided_texts_get_their_verdict(void **state)
{
    (void)state;
#define GOOD(text) check(text, sizeof(text) - 1, true);
#define BAD(text)  check(text, sizeof(text) - 1, false);
#include "record/json_vectors.def"
#undef GOOD
#undef BAD
}

static void nesting_has_a_limit_and_deep_texts_cost_no_stack(void **state)
{
    struct buf text = {0};

    (void)state;
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buf_add_char(&text, '[');
    buf_add_char(&text, '1');
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buf_add_char(&text, ']');
    assert_true(json_valid(buf_str(&text)));
    buf_clear(&text);
    for (int i = 0; i < 100000; i++)
        BUF_LIT(&text, "[{\"\":");
    assert_false(json_valid(buf_str(&text)));
    buf_fini(&text);
}

static void every_cut_of_a_line_is_refused(void **state)
{
    static const char line[] = "{\"level\":30,\"time\":-1.5e+3,\"a\":[true,false,null],\"m\":"
                               "\"x\\u00e4\\n 0123456789abcdef\"}";

    (void)state;
    check(line, sizeof line - 1, true);
    for (size_t n = 0; n < sizeof line - 1; n++)
        check(line, n, false);
}

static void members_come_out_as_views_of_their_raw_text(void **state)
{
    struct str line = STR(" { \"a\" : \"x\\\"y\" , \"b\":[1, 2],\"c\":-0.5 , \"d\":{} } ");
    static const struct {
        const char *key, *value, *raw;
        enum json_type type;
    } want[] = {
        {"a", "x\\\"y", "\"a\" : \"x\\\"y\"", JSON_IS_STRING},
        {"b", "[1, 2]", "\"b\":[1, 2]", JSON_IS_ARRAY},
        {"c", "-0.5", "\"c\":-0.5", JSON_IS_NUMBER},
        {"d", "{}", "\"d\":{}", JSON_IS_OBJECT},
    };
    struct json_walk w = json_walk(line);
    struct json_member m;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(json_next(&w, &m));
        assert_true(str_is(m.key, want[i].key));
        assert_true(str_is(m.value, want[i].value));
        assert_true(str_is(json_member_raw(&m), want[i].raw));
        assert_int_equal(m.type, want[i].type);
    }
    assert_false(json_next(&w, &m));
    assert_true(w.ok);
}

static void numbers_are_told_from_what_only_looks_like_one(void **state)
{
    (void)state;
    assert_true(json_number_ok(STR("0")));
    assert_true(json_number_ok(STR("-12.50e-3")));
    assert_false(json_number_ok(STR("")));
    assert_false(json_number_ok(STR("007")));
    assert_false(json_number_ok(STR("1.")));
    assert_false(json_number_ok(STR("1 ")));
    assert_false(json_number_ok(STR("0x10")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decided_texts_get_their_verdict),
        cmocka_unit_test(nesting_has_a_limit_and_deep_texts_cost_no_stack),
        cmocka_unit_test(every_cut_of_a_line_is_refused),
        cmocka_unit_test(members_come_out_as_views_of_their_raw_text),
        cmocka_unit_test(numbers_are_told_from_what_only_looks_like_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
