/* SPDX-License-Identifier: MIT
 *
 * json_test.c - the scanner against decided texts, and against jansson on random ones.
 */
#include "record/json.h"

#include "record/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* jansson has some of our names; here its own are out of the way. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY  JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_NULL   JANSSON_NULL
#define json_object jansson_object
#include <jansson.h>
#undef json_object
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_NULL

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
    for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
        buf_add_char(&text, '[');
    buf_add_char(&text, '1');
    for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
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
        {"a", "x\\\"y", "\"a\" : \"x\\\"y\"", JSON_STRING},
        {"b", "[1, 2]", "\"b\":[1, 2]", JSON_ARRAY},
        {"c", "-0.5", "\"c\":-0.5", JSON_NUMBER},
        {"d", "{}", "\"d\":{}", JSON_OBJECT},
    };
    struct json_walk w = json_object(line);
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

static void only_one_whole_object_is_ok(void **state)
{
    static const char *const bad[] = {"",     "[]",       "1",         "{",          "{}{}",
                                      "{} x", "{\"a\":1", "{\"a\" 1}", "{\"a\":1,}", "{,}"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct json_walk w = json_object(str_from(bad[i]));
        struct json_member m;
        while (json_next(&w, &m))
            ;
        assert_false(w.ok);
    }
}

static void strings_go_there_and_back(void **state)
{
    struct buf raw = {0}, text = {0};
    char all[128 + 8];

    (void)state;
    for (int i = 0; i < 128; i++)
        all[i] = (char)i;
    memcpy(all + 128, "\xc3\xa4\xf0\x9f\x9a\x80zz", 8);
    json_add_escaped(&raw, str_of(all, sizeof all));
    json_add_unescaped(&text, buf_str(&raw));
    assert_int_equal(text.n, sizeof all);
    assert_memory_equal(text.p, all, sizeof all);
    buf_fini(&raw);
    buf_fini(&text);
}

static void check_unescape(const char *raw, const char *text)
{
    char out[128];
    size_t n = json_unescape(out, str_from(raw));

    assert_int_equal(n, strlen(text));
    assert_memory_equal(out, text, n);
    assert_true(n <= strlen(raw));
}

