/* SPDX-License-Identifier: MIT
 *
 * sealing.c - full files of the journal become chunks, one after the other.
 *
 *     loop: take the oldest full file ─▶ pool: positions, seal, commit ─▶ loop: new row, the file is free
 *
 * The table of positions goes along: what it says is true as of the end of the file, so it is the
 * last table and the frames of this file. A crash at any moment repeats the file: its chunk is not
 * there, or it is and the journal is told so at the next start.
 */
#include "store/store_impl.h"

#include "base/clock.h"
#include "base/diag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { RETRY_MS = 1000 };

static int follow(struct positions *p, const struct journal_view *v)
{
    struct journal_cursor c = journal_file_start(v, 0);
    struct jframe f;
    int err = 0;

    while (err == 0 && journal_next_any(&c, &f))
        err = positions_set(p, &f.origin, &f.position, f.arrival_us);
    return err;
}

/* The segment for a chunk of this day, with room for it: the current one, or a new one in *ret. */
static int choose_segment(struct store *s, struct segment **ret)
{
    struct sealing *g = &s->sealing;
    const struct segment *now = s->current;
    int64_t arrival_us = journal_view_arrival_us(g->view);
    char day[11];

    segment_day(arrival_us ? arrival_us : g->now_us, day);
    if (now && !now->closed && strcmp(now->day, day) == 0 && now->seg_n < SEGMENT_MAX) {
        *ret = s->current;
        return 0;
    }
    int err = segment_create(s->dir, day, journal_view_start(g->view), ret);
    return err < 0 ? err : segment_reserve(*ret);
}

static int seal(struct store *s, struct segment *to, struct str positions)
{
    struct sealing *g = &s->sealing;
    struct chunk_image image = {0};
    struct chunk_seal_opts opts = {.epoch = s->epoch,
                                   .seg_at = to->seg_n,
                                   .positions = positions,
                                   .tombs = g->tombs,
                                   .now_us = g->expired_us};
    int err = chunk_seal(g->view, 0, &opts, &image);

    if (err == 0)
        err = segment_commit(to, &image, &g->chunk);
    chunk_image_fini(&image);
    return err;
}

static void work(struct job *job)
{
    struct store *s = LIST_ITEM(job, struct store, sealing.job);
    struct sealing *g = &s->sealing;
    int64_t start = clock_mono_us();
    struct segment *to = NULL;
    struct buf positions = {0};

    g->err = follow(&g->positions, g->view);
    positions_encode(&g->positions, &positions);
    if (g->err == 0)
        g->err = buf_error(&positions);
    if (g->err == 0)
        g->err = choose_segment(s, &to);
    if (g->err == 0)
        g->err = seal(s, to, buf_str(&positions));
    g->segment = to == s->current ? NULL : to;
    g->took_us = clock_mono_us() - start;
    buf_fini(&positions);
}

static void done(struct job *job);

static void let_go(struct store *s)
{
    struct sealing *g = &s->sealing;

    tombs_unref(g->tombs);
    chunk_row_unref(g->row);
    g->tombs = NULL;
    g->row = NULL;
}

static void start(struct store *s)
{
    struct sealing *g = &s->sealing;

    g->view = g->stopped || s->task ? NULL : journal_take_full(s->hub->journal);
    if (!g->view)
        return;
    g->tombs = tombs_ref(s->tombs);
    g->now_us = clock_wall_us();
    g->expired_us = s->watch.agreed_us;
    g->segment = NULL;
    g->chunk = NULL;
    g->row = chunk_row_new(s, 1);
    bool room = g->row && (!s->current || segment_reserve(s->current) == 0);
    g->busy = room && job_start(s->opts.loop, &g->job, work, done) == 0;
    if (g->busy)
        return;
    let_go(s);
    journal_view_drop(s->hub->journal, g->view);
}

static void on_retry(uv_timer_t *timer)
{
    sealing_wake(timer->data);
}

/* A new segment that got its chunk joins the others; one that did not is as if it had never
 * been. */
