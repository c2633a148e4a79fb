/* SPDX-License-Identifier: MIT
 *
 * parse_fixture.h - for tests: a parser with everything around it, and a line's record as one text.
 *
 * Include it behind cmocka.h.
 */
#ifndef LM_RECORD_PARSE_FIXTURE_H
#define LM_RECORD_PARSE_FIXTURE_H

#include "base/clock.h"
#include "record/json.h"
#include "record/parse.h"
#include "record/utf8.h"

#include <stdio.h>
#include <stdlib.h>

/* When the lines of these tests are read. */
#define READ_TIME "2026-11-21T03:00:00.000000Z"

struct fixture {
    struct label_table table;
    struct labels *labels;
    struct parser parser;
    struct parse_rules rules;
    struct arena scratch;
    int64_t read_us;
    struct record r; /* of the last line */
    bool replaced;
    char text[4096];
};

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct label pair = {STR("process_id"), STR("app")};

    assert_non_null(f);
    assert_int_equal(labels_make(&f->table, STR("app"), &pair, 1, &f->labels), 0);
    assert_true(clock_parse(STR(READ_TIME), &f->read_us));
    f->parser.rules = &f->rules;
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    parser_fini(&f->parser);
    parse_rules_fini(&f->rules);
    labels_unref(f->labels);
    label_table_fini(&f->table);
    arena_fini(&f->scratch);
    free(f);
    return 0;
}

/* What must hold for every record, whatever the line was. */
static inline void fixture_check(const struct record *r)
{
    assert_true(r->level >= LEVEL_TRACE && r->level <= LEVEL_FATAL);
    assert_int_equal(utf8_valid_prefix(r->message), r->message.n);
    assert_true(r->fields.n == 0 || (r->fields.p[0] == '{' && json_valid(r->fields)));
}

/* Parses a line that came by `stream`; the line lies in memory of its own size. */
static inline int fixture_feed(struct fixture *f, enum stream stream, struct str line)
{
    char *exact = arena_alloc(&f->scratch, line.n ? line.n : 1);

    assert_non_null(exact);
    if (line.n)
        memcpy(exact, line.p, line.n);
    f->r = (struct record){.time_us = f->read_us, .labels = f->labels, .stream = stream};
    int code = parse_line(&f->parser, &f->r, str_of(exact, line.n), &f->scratch, &f->replaced);
    if (code == PARSE_RECORD)
        fixture_check(&f->r);
    return code;
}

/* "level time message fields labels": the time only when it is the line's own, fields and labels
 * only when there are any. */
static inline const char *fixture_show(struct fixture *f)
{
    static const char own[] = "\"source\":\"app\",\"process_id\":\"app\",";
    const struct record *r = &f->r;
    char stamp[28] = "";
    int n = 0;

    if (r->time_us != f->read_us)
        stamp[clock_rfc3339(r->time_us, stamp)] = '\0';
    n = snprintf(f->text, sizeof f->text, "%s%s%s%s | %.*s", r->flags & RECORD_CONT ? "+" : "",
                 level_name(r->level), *stamp ? " " : "", stamp, STR_FMT(r->message));
    if (r->fields.n)
        n += snprintf(f->text + n, sizeof f->text - (size_t)n, " | %.*s", STR_FMT(r->fields));
    if (!str_is(r->labels->json, own))
        snprintf(f->text + n, sizeof f->text - (size_t)n, " # %.*s",
                 (int)(r->labels->json.n - 1 - (sizeof "\"source\":\"app\"," - 1)),
                 r->labels->json.p + sizeof "\"source\":\"app\"," - 1);
    return f->text;
}

static inline const char *fixture_line(struct fixture *f, const char *line)
{
    assert_int_equal(fixture_feed(f, STREAM_STDOUT, str_from(line)), PARSE_RECORD);
    return fixture_show(f);
}

#endif
