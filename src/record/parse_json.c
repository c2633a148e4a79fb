/* SPDX-License-Identifier: MIT
 *
 * parse_json.c - a line that is one JSON object.
 *
 * One walk over the members notes the best message, level and time, and the labels. What was used
 * is then cut out of the object's text and the pieces between the cuts are copied: nothing is
 * written anew, so numbers keep their digits and strings their escapes.
 *
 *     {"level":30,"time":1700000000123,"pid":7,"msg":"hello","a":1}
 *      ─────────────────────────────── cut       ───────────── cut      -> {"pid":7,"a":1}
 */
#include "record/parse_impl.h"

#include <errno.h>

enum { CUTS_MAX = SAID_LABELS_MAX + 4, RANK_NONE = 255 };

/* The best member of one kind so far. */
struct pick {
    uint8_t rank;
    bool keep; /* among the fields, although it was used */
    struct json_member m;
};

struct json_line {
    const struct reading *in;
    struct said *said;
    struct pick message, level, time, stream;
    struct str cuts[CUTS_MAX]; /* in the order of the text once sorted */
    uint32_t cut_count;
};

/* Not in one assignment, which would clear the cuts too. */
static void begin(struct json_line *l, const struct reading *in, struct said *said)
{
    l->in = in;
    l->said = said;
    l->message.rank = l->level.rank = l->time.rank = l->stream.rank = RANK_NONE;
    l->cut_count = 0;
}

static void cut(struct json_line *l, const struct json_member *m)
{
    struct str raw = json_member_raw(m);
    uint32_t at = l->cut_count++;

    for (; at > 0 && l->cuts[at - 1].p > raw.p; at--)
        l->cuts[at] = l->cuts[at - 1];
    l->cuts[at] = raw;
}

/* --- what single members say --- */

static enum level level_of(enum parse_key_kind kind, const struct json_member *m, bool *ret_folded)
{
    if (m->type != JSON_IS_STRING && m->type != JSON_IS_NUMBER)
        return LEVEL_NONE;
    return parse_level_value(kind, m->value, ret_folded);
}

/* {"seconds":1,"nanos":2}, {"epochSecond":1,"nanoOfSecond":2}, {"$date":"..."} */
static bool time_of_object(const struct reading *in, struct str object, int64_t *ret_us)
{
    struct json_walk w = json_walk(object);
    struct json_member m;
    int64_t whole = 0;
    uint64_t nanos = 0;
    bool found = false;

    while (json_next(&w, &m)) {
        if (m.key.n >= 5 && m.key.n <= 12 && str_starts(m.key, STR("nano")))
            found = str_to_u64(m.value, &nanos) && nanos < 1000000000 && found;
        else if (str_is(m.key, "seconds") || str_is(m.key, "epochSecond"))
            found = stamp_epoch(m.value, &whole);
        else if (str_is(m.key, "$date"))
            found = stamp_parse(m.value, in->zone, in->read_us, in->second, &whole);
        else
            return false;
    }
    *ret_us = whole + (int64_t)(nanos / 1000);
    return found;
}

static bool time_of(const struct reading *in, const struct json_member *m, int64_t *ret_us)
{
    if (m->type == JSON_IS_NUMBER)
        return stamp_epoch(m->value, ret_us);
    if (m->type == JSON_IS_STRING)
        return stamp_parse(m->value, in->zone, in->read_us, in->second, ret_us);
    return m->type == JSON_IS_OBJECT && time_of_object(in, m->value, ret_us);
}

static void take_level(struct json_line *l, const struct parse_key *key,
                       const struct json_member *m, bool nested)
{
    bool folded = false;
    enum level level = level_of((enum parse_key_kind)key->kind, m, &folded);

    if (level == LEVEL_NONE || key->rank >= l->level.rank)
        return;
    l->said->level = level;
    l->level = (struct pick){.rank = key->rank, .keep = folded || nested, .m = *m};
}

/* {"log":{"level":"warn"}}: the level is taken, the object stays. */
static void look_inside(struct json_line *l, struct str object)
{
    struct json_walk w = json_walk(object);
    struct json_member m;

    while (json_next(&w, &m)) {
        const struct parse_key *key = parse_key_find(m.key);
        if (key && key->kind == PARSE_KEY_LEVEL)
            take_level(l, key, &m, true);
    }
}

static void take_time(struct json_line *l, const struct parse_key *key, const struct json_member *m)
{
    int64_t us;

    if (key->rank >= l->time.rank || !time_of(l->in, m, &us))
        return;
    l->said->time_us = us;
    l->said->timed = true;
    l->time = (struct pick){.rank = key->rank, .m = *m};
}

static void take_message(struct json_line *l, const struct parse_key *key,
                         const struct json_member *m)
{
    if (m->type == JSON_IS_OBJECT && str_is(m->key, "log"))
        look_inside(l, m->value);
    if (m->type == JSON_IS_STRING && key->rank < l->message.rank)
        l->message = (struct pick){.rank = key->rank, .m = *m};
}

