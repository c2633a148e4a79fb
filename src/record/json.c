/* SPDX-License-Identifier: MIT
 *
 * json.c - recursive descent over a line, by pointer; failure is a NULL that travels up.
 */
#include "record/json.h"

enum { DEPTH_MAX = 64 };

static const char *skip_value(const char *p, const char *end, int depth, enum json_type *type);

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* p is behind the opening quote; the result is behind the closing one. */
static const char *skip_string(const char *p, const char *end)
{
    while (p < end) {
        unsigned char c = (unsigned char)*p++;
        if (c == '"')
            return p;
        if (c < 0x20)
            return NULL;
        if (c != '\\')
            continue;
        if (p == end)
            return NULL;
        c = (unsigned char)*p++;
        if (c == 'u') {
            if (end - p < 4 || !is_hex(p[0]) || !is_hex(p[1]) || !is_hex(p[2]) || !is_hex(p[3]))
                return NULL;
            p += 4;
        } else if (!memchr("\"\\/bfnrt", c, 8)) {
            return NULL;
        }
    }
    return NULL;
}

static const char *skip_digits(const char *p, const char *end)
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

/* p is behind the opening bracket. */
static const char *skip_array(const char *p, const char *end, int depth)
{
    enum json_type type;

    p = skip_space(p, end);
    if (p < end && *p == ']')
        return p + 1;
    while ((p = skip_value(p, end, depth, &type))) {
        p = skip_space(p, end);
        if (p == end)
            return NULL;
        if (*p == ']')
            return p + 1;
        if (*p != ',')
            return NULL;
        p = skip_space(p + 1, end);
    }
    return NULL;
}

/* One `"key": value` at p. */
static const char *skip_member(const char *p, const char *end, int depth, struct json_member *m)
{
    if (p == end || *p != '"')
        return NULL;
    const char *key = p + 1;
    if (!(p = skip_string(key, end)))
        return NULL;
    m->key = str_of(key, (size_t)(p - key) - 1);
    p = skip_space(p, end);
    if (p == end || *p != ':')
        return NULL;
    const char *value = skip_space(p + 1, end);
    if (!(p = skip_value(value, end, depth, &m->type)))
        return NULL;
    m->value = m->type == JSON_IS_STRING ? str_of(value + 1, (size_t)(p - value) - 2)
                                         : str_of(value, (size_t)(p - value));
    return p;
}

static const char *skip_object(const char *p, const char *end, int depth)
{
    struct json_member m;

    p = skip_space(p, end);
    if (p < end && *p == '}')
        return p + 1;
    while ((p = skip_member(p, end, depth, &m))) {
        p = skip_space(p, end);
        if (p == end)
            return NULL;
        if (*p == '}')
            return p + 1;
        if (*p != ',')
            return NULL;
        p = skip_space(p + 1, end);
    }
    return NULL;
}

static const char *skip_value(const char *p, const char *end, int depth, enum json_type *type)
{
    if (p == end || (depth >= DEPTH_MAX && (*p == '{' || *p == '[')))
        return NULL;
    switch (*p) {
    case '"':
        *type = JSON_IS_STRING;
        return skip_string(p + 1, end);
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

struct json_walk json_walk(struct str text)
{
    struct json_walk w = {.p = text.p, .end = text.p + text.n, .first = true};

    w.p = skip_space(w.p, w.end);
    if (w.p < w.end && *w.p == '{')
        w.p++;
    else
        w.done = true;
    return w;
}

/* The object is closed at p - 1: fine if nothing but space follows. */
static bool finish(struct json_walk *w, const char *p)
{
    w->done = true;
    w->ok = p && skip_space(p, w->end) == w->end;
    return false;
}

bool json_next(struct json_walk *w, struct json_member *ret)
{
    if (w->done)
        return false;
    const char *p = skip_space(w->p, w->end);
    if (p < w->end && *p == '}')
        return finish(w, p + 1);
    if (!w->first) {
        if (p == w->end || *p != ',')
            return finish(w, NULL);
        p = skip_space(p + 1, w->end);
    }
    p = skip_member(p, w->end, 1, ret);
    if (!p)
        return finish(w, NULL);
    w->first = false;
    w->p = p;
    return true;
}

/* What each byte needs inside a string: 0 itself, 'u' a \u00xx escape, else the letter after '\'. */
static const char escapes[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b',         't',           'n', 'u',
    'f', 'r', 'u', 'u', 'u', 'u', 'u', 'u', 'u',         'u',           'u', 'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

void json_add_escaped(struct buf *out, struct str s)
{
    static const char hex[] = "0123456789abcdef";
    size_t plain = 0;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (!escapes[c])
            continue;
        buf_add(out, s.p + plain, i - plain);
        plain = i + 1;
        if (escapes[c] == 'u')
            buf_add(out, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        else
            buf_add(out, (char[]){'\\', escapes[c]}, 2);
    }
    buf_add(out, s.p + plain, s.n - plain);
}

void json_add_string(struct buf *out, struct str s)
{
    buf_add_char(out, '"');
    json_add_escaped(out, s);
    buf_add_char(out, '"');
}

static uint32_t hex4(const char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v = v << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
    return v;
}

static void add_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80)
        buf_add_char(out, (char)c);
    else if (c < 0x800)
        buf_add(out, (char[]){(char)(0xc0 | c >> 6), (char)(0x80 | (c & 63))}, 2);
    else if (c < 0x10000)
        buf_add(
            out,
            (char[]){(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63))},
            3);
    else
        buf_add(out,
                (char[]){(char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 63)),
                         (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63))},
                4);
}

/* A \uXXXX at p (behind the 'u'); returns how many bytes it took, a surrogate pair included. */
static size_t add_unicode_escape(struct buf *out, const char *p, const char *end)
{
    uint32_t c = hex4(p);

    if (c >= 0xd800 && c < 0xdc00 && end - p >= 10 && p[4] == '\\' && p[5] == 'u') {
        uint32_t low = hex4(p + 6);
        if (low >= 0xdc00 && low < 0xe000) {
            add_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
            return 10;
        }
    }
    add_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    return 4;
}

void json_add_unescaped(struct buf *out, struct str raw)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *p = raw.p, *end = raw.p + raw.n;

    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        buf_add(out, p, (size_t)((slash ? slash : end) - p));
        if (!slash)
            return;
        p = slash + 2;
        const char *at = memchr(from, slash[1], sizeof from - 1);
        if (slash[1] == 'u')
            p += add_unicode_escape(out, p, end);
        else
            buf_add_char(out, at ? to[at - from] : slash[1]);
    }
}
