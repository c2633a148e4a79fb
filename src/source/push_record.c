/* SPDX-License-Identifier: MIT
 *
 * push_record.c - one walk over the members sorts them; what is to stay is copied only when the record
 * is known to be good.
 */
#include "source/push_record.h"

#include "base/clock.h"
#include "record/json.h"
#include "record/parse.h"
#include "record/utf8.h"

#include <errno.h>
#include <stdlib.h>

/* What a member may be. Of several messages (or times, …) the one with the lowest rank counts. */
enum kind { KIND_MESSAGE, KIND_LEVEL, KIND_TIME, KIND_STREAM, KIND_SOURCE, KIND_ONE_OF };
enum { KIND_LABELS = KIND_ONE_OF, KIND_FIELDS, KIND_LABEL, KIND_FIELD };

struct key {
    struct str name;
    uint8_t kind, rank;
    struct str label; /* the name of a label that is spelt otherwise */
};

#define KEY(text, kind, rank)                                                                      \
    {                                                                                              \
        {text, sizeof(text) - 1}, kind, rank,                                                      \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }
#define LABEL_KEY(text, label)                                                                     \
    {                                                                                              \
        {text, sizeof(text) - 1}, KIND_LABEL, 0,                                                   \
        {                                                                                          \
            label, sizeof(label) - 1                                                               \
        }                                                                                          \
    }
#define LABEL_KEYS(snake, camel) LABEL_KEY(snake, snake), LABEL_KEY(camel, snake)

static const struct key keys[] = {
    KEY("message", KIND_MESSAGE, 0),
    KEY("msg", KIND_MESSAGE, 1),
    KEY("log", KIND_MESSAGE, 2),
    KEY("text", KIND_MESSAGE, 3),
    KEY("level", KIND_LEVEL, 0),
    KEY("severity", KIND_LEVEL, 1),
    KEY("lvl", KIND_LEVEL, 2),
    KEY("levelname", KIND_LEVEL, 3),
    KEY("timestamp", KIND_TIME, 0),
    KEY("@timestamp", KIND_TIME, 1),
    KEY("time", KIND_TIME, 2),
    KEY("ts", KIND_TIME, 3),
    KEY("stream", KIND_STREAM, 0),
    KEY("source", KIND_SOURCE, 0),
    KEY("labels", KIND_LABELS, 0),
    KEY("fields", KIND_FIELDS, 0),
    LABEL_KEYS("job_run_id", "jobRunId"),
    LABEL_KEYS("task_run_id", "taskRunId"),
    LABEL_KEYS("task_name", "taskName"),
    LABEL_KEYS("campaign_id", "campaignId"),
    LABEL_KEYS("user_email", "userEmail"),
    LABEL_KEYS("session_id", "sessionId"),
    LABEL_KEYS("process_id", "processId"),
};

/* A record on its way: what has been chosen so far. */
struct draft {
    struct push_mapper *m;
    struct json_member one[KIND_ONE_OF]; /* key.p NULL: not there */
    uint8_t rank[KIND_ONE_OF];
    struct label pairs[LABELS_MAX];
    uint32_t pair_count;
    bool no_memory;
};

static const struct key *find_key(struct str name)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].name.n == name.n && memcmp(keys[i].name.p, name.p, name.n) == 0)
            return &keys[i];
    return NULL;
}

/* --- fields --- */

/* The text of the member as it came: key, colon and value. Line ends, which can only be space in it,
 * become blanks: a record is one line wherever it is written. */
static void add_field(struct draft *d, const struct json_member *member)
{
    struct buf *fields = &d->m->fields;
    const char *end = member->value.p + member->value.n + (member->type == JSON_IS_STRING);
    const char *start = member->key.p - 1;
    size_t n = (size_t)(end - start);

    buf_add_char(fields, fields->n ? ',' : '{');
    buf_add(fields, start, n);
    if (fields->failed || (!memchr(start, '\n', n) && !memchr(start, '\r', n)))
        return;
    for (char *p = fields->p + fields->n - n; p < fields->p + fields->n; p++)
        if (*p == '\n' || *p == '\r')
            *p = ' ';
}

/* --- labels --- */

/* The text a string stands for, or the text of a number or word. p NULL when memory is short. */
static struct str plain_text(struct draft *d, const struct json_member *member)
{
    if (member->type != JSON_IS_STRING || !memchr(member->value.p, '\\', member->value.n))
        return member->value;
    buf_clear(&d->m->text);
    json_add_unescaped(&d->m->text, member->value);
    struct str copy =
        buf_error(&d->m->text) < 0 ? STR_NONE : arena_copy(&d->m->scratch, buf_str(&d->m->text));
    d->no_memory |= !copy.p;
    return copy;
}

