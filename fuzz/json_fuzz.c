/* SPDX-License-Identifier: MIT
 *
 * json_fuzz.c - any bytes: our scanner and jansson agree on what is JSON, and on what strings mean.
 *
 * jansson alone refuses numbers beyond double, escaped NUL characters and lone surrogates; we alone
 * refuse nesting beyond JSON_DEPTH_MAX, and a NUL byte behind a number, which jansson overlooks.
 */
#include "record/json.h"
#include "record/utf8.h"

#include <jansson.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static bool is_its_own_reason(const json_error_t *e)
{
    return json_error_code(e) == json_error_numeric_overflow ||
           json_error_code(e) == json_error_null_character ||
           json_error_code(e) == json_error_null_byte_in_key || strstr(e->text, "Unicode");
}

/* The brackets of a text jansson accepted, strings left out. */
static int depth_of(struct str s)
{
    int depth = 0, deepest = 0;
    bool in_string = false;

    for (size_t i = 0; i < s.n; i++) {
        if (in_string && s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            in_string = !in_string;
        else if (!in_string && (s.p[i] == '[' || s.p[i] == '{'))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!in_string && (s.p[i] == ']' || s.p[i] == '}'))
            depth--;
    }
    return deepest;
}

/* Strings come out as jansson has them, and survive the way back. */
static void check_string(struct str raw, json_t *theirs, bool unique)
{
    struct buf text = {0}, again = {0};

    json_add_unescaped(&text, raw);
    lm_assert(text.n <= raw.n && utf8_valid_prefix(buf_str(&text)) == text.n);
    if (unique && json_typeof(theirs) == JSON_STRING)
        lm_assert(json_string_length(theirs) == text.n &&
                  (text.n == 0 || memcmp(json_string_value(theirs), text.p, text.n) == 0));
    json_add_string(&again, buf_str(&text));
    lm_assert(json_valid(buf_str(&again)));
    buf_fini(&text);
    buf_fini(&again);
}

static void check_members(struct str s, json_t *theirs)
{
    struct json_walk w = json_walk(s);
    struct json_member m;
    struct buf key = {0};
    size_t count = 0;

    while (json_next(&w, &m))
        count++;
    lm_assert(w.ok && count >= json_object_size(theirs));
    bool unique = count == json_object_size(theirs);
    for (w = json_walk(s); json_next(&w, &m);) {
        buf_clear(&key);
        json_add_unescaped(&key, m.key);
        buf_add_char(&key, '\0');
        json_t *same = json_object_get(theirs, key.p);
        lm_assert(same);
        if (m.type == JSON_IS_STRING)
            check_string(m.value, same, unique);
    }
    buf_fini(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct str s = str_of((const char *)bytes, n);
    bool ours = utf8_valid_prefix(s) == n && json_valid(s);
    json_error_t why;
    json_t *theirs = json_loadb(s.p, s.n, JSON_DECODE_ANY, &why);

    if (theirs && !ours)
        lm_assert(depth_of(s) > JSON_DEPTH_MAX || memchr(s.p, '\0', n));
    if (!theirs && ours)
        lm_assert(is_its_own_reason(&why));
    if (theirs && ours && json_typeof(theirs) == JSON_OBJECT)
        check_members(s, theirs);
    json_decref(theirs);
    return 0;
}
