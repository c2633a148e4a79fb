/* SPDX-License-Identifier: MIT
 *
 * tally_json.c - counts in JSON.
 */
#include "api/tally_json.h"

#include "base/clock.h"
#include "record/json.h"

#include <inttypes.h>

void tally_add_time(struct buf *out, int64_t time_us)
{
    char text[27];

    buf_add_char(out, '"');
    buf_add(out, text, clock_rfc3339(time_us, text));
    buf_add_char(out, '"');
}

uint64_t tally_sum(const uint64_t levels[LEVEL_COUNT])
{
    uint64_t sum = 0;

    for (int i = 0; i < LEVEL_COUNT; i++)
        sum += levels[i];
    return sum;
}

void tally_add_levels(struct buf *out, const uint64_t levels[LEVEL_COUNT])
{
    bool any = false;

    BUF_LIT(out, ",\"levels\":{");
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (levels[i] == 0)
            continue;
        buf_printf(out, "%s\"%s\":%" PRIu64, any ? "," : "",
                   i == LEVEL_NONE ? "none" : level_name((enum level)i), levels[i]);
        any = true;
    }
    buf_add_char(out, '}');
}

void tally_add_members(struct buf *out, const char *name, const struct query_tally *t)
{
    buf_printf(out, "\"%s\":", name);
    json_add_string(out, t->text);
    buf_printf(out, ",\"count\":%" PRIu64, t->count);
    tally_add_levels(out, t->levels);
    buf_printf(out, ",\"first_id\":%" PRIu64 ",\"last_id\":%" PRIu64 ",\"first\":", t->first_id,
               t->last_id);
    tally_add_time(out, t->min_time_us);
    BUF_LIT(out, ",\"last\":");
    tally_add_time(out, t->max_time_us);
}

void tally_add_unread(struct buf *object, const struct store_unread *unread)
{
    struct buf rest = *object;

    if (unread->records == 0 || rest.n == 0)
        return;
    *object = (struct buf){.failed = rest.failed};
    buf_printf(object, "{\"unread\":%" PRIu64 ",\"unread_at\":[", unread->records);
    for (uint32_t i = 0; i < unread->place_count; i++)
        buf_printf(object,
                   "%s{\"first_id\":%" PRIu64 ",\"last_id\":%" PRIu64 ",\"count\":%" PRIu32 "}",
                   i > 0 ? "," : "", unread->places[i].first_id, unread->places[i].last_id,
                   unread->places[i].records);
    BUF_LIT(object, "],");
    buf_add(object, rest.p + 1, rest.n - 1);
    buf_fini(&rest);
}
