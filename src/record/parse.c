/* SPDX-License-Identifier: MIT
 *
 * parse.c - asks the dialects in turn, and makes a record of what one of them understood.
 */
#include "record/parse_impl.h"

#include "base/clock.h"
#include "record/utf8.h"

#include <errno.h>

static const int64_t DAY_US = 86400ll * 1000000;
static const struct said nothing; /* what no container says */

/* --- time --- */

/* A live line that is a day off was not written now; its clock is wrong, or it quotes. */
static int keep_time_in_line(struct arena *scratch, struct said *s)
{
    static const char name[] = "{\"time_in_line\":\"";
    char text[sizeof name - 1 + 27 + 2];

    memcpy(text, name, sizeof name - 1);
    size_t n = sizeof name - 1;
    n += clock_rfc3339(s->time_us, text + n);
    memcpy(text + n, "\"}", 2);
    struct str field = arena_copy(scratch, str_of(text, n + 2));
    s->timed = false;
    return field.p ? parse_join_fields(scratch, field, s->fields, &s->fields) : -ENOMEM;
}

static bool is_far(int64_t a, int64_t b)
{
    return a > b ? a - b > DAY_US : b - a > DAY_US;
}

/* --- one line --- */

static int make_text(struct str *text, struct arena *scratch, bool *ret_replaced)
{
    *ret_replaced = utf8_valid_prefix(*text) < text->n;
    if (*ret_replaced)
        *text = utf8_clean(scratch, *text);
    return *ret_replaced && !text->p ? -ENOMEM : 0;
}

static bool starts_object(struct str line)
{
    return line.n > 0 && line.p[0] == '{';
}

static enum line_format format_of(const struct parser *p)
{
    return p->rules ? p->rules->format : LINES_AUTO;
}

/* Does this source have lines of such a kind? Inside a container anything may be. */
static bool may_be(enum line_format format, enum line_format kind)
{
    return format == kind || format == LINES_AUTO || format >= LINES_DOCKER;
}

/* Lines of containers are looked for where JSON is, and where nothing was said. */
static bool may_be_wrapped(enum line_format format)
{
    return may_be(format, LINES_JSON);
}

static int understand(const struct reading *in, enum line_format format, struct str line,
                      struct said *said)
{
    int n = 0;

    if (line.n == 0) {
        said_begin(said, line);
        return 0;
    }
    if (starts_object(line))
        n = may_be(format, LINES_JSON) ? parse_json(in, line, said) : 0;
    else if ((line.p[0] == '<' || line.p[0] == '1') && may_be(format, LINES_SYSLOG))
        n = parse_syslog(in, line, said);
    if (n == 0 && may_be(format, LINES_LOGFMT))
        n = parse_logfmt(in, line, said);
    if (n == 0)
        parse_text(in, line, said);
    return n < 0 ? n : 0;
}

/* The level when the line does not say it. */
static enum level other_level(const struct parser *p, const struct record *r)
{
    enum level level = group_opening(r->message);
    return level != LEVEL_NONE ? level : parse_rules_level(p->rules, r->message, r->stream);
}

static int make_record(struct parser *p, struct record *r, struct said *s, const struct reading *in)
{
    int64_t read_us = r->time_us;

    if (s->timed && p->live && !(r->flags & RECORD_PART) && is_far(s->time_us, read_us)) {
        int err = keep_time_in_line(in->scratch, s);
        if (err < 0)
            return err;
    }
    int err = parse_add_labels(p, r, s);
    if (err < 0)
        return err;
    r->message = s->message;
    r->fields = s->fields;
    r->time_us = s->timed ? s->time_us : read_us;
    r->level = s->level != LEVEL_NONE ? s->level : other_level(p, r);
    group_begin(&p->groups[r->stream], r, s->level != LEVEL_NONE, s->timed, read_us);
    return PARSE_RECORD;
}

