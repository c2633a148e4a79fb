/* SPDX-License-Identifier: MIT
 *
 * fields.c - a path through objects and arrays, every way there is.
 */
#include "record/fields.h"

#include "record/json.h"

struct search {
    fields_fn *fn;
    const void *ctx;
};

static bool in_object(const struct search *s, struct str object, struct str path);

/* Hands a string over as the text it stands for. */
static bool ask_string(const struct search *s, struct str raw)
{
    struct buf text = {0};

    if (raw.n == 0 || !memchr(raw.p, '\\', raw.n))
        return s->fn(raw, false, s->ctx);
    json_add_unescaped(&text, raw);
    bool yes = buf_error(&text) == 0 && s->fn(buf_str(&text), false, s->ctx);
    buf_fini(&text);
    return yes;
}

static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        p += *p == '\\';
    return p < end ? p + 1 : end;
}

/* The next element of an array's inside, which moves on; false at its end. */
static bool next_element(struct str *rest, struct str *ret)
{
    const char *p = rest->p, *end = p + rest->n, *start;
    int depth = 0;

    while (p < end && (*p == ',' || (unsigned char)*p <= ' '))
        p++;
    for (start = p; p < end && (depth > 0 || (*p != ',' && (unsigned char)*p > ' '));) {
        depth += (*p == '[' || *p == '{') - (*p == ']' || *p == '}');
        p = *p == '"' ? skip_string(p, end) : p + 1;
    }
    *ret = str_of(start, (size_t)(p - start));
    *rest = str_of(p, (size_t)(end - p));
    return ret->n > 0;
}

/* A value as written, and what is left of the path. */
static bool in_value(const struct search *s, struct str raw, struct str path)
{
    struct str inside = str_of(raw.p + 1, raw.n >= 2 ? raw.n - 2 : 0), element;

    switch (raw.p[0]) {
    case '{':
        return path.p && in_object(s, raw, path);
    case '[':
        while (next_element(&inside, &element))
            if (in_value(s, element, path))
                return true;
        return false;
    case '"':
        return !path.p && ask_string(s, inside);
    case 'n':
        return false;
    default:
        return !path.p && s->fn(raw, raw.p[0] != 't' && raw.p[0] != 'f', s->ctx);
    }
}

/* Does the path begin with this key? *rest is what follows its dot, p NULL when nothing does. */
static bool path_starts(struct str path, struct str key, struct str *rest)
{
    if (!str_starts(path, key))
        return false;
    *rest = STR_NONE;
    if (path.n == key.n)
        return true;
    *rest = str_of(path.p + key.n + 1, path.n - key.n - 1);
    return path.p[key.n] == '.';
}

static bool key_starts(struct str path, struct str raw_key, struct str *rest)
{
    struct buf key = {0};

    if (raw_key.n == 0 || !memchr(raw_key.p, '\\', raw_key.n))
        return path_starts(path, raw_key, rest);
    json_add_unescaped(&key, raw_key);
    bool yes = buf_error(&key) == 0 && path_starts(path, buf_str(&key), rest);
    buf_fini(&key);
    return yes;
}

static bool in_object(const struct search *s, struct str object, struct str path)
{
    struct json_walk w = json_walk(object);
    struct json_member m;
    struct str rest;

    while (json_next(&w, &m)) {
        bool quoted = m.type == JSON_IS_STRING; /* the walk leaves the quotes out */
        struct str raw = str_of(m.value.p - quoted, m.value.n + (quoted ? 2u : 0u));
        if (key_starts(path, m.key, &rest) && in_value(s, raw, rest))
            return true;
    }
    return false;
}

bool fields_any(struct str object, struct str path, fields_fn *fn, const void *ctx)
{
    struct search s = {fn, ctx};

    return object.n > 0 && in_object(&s, object, path);
}
