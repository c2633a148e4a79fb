/* SPDX-License-Identifier: MIT
 *
 * schema.c - a tree of nodes, walked along with the value.
 *
 * Keywords are a table; a node holds what they said. Values are looked at where they lie.
 */
#include "ipc/schema.h"

#include "ipc/normal.h"
#include "record/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
    TYPE_STRING = 1,
    TYPE_NUMBER = 2,
    TYPE_INTEGER = 4,
    TYPE_BOOLEAN = 8,
    TYPE_OBJECT = 16,
    TYPE_ARRAY = 32,
    TYPE_NULL = 64,
    PROPERTIES_MAX = 256,
};

struct property {
    char *name;
    size_t name_n;
    bool required;
    struct schema *schema; /* NULL: anything */
};

struct schema {
    unsigned types;    /* 0: any */
    struct buf values; /* of `enum`: normalised array */
    double minimum, maximum;
    double length_min, length_max; /* of strings or arrays */
    double items_min, items_max;
    struct property *properties;
    size_t property_count;
    bool closed; /* additionalProperties: false */
    struct schema *items;
};

/* --- reading --- */

static int read_schema(struct schema **ret, struct str json, int depth, const char **ret_reason);

static int refuse(const char **ret_reason, const char *reason)
{
    *ret_reason = reason;
    return -LM_E_INVALID;
}

static unsigned type_bit(struct str word)
{
    static const char *const words[] = {"string", "number", "integer", "boolean",
                                        "object", "array",  "null"};

    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(word, words[i]))
            return 1u << i;
    return 0;
}

static int read_type(struct schema *s, const struct json_member *m, const char **ret_reason)
{
    struct json_walk w = json_walk_array(m->value);
    struct json_item item;

    if (m->type == JSON_IS_STRING)
        s->types = type_bit(m->value);
    else
        while (json_next_item(&w, &item)) {
            unsigned bit = type_bit(item.value);
            if (!bit)
                return refuse(ret_reason, "type knows no such word");
            s->types |= bit;
        }
    return s->types ? 0
                    : refuse(ret_reason, "type is a word or an array of words: string, number, "
                                         "integer, boolean, object, array, null");
}

static bool read_number(struct str text, double *ret)
{
    char digits[64];

    if (text.n >= sizeof digits || !json_number_ok(text))
        return false;
    memcpy(digits, text.p, text.n);
    digits[text.n] = '\0';
    *ret = strtod(digits, NULL);
    return true;
}

static struct property *add_property(struct schema *s, struct str name)
{
    for (size_t i = 0; i < s->property_count; i++)
        if (str_eq(str_of(s->properties[i].name, s->properties[i].name_n), name))
            return &s->properties[i];
    struct property *more = realloc(s->properties, (s->property_count + 1) * sizeof *more);
    if (!more)
        return NULL;
    s->properties = more;
    struct property *p = &more[s->property_count];
    *p = (struct property){.name = malloc(name.n + 1), .name_n = name.n};
    if (!p->name)
        return NULL;
    if (name.n)
        memcpy(p->name, name.p, name.n);
    s->property_count++;
    return p;
}

static int read_properties(struct schema *s, const struct json_member *m, int depth,
                           const char **ret_reason)
{
    struct json_walk w = json_walk(m->value);
    struct json_member member;

    if (m->type != JSON_IS_OBJECT)
        return refuse(ret_reason, "properties is an object");
    while (json_next(&w, &member)) {
        if (member.type != JSON_IS_OBJECT || s->property_count >= PROPERTIES_MAX)
            return refuse(ret_reason, "properties holds at most 256 schemas");
        struct property *p = add_property(s, member.key);
        if (!p)
            return -ENOMEM;
        schema_free(p->schema);
        p->schema = NULL;
        int err = read_schema(&p->schema, member.value, depth + 1, ret_reason);
        if (err < 0)
            return err;
    }
    return 0;
}

static int read_required(struct schema *s, const struct json_member *m, const char **ret_reason)
{
    struct json_walk w = json_walk_array(m->value);
    struct json_item item;

    while (m->type == JSON_IS_ARRAY && json_next_item(&w, &item)) {
        if (item.type != JSON_IS_STRING || s->property_count >= PROPERTIES_MAX)
            return refuse(ret_reason, "required is an array of at most 256 names");
        struct property *p = add_property(s, item.value);
        if (!p)
            return -ENOMEM;
        p->required = true;
    }
    return m->type == JSON_IS_ARRAY ? 0 : refuse(ret_reason, "required is an array of names");
}

static int read_bound(struct schema *s, const struct json_member *m, const char **ret_reason)
{
    const struct {
        const char *name;
        double *where;
    } bounds[] = {{"minimum", &s->minimum},      {"maximum", &s->maximum},
                  {"minLength", &s->length_min}, {"maxLength", &s->length_max},
                  {"minItems", &s->items_min},   {"maxItems", &s->items_max}};

    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (str_is(m->key, bounds[i].name))
            return m->type == JSON_IS_NUMBER && read_number(m->value, bounds[i].where)
                       ? 0
                       : refuse(ret_reason, "a bound is a number");
    if (str_is(m->key, "title") || str_is(m->key, "description") || str_is(m->key, "default"))
        return 0;
    return refuse(ret_reason, "a keyword that is not known here: type, enum, minimum, maximum, "
                              "minLength, maxLength, properties, required, additionalProperties, "
                              "items, minItems, maxItems, title, description, default");
}