static void take_chunk(struct store *s)
{
    struct sealing *g = &s->sealing;

    if (g->segment && g->err == 0) {
        list_push(&s->segments, &g->segment->link);
        s->current = g->segment;
    } else if (g->segment) {
        (void)!segment_remove(s->dir, g->segment);
        segment_close(g->segment);
    }
    g->segment = NULL;
    if (g->err == 0)
        segment_take(s->current, g->chunk);
}

/* One round at a time: what it gives back shows only when it is through. */
static enum space_found no_space(void *store)
{
    struct store *s = store;

    if (s->opts.drop_file && s->opts.drop_file(s->opts.ctx))
        return SPACE_FREED;
    if (s->task || !list_empty(&s->tasks) ||
        (s->sealing.busy && journal_frees_file(s->hub->journal)))
        return SPACE_COMING;
    return store_make_space(s) ? SPACE_COMING : SPACE_NOTHING;
}

static void done(struct job *job)
{
    struct store *s = LIST_ITEM(job, struct store, sealing.job);
    struct sealing *g = &s->sealing;

    g->busy = false;
    take_chunk(s);
    if (g->err == 0) {
        if (g->chunk->end_id > s->end_id)
            s->end_id = g->chunk->end_id;
        store_set_row(s, g->row);
        g->row = NULL;
        let_go(s);
        g->failed = 0;
        space_seal_ended(s->hub->space, 0);
        journal_sealed(s->hub->journal, g->view);
        keeping_check_bytes(s);
        tasks_wake(s);
        start(s);
        return;
    }
    let_go(s);
    journal_view_drop(s->hub->journal, g->view);
    bool comes = g->err == -ENOSPC && no_space(s) != SPACE_NOTHING;
    if (!comes)
        space_seal_ended(s->hub->space, g->err);
    if (g->failed != g->err) /* once, not every second */
        diag_warn("Sealing a file of the journal failed: %s; it is tried again, the journal keeps "
                  "it",
                  err_text(g->err));
    g->failed = g->err;
    uv_timer_start(&g->retry, on_retry, RETRY_MS, 0);
    tasks_wake(s);
}

void sealing_wake(void *store)
{
    struct store *s = store;

    if (!s->sealing.busy)
        start(s);
}

/* Files of the journal that are sealed and still there may have positions newer than the table:
 * when the index was made anew, their own table was lost. */
static int catch_up(struct store *s)
{
    struct sealing *g = &s->sealing;
    struct journal_view *v = journal_view_sealed(s->hub->journal);
    struct jframe f;
    int err = v ? positions_decode(&g->positions, buf_str(&s->positions.bytes)) : -ENOMEM;

    if (err == -LM_E_DAMAGED) /* the hub has said so */
        err = 0;
    if (!v)
        return err;
    struct journal_cursor c = journal_file_start(v, 0);
    while (err == 0 && journal_next_any(&c, &f))
        if (!jframe_is_below(&f, s->positions.end_id))
            err = positions_set(&g->positions, &f.origin, &f.position, f.arrival_us);
    journal_view_drop(s->hub->journal, v);
    return err;
}

int sealing_init(struct store *s)
{
    struct sealing *g = &s->sealing;
    int err = uv_timer_init(&s->opts.loop->uv, &g->retry);

    if (err < 0)
        return err;
    g->retry.data = s;
    uv_unref((uv_handle_t *)&g->retry);
    err = catch_up(s);
    if (err < 0)
        return err;
    buf_fini(&s->positions.bytes);
    s->hub->on_full = sealing_wake;
    s->hub->on_no_space = no_space;
    s->hub->full_ctx = s;
    sealing_wake(s);
    return 0;
}

static void free_store(uv_handle_t *timer)
{
    free(timer->data);
}

void sealing_close(struct store *s)
{
    lm_assert(!s->sealing.busy);
    positions_fini(&s->sealing.positions);
    if (s->hourly.data)
        uv_close((uv_handle_t *)&s->hourly, NULL);
    if (s->sealing.retry.data)
        uv_close((uv_handle_t *)&s->sealing.retry, free_store);
    else
        free(s);
}
