/* SPDX-License-Identifier: MIT
 *
 * schema.c - reading a schema: a tree of nodes, each holding what its keywords said.
 *
 * Threads: any. Owns: see schema.h.
 */
#include "ipc/schema_impl.h"

#include "ipc/normal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

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

bool schema_number(struct str text, double *ret)
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
            return m->type == JSON_IS_NUMBER && schema_number(m->value, bounds[i].where)
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