static bool take_label(struct json_line *l, const struct parse_key *key,
                       const struct json_member *m)
{
    struct str value = m->value;

    if (m->type != JSON_IS_STRING && m->type != JSON_IS_NUMBER)
        return true;
    if (m->type == JSON_IS_STRING && !(value = parse_unescape(l->in->scratch, m)).p)
        return false;
    if (parse_take_label(l->in, l->said, key, value))
        cut(l, m);
    return true;
}

/* false: no memory. */
static bool take_member(struct json_line *l, const struct json_member *m)
{
    const struct parse_key *key = parse_key_find(m->key);

    if (!key)
        return true;
    switch ((enum parse_key_kind)key->kind) {
    case PARSE_KEY_MESSAGE:
        take_message(l, key, m);
        break;
    case PARSE_KEY_LEVEL:
    case PARSE_KEY_LEVEL_PYTHON:
    case PARSE_KEY_LEVEL_OTEL:
        take_level(l, key, m, false);
        break;
    case PARSE_KEY_TIME:
        take_time(l, key, m);
        break;
    case PARSE_KEY_STREAM:
        l->stream = (struct pick){.m = *m};
        break;
    case PARSE_KEY_NESTED:
        if (m->type == JSON_IS_OBJECT)
            look_inside(l, m->value);
        break;
    case PARSE_KEY_LABEL:
        return take_label(l, key, m);
    }
    return true;
}

/* --- what remains --- */

/* The text between two cuts without the commas and spaces at its ends. */
static struct str trim_piece(const char *start, const char *end)
{
    while (start < end && (*start == ',' || (unsigned char)*start <= ' '))
        start++;
    while (start < end && (end[-1] == ',' || (unsigned char)end[-1] <= ' '))
        end--;
    return str_of(start, (size_t)(end - start));
}

static int copy_rest(struct json_line *l, struct str line)
{
    const char *at = (const char *)memchr(line.p, '{', line.n) + 1;
    const char *end = (const char *)memrchr(line.p, '}', line.n);
    struct str pieces[CUTS_MAX + 1];
    size_t n = 0, count = 0;

    for (uint32_t i = 0; i <= l->cut_count; i++) {
        struct str piece = trim_piece(at, i < l->cut_count ? l->cuts[i].p : end);
        at = i < l->cut_count ? l->cuts[i].p + l->cuts[i].n : end;
        if (piece.n)
            pieces[count++] = piece;
        n += piece.n;
    }
    if (n == 0)
        return 0;
    char *out = arena_alloc(l->in->scratch, n + count + 1), *to = out;
    if (!out)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        *to = i ? ',' : '{';
        memcpy(to + 1, pieces[i].p, pieces[i].n);
        to += pieces[i].n + 1;
    }
    *to = '}';
    l->said->fields = str_of(out, n + count + 1);
    return 0;
}

/* {"log":"text\n","stream":"stdout","time":"..."}: a container's line, not an application's. */
static bool is_docker(const struct json_line *l)
{
    return l->message.rank != RANK_NONE && str_is(l->message.m.key, "log") &&
           l->level.rank == RANK_NONE && l->said->label_count == 0 && l->time.rank != RANK_NONE &&
           l->stream.rank != RANK_NONE && l->stream.m.type == JSON_IS_STRING &&
           stream_from_text(l->stream.m.value) != STREAM_NONE;
}

static void unwrap_docker(struct json_line *l)
{
    struct str *text = &l->said->message;

    l->said->wrapped = true;
    l->said->stream = stream_from_text(l->stream.m.value);
    l->said->partial = text->n == 0 || text->p[text->n - 1] != '\n';
    text->n -= !l->said->partial;
    if (!l->said->partial && text->n && text->p[text->n - 1] == '\r')
        text->n--;
    cut(l, &l->stream.m);
}

static int use(struct json_line *l, struct str line)
{
    if (l->message.rank != RANK_NONE) {
        l->said->message = parse_unescape(l->in->scratch, &l->message.m);
        if (!l->said->message.p)
            return -ENOMEM;
        if (is_docker(l))
            unwrap_docker(l);
        cut(l, &l->message.m);
    }
    if (l->level.rank != RANK_NONE && !l->level.keep)
        cut(l, &l->level.m);
    if (l->time.rank != RANK_NONE)
        cut(l, &l->time.m);
    return copy_rest(l, line);
}

int parse_json(const struct reading *in, struct str line, struct said *ret)
{
    struct json_walk w = json_walk(line);
    struct json_member m;
    struct json_line l;

    said_begin(ret, line);
    begin(&l, in, ret);
    while (json_next(&w, &m))
        if (!take_member(&l, &m))
            return -ENOMEM;
    if (!w.ok)
        return 0;
    int err = use(&l, line);
    return err < 0 ? err : 1;
}
