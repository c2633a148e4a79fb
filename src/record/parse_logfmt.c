/* SPDX-License-Identifier: MIT
 *
 * parse_logfmt.c - `time=... level=info msg="it went well" a=1`, as logrus, slog and go-kit write
 * it.
 *
 * A line is logfmt only when every token of it is: key=value, key="value", or a bare key behind
 * others. There must be two pairs at least, and one of them must mean something to us; otherwise
 * "a=1 b=2" is a text like any other. What is not used becomes fields; numbers, true and false
 * stay what they look like.
 */
#include "record/parse_impl.h"

#include <errno.h>

enum { TOKENS_MAX = 64 };

struct token {
    struct str key, value; /* value: between the quotes, escapes not undone */
    bool quoted, bare;     /* bare: a key without a value */
    bool used;
};

struct logfmt {
    const struct reading *in;
    struct said *said;
    struct token tokens[TOKENS_MAX];
    uint32_t count, pairs;
    struct token *message, *level, *time;
    uint8_t message_rank, level_rank, time_rank;
    bool keep_level;
};

/* --- tokens --- */

static bool is_key_char(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '@' || c == '/';
}

static size_t key_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && is_key_char(s.p[n]))
        n++;
    return n;
}

/* Behind the closing quote of a value that starts behind an opening one, or 0. */
static size_t quoted_length(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return 0;
}

static bool take_value(struct str *s, struct token *t)
{
    size_t n = 0;

    t->quoted = s->n && s->p[0] == '"';
    if (t->quoted) {
        n = quoted_length(str_of(s->p + 1, s->n - 1));
        t->value = str_of(s->p + 1, n ? n - 1 : 0);
        *s = str_of(s->p + n + 1, n ? s->n - n - 1 : 0);
        return n > 0;
    }
    while (n < s->n && s->p[n] != ' ' && s->p[n] != '"' && s->p[n] != '=')
        n++;
    t->value = str_of(s->p, n);
    *s = str_of(s->p + n, s->n - n);
    return true;
}

/* One token and the spaces behind it. */
static bool take_token(struct str *s, struct token *t)
{
    size_t n = key_length(*s);

    if (n == 0)
        return false;
    *t = (struct token){.key = str_of(s->p, n)};
    *s = str_of(s->p + n, s->n - n);
    t->bare = s->n == 0 || s->p[0] != '=';
    if (!t->bare) {
        *s = str_of(s->p + 1, s->n - 1);
        if (!take_value(s, t))
            return false;
    }
    if (s->n && s->p[0] != ' ')
        return false;
    while (s->n && s->p[0] == ' ')
        *s = str_of(s->p + 1, s->n - 1);
    return true;
}

/* A bare word behind an unquoted message belongs to a sentence. */
static bool split(struct logfmt *l, struct str line)
{
    while (line.n) {
        struct token *t = &l->tokens[l->count];
        if (l->count == TOKENS_MAX || !take_token(&line, t))
            return false;
        if (t->bare && (l->count == 0 || !t[-1].quoted))
            return false;
        l->pairs += !t->bare;
        l->count++;
    }
    return l->pairs >= 2;
}

/* --- meaning --- */

static void take_level(struct logfmt *l, const struct parse_key *key, struct token *t)
{
    bool folded = false;
    enum level level = parse_level_value((enum parse_key_kind)key->kind, t->value, &folded);

    if (level == LEVEL_NONE || key->rank >= l->level_rank)
        return;
    l->level = t;
    l->level_rank = key->rank;
    l->keep_level = folded;
    l->said->level = level;
}

static void take_time(struct logfmt *l, const struct parse_key *key, struct token *t)
{
    int64_t us;

    if (key->rank >= l->time_rank ||
        !stamp_parse(t->value, l->in->zone, l->in->read_us, l->in->second, &us))
        return;
    l->time = t;
    l->time_rank = key->rank;
    l->said->time_us = us;
    l->said->timed = true;
}

static void take_message(struct logfmt *l, const struct parse_key *key, struct token *t)
{
    if (key->rank >= l->message_rank || key->rank > 1)
        return;
    l->message = t;
    l->message_rank = key->rank;
}

