/* SPDX-License-Identifier: MIT
 *
 * parse_fuzz.c - any bytes as lines of a source: every line becomes a well-formed record.
 *
 * The first byte chooses what the parser knows (live, joining, a zone, the stream); the rest is cut
 * into lines. Message and fields must be text and JSON, the level one of six, and no member of a
 * JSON line may vanish: what the record does not hold must be among its fields.
 */
#include "record/encode.h"
#include "record/json.h"
#include "record/line.h"
#include "record/parse.h"
#include "record/utf8.h"

#include <jansson.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static size_t count_members(struct str object)
{
    struct json_walk w = json_walk(object);
    struct json_member m;
    size_t n = 0;

    while (json_next(&w, &m))
        n++;
    return w.ok ? n : 0;
}

/* Of a JSON line at most message, level, time, stream and the labels leave the fields. */
static void check_nothing_lost(const struct record *r, struct str line)
{
    size_t before = line.n && line.p[0] == '{' ? count_members(line) : 0;
    size_t labels = r->labels->count - 1u;

    if (before && utf8_valid_prefix(line) == line.n)
        lm_assert(count_members(r->fields) + 4 + labels >= before);
}

/* One object with what the record says, the message possibly cut. */
static void check_encoded(const struct record *r, size_t message_max)
{
    struct buf out = {0};

    encode_json(&out, r, message_max);
    json_t *json = json_loadb(out.p, out.n, JSON_ALLOW_NUL, NULL);
    lm_assert(json || r->fields.n); /* in fields there may be what only jansson refuses */
    const json_t *message = json_object_get(json, "message");
    struct str got = str_of(json_string_value(message), json_string_length(message));
    lm_assert(!json || (str_starts(r->message, got) && got.n <= message_max));
    json_decref(json);
    buf_fini(&out);
}

static void check(const struct record *r, struct str line)
{
    check_encoded(r, SIZE_MAX);
    check_encoded(r, 10);
    lm_assert(r->level >= LEVEL_TRACE && r->level <= LEVEL_FATAL);
    lm_assert(r->stream == STREAM_STDOUT || r->stream == STREAM_STDERR);
    lm_assert(utf8_valid_prefix(r->message) == r->message.n);
    lm_assert(utf8_valid_prefix(r->fields) == r->fields.n);
    if (r->fields.n)
        lm_assert(r->fields.p[0] == '{' && json_valid(r->fields));
    check_nothing_lost(r, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct label_table table = {0};
    struct labels *labels;
    struct parse_rules rules = {.has_zone = n && bytes[0] & 4};
    struct parser parser = {.rules = &rules, .live = n && bytes[0] & 1, .joins = n && bytes[0] & 2};
    struct str rest = str_of((const char *)bytes + (n > 0), n - (n > 0));
    struct line_splitter lines = {0};
    struct arena scratch = {0};
    struct line line;
    bool replaced;

    lm_assert(labels_make(&table, STR("fuzz"), NULL, 0, &labels) == 0);
    while (line_next(&lines, &rest, &line) > 0) {
        struct record r = {.time_us = 1795229433000000, .labels = labels};
        r.stream = n && bytes[0] & 8 ? STREAM_STDERR : STREAM_STDOUT;
        r.flags = n && bytes[0] & 16 ? RECORD_PART : 0;
        int code = parse_line(&parser, &r, line.text, &scratch, &replaced);
        lm_assert(code == PARSE_RECORD || (code == PARSE_WAITS && parser.joins));
        if (code == PARSE_RECORD)
            check(&r, parser.joins || r.flags & RECORD_PART ? STR_NONE : line.text);
    }
    parser_fini(&parser);
    arena_fini(&scratch);
    line_fini(&lines);
    labels_unref(labels);
    label_table_fini(&table);
    return 0;
}
