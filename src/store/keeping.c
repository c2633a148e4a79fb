/* SPDX-License-Identifier: MIT
 *
 * keeping.c - what is kept, and what goes: by age, by size, by label, by the class of a record.
 *
 * Everything that goes does so in three steps: new tombs, which count at once for whoever begins to
 * read; the file `tomb`; then the space, when no reader is left that began before. Whole segments
 * below the floor are unlinked, dead ranges of others are punched out.
 *
 * Age goes by the time of arrival, and a clock may be wrong. So a record is old only when it is old by
 * the wall clock and by the time the hub has been running since its start, twice, an hour apart: a clock
 * that jumps deletes nothing.
 */
#include "store/store_impl.h"

#include "base/clock.h"
#include "base/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

#define HOUR_US (INT64_C(3600) * 1000 * 1000)
#define DAY_US  (24 * HOUR_US)
/* Records that expire are punched out only when even a reader that began so long ago is through. */
#define SLACK_US (INT64_C(10) * 60 * 1000 * 1000)

/* One round of taking away. */
struct sweep {
    struct store_task task;
    const struct tombs *tombs;
    struct chunk_row *row;
    bool write_tombs, punch;
    struct list gone; /* segments to be removed */
    int64_t now_us;
    int tomb_err;
    uint64_t freed; /* bytes */
    store_cleared_fn *cleared;
    void *ctx;
};

/* --- in the pool --- */

struct punch {
    int fd;
    uint64_t freed;
};

static int punch_range(uint64_t at, uint64_t n, void *ctx)
{
    struct punch *p = ctx;

    /* Where the file system cannot, the space comes back with the day. */
    if (fallocate(p->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)n) == 0)
        p->freed += n;
    return 0;
}

static void punch_chunk(struct sweep *w, struct chunk *c)
{
    struct punch p = {.fd = c->files->seg_fd};

    if (c->end_id <= tombs_floor(w->tombs))
        punch_range(c->seg_at, c->seg_n, &p);
    else
        (void)!chunk_dead_ranges(c, w->tombs, w->now_us, punch_range, &p); /* next time, then */
    w->freed += p.freed;
}

static void sweep_work(struct store_task *t)
{
    struct sweep *w = LIST_ITEM(t, struct sweep, task);
    struct store *s = t->store;

    LIST_FOR_EACH (link, &w->gone) {
        const struct segment *g = LIST_ITEM(link, struct segment, link);
        if (segment_remove(s->dir, g) == 0)
            w->freed += g->seg_n + g->idx_n;
    }
    for (uint32_t i = 0; w->punch && i < w->row->count; i++)
        punch_chunk(w, w->row->at[i]);
}

static void tombs_work(struct store_task *t)
{
    struct sweep *w = LIST_ITEM(t, struct sweep, task);
    w->tomb_err = store_write_tombs(t->store->dir, w->tombs, t->store->epoch);
}

/* --- on the loop --- */

static void sweep_done(struct store_task *t)
{
    struct sweep *w = LIST_ITEM(t, struct sweep, task);

    LIST_FOR_EACH_SAFE (link, &w->gone) {
        list_remove(link);
        segment_close(LIST_ITEM(link, struct segment, link));
    }
    if (w->freed > 0) {
        diag_info("%" PRIu64 " bytes of the history were given back to the disk", w->freed);
        space_may_be_there(t->store->hub->space);
    }
    tombs_unref(w->tombs);
    chunk_row_unref(w->row);
    free(w);
}

/* The tombs are in the file, or could not be written; now the space. */
static void tombs_done(struct store_task *t)
{
    struct sweep *w = LIST_ITEM(t, struct sweep, task);
    if (w->tomb_err < 0)
        diag_error("Writing down what was cleared failed: %s; it is gone until the hub is started "
                   "again",
                   err_text(w->tomb_err));
    if (w->cleared)
        w->cleared(w->tomb_err, w->ctx);
    if (t->store->sealing.stopped) { /* the next start sees to it */
        sweep_done(t);
        return;
    }
    t->work = sweep_work;
    t->done = sweep_done;
    t->frees = true;
    task_add(t->store, t);
}

static struct sweep *new_sweep(struct store *s)
{
    struct sweep *w = calloc(1, sizeof *w);

    if (!w)
        return NULL;
    list_init(&w->gone);
    list_init(&w->task.link);
    w->now_us = clock_wall_us() - SLACK_US;
    w->punch = true;
    w->row = s->row;
    w->row->refs++;
    return w;
}

/* Both steps, with the tombs that count now. */
static void begin_sweep(struct store *s, struct sweep *w)
{
    w->tombs = tombs_ref(s->tombs);
    w->task.work = tombs_work;
    w->task.done = tombs_done;
    task_add(s, &w->task);
}

/* --- clearing --- */

static void say_cleared(const struct label *conditions, size_t n, uint64_t bound)
{
    struct buf text = {0};

    for (size_t i = 0; i < n; i++)
        buf_printf(&text, " %.*s=%.*s", STR_FMT(conditions[i].name), STR_FMT(conditions[i].value));
    buf_add_char(&text, '\0');
    if (buf_error(&text) == 0)
        diag_info("Cleared every record up to %" PRIu64 " with%s", bound, text.p);
    buf_fini(&text);
}

