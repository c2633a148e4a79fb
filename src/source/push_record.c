/* SPDX-License-Identifier: MIT
 *
 * push_record.c - one walk over the members sorts them; what is to stay is copied only when the
 * record is known to be good.
 */
#include "source/push_record.h"

#include "record/parse_impl.h"
#include "record/utf8.h"

#include <errno.h>
#include <stdlib.h>

/* Where a member belongs. Of several for one of the first six places the one with the lowest rank
 * counts, of equals the first. */
enum place_kind {
    PLACE_MESSAGE,
    PLACE_LEVEL,
    PLACE_TIME,
    PLACE_STREAM,
    PLACE_SOURCE,
    PLACE_TTL,
    PLACE_ONE_OF
};
enum { PLACE_LABELS = PLACE_ONE_OF, PLACE_FIELDS, PLACE_LABEL, PLACE_FIELD };

struct place {
    uint8_t kind, rank;
    enum parse_key_kind key; /* of a level: how its numbers count */
    struct str label;
};

/* A record on its way: what has been chosen so far. */
struct draft {
    struct push_mapper *m;
    struct record r;
    struct json_member one[PLACE_ONE_OF]; /* key.p NULL: not there */
    uint8_t rank[PLACE_ONE_OF];
    bool keep_level; /* our level says less than the member did */
    struct label pairs[LABELS_MAX];
    uint32_t pair_count;
    bool no_memory;
};

/* Names that lines of processes do not have: there the source is known, and labels are given. */
static struct place own_place(struct str name)
{
    static const struct {
        struct str name;
        uint8_t kind;
    } own[] = {{{"source", 6}, PLACE_SOURCE},     {{"ttl", 3}, PLACE_TTL},
               {{"labels", 6}, PLACE_LABELS},     {{"fields", 6}, PLACE_FIELDS},
               {{"process_id", 10}, PLACE_LABEL}, {{"processId", 9}, PLACE_LABEL}};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (str_eq(own[i].name, name))
            return (struct place){.kind = own[i].kind, .label = STR("process_id")};
    return (struct place){.kind = PLACE_FIELD};
}

static struct place place_of(struct str name)
{
    static const uint8_t kinds[] = {
        [PARSE_KEY_MESSAGE] = PLACE_MESSAGE,    [PARSE_KEY_LEVEL] = PLACE_LEVEL,
        [PARSE_KEY_LEVEL_PYTHON] = PLACE_LEVEL, [PARSE_KEY_LEVEL_OTEL] = PLACE_LEVEL,
        [PARSE_KEY_TIME] = PLACE_TIME,          [PARSE_KEY_STREAM] = PLACE_STREAM,
        [PARSE_KEY_NESTED] = PLACE_FIELD,       [PARSE_KEY_LABEL] = PLACE_LABEL,
    };
    const struct parse_key *key = parse_key_find(name);

    if (!key)
        return own_place(name);
    return (struct place){.kind = kinds[key->kind],
                          .rank = key->rank,
                          .key = (enum parse_key_kind)key->kind,
                          .label = key->kind == PARSE_KEY_LABEL ? parse_label_name(key) : STR_NONE};
}

/* --- fields --- */

/* The text of the member as it came: key, colon and value. Line ends, which can only be space in
 * it, become blanks: a record is one line wherever it is written. */
static void add_field(struct draft *d, const struct json_member *member)
{
    struct buf *fields = &d->m->fields;
    struct str raw = json_member_raw(member);

    buf_add_char(fields, fields->n ? ',' : '{');
    buf_add_str(fields, raw);
    if (fields->failed || (!memchr(raw.p, '\n', raw.n) && !memchr(raw.p, '\r', raw.n)))
        return;
    for (char *p = fields->p + fields->n - raw.n; p < fields->p + fields->n; p++)
        if (*p == '\n' || *p == '\r')
            *p = ' ';
}

/* --- labels --- */