static int read_keyword(struct schema *s, const struct json_member *m, int depth,
                        const char **ret_reason)
{
    if (str_is(m->key, "type"))
        return read_type(s, m, ret_reason);
    if (str_is(m->key, "enum")) {
        normal_add(&s->values, m->value);
        return m->type == JSON_IS_ARRAY ? buf_error(&s->values)
                                        : refuse(ret_reason, "enum is an array");
    }
    if (str_is(m->key, "properties"))
        return read_properties(s, m, depth, ret_reason);
    if (str_is(m->key, "required"))
        return read_required(s, m, ret_reason);
    if (str_is(m->key, "additionalProperties")) {
        s->closed = str_is(m->value, "false");
        return m->type == JSON_IS_BOOL
                   ? 0
                   : refuse(ret_reason, "additionalProperties is true or false");
    }
    if (str_is(m->key, "items"))
        return m->type == JSON_IS_OBJECT && !s->items
                   ? read_schema(&s->items, m->value, depth + 1, ret_reason)
                   : refuse(ret_reason, "items is one schema");
    return read_bound(s, m, ret_reason);
}

static int read_schema(struct schema **ret, struct str json, int depth, const char **ret_reason)
{
    struct schema *s = calloc(1, sizeof *s);
    struct json_walk w = json_walk(json);
    struct json_member m;
    int err = s ? 0 : -ENOMEM;

    if (s) {
        s->minimum = s->length_min = s->items_min = -INFINITY;
        s->maximum = s->length_max = s->items_max = INFINITY;
    }
    if (depth > 32)
        err = refuse(ret_reason, "at most 32 levels");
    while (err == 0 && json_next(&w, &m))
        err = read_keyword(s, &m, depth, ret_reason);
    if (err == 0 && !w.ok)
        err = refuse(ret_reason, "a schema is a JSON object");
    if (err < 0) {
        schema_free(s);
        return err;
    }
    *ret = s;
    return 0;
}

int schema_new(struct schema **ret, struct str json, const char **ret_reason)
{
    if (!json_valid(json))
        return refuse(ret_reason, "a schema is a JSON object");
    return read_schema(ret, json, 0, ret_reason);
}

void schema_free(struct schema *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->property_count; i++) {
        free(s->properties[i].name);
        schema_free(s->properties[i].schema);
    }
    free(s->properties);
    schema_free(s->items);
    buf_fini(&s->values);
    free(s);
}

/* --- checking --- */

struct check {
    struct buf *path, *reason;
};

static bool check_value(const struct schema *s, struct str value, enum json_type type,
                        struct check *c);

static bool wrong(struct check *c, const char *reason)
{
    buf_add_str(c->reason, str_from(reason));
    return false;
}

static bool wrong_number(struct check *c, const char *reason, double bound)
{
    buf_printf(c->reason, "%s %g", reason, bound);
    return false;
}

/* As floor() would say, without the library that it is in. From 2^53 on every double is whole. */
static bool is_integral(double value)
{
    return value >= 0x1p53 || value <= -0x1p53 || (double)(int64_t)value == value;
}

/* Nearly all whole numbers are written as such; 1.0 and 1e3 are looked at more closely. */
static bool is_whole(struct str number)
{
    double value;

    for (size_t i = 0; i < number.n; i++)
        if (number.p[i] == '.' || (number.p[i] | 0x20) == 'e')
            return read_number(number, &value) && is_integral(value);
    return true;
}

static unsigned type_bits(struct str value, enum json_type type)
{
    static const unsigned bits[] = {[JSON_IS_NULL] = TYPE_NULL,     [JSON_IS_BOOL] = TYPE_BOOLEAN,
                                    [JSON_IS_NUMBER] = TYPE_NUMBER, [JSON_IS_STRING] = TYPE_STRING,
                                    [JSON_IS_ARRAY] = TYPE_ARRAY,   [JSON_IS_OBJECT] = TYPE_OBJECT};

    if (type == JSON_IS_NUMBER && is_whole(value))
        return TYPE_NUMBER | TYPE_INTEGER;
    return bits[type];
}

static bool check_type(const struct schema *s, struct str value, enum json_type type,
                       struct check *c)
{
    static const char *const words[] = {
        "a string", "a number", "a whole number", "true or false", "an object", "an array", "null"};
    const char *before = "must be ";

    if (!s->types || (type_bits(value, type) & s->types))
        return true;
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (s->types & (1u << i)) {
            buf_add_str(c->reason, str_from(before));
            buf_add_str(c->reason, str_from(words[i]));
            before = " or ";
        }
    return false;
}

/* Is the value, in one form, among those of the schema? Strings without their quotes. */
static bool is_listed(const struct schema *s, struct str value, enum json_type type)
{
    struct json_walk w = json_walk_array(buf_str(&s->values));
    struct json_item item;

    while (json_next_item(&w, &item))
        if (item.type == type && str_eq(value, item.value))
            return true;
    return false;
}