int store_clear(struct store *s, const struct label *conditions, size_t n, store_cleared_fn *done,
                void *ctx)
{
    uint64_t bound = hub_last_id(s->hub);
    struct tombs *tombs;
    struct sweep *w = new_sweep(s);
    int err = w ? tombs_with(s->tombs, conditions, n, bound, &tombs) : -ENOMEM;

    if (err < 0) {
        if (w)
            sweep_done(&w->task);
        return err;
    }
    store_set_tombs(s, tombs);
    w->cleared = done;
    w->ctx = ctx;
    begin_sweep(s, w);
    say_cleared(conditions, n, bound);
    return 0;
}

/* --- from the old end --- */

/* Takes chunks below the floor out of the segments; what becomes empty goes to `gone`. The segment
 * that takes the next chunk stays. */
static void cut_segments(struct store *s, uint64_t floor, struct list *gone)
{
    LIST_FOR_EACH_SAFE (link, &s->segments) {
        struct segment *g = LIST_ITEM(link, struct segment, link);
        segment_cut(g, floor);
        if (g->count > 0 || g == s->current)
            continue;
        list_remove(link);
        list_push(gone, link);
    }
}

/* Everything below `floor` goes. */
static int raise_floor(struct store *s, uint64_t floor, const char *why)
{
    uint64_t from = store_start_id(s);
    struct tombs *tombs;
    struct sweep *w = new_sweep(s);
    int err = w ? tombs_with_floor(s->tombs, floor, &tombs) : -ENOMEM;
    struct chunk_row *row = err == 0 ? chunk_row_new(s, 0) : NULL;

    if (!row) {
        if (w)
            sweep_done(&w->task);
        if (err == 0)
            tombs_unref(tombs);
        return -ENOMEM;
    }
    store_set_tombs(s, tombs);
    cut_segments(s, floor, &w->gone);
    store_set_row(s, row);
    begin_sweep(s, w);
    diag_info("Records %" PRIu64 " to %" PRIu64 " are no longer kept: %s", from, floor - 1, why);
    return 0;
}

/* One past the ids of the chunks at the old end that arrived before this time. */
static uint64_t floor_before(const struct store *s, int64_t time_us)
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

/* What the clock said when the hub started, and the time since; or what it says now, if that is less. */
static int64_t cautious_now_us(const struct store *s)
{
    int64_t wall = clock_wall_us(), since = s->watch.wall_us + (clock_mono_us() - s->watch.mono_us);
    return wall < since ? wall : since;
}

void keeping_check_age(struct store *s)
{
    struct clock_watch *w = &s->watch;
    int64_t now_us = clock_mono_us();

    if (s->opts.max_age_ms == 0 || (w->looked_us && now_us - w->looked_us < HOUR_US))
        return;
    uint64_t floor = floor_before(s, cautious_now_us(s) - (int64_t)s->opts.max_age_ms * 1000);
    uint64_t agreed = !w->looked_us ? 0 : floor < w->floor ? floor : w->floor;
    w->looked_us = now_us;
    w->floor = floor;
    if (agreed > tombs_floor(s->tombs))
        (void)!raise_floor(s, agreed, "older than retention.max_age"); /* next hour, then */
}

void keeping_check_bytes(struct store *s)
{
    uint64_t bytes = 0, floor = tombs_floor(s->tombs);

    if (s->opts.max_bytes == 0)
        return;
    for (uint32_t i = 0; i < s->row->count; i++)
        bytes += s->row->at[i]->seg_n + s->row->at[i]->idx_n;
    for (uint32_t i = 0; i + 1 < s->row->count && bytes > s->opts.max_bytes; i++) {
        bytes -= s->row->at[i]->seg_n + s->row->at[i]->idx_n;
        floor = s->row->at[i]->end_id;
    }
    if (floor > tombs_floor(s->tombs))
        (void)!raise_floor(s, floor, "the history is larger than retention.max_bytes");
}

bool store_make_space(struct store *s)
{
    uint64_t floor = tombs_floor(s->tombs);
    int64_t limit_us = cautious_now_us(s) - (int64_t)s->opts.min_ms * 1000;

    if (s->row->count == 0)
        return false;
    int64_t day_end_us = (s->row->at[0]->max_arrival_us / DAY_US + 1) * DAY_US;
    uint64_t upto = floor_before(s, day_end_us < limit_us ? day_end_us : limit_us);
    return upto > floor && raise_floor(s, upto, "the disk is full") == 0;
}

/* --- expiry --- */

/* Records with a class of their own expire without anybody asking for it: their space comes back in the
 * next hour. */
static void sweep_expired(struct store *s)
{
    struct sweep *w = new_sweep(s);

    if (!w)
        return;
    w->tombs = tombs_ref(s->tombs);
    w->task.work = sweep_work;
    w->task.done = sweep_done;
    w->task.frees = true;
    task_add(s, &w->task);
}

static void on_hour(uv_timer_t *timer)
{
    struct store *s = timer->data;

    keeping_check_age(s);
    keeping_check_bytes(s);
    sweep_expired(s);
}

int keeping_init(struct store *s)
{
    int err = uv_timer_init(&s->opts.loop->uv, &s->hourly);

    if (err < 0)
        return err;
    s->watch = (struct clock_watch){.wall_us = clock_wall_us(), .mono_us = clock_mono_us()};
    s->hourly.data = s;
    uv_unref((uv_handle_t *)&s->hourly);
    uv_timer_start(&s->hourly, on_hour, HOUR_US / 1000, HOUR_US / 1000);
    keeping_check_age(s);
    keeping_check_bytes(s);
    return 0;
}
