/* SPDX-License-Identifier: MIT
 *
 * row.c - three formats of a row.
 */
#include "record/row.h"

#include "base/clock.h"
#include "record/encode.h"
#include "record/json.h"
#include "record/show.h"

#include <inttypes.h>

static int64_t second_of(int64_t time_us)
{
    int64_t second = time_us / 1000000;
    return second - (time_us % 1000000 < 0);
}

/* The calendar is clock.h's: local time is written as if it were UTC. */
static void set_clock(struct row_clock *c, int64_t time_us)
{
    int64_t second = second_of(time_us);
    char stamp[27];

    if (second == c->second)
        return;
    c->second = second;
    clock_rfc3339((second + zone_offset(c->zone, second)) * 1000000, stamp);
    memcpy(c->text, stamp, 19);
    c->text[10] = c->text[19] = ' ';
}

void row_day(struct row_clock *c, int64_t time_us, char out[11])
{
    set_clock(c, time_us);
    memcpy(out, c->text, 10);
    out[10] = '\0';
}

static void add_text(struct buf *out, struct row_clock *clock, const struct record *r)
{
    set_clock(clock, r->time_us);
    buf_add(out, clock->text, sizeof clock->text);
    buf_add_str(out, str_from(show_level(r->level)));
    BUF_LIT(out, ": ");
    show_text(out, r->message, SHOW_PLAIN);
    buf_add_char(out, '\n');
}

static void add_cell(struct buf *out, struct str text)
{
    struct str rest = text;

    buf_add_char(out, '"');
    while (rest.p) {
        buf_add_str(out, str_cut(rest, '"', &rest));
        if (rest.p)
            BUF_LIT(out, "\"\"");
    }
    BUF_LIT(out, "\"");
}

/* The labels besides the source, as a JSON object. */
static void add_labels_cell(struct buf *out, const struct labels *l)
{
    struct buf object = {0};

    buf_add_char(&object, '{');
    for (uint16_t i = 1; i < l->count; i++) {
        if (i > 1)
            buf_add_char(&object, ',');
        json_add_string(&object, l->pairs[i].name);
        buf_add_char(&object, ':');
        json_add_string(&object, l->pairs[i].value);
    }
    buf_add_char(&object, '}');
    if (l->count > 1)
        add_cell(out, buf_str(&object));
    out->failed |= object.failed;
    buf_fini(&object);
}

static void add_csv(struct buf *out, const struct record *r)
{
    char stamp[27];

    buf_add_u64(out, r->id);
    buf_add_char(out, ',');
    buf_add(out, stamp, clock_rfc3339(r->time_us, stamp));
    buf_add_char(out, ',');
    buf_add_str(out, str_from(level_name(r->level)));
    buf_add_char(out, ',');
    buf_add_str(out, str_from(stream_name(r->stream)));
    buf_add_char(out, ',');
    add_cell(out, r->labels->source);
    buf_add_char(out, ',');
    add_cell(out, r->message);
    buf_add_char(out, ',');
    add_labels_cell(out, r->labels);
    buf_add_char(out, ',');
    if (r->fields.n)
        add_cell(out, r->fields);
    BUF_LIT(out, "\r\n");
}

/* With how long it is kept, when it says so itself: who reads it back keeps it as long. */
static void add_ndjson(struct buf *out, const struct record *r)
{
    encode_json(out, r, SIZE_MAX);
    if (r->class && !out->failed) {
        out->n--;
        buf_printf(out, ",\"ttl\":\"%" PRIu16 "h\"}", r->class);
    }
    buf_add_char(out, '\n');
}

void row_add_head(struct buf *out, enum row_format format)
{
    if (format == ROW_CSV)
        BUF_LIT(out, "id,timestamp,level,stream,source,message,labels,fields\r\n");
}

void row_add(struct buf *out, enum row_format format, struct row_clock *clock,
             const struct record *r)
{
    switch (format) {
    case ROW_TEXT:
        add_text(out, clock, r);
        break;
    case ROW_NDJSON:
        add_ndjson(out, r);
        break;
    case ROW_CSV:
        add_csv(out, r);
        break;
    }
}