static bool over_limits(const struct draft *d, struct str name, struct str value)
{
    return value.n > LABEL_VALUE_MAX || !conf_label_ok(name) || d->pair_count == LABELS_MAX;
}

static void add_label(struct draft *d, struct str name, const struct json_member *member)
{
    bool scalar = member->type != JSON_IS_OBJECT && member->type != JSON_IS_ARRAY;
    struct str value = scalar && member->type != JSON_IS_NULL ? plain_text(d, member) : STR_NONE;

    if (scalar && value.n && !over_limits(d, name, value)) {
        d->pairs[d->pair_count++] = (struct label){name, value};
        return;
    }
    if (value.n) {
        d->m->metrics->labels_moved_total++;
        d->m->moved = true;
    }
    add_field(d, member);
}

/* Members of `labels` or `fields`; a value of another type is a field like any other. */
static void add_inner(struct draft *d, const struct json_member *outer, int kind)
{
    struct json_walk w = json_walk(outer->value);
    struct json_member member;

    if (outer->type != JSON_IS_OBJECT) {
        add_field(d, outer);
        return;
    }
    while (json_next(&w, &member)) {
        const struct key *key = kind == KIND_LABELS ? find_key(member.key) : NULL;
        if (kind == KIND_LABELS)
            add_label(d, key && key->label.n ? key->label : member.key, &member);
        else
            add_field(d, &member);
    }
}

/* --- members --- */

/* The better of two members of a kind is kept, the other becomes a field. */
static void choose(struct draft *d, const struct key *key, const struct json_member *member)
{
    struct json_member *one = &d->one[key->kind];
    bool better = !one->key.p || key->rank < d->rank[key->kind];

    if (member->type == JSON_IS_NULL || !better) {
        add_field(d, member);
        return;
    }
    if (one->key.p)
        add_field(d, one);
    *one = *member;
    d->rank[key->kind] = key->rank;
}

static void sort_member(struct draft *d, const struct json_member *member)
{
    const struct key *key = find_key(member->key);

    if (!key)
        add_field(d, member);
    else if (key->kind < KIND_ONE_OF)
        choose(d, key, member);
    else if (key->kind == KIND_LABEL)
        add_label(d, key->label, member);
    else
        add_inner(d, member, key->kind);
}

/* --- level, stream, time --- */

static enum level level_of(const struct json_member *member)
{
    uint64_t number;
    enum level level = member->type == JSON_IS_STRING ? level_from_text(member->value) : LEVEL_NONE;

    if (level == LEVEL_NONE && str_to_u64(member->value, &number))
        level = level_from_number(number, NULL);
    return level;
}

static void set_level(struct draft *d, struct record *r)
{
    const struct json_member *member = &d->one[KIND_LEVEL];

    if (member->key.p) {
        r->level = level_of(member);
        if (r->level != LEVEL_NONE)
            return;
        add_field(d, member);
    }
    r->level = parse_text_level(r->message);
    if (r->level == LEVEL_NONE)
        r->level = r->stream == STREAM_STDERR ? LEVEL_ERROR : LEVEL_INFO;
}

static void set_stream(struct draft *d, struct record *r)
{
    const struct json_member *member = &d->one[KIND_STREAM];

    r->stream = STREAM_STDOUT;
    if (!member->key.p)
        return;
    enum stream stream =
        member->type == JSON_IS_STRING ? stream_from_text(member->value) : STREAM_NONE;
    if (stream == STREAM_NONE)
        add_field(d, member);
    else
        r->stream = stream;
}

/* Seconds, milliseconds, microseconds or nanoseconds, told apart by size: until the year 5138 they
 * do not meet. What is finer than a microsecond is cut. */
static bool epoch_us(struct str number, int64_t *ret_us)
{
    struct str fraction;
    uint64_t whole;

    if (!str_to_u64(str_cut(number, '.', &fraction), &whole) || whole > INT64_MAX)
        return false;
    if (whole >= 100000000000000000u) {
        *ret_us = (int64_t)(whole / 1000);
        return true;
    }
    uint64_t unit = whole >= 100000000000000u ? 1 : whole >= 100000000000u ? 1000 : 1000000;
    *ret_us = (int64_t)(whole * unit);
    for (size_t i = 0; i < fraction.n && unit > 1; i++) {
        if (fraction.p[i] < '0' || fraction.p[i] > '9')
            return false;
        unit /= 10;
        *ret_us += (fraction.p[i] - '0') * (int64_t)unit;
    }
    return true;
}

