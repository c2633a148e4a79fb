/* SPDX-License-Identifier: MIT
 *
 * space.c - making room, and going on without. See space.h.
 */
#include "hub/space.h"

#include "base/clock.h"
#include "base/diag.h"
#include "hub/publish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
    AGAIN_MS = 300,               /* between two tries to make a file */
    COMING_MAX_US = 3 * 1000000,  /* so long is waited for what is being given back */
    FAILING_MAX_US = 3 * 1000000, /* and so long for any other reason to pass */
    ROW_FIELDS_MAX = 160,
};

static void on_timer(uv_timer_t *timer);

static void try_in(struct space *s, unsigned ms)
{
    uv_timer_start(&s->timer, on_timer, ms, 0);
}

static void say_room(struct space *s)
{
    if (s->hub->on_room)
        s->hub->on_room(s->hub->room_ctx);
}

/* --- making --- */

static bool is_full(int err)
{
    return err == -ENOSPC || err == -EDQUOT;
}

static enum space_found ask_for_space(struct space *s, int err)
{
    int64_t now_us = clock_mono_us();
    enum space_found found =
        is_full(err) && s->hub->on_no_space ? s->hub->on_no_space(s->hub->full_ctx) : SPACE_NOTHING;

    if (found == SPACE_FREED || !s->making_us)
        s->making_us = now_us;
    bool too_long = found == SPACE_COMING && now_us - s->making_us > COMING_MAX_US;
    return too_long ? SPACE_NOTHING : found;
}

void space_no_file(struct space *s, int err)
{
    enum space_found found = ask_for_space(s, err);

    s->err = err;
    s->hopeless = found == SPACE_NOTHING;
    if (s->state == SPACE_NONE) {
        try_in(s, found == SPACE_FREED ? 0 : AGAIN_MS);
        return;
    }
    s->state = s->hopeless ? SPACE_ENOUGH : SPACE_MAKING;
    if (!s->hopeless) {
        try_in(s, found == SPACE_FREED ? 0 : AGAIN_MS);
        return;
    }
    s->making_us = 0;
    say_room(s); /* who waited need not any longer: what is left of the current file is theirs */
}

bool space_asks_to_wait(const struct space *s)
{
    return s->state == SPACE_MAKING && journal_is_tight(s->hub->journal);
}

/* --- going on without --- */

static int begin_live_only(struct space *s)
{
    int err = numbers_suspend(&s->hub->numbers);

    if (err < 0)
        return err;
    s->state = SPACE_NONE;
    s->none_us = clock_mono_us();
    diag_error(
        "Nothing can be stored (%s), and nothing more may be deleted: lines are sent live only "
        "and will be missing in the history until there is room again. Free some space on the "
        "disk of %s, or let older records go (retention.max_bytes, retention.min)",
        err_text(s->err ? s->err : s->seal_err), s->hub->opts.state_dir);
    try_in(s, AGAIN_MS);
    say_room(s);
    return 0;
}

/* Is there a reason to think that waiting a little will help? */
static bool may_pass(struct space *s, int err)
{
    int64_t now_us = clock_mono_us();

    if (!s->failing_us)
        s->failing_us = now_us;
    if (err == -EAGAIN)
        return s->seal_err == 0; /* the sealer is behind, no more */
    return !s->hopeless && now_us - s->failing_us < FAILING_MAX_US;
}

int space_keep(struct space *s, struct batch *b)
{
    if (s->state != SPACE_NONE) {
        int err = journal_append(s->hub->journal, b);
        if (err == 0)
            s->failing_us = 0;
        if (err == 0 || err == -ENOMEM || !b->or_live)
            return err;
        s->err = s->err ? s->err : err;
        if (may_pass(s, err))
            return -EAGAIN;
        err = begin_live_only(s);
        if (err < 0)
            return err;
    }
    if (!b->or_live || !live_only_fits(&s->live, b->count))
        return -ENOSPC;
    live_only_add(&s->live, b);
    b->live_only = true;
    return 0;
}

/* --- storing again --- */

void space_watch_numbers(struct space *s)
{
    if (!s->hub->numbers.suspended)
        return;
    numbers_resume(&s->hub->numbers);
    try_in(s, AGAIN_MS);
}

static int append_position(const struct origin *o, const struct position *p, void *ctx)
{
    struct space *s = ctx;
    struct batch b = {.origin = *o, .position = *p, .arrival_us = clock_wall_us()};

    return journal_append(s->hub->journal, &b);
}

/* Positions first: with the frame of the missing ids behind them all of it counts as
 * acknowledged. */
