/* SPDX-License-Identifier: MIT
 *
 * schema.c - a tree of nodes, walked along with the value.
 *
 * Keywords are a table; a node holds what they said. Arguments are walked once, where they lie: what is
 * well-formed and what is as declared is found out together. The path to a value is a chain on the stack,
 * and is only written down when something is wrong there.
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
    unsigned types;           /* 0: any */
    struct buf values;        /* of `enum`: normalised array */
    struct json_item *listed; /* its items */
    size_t listed_count;
    double minimum, maximum;
    double length_min, length_max; /* of strings or arrays */
    double items_min, items_max;
    struct property *properties;
    size_t property_count;
    bool closed; /* additionalProperties: false */
    bool bounds_number, bounds_text;
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

static int read_enum(struct schema *s, const struct json_member *m, const char **ret_reason)
{
    struct json_item item;
    size_t n = 0;

    if (m->type != JSON_IS_ARRAY)
        return refuse(ret_reason, "enum is an array");
    buf_clear(&s->values);
    normal_add(&s->values, m->value);
    free(s->listed);
    for (struct json_walk w = json_walk_array(m->value); json_next_item(&w, &item);)
        n++;
    s->listed_count = 0;
    s->listed = calloc(n ? n : 1, sizeof *s->listed);
    if (!s->listed || s->values.failed)
        return -ENOMEM;
    struct json_walk w = json_walk_array(buf_str(&s->values));
    while (s->listed_count < n && json_next_item(&w, &s->listed[s->listed_count]))
        s->listed_count++;
    return 0;
}

static int read_keyword(struct schema *s, const struct json_member *m, int depth,
                        const char **ret_reason)
{
    if (str_is(m->key, "type"))
        return read_type(s, m, ret_reason);
    if (str_is(m->key, "enum"))
        return read_enum(s, m, ret_reason);
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
    if (s) {
        s->bounds_number = !isinf(s->minimum) || !isinf(s->maximum);
        s->bounds_text = !isinf(s->length_min) || !isinf(s->length_max);
    }
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
    free(s->listed);
    buf_fini(&s->values);
    free(s);
}

/* --- checking --- */

/* Where we are: a member or an item of what is above. */
struct step {
    const struct step *above;
    struct str key; /* p NULL: the item `index` */
    size_t index;
};

struct check {
    struct json_place at;
    struct buf *path, *reason;
};

static bool check_value(const struct schema *s, struct check *c, const struct step *step);

static void write_path(struct buf *path, const struct step *step)
{
    if (!step)
        return;
    write_path(path, step->above);
    if (!step->key.p) {
        buf_add_char(path, '[');
        buf_add_u64(path, step->index);
        buf_add_char(path, ']');
        return;
    }
    if (path->n)
        buf_add_char(path, '.');
    buf_add_str(path, step->key);
}

static bool wrong(struct check *c, const struct step *step, const char *reason)
{
    write_path(c->path, step);
    buf_add_str(c->reason, str_from(reason));
    return false;
}