/* The text a string stands for, or the text of a number or word. p NULL when memory is short. */
static struct str plain_text(struct draft *d, const struct json_member *member)
{
    if (member->type != JSON_IS_STRING)
        return member->value;
    struct str text = parse_unescape(&d->m->scratch, member);
    d->no_memory |= !text.p;
    return text;
}

static bool over_limits(const struct draft *d, struct str name, struct str value)
{
    return value.n > LABEL_VALUE_MAX || !conf_label_ok(name) || d->pair_count == LABELS_MAX;
}

static void add_label(struct draft *d, struct str name, const struct json_member *member)
{
    bool scalar = member->type != JSON_IS_OBJECT && member->type != JSON_IS_ARRAY;
    struct str value = scalar && member->type != JSON_IS_NULL ? plain_text(d, member) : STR_NONE;

    if (value.n && !over_limits(d, name, value)) {
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
        struct place place = {.kind = PLACE_FIELD};
        if (kind == PLACE_LABELS)
            place = place_of(member.key);
        if (kind == PLACE_LABELS)
            add_label(d, place.kind == PLACE_LABEL ? place.label : member.key, &member);
        else
            add_field(d, &member);
    }
}

/* --- what there can be one of --- */

/* Is the value understood, for this place? Then the record has it. */
static bool understand(struct draft *d, const struct place *place, const struct json_member *member)
{
    bool text = member->type == JSON_IS_STRING, number = member->type == JSON_IS_NUMBER;
    bool folded = false;
    enum level level;
    enum stream stream;

    switch (place->kind) {
    case PLACE_LEVEL:
        level = text || number ? parse_level_value(place->key, member->value, &folded) : LEVEL_NONE;
        if (level == LEVEL_NONE)
            return false;
        d->r.level = level;
        d->keep_level = folded;
        return true;
    case PLACE_TIME:
        if (text)
            return stamp_parse(member->value, NULL, d->r.time_us, &d->m->second, &d->r.time_us);
        return number && stamp_epoch(member->value, &d->r.time_us);
    case PLACE_STREAM:
        stream = text ? stream_from_text(member->value) : STREAM_NONE;
        if (stream != STREAM_NONE)
            d->r.stream = stream;
        return stream != STREAM_NONE;
    case PLACE_TTL: /* a bare number is more likely something the record is about */
        return text && ttl_class_of(d->m->classes, member->value, &d->r.class);
    default:
        return member->type != JSON_IS_NULL;
    }
}

/* The better of two members is kept, the other becomes a field. */
static void choose(struct draft *d, const struct place *place, const struct json_member *member)
{
    struct json_member *one = &d->one[place->kind];

    if ((one->key.p && place->rank >= d->rank[place->kind]) || !understand(d, place, member)) {
        add_field(d, member);
        return;
    }
    if (one->key.p)
        add_field(d, one);
    *one = *member;
    d->rank[place->kind] = place->rank;
}

static void sort_member(struct draft *d, const struct json_member *member)
{
    struct place place = place_of(member->key);

    if (place.kind < PLACE_ONE_OF)
        choose(d, &place, member);
    else if (place.kind == PLACE_LABEL)
        add_label(d, place.label, member);
    else if (place.kind == PLACE_FIELD)
        add_field(d, member);
    else
        add_inner(d, member, place.kind);
}

/* A record that says no level may say it in its message, as a line does. */
static void find_level(struct draft *d)
{
    if (d->keep_level)
        add_field(d, &d->one[PLACE_LEVEL]);
    if (d->r.level != LEVEL_NONE)
        return;
    d->r.level = parse_text_level(d->r.message);
    if (d->r.level == LEVEL_NONE)
        d->r.level = d->r.stream == STREAM_STDERR ? LEVEL_ERROR : LEVEL_INFO;
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

static int set_labels(struct draft *d, struct str source)
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
    d->r.labels = m->last;
    return 0;
}

/* --- the record --- */