static void escapes_are_undone_and_lone_surrogates_replaced(void **state)
{
    (void)state;
    check_unescape("", "");
    check_unescape("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
    check_unescape("\\u0041\\u00e4\\u20ac", "A\xc3\xa4\xe2\x82\xac");
    check_unescape("\\ud83d\\ude80", "\xf0\x9f\x9a\x80");
    check_unescape("\\uD83D", "\xef\xbf\xbd");
    check_unescape("\\ude80x", "\xef\xbf\xbdx");
    check_unescape("\\ud83d\\u0041", "\xef\xbf\xbd"
                                     "A");
    check_unescape("\\ud83d\\ud83d\\ude80", "\xef\xbf\xbd\xf0\x9f\x9a\x80");
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

/* --- against jansson --- */

static uint64_t seed = 20261121;

static uint32_t dice(uint32_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % sides;
}

static void add_random(struct buf *out, int depth)
{
    static const char *const atoms[] = {"null",
                                        "true",
                                        "false",
                                        "0",
                                        "-1.5",
                                        "1e9",
                                        "\"\"",
                                        "\"plain text, longer than sixteen\"",
                                        "\"\\u00e4\\n\\\\\"",
                                        "\"\xc3\xa4\xe2\x82\xac\"",
                                        "12345678901234",
                                        "\"\\ud83d\\ude80\""};
    static const char *const spaces[] = {"", "", "", " ", "\t", "\r\n "};
    uint32_t kind = dice(depth > 4 ? 6 : 10), n = dice(4);

    buf_add_str(out, str_from(spaces[dice(6)]));
    if (kind < 6)
        buf_add_str(out, str_from(atoms[dice(sizeof atoms / sizeof *atoms)]));
    else
        buf_add_char(out, kind < 8 ? '[' : '{');
    for (uint32_t i = 0; kind >= 6 && i < n; i++) {
        if (i)
            buf_add_char(out, ',');
        if (kind >= 8)
            buf_printf(out, "%s\"k%u\"%s:", spaces[dice(6)], dice(5), spaces[dice(6)]);
        add_random(out, depth + 1);
    }
    if (kind >= 6)
        buf_add_char(out, kind < 8 ? ']' : '}');
    buf_add_str(out, str_from(spaces[dice(6)]));
}

/* Some bytes changed, taken out or doubled. */
static void damage(struct buf *text)
{
    static const char bytes[] = "{}[]\",:\\u0\x80\xc3\xff\n \x01"
                                "e-.tn";

    for (uint32_t i = dice(4); i > 0 && text->n > 0; i--) {
        size_t at = dice((uint32_t)text->n);
        if (dice(3) == 0)
            text->n = at;
        else
            text->p[at] = bytes[dice(sizeof bytes - 1)];
    }
}

/* What jansson refuses for reasons of its own: numbers beyond double, NUL, lone surrogates. */
static bool is_its_own_reason(const json_error_t *e)
{
    return json_error_code(e) == json_error_numeric_overflow ||
           json_error_code(e) == json_error_null_character ||
           json_error_code(e) == json_error_null_byte_in_key || strstr(e->text, "Unicode");
}

static size_t count_members(struct str text)
{
    struct json_walk w = json_object(text);
    struct json_member m;
    size_t n = 0;

    while (json_next(&w, &m))
        n++;
    assert_true(w.ok);
    return n;
}

/* Texts of members; where a key is repeated jansson keeps one only, and nothing is compared. */
static void compare_members(struct str text, json_t *theirs)
{
    struct json_walk w = json_object(text);
    struct json_member m;
    struct buf key = {0}, value = {0};
    bool unique = count_members(text) == json_object_size(theirs);

    while (json_next(&w, &m)) {
        buf_clear(&key);
        json_add_unescaped(&key, m.key);
        buf_add_char(&key, '\0');
        json_t *same = json_object_get(theirs, key.p);
        assert_non_null(same);
        if (!unique || m.type != JSON_STRING)
            continue;
        buf_clear(&value);
        json_add_unescaped(&value, m.value);
        assert_int_equal(json_typeof(same), JANSSON_STRING);
        assert_int_equal(json_string_length(same), value.n);
        assert_memory_equal(json_string_value(same), value.p, value.n);
    }
    buf_fini(&key);
    buf_fini(&value);
}

static void agrees_with_jansson_on_random_and_damaged_texts(void **state)
{
    struct buf text = {0};
    uint32_t good = 0;

    (void)state;
    for (int round = 0; round < 60000; round++) {
        json_error_t why;
        buf_clear(&text);
        add_random(&text, 0);
        damage(&text);
        struct str s = exact(text.p, text.n);
        json_t *theirs = json_loadb(s.p, s.n, JSON_DECODE_ANY, &why);
        bool ours = accepts(s);
        if (theirs ? !ours : ours && !is_its_own_reason(&why))
            fail_msg("%s by us: %.*s", ours ? "accepted" : "refused", STR_FMT(s));
        if (theirs && json_typeof(theirs) == JANSSON_OBJECT)
            compare_members(s, theirs);
        good += ours;
        json_decref(theirs);
        release(s);
    }
    assert_true(good > 10000 && good < 50000);
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decided_texts_get_their_verdict),
        cmocka_unit_test(nesting_has_a_limit_and_deep_texts_cost_no_stack),
        cmocka_unit_test(every_cut_of_a_line_is_refused),
        cmocka_unit_test(members_come_out_as_views_of_their_raw_text),
        cmocka_unit_test(only_one_whole_object_is_ok),
        cmocka_unit_test(strings_go_there_and_back),
        cmocka_unit_test(escapes_are_undone_and_lone_surrogates_replaced),
        cmocka_unit_test(numbers_are_told_from_what_only_looks_like_one),
        cmocka_unit_test(agrees_with_jansson_on_random_and_damaged_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
