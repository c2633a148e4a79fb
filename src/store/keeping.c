/* SPDX-License-Identifier: MIT
 *
 * keeping.c - how what is no longer kept goes: what was cleared, what is too much, what aging.c
 * says.
 *
 * Everything that goes does so in three steps: new tombs, which count at once for whoever begins to
 * read; the file `tomb`; then the space, when no reader is left that began before. Whole segments
 * below the floor are unlinked, dead ranges of others are punched out.
 */
#include "store/store_impl.h"

#include "base/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DAY_US (INT64_C(24) * 3600 * 1000 * 1000)

/* One round of taking away. */
struct sweep {
    struct store_task task;
    const struct tombs *tombs;
    struct chunk_row *row;
    struct list gone;   /* segments to be removed */
    int64_t expired_us; /* aging.c */
    bool only_classes;  /* only what may have expired is looked at */
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

/* Most of it may have been punched before: what counts is what the disk gets back. */
static int punch_range(uint64_t at, uint64_t n, void *ctx)
{
    struct punch *p = ctx;
    uint64_t before = segment_disk_n(p->fd, UINT64_MAX);

    /* Where the file system cannot, the space comes back with the day. */
    if (fallocate(p->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)n) < 0)
        return 0;
    uint64_t after = segment_disk_n(p->fd, UINT64_MAX);
    p->freed += before > after ? before - after : 0;
    return 0;
}

static void punch_chunk(struct sweep *w, struct chunk *c)
{
    struct punch p = {.fd = c->files->seg_fd};

    if (c->end_id <= tombs_floor(w->tombs))
        punch_range(c->seg_at, c->seg_n, &p);
    else
        (void)!chunk_dead_ranges(c, w->tombs, w->expired_us, punch_range, &p); /* next time, then */
    w->freed += p.freed;
}

static void sweep_work(struct store_task *t)
{
    struct sweep *w = LIST_ITEM(t, struct sweep, task);
    struct store *s = t->store;

    LIST_FOR_EACH (link, &w->gone) {
        const struct segment *g = LIST_ITEM(link, struct segment, link);
        if (segment_remove(s->dir, g) == 0)
            w->freed += segment_disk_n(g->files->seg_fd, g->seg_n) + g->idx_n;
    }
    for (uint32_t i = 0; i < w->row->count; i++)
        if (!w->only_classes || chunk_has_classes(w->row->at[i]))
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
    w->expired_us = s->watch.agreed_us;
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

int keeping_sweep(struct store *s, const struct tombs *tombs)
{
    struct sweep *w = new_sweep(s);

    if (!w)
        return -ENOMEM;
    store_set_tombs(s, tombs);
    begin_sweep(s, w);
    return 0;
}

void keeping_sweep_expired(struct store *s)
{
    struct sweep *w = new_sweep(s);

    if (!w)
        return; /* next hour, then */
    w->only_classes = true;
    s->generation++; /* who began to read before sees them still */
    w->tombs = tombs_ref(s->tombs);
    w->task.work = sweep_work;
    w->task.done = sweep_done;
    w->task.frees = true;
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
 * that takes the next chunk stays, and so does one that is being compacted. */
static void cut_segments(struct store *s, uint64_t floor, struct list *gone)
{
    LIST_FOR_EACH_SAFE (link, &s->segments) {
        struct segment *g = LIST_ITEM(link, struct segment, link);
        segment_cut(g, floor);
        if (g->count > 0 || g == s->current || g == s->compacted)
            continue;
        list_remove(link);
        list_push(gone, link);
    }
}

int keeping_raise_floor(struct store *s, uint64_t floor, const char *why)
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

/* Of a segment with holes every chunk has its share of what is left. */
static uint64_t disk_share(const struct segment *g, const struct chunk *c)
{
    uint64_t seg_n = 0;

    for (uint32_t i = 0; i < g->count; i++)
        seg_n += g->chunks[i]->seg_n;
    double left = (double)segment_disk_n(g->files->seg_fd, seg_n) / (double)(seg_n ? seg_n : 1);
    return (uint64_t)(left * (double)c->seg_n) + c->idx_n;
}

void keeping_check_bytes(struct store *s)
{
    uint64_t bytes = store_bytes(s), floor = tombs_floor(s->tombs);

    if (s->opts.max_bytes == 0 || bytes <= s->opts.max_bytes)
        return;
    LIST_FOR_EACH (link, &s->segments) {
        const struct segment *g = LIST_ITEM(link, struct segment, link);
        bool last = link->next == &s->segments;
        for (uint32_t i = 0; i + last < g->count && bytes > s->opts.max_bytes; i++) {
            uint64_t share = disk_share(g, g->chunks[i]);
            bytes -= share < bytes ? share : bytes;
            floor = g->chunks[i]->end_id;
        }
    }
    if (floor > tombs_floor(s->tombs))
        (void)!keeping_raise_floor(s, floor, "the history is larger than retention.max_bytes");
}

bool store_make_space(struct store *s)
{
    uint64_t floor = tombs_floor(s->tombs);
    int64_t limit_us = aging_now_us(s) - (int64_t)s->opts.min_ms * 1000;

    if (s->row->count == 0)
        return false;
    int64_t day_end_us = (s->row->at[0]->max_arrival_us / DAY_US + 1) * DAY_US;
    uint64_t upto = aging_floor(s, day_end_us < limit_us ? day_end_us : limit_us);
    return upto > floor && keeping_raise_floor(s, upto, "the disk is full") == 0;
}
