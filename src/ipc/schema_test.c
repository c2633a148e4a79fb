/* SPDX-License-Identifier: MIT
 *
 * schema_test.c - what a schema lets pass, and what it says about the rest.
 */
#include "ipc/schema.h"

#include "record/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct schema *schema_of(const char *json)
{
    struct schema *s = NULL;
    const char *reason = "";

    if (schema_new(&s, str_from(json), &reason) < 0)
        fail_msg("%s: %s", json, reason);
    return s;
}

/* "path: reason", or "" when it passes. */
static const char *verdict(const struct schema *s, struct str json)
{
    static char text[256];
    struct buf path = {0}, reason = {0};

    text[0] = '\0';
    if (!schema_check(s, json, &path, &reason))
        snprintf(text, sizeof text, "%.*s: %.*s", STR_FMT(buf_str(&path)),
                 STR_FMT(buf_str(&reason)));
    buf_fini(&path);
    buf_fini(&reason);
    return text;
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
    static const struct {
        const char *schema, *json, *verdict;
    } rows[] = {
        {"{}", "{\"any\":[1,{}]}", ""},
        {"{\"type\":\"object\"}", "[]", ": must be an object"},
        {"{\"type\":[\"object\",\"null\"]}", "", ""},
        {"{\"type\":[\"string\",\"integer\"]}", "1.5", ": must be a string or a whole number"},
        {"{\"type\":\"integer\"}", "1e3", ""},
        {"{\"type\":\"integer\"}", "2.0", ""},
        {"{\"type\":\"number\"}", "2.5", ""},
        {"{\"type\":\"boolean\"}", "null", ": must be true or false"},
        {"{\"minimum\":2,\"maximum\":4}", "1", ": must be at least 2"},
        {"{\"minimum\":2,\"maximum\":4}", "5", ": must be at most 4"},
        {"{\"minLength\":2}", "\"\\u00e4\"", ": must have this many characters at least: 2"},
        {"{\"maxLength\":2}", "\"\xc3\xa4\xc3\xa4\"", ""},
        {"{\"enum\":[\"a\",1,{\"b\":2}]}", "\"\\u0061\"", ""},
        {"{\"enum\":[\"a\",1,{\"b\":2}]}", "{ \"b\" : 2 }", ""},
        {"{\"enum\":[\"a\",1]}", "\"1\"", ": must be one of [\"a\",1]"},
        {"{\"enum\":[]}", "1", ": must be one of []"},
        {"{\"items\":{\"type\":\"number\"},\"minItems\":1}", "[1,2,\"x\"]",
         "[2]: must be a number"},
        {"{\"items\":{\"type\":\"number\"},\"minItems\":1}", "[ ]",
         ": must have this many items at least: 1"},
        {"{\"maxItems\":1}", "[1,[2]]", ": must have this many items at most: 1"},
        {"{\"properties\":{\"a\":{\"properties\":{\"b\":{\"items\":{\"type\":\"string\"}}}}}}",
         "{\"a\":{\"b\":[\"x\",1]}}", "a.b[1]: must be a string"},
        {"{\"required\":[\"a\"]}", "{\"b\":1}", "a: is missing"},
        {"{\"properties\":{\"a\":{\"required\":[\"b\"]}}}", "{\"a\":{}}", "a.b: is missing"},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"a\":1,\"c\":2}",
         "c: is not known here"},
        /* What is no JSON is that before it is anything else. */
        {"{\"type\":\"string\"}", "{\"a\":1", ": the arguments are not JSON"},
        {"{\"properties\":{\"a\":{\"type\":\"string\"}}}", "{\"a\":1,}",
         ": the arguments are not JSON"},
        {"{}", "[1 2]", ": the arguments are not JSON"},
        {"{}", "1 1", ": the arguments are not JSON"},
        {"{\"items\":{}}", "[1,]", ": the arguments are not JSON"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct schema *s = schema_of(rows[i].schema);
        assert_string_equal(verdict(s, str_from(rows[i].json)), rows[i].verdict);
        schema_free(s);
    }
}

/* Entering every bracket and passing over them must agree on what is well-formed. */
static void a_schema_that_looks_everywhere_accepts_what_is_json(void **state)
{
    static const char alphabet[] = "{}[],:\"\"a10-. e\\tnu";
    struct schema *deep =
        schema_of("{\"items\":{\"items\":{\"items\":{}},\"properties\":{\"a\":{}}},\"properties\":"
                  "{\"a\":{\"items\":{\"properties\":{\"a\":{}}},\"properties\":{\"a\":{}}}}}");
    size_t good = 0;

    (void)state;
    srand(7);
    for (int round = 0; round < 300000; round++) {
        char text[12];
        size_t n = 1 + (size_t)rand() % sizeof text;
        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
        struct str json = str_of(text, n);
        bool valid = json_valid(json);
        good += valid;
        if ((verdict(deep, json)[0] == '\0') != valid)
            fail_msg("%.*s", STR_FMT(json));
    }
    assert_true(good > 1000);
    schema_free(deep);
}

static void depth_is_bounded(void **state)
{
    char text[2 * (JSON_DEPTH_MAX + 1)];
    struct schema *s = schema_of("{\"items\":{\"items\":{}}}");

    (void)state;
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_string_equal(verdict(s, str_of(text + 1, 2 * JSON_DEPTH_MAX)), "");
    assert_string_equal(verdict(s, str_of(text, sizeof text)), ": the arguments are not JSON");
    schema_free(s);
}

static void a_keyword_nobody_knows_is_refused(void **state)
{
    static const char *const schemas[] = {
        "{\"pattern\":\"x\"}",
        "[]",
        "{\"type\":\"text\"}",
        "{\"enum\":1}",
        "{\"items\":[]}",
        "{\"a\"",
        "{\"minimum\":\"1\"}",
        "{\"required\":[1]}",
        "{\"properties\":1}",
        "{\"properties\":{\"a\":{\"x\":1}}}",
        "{\"enum\":[1],\"enum\":2}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        struct schema *s = NULL;
        const char *reason = NULL;
        assert_true(schema_new(&s, str_from(schemas[i]), &reason) < 0);
        assert_non_null(reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_named_with_its_place),
        cmocka_unit_test(a_schema_that_looks_everywhere_accepts_what_is_json),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_keyword_nobody_knows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
