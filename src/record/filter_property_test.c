/* SPDX-License-Identifier: MIT
 *
 * filter_property_test.c - random filters on random records, against an evaluator that shares
 * nothing.
 *
 * The other evaluator walks the tree as it was parsed, looks at the record's JSON through jansson,
 * and does everything in the dullest way: strings are copied to lower case, fields are written out
 * as a list of dotted names, patterns run in PCRE2's interpreter without a prefilter.
 *
 * Properties, for every filter and record:
 *   - both say the same, and so do decide + rest;
 *   - what a label set decides holds for every record with that set;
 *   - a record that is chosen has the labels the filter demands;
 *   - the same tree with its parts in another order, doubled and bracketed has the same key;
 *   - the key is a filter, has itself as key, and chooses the same.
 */
#include "record/filter.h"

#include "base/clock.h"
#include "record/encode.h"
#include "record/random_test.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <jansson.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILTERS = 2000, RECORDS = 120, PATH_MAX_BYTES = 256 };

struct sample {
    struct record r;
    struct buf message, fields;
    json_t *json;
};

static void make_sample(struct sample *s, uint64_t id)
{
    struct buf json = {0};

    *s = (struct sample){0};
    add_random_message(&s->message);
    if (below(4))
        add_random_object(&s->fields, 0);
    s->r = (struct record){.id = id,
                           .time_us = clock_wall_us() - (int64_t)below(7200) * 1000000,
                           .labels = random_labels(),
                           .message = buf_str(&s->message),
                           .fields = buf_str(&s->fields),
                           .level = (enum level)(LEVEL_TRACE + below(6)),
                           .stream = (enum stream)(STREAM_STDOUT + below(3))};
    encode_json(&json, &s->r, SIZE_MAX);
    s->json = json_loadb(json.p, json.n, JSON_ALLOW_NUL, NULL);
    assert_non_null(s->json);
    buf_fini(&json);
}

static void free_sample(struct sample *s)
{
    labels_unref(s->r.labels);
    buf_fini(&s->message);
    buf_fini(&s->fields);
    json_decref(s->json);
}

/* --- the same tree, written differently --- */

static void write_shuffled(struct buf *out, const struct expr *e);

static void write_child(struct buf *out, const struct expr *e)
{
    struct buf term = {0};

    filter_print(&term, e);
    bool bare = e->kind == EXPR_TERM && below(8);
    if (below(12) == 0 && e->kind == EXPR_TERM) {
        buf_printf(out, "-(-%.*s)", STR_FMT(buf_str(&term)));
    } else {
        if (!bare)
            buf_add_char(out, '(');
        write_shuffled(out, e);
        if (!bare)
            buf_add_char(out, ')');
    }
    buf_fini(&term);
}

static void write_children(struct buf *out, const struct expr *e)
{
    const struct expr *children[16];
    uint32_t n = 0;

    for (const struct expr *child = e->first; child; child = child->next)
        children[n++] = child;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t other = i + below(n - i);
        const struct expr *child = children[other];
        children[other] = children[i];
        if (i)
            buf_add_str(out, e->kind == EXPR_OR ? STR(" OR ") : below(2) ? STR(" ") : STR(" AND "));
        write_child(out, child);
    }
    if (below(3) == 0) {
        buf_add_str(out, e->kind == EXPR_OR ? STR(" OR ") : STR(" "));
        write_child(out, e->first);
    }
}

static void write_shuffled(struct buf *out, const struct expr *e)
{
    if (e->kind == EXPR_TERM) {
        filter_print(out, e);
        return;
    }
    if (e->kind == EXPR_NOT) {
        BUF_LIT(out, "-(");
        write_shuffled(out, e->first);
        BUF_LIT(out, ")");
        return;
    }
    write_children(out, e);
}

/* --- the dull evaluator --- */

static bool dull_regex(struct str pattern, struct str flags, const char *text)
{
    int code;
    PCRE2_SIZE at;
    uint32_t options = PCRE2_UTF;

    for (size_t i = 0; i < flags.n; i++)
        options |= flags.p[i] == 'i'   ? PCRE2_CASELESS
                   : flags.p[i] == 'm' ? PCRE2_MULTILINE
                   : flags.p[i] == 's' ? PCRE2_DOTALL
                                       : PCRE2_EXTENDED;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &code, &at, NULL);
    assert_non_null(re);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int n = pcre2_match(re, (PCRE2_SPTR)text, strlen(text), 0, 0, data, NULL);
    pcre2_match_data_free(data);
    pcre2_code_free(re);
    assert_true(n >= 0 || n == PCRE2_ERROR_NOMATCH);
    return n >= 0;
}

static void dull_lower(char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            *s += 'a' - 'A';
}

/* The generator paints with SGR sequences only. */
static char *dull_plain(const char *message)
{
    char *out = strdup(message), *to = out;

    for (const char *p = message; *p; p++) {
        if (*p == '\x1b')
            while (*p != 'm')
                p++;
        else
            *to++ = *p;
    }
    *to = '\0';
    return out;
}