/* A line of a program. `outer` is what a container's line says of it. */
static int parse_inner(struct parser *p, struct record *r, struct str line,
                       const struct said *outer, const struct reading *in)
{
    struct group *g = &p->groups[r->stream];
    struct said said;

    if (!starts_object(line) && group_continues(g, line, r->time_us)) {
        r->message = line;
        r->fields = outer->fields;
        r->flags |= RECORD_CONT;
        group_inherit(g, r);
        return PARSE_RECORD;
    }
    int err = understand(in, format_of(p), line, &said);
    if (err < 0)
        return err;
    if (said.wrapped) /* a container's line within a container's line is only a text */
        parse_text(in, line, &said);
    if (!said.timed && outer->timed) {
        said.timed = true;
        said.time_us = outer->time_us;
    }
    err = parse_join_fields(in->scratch, outer->fields, said.fields, &said.fields);
    return err < 0 ? err : make_record(p, r, &said, in);
}

static int parse_wrapped(struct parser *p, struct record *r, const struct said *outer,
                         const struct reading *in)
{
    struct str line = outer->message;
    bool cut = outer->partial;

    r->stream = outer->stream;
    if (p->joins) {
        int n = join_add(&p->join, r->stream, line, outer->partial, in->scratch, &line, &cut);
        if (n <= 0)
            return n < 0 ? n : PARSE_WAITS;
    }
    if (cut)
        r->flags |= RECORD_PART;
    return parse_inner(p, r, line, outer, in);
}

static struct reading start(struct parser *p, const struct record *r, struct arena *scratch)
{
    uint32_t used = r->labels->count - 1u; /* `source` does not count */

    return (struct reading){
        .zone = p->rules && p->rules->has_zone ? &p->rules->zone : NULL,
        .read_us = r->time_us,
        .second = &p->second,
        .scratch = scratch,
        .label_room = used < LABELS_MAX ? LABELS_MAX - used : 0,
        .given = r->labels,
    };
}

int parse_line(struct parser *p, struct record *r, struct str raw, struct arena *scratch,
               bool *ret_replaced)
{
    struct reading in = start(p, r, scratch);
    struct said said;
    struct str line = raw;
    int n = make_text(&line, scratch, ret_replaced);

    if (n < 0)
        return n;
    if (r->flags & RECORD_PART) { /* of whatever it is a part of */
        parse_text(&in, line, &said);
        return make_record(p, r, &said, &in);
    }
    if (!may_be_wrapped(format_of(p)))
        n = 0;
    else if (starts_object(line))
        n = parse_json(&in, line, &said);
    else if (line.n && line.p[0] >= '1' && line.p[0] <= '9')
        n = parse_cri(&in, line, &said);
    if (n < 0)
        return n;
    if (n && said.wrapped)
        return parse_wrapped(p, r, &said, &in);
    return n ? make_record(p, r, &said, &in) : parse_inner(p, r, line, &nothing, &in);
}

int parse_part(struct parser *p, struct record *r, struct str raw, struct arena *scratch,
               bool *ret_replaced)
{
    struct group *g = &p->groups[r->stream];
    struct str line = raw;
    int err = make_text(&line, scratch, ret_replaced);

    if (err < 0)
        return err;
    r->message = line;
    if (g->lines == 0)
        r->level = parse_rules_level(p->rules, line, r->stream);
    else
        group_inherit(g, r);
    return PARSE_RECORD;
}

int parse_rest(struct parser *p, struct record *r, enum stream stream, struct arena *scratch)
{
    struct reading in = start(p, r, scratch);
    struct str line;
    int n = join_rest(&p->join, stream, scratch, &line);

    if (n <= 0)
        return n < 0 ? n : PARSE_WAITS;
    r->stream = stream;
    r->flags |= RECORD_PART;
    return parse_inner(p, r, line, &nothing, &in);
}

void parser_fini(struct parser *p)
{
    parse_forget_labels(p);
    for (int i = 0; i <= STREAM_SYSTEM; i++)
        group_fini(&p->groups[i]);
    join_fini(&p->join);
}