static bool check_enum(const struct schema *s, struct str value, enum json_type type,
                       struct check *c)
{
    struct buf normal = {0};

    if (!s->values.n || is_listed(s, value, type))
        return true;
    normal_add(&normal, type == JSON_IS_STRING ? str_of(value.p - 1, value.n + 2) : value);
    struct str text = buf_str(&normal);
    if (type == JSON_IS_STRING && text.n >= 2)
        text = str_of(text.p + 1, text.n - 2);
    bool found = !normal.failed && is_listed(s, text, type);
    buf_fini(&normal);
    if (found)
        return true;
    BUF_LIT(c->reason, "must be one of ");
    buf_add_str(c->reason, buf_str(&s->values));
    return false;
}

static bool check_number(const struct schema *s, struct str value, struct check *c)
{
    double number;

    if (isinf(s->minimum) && isinf(s->maximum))
        return true;
    if (!read_number(value, &number))
        return wrong(c, "is too long a number");
    if (number < s->minimum)
        return wrong_number(c, "must be at least", s->minimum);
    return number <= s->maximum || wrong_number(c, "must be at most", s->maximum);
}

/* Characters of a string: an escape is one, and of UTF-8 every byte that starts one. */
static size_t characters(struct str raw)
{
    size_t n = 0;

    for (size_t i = 0; i < raw.n; i++) {
        n += ((unsigned char)raw.p[i] & 0xc0) != 0x80;
        if (raw.p[i] == '\\')
            i += raw.p[i + 1] == 'u' ? 5 : 1;
    }
    return n;
}

static bool check_text(const struct schema *s, struct str value, struct check *c)
{
    if (isinf(s->length_min) && isinf(s->length_max))
        return true;
    double n = (double)characters(value);
    if (n < s->length_min)
        return wrong_number(c, "must have this many characters at least:", s->length_min);
    return n <= s->length_max ||
           wrong_number(c, "must have this many characters at most:", s->length_max);
}

static bool check_member(const struct schema *s, const struct json_member *m, bool *seen,
                         struct check *c)
{
    size_t path_n = c->path->n;

    if (path_n)
        buf_add_char(c->path, '.');
    buf_add_str(c->path, m->key);
    for (size_t i = 0; i < s->property_count; i++)
        if (str_eq(str_of(s->properties[i].name, s->properties[i].name_n), m->key)) {
            seen[i] = true;
            if (s->properties[i].schema &&
                !check_value(s->properties[i].schema, m->value, m->type, c))
                return false;
            c->path->n = path_n;
            return true;
        }
    if (s->closed)
        return wrong(c, "is not known here");
    c->path->n = path_n;
    return true;
}

static bool check_object(const struct schema *s, struct str value, struct check *c)
{
    struct json_walk w = json_walk(value);
    struct json_member m;
    bool seen[PROPERTIES_MAX] = {false};

    if (!s->property_count && !s->closed)
        return true;
    while (json_next(&w, &m))
        if (!check_member(s, &m, seen, c))
            return false;
    for (size_t i = 0; i < s->property_count; i++)
        if (s->properties[i].required && !seen[i]) {
            if (c->path->n)
                buf_add_char(c->path, '.');
            buf_add(c->path, s->properties[i].name, s->properties[i].name_n);
            return wrong(c, "is missing");
        }
    return true;
}

static bool check_array(const struct schema *s, struct str value, struct check *c)
{
    struct json_walk w = json_walk_array(value);
    struct json_item item;
    size_t path_n = c->path->n, n = 0;

    for (; json_next_item(&w, &item); n++) {
        if (!s->items)
            continue;
        buf_add_char(c->path, '[');
        buf_add_u64(c->path, n);
        buf_add_char(c->path, ']');
        if (!check_value(s->items, item.value, item.type, c))
            return false;
        c->path->n = path_n;
    }
    if ((double)n < s->items_min)
        return wrong_number(c, "must have this many items at least:", s->items_min);
    return (double)n <= s->items_max ||
           wrong_number(c, "must have this many items at most:", s->items_max);
}

static bool check_value(const struct schema *s, struct str value, enum json_type type,
                        struct check *c)
{
    if (!check_type(s, value, type, c) || !check_enum(s, value, type, c))
        return false;
    switch (type) {
    case JSON_IS_NUMBER:
        return check_number(s, value, c);
    case JSON_IS_STRING:
        return check_text(s, value, c);
    case JSON_IS_OBJECT:
        return check_object(s, value, c);
    case JSON_IS_ARRAY:
        return check_array(s, value, c);
    default:
        return true;
    }
}

bool schema_check(const struct schema *s, struct str json, struct buf *path, struct buf *reason)
{
    struct check c = {path, reason};
    struct str value = json.n ? str_trim(json) : STR("null");
    enum json_type type = json_type_of(value);

    if (type == JSON_IS_STRING)
        value = str_of(value.p + 1, value.n - 2);
    return check_value(s, value, type, &c);
}