static void set_time(struct draft *d, int64_t read_us, struct record *r)
{
    const struct json_member *member = &d->one[KIND_TIME];

    r->time_us = read_us;
    if (!member->key.p)
        return;
    bool known = member->type == JSON_IS_STRING && clock_parse(member->value, &r->time_us);
    if (!known && (member->type == JSON_IS_STRING || member->type == JSON_IS_NUMBER))
        known = epoch_us(member->value, &r->time_us);
    if (!known) {
        r->time_us = read_us;
        add_field(d, member);
    }
}

/* --- whose it is --- */

/* Is this exactly the set that the pairs would make? Pairs with a name twice may be taken for
 * another one, which costs time only. */
static bool is_set(const struct labels *l, struct str source, const struct label *pairs, uint32_t n)
{
    if (!l || l->count != n + 1 || !str_eq(l->source, source))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct str value = labels_get(l, pairs[i].name);
        if (!value.p || !str_eq(value, pairs[i].value))
            return false;
    }
    return true;
}

static bool names_differ(const struct label *pairs, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t j = 0; j < i; j++)
            if (str_eq(pairs[i].name, pairs[j].name))
                return false;
    return true;
}

static int set_labels(struct draft *d, struct str source, struct record *r)
{
    struct push_mapper *m = d->m;

    if (!is_set(m->last, source, d->pairs, d->pair_count) ||
        !names_differ(d->pairs, d->pair_count)) {
        struct labels *made;
        int err = labels_make(m->table, source, d->pairs, d->pair_count, &made);
        if (err < 0)
            return err;
        labels_unref(m->last);
        m->last = made;
    }
    r->labels = m->last;
    return 0;
}

/* --- the record --- */

static const char *find_fault(const struct draft *d, bool well_formed, struct str *source)
{
    const struct json_member *message = &d->one[KIND_MESSAGE];

    if (!well_formed)
        return "not a well-formed JSON object";
    if (!message->key.p)
        return "no message: it needs a member message, msg, log or text";
    if (message->value.n > RECORD_MESSAGE_MAX)
        return "the message is longer than 1 MiB";
    if (source->n > LABEL_VALUE_MAX)
        return "the source is longer than 256 bytes";
    return NULL;
}

/* The texts move to where they live as long as the batch. */
static int settle(struct draft *d, struct batch *b, struct record *r)
{
    struct buf *fields = &d->m->fields;

    if (fields->n)
        buf_add_char(fields, '}');
    if (d->no_memory || buf_error(fields) < 0)
        return -ENOMEM;
    r->message = arena_copy(&b->scratch, r->message);
    if (fields->n)
        r->fields = arena_copy(&b->scratch, buf_str(fields));
    if (!r->message.p || (fields->n && !r->fields.p))
        return -ENOMEM;
    return batch_add(b, r);
}

static struct str clean_text(struct push_mapper *m, struct str text)
{
    if (utf8_valid_prefix(text) == text.n)
        return text;
    m->metrics->lines_invalid_utf8_total++;
    utf8_add_clean(&m->clean, text);
    return buf_str(&m->clean);
}

int push_record(struct push_mapper *m, struct str text, struct str source, struct batch *b,
                const char **ret_reason)
{
    struct draft d;
    struct record r = {0};
    struct json_member member;

    d.m = m;
    memset(d.one, 0, sizeof d.one);
    d.pair_count = 0;
    d.no_memory = false;
    buf_clear(&m->clean);
    buf_clear(&m->fields);
    arena_reset(&m->scratch);
    struct json_walk w = json_walk(clean_text(m, text));
    while (json_next(&w, &member))
        sort_member(&d, &member);
    if (d.one[KIND_SOURCE].value.n)
        source = plain_text(&d, &d.one[KIND_SOURCE]);
    const char *fault = find_fault(&d, w.ok, &source);
    if (fault) {
        *ret_reason = fault;
        return d.no_memory || buf_error(&m->clean) < 0 ? -ENOMEM : -LM_E_INVALID;
    }
    r.message = plain_text(&d, &d.one[KIND_MESSAGE]);
    set_stream(&d, &r);
    set_level(&d, &r);
    set_time(&d, b->arrival_us, &r);
    int err = d.no_memory ? -ENOMEM : set_labels(&d, source, &r);
    return err < 0 ? err : settle(&d, b, &r);
}

void push_mapper_fini(struct push_mapper *m)
{
    labels_unref(m->last);
    buf_fini(&m->clean);
    buf_fini(&m->fields);
    buf_fini(&m->text);
    arena_fini(&m->scratch);
    *m = (struct push_mapper){0};
}
