/* SPDX-License-Identifier: MIT
 *
 * notice.c - saying what is missing, in the place where it is missing (docs/streams.md, "Notices").
 *
 * A notice is a valid record plus `type`, so a client that knows nothing of notices shows it as a
 * system line.
 */
#include "base/clock.h"
#include "stream/fanout_impl.h"

#include <inttypes.h>

static const char *const reasons[] = {
    [GAP_RETENTION] = "retention", [GAP_EPOCH] = "epoch",     [GAP_CRASH] = "crash",
    [GAP_UNSTORED] = "unstored",   [GAP_CLEARED] = "cleared", [GAP_RESUME_LIMIT] = "resume_limit",
};

static const char *const sentences[] = {
    [GAP_RETENTION] = "Older lines are no longer kept",
    [GAP_EPOCH] = "The place to go on from is not known here: the store was replaced or restored",
    [GAP_CRASH] = "Lines may be missing here: the machine went down or a file was damaged",
    [GAP_UNSTORED] = "Lines were sent live only: store: false, or the disk was full",
    [GAP_CLEARED] = "Lines were cleared, or had expired",
    [GAP_RESUME_LIMIT] = "Older lines are left out: too many to be sent again unasked",
};

static void count_gap(struct metrics *m, enum gap_reason reason)
{
    uint64_t *const counters[] = {
        [GAP_RETENTION] = &m->gaps_retention_total,
        [GAP_EPOCH] = &m->gaps_epoch_total,
        [GAP_CRASH] = &m->gaps_crash_total,
        [GAP_UNSTORED] = &m->gaps_unstored_total,
        [GAP_CLEARED] = &m->gaps_cleared_total,
        [GAP_RESUME_LIMIT] = &m->gaps_resume_limit_total,
    };
    ++*counters[reason];
}

static void end_notice(struct sub *sub, const char *type, struct buf *json, uint64_t cursor_id)
{
    struct fanout *s = sub->fanout;
    char stamp[27], cursor[CURSOR_MAX];
    size_t cursor_n = hub_cursor(s->opts.hub, cursor_id, cursor);

    BUF_LIT(json, ",\"stream\":\"system\",\"timestamp\":\"");
    buf_add(json, stamp, clock_rfc3339(clock_wall_us(), stamp));
    BUF_LIT(json, "\"}");
    buf_clear(&s->out);
    sub->feed->form.wire->notice(&s->out, &sub->feed->form, type, buf_str(json),
                                 str_of(cursor, cursor_n));
    if (buf_error(json) == 0 && buf_error(&s->out) == 0)
        sub_write(sub, buf_str(&s->out));
    else
        sub_cut(sub);
}

void sub_say_gap(struct sub *sub, enum gap_reason reason, uint64_t after, uint64_t next)
{
    struct buf *json = &sub->fanout->json;
    bool unfiltered = filter_is_empty(sub->feed->filter);

    count_gap(sub->fanout->opts.metrics, reason);
    buf_clear(json);
    buf_printf(json,
               "{\"type\":\"gap\",\"after\":%" PRIu64 ",\"next\":%" PRIu64 ",\"count\":", after,
               next);
    if ((reason == GAP_RETENTION || reason == GAP_UNSTORED || reason == GAP_CLEARED) && unfiltered)
        buf_add_u64(json, next - after - 1);
    else
        BUF_LIT(json, "null");
    buf_printf(json, ",\"reason\":\"%s\",\"level\":\"warn\",\"message\":\"%s\"", reasons[reason],
               sentences[reason]);
    end_notice(sub, "gap", json, next - 1);
}

void sub_say_too_expensive(struct sub *sub)
{
    struct buf *json = &sub->fanout->json;

    buf_clear(json);
    BUF_LIT(json, "{\"type\":\"error\",\"code\":\"filter_too_expensive\",\"level\":\"error\","
                  "\"message\":\"This filter takes too long to follow live: its regular expression "
                  "is too slow. Make it simpler, or add a word that must be there\"");
    end_notice(sub, "error", json, sub_settled_id(sub));
}

void sub_say_dropped(struct sub *sub, const struct feed_skipped *k)
{
    struct buf *json = &sub->fanout->json;
    uint64_t errors = k->levels[LEVEL_ERROR] + k->levels[LEVEL_FATAL];
    const char *comma = "";

    buf_clear(json);
    buf_printf(json,
               "{\"type\":\"dropped\",\"from\":%" PRIu64 ",\"to\":%" PRIu64 ",\"count\":%" PRIu64
               ",\"levels\":{",
               k->from, k->to, k->count);
    for (int i = LEVEL_TRACE; i < LEVEL_COUNT; i++)
        if (k->levels[i]) {
            buf_printf(json, "%s\"%s\":%" PRIu64, comma, level_name((enum level)i), k->levels[i]);
            comma = ",";
        }
    buf_printf(json,
               "},\"reason\":\"slow\",\"level\":\"warn\",\"message\":\"%" PRIu64 " lines dropped",
               k->count);
    if (errors)
        buf_printf(json, " (%" PRIu64 " errors)", errors);
    BUF_LIT(json, ": this client reads too slowly\"");
    end_notice(sub, "dropped", json, k->to);
}