static bool dull_text(const struct expr *e, const char *message)
{
    char *plain = dull_plain(message);
    bool yes = false;

    if (e->op == OP_REGEX) {
        yes = dull_regex(e->values->text, e->flags, plain);
    } else {
        dull_lower(plain);
        for (const struct expr_value *v = e->values; v; v = v->next) {
            char *needle = strndup(v->text.p, v->text.n);
            dull_lower(needle);
            yes |= strstr(plain, needle) != NULL;
            free(needle);
        }
    }
    free(plain);
    return yes;
}

static bool dull_order(enum expr_op op, double order)
{
    return op == OP_IS        ? order == 0
           : op == OP_MORE    ? order > 0
           : op == OP_MORE_EQ ? order >= 0
           : op == OP_LESS    ? order < 0
                              : order <= 0;
}

/* The generator's numbers are plain decimals, perhaps with an exponent. */
static bool dull_number(const char *s, double *ret)
{
    char *end;

    *ret = strtod(s, &end);
    return *s && *end == '\0' && strspn(s, "0123456789.-+eE") == strlen(s) && *s != '.' &&
           *s != '+' && *s != 'e' && *s != 'E';
}

static bool dull_value(const struct expr *e, const char *text, bool json_number)
{
    double a, b;

    if (e->op == OP_REGEX)
        return dull_regex(e->values->text, e->flags, text);
    for (const struct expr_value *v = e->values; v; v = v->next) {
        char *wanted = strndup(v->text.p, v->text.n);
        bool numbers = dull_number(text, &a) && dull_number(wanted, &b);
        bool yes;
        if (e->op == OP_IS)
            yes = strcmp(text, wanted) == 0 || (json_number && numbers && a == b);
        else
            yes = dull_order(e->op, numbers ? a - b : strcmp(text, wanted));
        free(wanted);
        if (yes)
            return true;
    }
    return false;
}

/* Every scalar under `value` whose dotted name is the key. */
static bool dull_field(const struct expr *e, const char *key, const char *name, json_t *value)
{
    char text[64], inner[PATH_MAX_BYTES];
    const char *member;
    json_t *child;
    size_t i;

    if (json_is_array(value)) {
        json_array_foreach(value, i, child) if (dull_field(e, key, name, child)) return true;
        return false;
    }
    if (json_is_object(value)) {
        json_object_foreach(value, member, child)
        {
            snprintf(inner, sizeof inner, "%s%s%s", name, *name ? "." : "", member);
            if (dull_field(e, key, inner, child))
                return true;
        }
        return false;
    }
    if (strcmp(key, name) != 0 || json_is_null(value))
        return false;
    if (json_is_string(value))
        return dull_value(e, json_string_value(value), false);
    snprintf(text, sizeof text, "%g", json_number_value(value));
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    if (json_is_boolean(value))
        return dull_value(e, json_is_true(value) ? "true" : "false", false);
    return dull_value(e, text, true);
}

static int dull_level(const char *name)
{
    static const char *const levels[] = {"trace", "debug", "info", "warn", "error", "fatal"};

    for (int i = 0; i < 6; i++)
        if (strcmp(name, levels[i]) == 0)
            return i;
    fail_msg("level %s", name);
    return -1;
}

static bool dull_level_fits(const struct expr *e, const char *level)
{
    for (const struct expr_value *v = e->values; v && e->op != OP_REGEX; v = v->next) {
        char *wanted = strndup(v->text.p, v->text.n);
        int order = dull_level(level) - dull_level(wanted);
        free(wanted);
        if (dull_order(e->op, order))
            return true;
    }
    return e->op == OP_REGEX && dull_regex(e->values->text, e->flags, level);
}

static bool dull_time_fits(const struct expr *e, const char *stamp)
{
    int64_t at, limit = clock_wall_us();

    assert_true(clock_parse(str_from(stamp), &at));
    limit -= strtoll(e->values->text.p, NULL, 10) * 60 * 1000000 *
             (e->values->text.p[e->values->text.n - 1] == 'h' ? 60 : 1);
    return dull_order(e->op, (double)(at - limit));
}

static bool dull_keyed(const struct expr *e, const char *key, json_t *record)
{
    static const char *const known[] = {"source", "job_run_id", "task_run_id"};
    json_t *fields = json_object_get(record, "fields");
    json_t *member = json_object_get(record, key);

    if (strcmp(key, "id") == 0) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(member));
        return dull_value(e, text, true);
    }
    if (strcmp(key, "level") == 0)
        return dull_level_fits(e, json_string_value(member));
    if (strcmp(key, "timestamp") == 0)
        return dull_time_fits(e, json_string_value(member));
    if (member)
        return dull_value(e, json_string_value(member), false);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(key, known[i]) == 0)
            return false;
    if (strncmp(key, "fields.", 7) == 0)
        key += 7;
    return fields && dull_field(e, key, "", fields);
}

