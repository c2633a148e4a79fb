/* SPDX-License-Identifier: MIT
 *
 * json.c - recursive descent over a line, by pointer; failure is a NULL that travels up.
 *
 * Nearly all bytes of a log line lie inside strings, so strings are searched sixteen bytes at a
 * time for what may end them. Everything else goes byte by byte: it is short.
 */
#include "record/json.h"

#include "record/scan16.h"

static const char *skip_value(const char *p, const char *end, int depth, enum json_type *type);

static inline const char *skip_space(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p <= ' ' &&
           (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* p is behind the backslash; the result is behind the escape. */
static const char *skip_escape(const char *p, const char *end)
{
    if (p == end)
        return NULL;
    if (*p != 'u')
        return memchr("\"\\/bfnrt", *p, 8) ? p + 1 : NULL;
    p++;
    if (end - p < 4 || !is_hex(p[0]) || !is_hex(p[1]) || !is_hex(p[2]) || !is_hex(p[3]))
        return NULL;
    return p + 4;
}

/* The first quote, backslash or control character, or end. */
static inline const char *find_special(const char *p, const char *end)
{
    for (; end - p >= SCAN16; p += SCAN16) {
        uint32_t mask = scan16_special(p);
        if (mask)
            return p + __builtin_ctz(mask);
    }
    while (p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\')
        p++;
    return p;
}

/* p is at what ends the string, or is escaped in it, or may not be in it. */
static const char *skip_escaped(const char *p, const char *end)
{
    while (p && p < end && *p != '"') {
        p = *p == '\\' ? skip_escape(p + 1, end) : NULL;
        if (p)
            p = find_special(p, end);
    }
    return p && p < end ? p + 1 : NULL;
}

/* p is behind the opening quote; the result is behind the closing one. Nearly all are plain. */
static inline const char *skip_string(const char *p, const char *end, bool *ret_escaped)
{
    p = find_special(p, end);
    *ret_escaped = p == end || *p != '"';
    return *ret_escaped ? skip_escaped(p, end) : p + 1;
}

static inline const char *skip_digits(const char *p, const char *end)
{
    const char *start = p;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p == start ? NULL : p;
}

static const char *skip_number(const char *p, const char *end)
{
    if (p < end && *p == '-')
        p++;
    const char *int_start = p;
    p = skip_digits(p, end);
    if (!p || (*int_start == '0' && p - int_start > 1))
        return NULL;
    if (p < end && *p == '.' && !(p = skip_digits(p + 1, end)))
        return NULL;
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        p = skip_digits(p, end);
    }
    return p;
}

static const char *skip_word(const char *p, const char *end, const char *word, size_t n)
{
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

/* Behind the comma and the space around it, or NULL; *closed when the bracket came instead. */
static const char *skip_comma(const char *p, const char *end, char bracket, bool *closed)
{
    p = skip_space(p, end);
    if (p == end)
        return NULL;
    *closed = *p == bracket;
    if (*closed)
        return p + 1;
    return *p == ',' ? skip_space(p + 1, end) : NULL;
}

/* p is behind the opening bracket. */
static const char *skip_array(const char *p, const char *end, int depth)
{
    enum json_type type;
    bool closed = false;

    p = skip_space(p, end);
    if (p < end && *p == ']')
        return p + 1;
    while (p && !closed && (p = skip_value(p, end, depth, &type)))
        p = skip_comma(p, end, ']', &closed);
    return p;
}

/* One `"key": value` at p. */
static inline const char *skip_member(const char *p, const char *end, int depth,
                                      struct json_member *m)
{
    if (p == end || *p != '"')
        return NULL;
    const char *key = p + 1;
    if (!(p = skip_string(key, end, &m->escaped)))
        return NULL;
    m->key = str_of(key, (size_t)(p - key) - 1);
    p = skip_space(p, end);
    if (p == end || *p != ':')
        return NULL;
    const char *value = skip_space(p + 1, end);
    if (value < end && *value == '"') {
        m->type = JSON_IS_STRING;
        p = skip_string(++value, end, &m->escaped);
    } else {
        p = skip_value(value, end, depth, &m->type);
    }
    if (p)
        m->value = str_of(value, (size_t)(p - value) - (m->type == JSON_IS_STRING));
    return p;
}

static const char *skip_object(const char *p, const char *end, int depth)
{
    struct json_member m;
    bool closed = false;

    p = skip_space(p, end);
    if (p < end && *p == '}')
        return p + 1;
    while (p && !closed && (p = skip_member(p, end, depth, &m)))
        p = skip_comma(p, end, '}', &closed);
    return p;
}

static const char *skip_value(const char *p, const char *end, int depth, enum json_type *type)
{
    if (p == end || (depth >= JSON_DEPTH_MAX && (*p == '{' || *p == '[')))
        return NULL;
    bool escaped;
    switch (*p) {
    case '"':
        *type = JSON_IS_STRING;
        return skip_string(p + 1, end, &escaped);
    case '{':
        *type = JSON_IS_OBJECT;
        return skip_object(p + 1, end, depth + 1);
    case '[':
        *type = JSON_IS_ARRAY;
        return skip_array(p + 1, end, depth + 1);
    case 't':
        *type = JSON_IS_BOOL;
        return skip_word(p, end, "true", 4);
    case 'f':
        *type = JSON_IS_BOOL;
        return skip_word(p, end, "false", 5);
    case 'n':
        *type = JSON_IS_NULL;
        return skip_word(p, end, "null", 4);
    default:
        *type = JSON_IS_NUMBER;
        return skip_number(p, end);
    }
}

static struct json_walk walk(struct str text, char bracket)
{
    struct json_walk w = {.p = text.p, .end = text.p, .first = true};

    if (text.n)
        w.end += text.n;
    w.p = skip_space(w.p, w.end);
    if (w.p < w.end && *w.p == bracket)
        w.p++;
    else
        w.done = true;
    return w;
}

struct json_walk json_walk(struct str text)
{
    return walk(text, '{');
}

struct json_walk json_walk_array(struct str text)
{
    return walk(text, '[');
}

/* The object is closed at p - 1: fine if nothing but space follows. */
static bool finish(struct json_walk *w, const char *p)
{
    w->done = true;
    w->ok = p && skip_space(p, w->end) == w->end;
    return false;
}

/* Where the next member or item starts, or NULL when there is none. */
static inline const char *next_place(struct json_walk *w, char bracket)
{
    if (w->done)
        return NULL;
    const char *p = skip_space(w->p, w->end);
    if (p < w->end && *p == bracket) {
        finish(w, p + 1);
        return NULL;
    }
    if (!w->first) {
        if (p == w->end || *p != ',') {
            finish(w, NULL);
            return NULL;
        }
        p = skip_space(p + 1, w->end);
    }
    return p;
}

bool json_next(struct json_walk *w, struct json_member *ret)
{
    const char *p = next_place(w, '}');

    if (!p)
        return false;
    p = skip_member(p, w->end, 1, ret);
    if (!p)
        return finish(w, NULL);
    w->first = false;
    w->p = p;
    return true;
}

bool json_next_item(struct json_walk *w, struct json_item *ret)
{
    const char *start = next_place(w, ']');

    if (!start)
        return false;
    const char *p = skip_value(start, w->end, 1, &ret->type);
    if (!p)
        return finish(w, NULL);
    size_t quotes = ret->type == JSON_IS_STRING;
    ret->value = str_of(start + quotes, (size_t)(p - start) - 2 * quotes);
    w->first = false;
    w->p = p;
    return true;
}

/* --- every byte once --- */

struct json_place json_place(struct str text)
{
    const char *end = text.n ? text.p + text.n : text.p;

    return (struct json_place){.p = skip_space(text.p, end), .end = end};
}

enum json_type json_place_type(const struct json_place *at)
{
    switch (at->p < at->end ? *at->p : 0) {
    case '"':
        return JSON_IS_STRING;
    case '{':
        return JSON_IS_OBJECT;
    case '[':
        return JSON_IS_ARRAY;
    case 't':
    case 'f':
        return JSON_IS_BOOL;
    case 'n':
        return JSON_IS_NULL;
    default:
        return JSON_IS_NUMBER;
    }
}

bool json_place_value(struct json_place *at, struct json_item *ret)
{
    const char *start = at->p;
    const char *p = at->bad ? NULL : skip_value(start, at->end, at->depth, &ret->type);

    at->bad = !p;
    if (!p)
        return false;
    size_t quotes = ret->type == JSON_IS_STRING;
    ret->value = str_of(start + quotes, (size_t)(p - start) - 2 * quotes);
    at->p = p;
    at->first = false;
    return true;
}

void json_place_open(struct json_place *at)
{
    at->bad |= at->p == at->end || at->depth >= JSON_DEPTH_MAX;
    at->p += !at->bad;
    at->depth++;
    at->first = true;
}

/* Stands before the next member or item. */
static inline bool place_next(struct json_place *at, char bracket)
{
    const char *p = skip_space(at->p, at->end);

    if (p < at->end && *p == bracket) {
        at->p = p + 1;
        at->depth--;
        at->first = false;
        return false;
    }
    if (!at->first) {
        at->bad |= p == at->end || *p != ',';
        p = at->bad ? p : skip_space(p + 1, at->end);
    }
    at->p = p;
    return !at->bad;
}

bool json_place_member(struct json_place *at, struct str *ret_key)
{
    if (at->bad || !place_next(at, '}'))
        return false;
    const char *key = at->p + 1;
    bool escaped;
    const char *p = at->p < at->end && *at->p == '"' ? skip_string(key, at->end, &escaped) : NULL;
    const char *colon = p ? skip_space(p, at->end) : at->end;
    at->bad = colon == at->end || *colon != ':';
    if (at->bad)
        return false;
    *ret_key = str_of(key, (size_t)(p - key) - 1);
    at->p = skip_space(colon + 1, at->end);
    return true;
}

bool json_place_item(struct json_place *at)
{
    return !at->bad && place_next(at, ']');
}

bool json_place_end(const struct json_place *at)
{
    return !at->bad && at->depth == 0 && skip_space(at->p, at->end) == at->end;
}

enum json_type json_type_of(struct str text)
{
    enum json_type type = JSON_IS_NULL;
    const char *end = text.n ? text.p + text.n : text.p;

    (void)skip_value(skip_space(text.p, end), end, 0, &type);
    return type;
}

struct str json_member_raw(const struct json_member *m)
{
    const char *start = m->key.p - 1;
    const char *end = m->value.p + m->value.n + (m->type == JSON_IS_STRING);
    return str_of(start, (size_t)(end - start));
}

bool json_valid(struct str text)
{
    enum json_type type;
    const char *end = text.n ? text.p + text.n : text.p;
    const char *p = skip_value(skip_space(text.p, end), end, 0, &type);
    return p && skip_space(p, end) == end;
}

bool json_number_ok(struct str text)
{
    return text.n && skip_number(text.p, text.p + text.n) == text.p + text.n;
}