static const char *find_fault(const struct draft *d, bool well_formed, struct str source)
{
    const struct json_member *message = &d->one[PLACE_MESSAGE];

    if (!well_formed)
        return "not a well-formed JSON object";
    if (!message->key.p)
        return "no message: it needs a member message, msg, log or text";
    if (message->value.n > RECORD_MESSAGE_MAX)
        return "the message is longer than 1 MiB";
    if (source.n > LABEL_VALUE_MAX)
        return "the source is longer than 256 bytes";
    return NULL;
}

/* One label that the sender is limited to. False: the record has another value, or no room for
 * it. */
static bool meet_limit(struct draft *d, const struct label *must)
{
    bool has = false;

    for (uint32_t i = 0; i < d->pair_count; i++) {
        if (!str_eq(d->pairs[i].name, must->name))
            continue;
        if (!str_eq(d->pairs[i].value, must->value))
            return false;
        has = true;
    }
    if (!has && d->pair_count == LABELS_MAX)
        return false;
    if (!has)
        d->pairs[d->pair_count++] = *must;
    return true;
}

static bool meet_limits(struct draft *d)
{
    for (uint32_t i = 0; i < d->m->must_count; i++)
        if (!meet_limit(d, &d->m->must[i]))
            return false;
    return true;
}

/* The texts move to where they live as long as the batch. */
static int settle(struct draft *d, struct batch *b)
{
    struct buf *fields = &d->m->fields;

    if (fields->n)
        buf_add_char(fields, '}');
    if (d->no_memory || buf_error(fields) < 0)
        return -ENOMEM;
    d->r.message = arena_copy(&b->scratch, d->r.message);
    if (fields->n)
        d->r.fields = arena_copy(&b->scratch, buf_str(fields));
    if (!d->r.message.p || (fields->n && !d->r.fields.p))
        return -ENOMEM;
    return batch_add(b, &d->r);
}

static struct str clean_text(struct push_mapper *m, struct str text)
{
    if (utf8_valid_prefix(text) == text.n)
        return text;
    m->metrics->lines_invalid_utf8_total++;
    utf8_add_clean(&m->clean, text);
    return buf_str(&m->clean);
}

static void begin(struct draft *d, struct push_mapper *m, int64_t read_us)
{
    d->m = m;
    d->r = (struct record){.time_us = read_us, .stream = STREAM_STDOUT, .class = m->class};
    memset(d->one, 0, sizeof d->one);
    d->pair_count = 0;
    d->no_memory = d->keep_level = false;
    buf_clear(&m->clean);
    buf_clear(&m->fields);
    arena_reset(&m->scratch);
}

int push_record(struct push_mapper *m, struct str text, struct str source, struct batch *b,
                const char **ret_reason)
{
    struct draft d;
    struct json_member member;

    begin(&d, m, b->arrival_us);
    struct json_walk w = json_walk(clean_text(m, text));
    while (json_next(&w, &member))
        sort_member(&d, &member);
    if (d.one[PLACE_SOURCE].value.n)
        source = plain_text(&d, &d.one[PLACE_SOURCE]);
    const char *fault = find_fault(&d, w.ok, source);
    if (fault) {
        *ret_reason = fault;
        return d.no_memory || buf_error(&m->clean) < 0 ? -ENOMEM : -LM_E_INVALID;
    }
    if (!meet_limits(&d)) {
        *ret_reason = "its labels are not those that this token is limited to";
        return -LM_E_INVALID;
    }
    d.r.message = plain_text(&d, &d.one[PLACE_MESSAGE]);
    find_level(&d);
    int err = d.no_memory ? -ENOMEM : set_labels(&d, source);
    return err < 0 ? err : settle(&d, b);
}

void push_mapper_fini(struct push_mapper *m)
{
    labels_unref(m->last);
    buf_fini(&m->clean);
    buf_fini(&m->fields);
    arena_fini(&m->scratch);
    *m = (struct push_mapper){0};
}
