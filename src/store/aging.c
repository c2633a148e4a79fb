/* SPDX-License-Identifier: MIT
 *
 * aging.c - what is too old: by the age of everything, by that of a label set, by the class of a
 * record.
 *
 * Age goes by the time of arrival, and a clock may be wrong. So a record is old only when it is old
 * by the wall clock and by the time the hub has been running since its start, twice, an hour apart:
 * a clock that jumps deletes nothing. At a start both are the same clock; when it lies days behind
 * the newest record, the machine was off or the clock is wrong, and for a day no age counts.
 *
 *     everything     below a floor: whole days and chunks are unlinked
 *     a label set    a clear up to the last id that is old enough, as if somebody had asked for it
 *     a class        hidden by every reader the moment it expires, punched out at the next look
 *
 * Readers go by the wall clock alone, because nothing is lost by it: a clock that is put right
 * shows again what it hid.
 */
#include "store/store_impl.h"

#include "base/clock.h"
#include "base/diag.h"

#include <inttypes.h>

#define HOUR_US  (INT64_C(3600) * 1000 * 1000)
#define PAUSE_US (48 * HOUR_US) /* longer without a record: the clock is doubted */
#define DOUBT_US (24 * HOUR_US) /* for so long */

uint64_t aging_floor(const struct store *s, int64_t time_us)
{
    uint64_t floor = tombs_floor(s->tombs);

    for (uint32_t i = 0; i < s->row->count; i++) {
        const struct chunk *c = s->row->at[i];
        if (c->count > 0 && c->max_arrival_us >= time_us)
            break;
        floor = c->end_id;
    }
    return floor;
}

int64_t aging_now_us(const struct store *s)
{
    int64_t wall = clock_wall_us(), since = s->watch.wall_us + (clock_mono_us() - s->watch.mono_us);
    return wall < since ? wall : since;
}

/* True: an hour has passed since the last look, and there is something that both agree on. */
static bool look_at_clock(struct store *s)
{
    struct clock_watch *w = &s->watch;
    int64_t mono_us = clock_mono_us(), now_us = aging_now_us(s);
    bool second = w->looked_us != 0;

    if (mono_us < w->doubted_to_us)
        return false;
    if (second && mono_us - w->looked_us < HOUR_US)
        return false;
    if (second && now_us > w->agreed_us && w->found_us > w->agreed_us)
        w->agreed_us = now_us < w->found_us ? now_us : w->found_us;
    w->looked_us = mono_us;
    w->found_us = now_us;
    return second;
}

/* True: something goes, and what has expired with it. */
static bool check_everything(struct store *s)
{
    uint64_t floor = aging_floor(s, s->watch.agreed_us - (int64_t)s->opts.max_age_ms * 1000);

    return s->opts.max_age_ms > 0 && floor > tombs_floor(s->tombs) &&
           keeping_raise_floor(s, floor, "older than retention.max_age") == 0;
}

/* --- label sets --- */

/* Its conditions, as those of a clear. */
static size_t conditions_of(const struct keep_conf *k, struct label conditions[LABELS_MAX])
{
    size_t n = 0;

    if (k->source)
        conditions[n++] = (struct label){STR("source"), str_from(k->source)};
    for (size_t i = 0; i < k->label_count; i++)
        conditions[n++] = (struct label){str_from(k->labels[i].name), str_from(k->labels[i].value)};
    return n;
}

/* Ids up to here are too old for this rule. */
static uint64_t bound_of(const struct store *s, const struct keep_conf *k)
{
    return aging_floor(s, s->watch.agreed_us - (int64_t)k->max_age_ms * 1000) - 1;
}

/* Puts the rule into *tombs. 1: they are others than before. */
static int check_rule(const struct store *s, const struct keep_conf *k, const struct tombs **tombs)
{
    struct label conditions[LABELS_MAX];
    size_t n = conditions_of(k, conditions);
    uint64_t bound = bound_of(s, k);
    struct tombs *more;

    if (bound < tombs_floor(*tombs) || bound <= tombs_bound(*tombs, conditions, n))
        return 0;
    int err = tombs_with(*tombs, conditions, n, bound, &more);
    if (err < 0)
        return err;
    tombs_unref(*tombs);
    *tombs = more;
    diag_info("Records up to %" PRIu64 " with %.*s=%.*s%s are no longer kept: older than "
              "retention.rules says",
              bound, STR_FMT(conditions[0].name), STR_FMT(conditions[0].value),
              n > 1 ? " and more" : "");
    return 1;
}

static bool check_rules(struct store *s)
{
    const struct tombs *tombs = tombs_ref(s->tombs);
    bool changed = false;
    int err = 0;

    for (size_t i = 0; i < s->opts.keep_count && err >= 0; i++) {
        err = check_rule(s, &s->opts.keeps[i], &tombs);
        changed |= err > 0;
    }
    if (err == -LM_E_FULL)
        diag_warn("There are too many clears for another rule of retention.rules: `logmill "
                  "compact` makes room");
    if (changed && keeping_sweep(s, tombs) == 0)
        return true;
    tombs_unref(tombs);
    return false;
}

void aging_check(struct store *s)
{
    if (!look_at_clock(s))
        return;
    bool swept = check_everything(s);
    swept |= check_rules(s);
    if (!swept)
        keeping_sweep_expired(s);
}

static void on_hour(uv_timer_t *timer)
{
    struct store *s = timer->data;

    aging_check(s);
    keeping_check_bytes(s);
}

/* When the newest record arrived, to within the day that a file of the journal may span; 0: there
 * is none. */
static int64_t newest_us(const struct store *s)
{
    const struct chunk_row *row = s->row;
    int64_t newest = row->count ? row->at[row->count - 1]->max_arrival_us : 0, in_journal;
    struct journal_view *v = journal_view_take(s->hub->journal, journal_end_id(s->hub->journal));

    if (!v)
        return newest;
    in_journal = journal_view_arrival_us(v);
    journal_view_drop(s->hub->journal, v);
    return in_journal > newest ? in_journal : newest;
}

static void doubt_clock(struct store *s)
{
    int64_t newest = newest_us(s);

    if (newest == 0 || s->watch.wall_us - newest < PAUSE_US)
        return;
    s->watch.doubted_to_us = s->watch.mono_us + DOUBT_US;
    if (s->opts.max_age_ms > 0 || s->opts.keep_count > 0)
        diag_info("The newest record is %" PRId64 " days old: nothing goes for its age in the next "
                  "24 hours, in case the clock is wrong",
                  (s->watch.wall_us - newest) / (24 * HOUR_US));
}

int aging_init(struct store *s)
{
    int err = uv_timer_init(&s->opts.loop->uv, &s->hourly);

    if (err < 0)
        return err;
    s->watch = (struct clock_watch){.wall_us = clock_wall_us(), .mono_us = clock_mono_us()};
    doubt_clock(s);
    s->hourly.data = s;
    uv_unref((uv_handle_t *)&s->hourly);
    uv_timer_start(&s->hourly, on_hour, HOUR_US / 1000, HOUR_US / 1000);
    aging_check(s);
    keeping_check_bytes(s);
    return 0;
}