static bool dull_match(const struct expr *e, json_t *record)
{
    char key[PATH_MAX_BYTES];

    if (!e)
        return true;
    if (e->kind == EXPR_NOT)
        return !dull_match(e->first, record);
    if (e->kind != EXPR_TERM) {
        bool all = true, any = false;
        for (const struct expr *child = e->first; child; child = child->next) {
            bool yes = dull_match(child, record);
            all = all && yes;
            any = any || yes;
        }
        return e->kind == EXPR_AND ? all : any;
    }
    snprintf(key, sizeof key, "%.*s", STR_FMT(e->key));
    if (!*key || strcmp(key, "message") == 0)
        return dull_text(e, json_string_value(json_object_get(record, "message")));
    return dull_keyed(e, key, record);
}

/* --- the properties --- */

static struct sample samples[RECORDS];

/* False when the text exceeds a limit, as one that was written at length may. */
static bool make_filter(struct filter *f, struct str text)
{
    struct errinfo info;

    filter_init(f);
    if (filter_add(f, STR("q"), text, &info) == 0)
        return true;
    if (!strstr(info.text, "at most"))
        fail_msg("%.*s: column %d: %s", STR_FMT(text), info.column, info.text);
    filter_fini(f);
    return false;
}

static void check_demanded(const struct filter *f, const struct record *r)
{
    for (uint32_t i = 0; i < f->label_count; i++)
        assert_true(str_eq(labels_get(r->labels, f->labels[i].name), f->labels[i].value));
}

static void check_samples(const struct filter *f, struct str text, const struct expr *tree)
{
    for (int i = 0; i < RECORDS; i++) {
        const struct record *r = &samples[i].r;
        struct filter_verdict v;
        bool expected = dull_match(tree, samples[i].json);

        filter_decide(f, r->labels, &v);
        if (v.truth == (expected ? TRUTH_NO : TRUTH_YES))
            fail_msg("%.*s: the labels of %s decide wrongly", STR_FMT(text),
                     json_dumps(samples[i].json, 0));
        if (filter_match(f, r) != expected || filter_match_rest(f, &v, r) != expected)
            fail_msg("%.*s: %s of %s", STR_FMT(text), expected ? "misses" : "chooses",
                     json_dumps(samples[i].json, 0));
        if (expected)
            check_demanded(f, r);
    }
    assert_int_equal(filter_overruns(f), 0);
}

static struct str key_of(const struct filter *f, struct buf *out)
{
    buf_clear(out);
    filter_add_key(f, out);
    return buf_str(out);
}

static void check_key(const struct filter *f, const struct expr *tree)
{
    struct buf key = {0}, other = {0}, shuffled = {0};
    struct filter g;

    key_of(f, &key);
    write_shuffled(&shuffled, tree);
    bool fits = make_filter(&g, buf_str(&shuffled));
    if (fits && !str_eq(key_of(&g, &other), buf_str(&key)))
        fail_msg("%.*s has key %.*s, not %.*s", STR_FMT(buf_str(&shuffled)),
                 STR_FMT(buf_str(&other)), STR_FMT(buf_str(&key)));
    if (fits)
        filter_fini(&g);

    assert_true(make_filter(&g, buf_str(&key)));
    if (!str_eq(key_of(&g, &other), buf_str(&key)))
        fail_msg("key %.*s has key %.*s", STR_FMT(buf_str(&key)), STR_FMT(buf_str(&other)));
    for (int i = 0; i < RECORDS; i++)
        assert_int_equal(filter_match(f, &samples[i].r), filter_match(&g, &samples[i].r));
    filter_fini(&g);
    buf_fini(&key);
    buf_fini(&other);
    buf_fini(&shuffled);
}

static void random_filters_choose_what_the_dull_evaluator_chooses(void **state)
{
    struct buf text = {0};
    struct arena a = {0};

    (void)state;
    for (int i = 0; i < FILTERS; i++) {
        struct expr *tree = NULL;
        struct filter f;
        buf_clear(&text);
        arena_reset(&a);
        add_random_filter(&text, 0);
        assert_int_equal(filter_parse(&a, buf_str(&text), &tree, NULL), 0);
        assert_true(make_filter(&f, buf_str(&text)));
        check_samples(&f, buf_str(&text), tree);
        check_key(&f, tree);
        filter_fini(&f);
    }
    buf_fini(&text);
    arena_fini(&a);
}

static int make_samples(void **state)
{
    (void)state;
    clock_fake(1768473045000000);
    for (int i = 0; i < RECORDS; i++)
        make_sample(&samples[i], (uint64_t)i + 1);
    return 0;
}

static int free_samples(void **state)
{
    (void)state;
    for (int i = 0; i < RECORDS; i++)
        free_sample(&samples[i]);
    label_table_fini(&random_table);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_filters_choose_what_the_dull_evaluator_chooses),
    };
    return cmocka_run_group_tests(tests, make_samples, free_samples);
}