static bool wrong_number(struct check *c, const struct step *step, const char *reason, double bound)
{
    write_path(c->path, step);
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

static inline bool is_type(const struct schema *s, enum json_type type)
{
    static const unsigned bits[] = {[JSON_IS_NULL] = TYPE_NULL,     [JSON_IS_BOOL] = TYPE_BOOLEAN,
                                    [JSON_IS_NUMBER] = TYPE_NUMBER, [JSON_IS_STRING] = TYPE_STRING,
                                    [JSON_IS_ARRAY] = TYPE_ARRAY,   [JSON_IS_OBJECT] = TYPE_OBJECT};

    return !s->types || (s->types & bits[type]);
}

static bool is_declared_integer(const struct schema *s, const struct json_item *v)
{
    return (s->types & TYPE_INTEGER) && v->type == JSON_IS_NUMBER && is_whole(v->value);
}

static bool wrong_type(const struct schema *s, struct check *c, const struct step *step)
{
    static const char *const words[] = {
        "a string", "a number", "a whole number", "true or false", "an object", "an array", "null"};
    const char *before = "must be ";

    write_path(c->path, step);
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
    for (size_t i = 0; i < s->listed_count; i++)
        if (s->listed[i].type == type && str_eq(value, s->listed[i].value))
            return true;
    return false;
}

static bool check_enum(const struct schema *s, const struct json_item *v, struct check *c,
                       const struct step *step)
{
    struct buf normal = {0};

    if (is_listed(s, v->value, v->type))
        return true;
    bool quotes = v->type == JSON_IS_STRING;
    normal_add(&normal, quotes ? str_of(v->value.p - 1, v->value.n + 2) : v->value);
    struct str text = buf_str(&normal);
    if (quotes && text.n >= 2)
        text = str_of(text.p + 1, text.n - 2);
    bool found = !normal.failed && is_listed(s, text, v->type);
    buf_fini(&normal);
    if (found)
        return true;
    write_path(c->path, step);
    BUF_LIT(c->reason, "must be one of ");
    buf_add_str(c->reason, buf_str(&s->values));
    return false;
}

static bool check_number(const struct schema *s, struct str value, struct check *c,
                         const struct step *step)
{
    double number;

    if (!read_number(value, &number))
        return wrong(c, step, "is too long a number");
    if (number < s->minimum)
        return wrong_number(c, step, "must be at least", s->minimum);
    return number <= s->maximum || wrong_number(c, step, "must be at most", s->maximum);
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

static bool check_text(const struct schema *s, struct str value, struct check *c,
                       const struct step *step)
{
    double n = (double)characters(value);
    if (n < s->length_min)
        return wrong_number(c, step, "must have this many characters at least:", s->length_min);
    return n <= s->length_max ||
           wrong_number(c, step, "must have this many characters at most:", s->length_max);
}

/* Passes what nothing is declared about. */
static bool pass(struct check *c)
{
    struct json_item any;
    return json_place_value(&c->at, &any);
}

static bool check_member(const struct schema *s, struct check *c, const struct step *step,
                         uint8_t *seen)
{
    for (size_t i = 0; i < s->property_count; i++)
        if (str_eq(str_of(s->properties[i].name, s->properties[i].name_n), step->key)) {
            seen[i / 8] |= (uint8_t)(1u << i % 8);
            return s->properties[i].schema ? check_value(s->properties[i].schema, c, step)
                                           : pass(c);
        }
    if (s->closed)
        return wrong(c, step, "is not known here");
    return pass(c);
}

static bool check_object(const struct schema *s, struct check *c, const struct step *step)
{
    struct step member = {.above = step};
    uint8_t seen[PROPERTIES_MAX / 8] = {0};

    json_place_open(&c->at);
    while (json_place_member(&c->at, &member.key))
        if (!check_member(s, c, &member, seen))
            return false;
    for (size_t i = 0; i < s->property_count && !c->at.bad; i++)
        if (s->properties[i].required && !(seen[i / 8] & (1u << i % 8))) {
            member.key = str_of(s->properties[i].name, s->properties[i].name_n);
            return wrong(c, &member, "is missing");
        }
    return !c->at.bad;
}

static bool check_array(const struct schema *s, struct check *c, const struct step *step)
{
    struct step item = {.above = step};

    json_place_open(&c->at);
    for (; json_place_item(&c->at); item.index++)
        if (s->items ? !check_value(s->items, c, &item) : !pass(c))
            return false;
    if ((double)item.index < s->items_min)
        return wrong_number(c, step, "must have this many items at least:", s->items_min);
    if ((double)item.index > s->items_max)
        return wrong_number(c, step, "must have this many items at most:", s->items_max);
    return !c->at.bad;
}

static bool check_scalar(const struct schema *s, struct check *c, const struct step *step)
{
    struct json_item v;

    if (!json_place_value(&c->at, &v))
        return false;
    if (!is_type(s, v.type) && !is_declared_integer(s, &v))
        return wrong_type(s, c, step);
    if (s->listed && !check_enum(s, &v, c, step))
        return false;
    if (v.type == JSON_IS_NUMBER)
        return !s->bounds_number || check_number(s, v.value, c, step);
    return v.type != JSON_IS_STRING || !s->bounds_text || check_text(s, v.value, c, step);
}

static bool check_value(const struct schema *s, struct check *c, const struct step *step)
{
    const char *start = c->at.p;
    enum json_type type = json_place_type(&c->at);

    if (type != JSON_IS_OBJECT && type != JSON_IS_ARRAY)
        return check_scalar(s, c, step);
    if (!is_type(s, type))
        return wrong_type(s, c, step);
    if (type == JSON_IS_OBJECT ? !check_object(s, c, step) : !check_array(s, c, step))
        return false;
    if (!s->listed)
        return true;
    struct json_item v = {.value = str_of(start, (size_t)(c->at.p - start)), .type = type};
    return check_enum(s, &v, c, step);
}

bool schema_check(const struct schema *s, struct str json, struct buf *path, struct buf *reason)
{
    struct str value = json.n ? json : STR("null");
    struct check c = {json_place(value), path, reason};

    if (check_value(s, &c, NULL) && json_place_end(&c.at))
        return true;
    if (json_valid(value))
        return false;
    buf_clear(path);
    buf_clear(reason);
    BUF_LIT(reason, "the arguments are not JSON");
    return false;
}