static void understand(struct logfmt *l)
{
    for (uint32_t i = 0; i < l->count; i++) {
        struct token *t = &l->tokens[i];
        const struct parse_key *key = t->bare ? NULL : parse_key_find(t->key);
        if (!key)
            continue;
        if (key->kind == PARSE_KEY_MESSAGE)
            take_message(l, key, t);
        else if (key->kind == PARSE_KEY_LEVEL)
            take_level(l, key, t);
        else if (key->kind == PARSE_KEY_TIME)
            take_time(l, key, t);
        else if (key->kind == PARSE_KEY_LABEL && !memchr(t->value.p, '\\', t->value.n))
            t->used = parse_take_label(l->in, l->said, key, t->value);
    }
}

/* --- values into JSON --- */

/* Undoes the escapes of a quoted value: JSON's, and \x1b, \', \a, \v as Go writes them. */
static void add_unquoted(struct buf *out, struct str raw)
{
    static const char from[] = "nrtbfav", to[] = "\n\r\t\b\f\a\v";

    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] != '\\' || i + 1 == raw.n) {
            buf_add_char(out, raw.p[i]);
            continue;
        }
        char c = raw.p[++i];
        const char *at = memchr(from, c, sizeof from - 1);
        if (at)
            buf_add_char(out, to[at - from]);
        else if (c == '"' || c == '\\' || c == '\'' || c == '/')
            buf_add_char(out, c);
        else /* not ours to judge: \x, \u and the like stay as written */
            buf_add(out, raw.p + i - 1, 2);
    }
}

static void add_value(struct buf *out, const struct token *t, struct buf *room)
{
    if (t->bare || (!t->quoted && (str_is(t->value, "true") || str_is(t->value, "false")))) {
        buf_add_str(out, t->bare ? STR("true") : t->value);
    } else if (!t->quoted && json_number_ok(t->value)) {
        buf_add_str(out, t->value);
    } else if (!t->quoted || !memchr(t->value.p, '\\', t->value.n)) {
        json_add_string(out, t->value);
    } else {
        buf_clear(room);
        add_unquoted(room, t->value);
        json_add_string(out, buf_str(room));
        out->failed |= room->failed;
    }
}

static void add_fields(struct buf *out, const struct logfmt *l, struct buf *room)
{
    for (uint32_t i = 0; i < l->count; i++) {
        const struct token *t = &l->tokens[i];
        if (t->used)
            continue;
        buf_add_char(out, out->n ? ',' : '{');
        json_add_string(out, t->key);
        buf_add_char(out, ':');
        add_value(out, t, room);
    }
    if (out->n)
        buf_add_char(out, '}');
}

/* Copies both texts to where they outlive this call. */
static int use(struct logfmt *l)
{
    struct buf out = {0}, room = {0};
    int err = 0;

    if (l->message && l->message->quoted &&
        memchr(l->message->value.p, '\\', l->message->value.n)) {
        add_unquoted(&out, l->message->value);
        l->said->message = arena_copy(l->in->scratch, buf_str(&out));
        err = l->said->message.p ? buf_error(&out) : -ENOMEM;
        buf_clear(&out);
    } else if (l->message) {
        l->said->message = l->message->value;
    }
    add_fields(&out, l, &room);
    if (err == 0)
        err = buf_error(&out);
    if (err == 0 && out.n) {
        l->said->fields = arena_copy(l->in->scratch, buf_str(&out));
        err = l->said->fields.p ? 0 : -ENOMEM;
    }
    buf_fini(&out);
    buf_fini(&room);
    return err;
}

/* Quick: does the line start with `key=`? */
static bool may_be(struct str line)
{
    size_t n = key_length(str_of(line.p, line.n < 32 ? line.n : 32));
    return n > 0 && n + 1 < line.n && line.p[n] == '=';
}

int parse_logfmt(const struct reading *in, struct str line, struct said *ret)
{
    if (!may_be(line))
        return 0;
    struct logfmt l = {
        .in = in, .said = ret, .message_rank = 255, .level_rank = 255, .time_rank = 255};
    if (!split(&l, line))
        return 0;
    said_begin(ret, line);
    understand(&l);
    if (!l.message && !l.level && !l.time)
        return 0;
    if (l.message)
        l.message->used = true;
    if (l.level)
        l.level->used = !l.keep_level;
    if (l.time)
        l.time->used = true;
    int err = use(&l);
    return err < 0 ? err : 1;
}
