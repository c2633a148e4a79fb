/* SPDX-License-Identifier: MIT
 *
 * json_test.c - the strict scanner: what is one JSON object, and what its members are.
 */
#include "record/json.h"

#include "record/json_oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static bool accepts(struct str text)
{
    struct json_walk w = json_walk(text);
    struct json_member m;

    while (json_next(&w, &m))
        continue;
    assert_false(json_next(&w, &m)); /* it stays at the end */
    return w.ok;
}

static void well_formed_objects_are_accepted(void **state)
{
    const struct str texts[] = {
        STR("{}"),
        STR(" \t\r\n{ } \n"),
        STR("{\"a\":1}"),
        STR("{\"\":null}"),
        STR("{\"a\":true,\"b\":false , \"c\" : null}"),
        STR("{\"a\":[],\"b\":[ ],\"c\":{},\"d\":{ }}"),
        STR("{\"a\":[1,[2,{\"x\":[3]}],\"y\"]}"),
        STR("{\"n\":[0,-0,-1,10,1.5,-0.0,1e5,1E+5,1e-5,0e0,0.1e1,123456789012345678901234567890]}"),
        STR("{\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uD83D\\uDE00\"}"),
        STR("{\"s\":\"\x7f\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}"),
        STR("{\"lone\":\"\\ud800\",\"zero\":\"\\u0000\"}"),
        STR("{\"twice\":1,\"twice\":2}"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!accepts(texts[i]))
            fail_msg("refused: %.*s", STR_FMT(texts[i]));
}

static void everything_else_is_refused(void **state)
{
    const struct str texts[] = {
        STR(""),
        STR(" "),
        STR("1"),
        STR("null"),
        STR("\"a\""),
        STR("[]"),
        STR("[{\"a\":1}]"),
        STR("{"),
        STR("}"),
        STR("{}}"),
        STR("{}x"),
        STR("{} {}"),
        STR("{}\0"),
        STR("\xef\xbb\xbf{}"),
        STR("\f{}"),
        STR("{\xc2\xa0}"),
        STR("{,}"),
        STR("{\"a\":1,}"),
        STR("{,\"a\":1}"),
        STR("{\"a\":1,,\"b\":2}"),
        STR("{\"a\":1 \"b\":2}"),
        STR("{\"a\"}"),
        STR("{\"a\":}"),
        STR("{\"a\" 1}"),
        STR("{\"a\"::1}"),
        STR("{\"a\":1"),
        STR("{\"a\":1]"),
        STR("{a:1}"),
        STR("{'a':1}"),
        STR("{1:1}"),
        STR("{null:1}"),
        STR("{\"a\":[1,]}"),
        STR("{\"a\":[,1]}"),
        STR("{\"a\":[1 2]}"),
        STR("{\"a\":[1}}"),
        STR("{\"a\":[1"),
        STR("{\"a\":[\"\"],}"),
        STR("{\"a\":/**/1}"),
        STR("{\"a\":1//\n}"),
        /* words */
        STR("{\"a\":tru}"),
        STR("{\"a\":True}"),
        STR("{\"a\":truee}"),
        STR("{\"a\":nul"),
        STR("{\"a\":undefined}"),
        /* numbers */
        STR("{\"a\":-}"),
        STR("{\"a\":+1}"),
        STR("{\"a\":01}"),
        STR("{\"a\":-01}"),
        STR("{\"a\":1.}"),
        STR("{\"a\":.5}"),
        STR("{\"a\":-.5}"),
        STR("{\"a\":1e}"),
        STR("{\"a\":1e+}"),
        STR("{\"a\":1.e1}"),
        STR("{\"a\":0x10}"),
        STR("{\"a\":1_000}"),
        STR("{\"a\":NaN}"),
        STR("{\"a\":-Infinity}"),
        STR("{\"a\":1a}"),
        STR("{\"a\":--1}"),
        STR("{\"a\":\xef\xbc\x91}"),
        /* strings */
        STR("{\"a\":\"}"),
        STR("{\"a\":\"\\\"}"),
        STR("{\"a\":\"\\x41\"}"),
        STR("{\"a\":\"\\a\"}"),
        STR("{\"a\":\"\\\0\"}"),
        STR("{\"a\":\"\\u12\"}"),
        STR("{\"a\":\"\\u12g4\"}"),
        STR("{\"a\":\"\\U1234\"}"),
        STR("{\"a\":\"\\u"),
        STR("{\"a\":\"tab\there\"}"),
        STR("{\"a\":\"line\nhere\"}"),
        STR("{\"a\":\"zero\0here\"}"),
        STR("{\"a\n\":1}"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (accepts(texts[i]))
            fail_msg("accepted: %.*s", STR_FMT(texts[i]));
}

/* `{"a":` and arrays inside one another, with a scalar in the middle. */
static bool accepts_depth(size_t depth, const char *inmost)
{
    struct buf text = {0};

    BUF_LIT(&text, "{\"a\":");
    for (size_t i = 1; i < depth; i++)
        buf_add_char(&text, '[');
    buf_add_str(&text, str_from(inmost));
    for (size_t i = 1; i < depth; i++)
        buf_add_char(&text, ']');
    buf_add_char(&text, '}');
    bool ok = accepts(buf_str(&text));
    buf_fini(&text);
    return ok;
}

static void nesting_goes_to_64_and_no_further(void **state)
{
    (void)state;
    assert_true(accepts_depth(64, "1"));
    assert_true(accepts_depth(64, ""));
    assert_true(accepts_depth(63, "{\"b\":1}"));
    assert_false(accepts_depth(65, "1"));
    assert_false(accepts_depth(65, ""));
    assert_false(accepts_depth(64, "{}"));
    assert_false(accepts_depth(100000, "1"));
}

static void members_come_in_order_as_views_of_their_raw_text(void **state)
{
    static const struct {
        const char *key, *value;
        enum json_type type;
    } expected[] = {
        {"s", "a\\n\\\"b", JSON_IS_STRING}, {"k\\u0041", "-1.5e3", JSON_IS_NUMBER},
        {"b", "false", JSON_IS_BOOL},       {"n", "null", JSON_IS_NULL},
        {"a", "[1, [2]]", JSON_IS_ARRAY},   {"o", "{ \"x\" : {} }", JSON_IS_OBJECT},
        {"", "", JSON_IS_STRING},
    };
    struct str text = STR("{\"s\":\"a\\n\\\"b\", \"k\\u0041\" : -1.5e3 ,\"b\":false,\"n\":null,"
                          "\"a\":[1, [2]],\"o\":{ \"x\" : {} },\"\":\"\"}");
    struct json_walk w = json_walk(text);
    struct json_member m;

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_true(json_next(&w, &m));
        assert_true(str_is(m.key, expected[i].key));
        assert_true(str_is(m.value, expected[i].value));
        assert_int_equal(m.type, expected[i].type);
        assert_true(m.value.p > text.p && m.value.p + m.value.n < text.p + text.n);
    }
    assert_false(json_next(&w, &m));
    assert_true(w.ok);
}

static void assert_escaped(struct str plain, const char *expected)
{
    struct buf out = {0}, back = {0};

    json_add_string(&out, plain);
    assert_true(str_is(buf_str(&out), expected));
    json_add_unescaped(&back, str_of(out.p + 1, out.n - 2));
    assert_true(str_eq(buf_str(&back), plain));
    buf_fini(&out);
    buf_fini(&back);
}

static void strings_are_escaped_as_little_as_json_allows_and_read_back(void **state)
{
    char all[32];

    (void)state;
    assert_escaped(STR(""), "\"\"");
    assert_escaped(STR("/\x7f\xe2\x80\xa8"), "\"/\x7f\xe2\x80\xa8\"");
    assert_escaped(STR("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    assert_escaped(STR("\0\x1f\x1b"), "\"\\u0000\\u001f\\u001b\"");
    for (size_t i = 0; i < 32; i++)
        all[i] = (char)i;
    struct buf out = {0}, text = {0};
    json_add_string(&out, str_of(all, 32));
    buf_printf(&text, "{\"a\":%.*s}", (int)out.n, out.p);
    assert_true(accepts(buf_str(&text)));
    buf_fini(&out);
    buf_fini(&text);
}

static void assert_unescaped(const char *raw, struct str expected)
{
    struct buf out = {0};

    json_add_unescaped(&out, str_from(raw));
    assert_true(str_eq(buf_str(&out), expected));
    buf_fini(&out);
}

static void escapes_become_characters_and_lone_surrogates_replacements(void **state)
{
    (void)state;
    assert_unescaped("\\u0041\\u00e4\\u20AC", STR("A\xc3\xa4\xe2\x82\xac"));
    assert_unescaped("\\ud83d\\ude00", STR("\xf0\x9f\x98\x80"));
    assert_unescaped("\\udbff\\udfff", STR("\xf4\x8f\xbf\xbf"));
    assert_unescaped("\\ud83d", STR("\xef\xbf\xbd"));
    assert_unescaped("\\ud83dx", STR("\xef\xbf\xbdx"));
    assert_unescaped("\\ude00\\ud83d", STR("\xef\xbf\xbd\xef\xbf\xbd"));
    assert_unescaped("\\ud83d\\u0041", STR("\xef\xbf\xbd"
                                           "A"));
    assert_unescaped("\\ud83d\\n", STR("\xef\xbf\xbd\n"));
    assert_unescaped("\\ud83d\\ud83d\\ude00", STR("\xef\xbf\xbd\xf0\x9f\x98\x80"));
    assert_unescaped("a\\/\\\\u0041", STR("a/\\u0041"));
}

/* --- against jansson --- */

static unsigned random_state = 12345;

static unsigned below(unsigned n)
{
    random_state = random_state * 1103515245 + 12345;
    return (random_state >> 8) % n;
}

static void add_value(struct buf *out, int depth)
{
    static const char *const scalars[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12",
        "-1.5e2",
        "1E+3",
        "0.25",
        "\"\"",
        "\"x\"",
        "\"a b\"",
        "\"\\u00e9\\n\"",
        "\"\xc3\xa9\\\\\"",
    };
    unsigned kind = below(depth > 5 ? 3 : 5);

    if (below(6) == 0)
        buf_add_char(out, " \t\n\r"[below(4)]);
    if (kind < 3) {
        buf_add_str(out, str_from(scalars[below(sizeof scalars / sizeof scalars[0])]));
        return;
    }
    buf_add_char(out, kind == 3 ? '[' : '{');
    for (unsigned i = 0, n = below(4); i < n; i++) {
        if (i)
            buf_add_char(out, ',');
        if (kind == 4)
            buf_printf(out, "\"k%u\":", below(5));
        add_value(out, depth + 1);
    }
    buf_add_char(out, kind == 3 ? ']' : '}');
}

static void mutate(struct buf *text)
{
    static const char alphabet[] = "{}[],:\"\\0123.eE+-tfn u\n\x01\x7f";
    size_t at = below((unsigned)text->n);

    if (below(2))
        text->p[at] = alphabet[below(sizeof alphabet - 1)];
    else
        memmove(text->p + at, text->p + at + 1, --text->n - at);
}

/* Whole objects, and objects with a byte or two changed or missing: half are well-formed. */
static void random_texts_are_judged_and_read_as_jansson_does(void **state)
{
    struct buf text = {0};
    int accepted = 0;

    (void)state;
    for (int round = 0; round < 30000; round++) {
        buf_clear(&text);
        BUF_LIT(&text, "{\"first\":");
        add_value(&text, 1);
        BUF_LIT(&text, " ,\"k1\":");
        add_value(&text, 1);
        buf_add_char(&text, '}');
        for (unsigned n = below(3); n > 0; n--)
            mutate(&text);
        accepted += accepts(buf_str(&text));
        if (json_oracle(buf_str(&text)) == ORACLE_DIFFERS)
            fail_msg("they differ: %.*s", (int)text.n, text.p);
    }
    assert_true(accepted > 10000 && accepted < 29000);
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_objects_are_accepted),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(nesting_goes_to_64_and_no_further),
        cmocka_unit_test(members_come_in_order_as_views_of_their_raw_text),
        cmocka_unit_test(strings_are_escaped_as_little_as_json_allows_and_read_back),
        cmocka_unit_test(escapes_become_characters_and_lone_surrogates_replacements),
        cmocka_unit_test(random_texts_are_judged_and_read_as_jansson_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
