/* SPDX-License-Identifier: MIT
 *
 * schema_check.c - a value and its schema, walked along together.
 *
 * Arguments are walked once, where they lie: what is well-formed and what is as declared is found
 * out together. The path to a value is a chain on the stack, and is only written down when
 * something is wrong there.
 *
 * Threads: any, one for each value. Owns: nothing.
 */
#include "ipc/schema_impl.h"

#include "ipc/normal.h"

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
            return schema_number(number, &value) && is_integral(value);
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

    if (!schema_number(value, &number))
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