static int append_what_is_missing(struct space *s)
{
    struct batch gap = {0};
    int err = positions_catch_up(&s->hub->positions, append_position, s);

    if (err == 0 && s->live.first_id)
        err = live_only_gap(&s->live, &gap);
    gap.arrival_us = clock_wall_us();
    if (err == 0 && s->live.first_id)
        err = journal_append(s->hub->journal, &gap);
    batch_fini(&gap);
    return err;
}

static int add_row(struct batch *rows, const struct live_only *l, const struct live_set *set)
{
    struct record r = {.time_us = rows->arrival_us,
                       .labels = set->labels,
                       .level = LEVEL_WARN,
                       .stream = STREAM_SYSTEM};
    char text[ROW_FIELDS_MAX], fields[ROW_FIELDS_MAX];
    int n =
        snprintf(text, sizeof text,
                 "%" PRIu64 " lines are missing here: the disk was full, they were sent live only",
                 set->count);
    int m = snprintf(fields, sizeof fields,
                     "{\"event\":\"unstored\",\"after\":%" PRIu64 ",\"next\":%" PRIu64
                     ",\"count\":%" PRIu64 "}",
                     l->first_id - 1, l->end_id, set->count);

    r.message = arena_copy(&rows->scratch, str_of(text, (size_t)n));
    r.fields = arena_copy(&rows->scratch, str_of(fields, (size_t)m));
    return r.message.p && r.fields.p ? batch_add(rows, &r) : -ENOMEM;
}

/* In the place where they are missing, for whoever reads or watches records with these labels. */
static void publish_rows(struct space *s, const struct live_only *l)
{
    struct batch rows = {0};
    int err = 0;

    batch_begin(&rows, &(struct origin){0}, clock_wall_us());
    for (uint32_t i = 0; i < l->set_count && err == 0; i++)
        err = add_row(&rows, l, &l->sets[i]);
    rows.or_live = true;
    if (rows.count > 0)
        (void)!hub_publish(s->hub, &rows);
    batch_fini(&rows);
}

static void store_again(struct space *s)
{
    struct live_only was = s->live;

    if (append_what_is_missing(s) < 0)
        return; /* there is less room than it seemed */
    s->live = (struct live_only){0};
    s->state = SPACE_ENOUGH;
    s->hopeless = false;
    s->err = 0;
    s->making_us = s->failing_us = 0;
    space_watch_numbers(s);
    if (s->hub->on_acked)
        s->hub->on_acked(journal_acked_id(s->hub->journal), s->hub->acked_ctx);
    if (was.first_id)
        diag_warn("There is room again, everything is stored from here on: %" PRIu64
                  " lines (%" PRIu64 " to %" PRIu64 ") of the last %.1f s are not in the history",
                  was.end_id - was.first_id, was.first_id, was.end_id - 1,
                  (double)(clock_mono_us() - s->none_us) / 1e6);
    publish_rows(s, &was);
    live_only_fini(&was);
}

void space_may_be_there(struct space *s)
{
    bool has_file = journal_has_spare(s->hub->journal);

    if (!has_file) {
        if (s->state != SPACE_ENOUGH)
            try_in(s, 0);
        return;
    }
    if (s->state == SPACE_NONE) {
        store_again(s);
        return;
    }
    s->state = SPACE_ENOUGH;
    s->hopeless = false;
    s->making_us = 0;
}

void space_seal_ended(struct space *s, int err)
{
    bool waited = s->seal_err == 0 && err < 0 && !journal_has_room(s->hub->journal);

    s->seal_err = err;
    if (waited) /* for a sealer that does not get on */
        say_room(s);
}

static void on_timer(uv_timer_t *timer)
{
    struct space *s = timer->data;

    if (s->state == SPACE_NONE)
        try_in(s, AGAIN_MS);
    else
        space_watch_numbers(s);
    journal_make_spare(s->hub->journal);
    if (journal_has_spare(s->hub->journal))
        space_may_be_there(s);
}

int space_new(struct space **ret, struct hub *hub)
{
    struct space *s = calloc(1, sizeof *s);

    if (!s)
        return -ENOMEM;
    s->hub = hub;
    int err = uv_timer_init(&hub->opts.loop->uv, &s->timer);
    if (err < 0) {
        free(s);
        return err;
    }
    s->timer.data = s;
    uv_unref((uv_handle_t *)&s->timer);
    *ret = s;
    return 0;
}

static void free_space(uv_handle_t *timer)
{
    free(timer->data);
}

void space_close(struct space *s)
{
    if (!s)
        return;
    if (s->state == SPACE_NONE && s->hub->journal) {
        journal_stop(s->hub->journal);
        (void)!append_what_is_missing(s); /* there may be room by now; else the ids are a hole */
    }
    live_only_fini(&s->live);
    uv_close((uv_handle_t *)&s->timer, free_space);
}
