/* SPDX-License-Identifier: MIT
 *
 * record_line.c - the members that people read.
 */
#include "cli/record_line.h"

#include "base/clock.h"
#include "record/show.h"

static struct str member(const json_t *record, const char *name)
{
    const json_t *v = json_object_get(record, name);
    return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : STR_NONE;
}

void record_line_add(struct buf *out, const json_t *record, const struct record_style *style)
{
    struct str message = member(record, "message");
    int64_t time_us = 0;

    clock_parse(member(record, "timestamp"), &time_us);
    if (style->raw) {
        buf_add_str(out, message);
        buf_add_char(out, '\n');
    } else {
        show_line(out, time_us, level_from_text(member(record, "level")),
                  style->one_source ? STR_NONE : member(record, "source"), message,
                  style->colours ? SHOW_COLOURS : SHOW_PLAIN);
    }
}
