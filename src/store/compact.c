/* SPDX-License-Identifier: MIT
 *
 * compact.c - pairs of files without what is dead.
 *
 *     for each pair:  survey ──nothing dead──▶ next pair
 *                        │
 *                        ▼
 *                     chunk, chunk, chunk … into a pair of its own, NAME.seg.new and NAME.idx.new
 *                        │
 *                        ▼
 *                     sync, rename, remove the old pair ▶ next pair
 *
 * Each arrow is a task of its own, so sealing, clearing and queries go on in between. A death at
 * any moment leaves the old pair, or both (then the later one counts), or the new one; what is left
 * of a pair that was not finished is removed at the next start.
 *
 * A chunk in which nothing is dead is copied as it is, and so is one with damage: that is not for
 * us to throw away.
 */
#include "store/store_impl.h"

#include "base/diag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct compaction {
    struct store_task task; /* the present step */
    struct segment *old, *made;
    struct chunk_row *row;     /* of the step: the chunks to survey, or room for the new row */
    struct chunk *chunk;       /* of the step, a reference */
    const struct tombs *tombs; /* as of the step */
    const struct tombs *all;   /* as of the beginning */
    int64_t expired_us;
    uint64_t next_at; /* chunks of old from this place in its file on; one may be without ids */
    uint64_t end_id;  /* pairs from here on are left alone */
    struct {
        uint64_t first_id;
        char name[SEGMENT_NAME];
    } seen;        /* the last pair that was looked at */
    uint64_t dead; /* records that the survey found */
    bool damage;   /* there are chunks that could not be looked at */
    int err;
    struct store_compacted result;
    store_compacted_fn *done;
    void *ctx;
};

static struct compaction *of(struct store_task *t)
{
    return LIST_ITEM(t, struct compaction, task);
}

typedef bool begin_fn(struct store_task *t);
typedef void work_fn(struct store_task *t);

static begin_fn begin_survey, begin_chunk, begin_show;
static work_fn survey, add_chunk, show, survey_done, chunk_done, show_done;

static void step(struct store *s, struct compaction *c, begin_fn *begin, work_fn *work,
                 work_fn *done)
{
    c->task.begin = begin;
    c->task.work = work;
    c->task.done = done;
    task_add(s, &c->task);
}

/* --- the end --- */

static void let_go(struct compaction *c)
{
    chunk_row_unref(c->row);
    chunk_unref(c->chunk);
    tombs_unref(c->tombs);
    c->row = NULL;
    c->chunk = NULL;
    c->tombs = NULL;
}

/* Clears that mean nothing any more are forgotten: no chunk has what they meant, nor the
 * journal. */
static void forget_clears(struct store *s, const struct compaction *c)
{
    struct tombs *left;

    if (tombs_without(s->tombs, c->all, journal_start_id(s->hub->journal), &left) < 0)
        return; /* they cost nothing but their place */
    if (tombs_count(left) == tombs_count(s->tombs) || keeping_sweep(s, left) < 0)
        tombs_unref(left);
}

static void finish(struct store *s, struct compaction *c)
{
    const struct store_compacted *r = &c->result;

    let_go(c);
    if (c->made) {
        (void)!segment_remove(s->dir, c->made);
        segment_close(c->made);
    }
    s->compacted = NULL;
    s->compacting = false;
    if (c->err == 0 && !c->damage)
        forget_clears(s, c);
    if (r->pairs > 0)
        diag_info("Compaction: %" PRIu32 " pairs of files made anew, %" PRIu64
                  " records gone, %.1f MB "
                  "became %.1f MB",
                  r->pairs, r->records, (double)r->before / 1e6, (double)r->after / 1e6);
    if (c->err < 0)
        diag_warn("Compaction ended early: %s; what was not made anew is as it was",
                  err_text(c->err));
    c->done(c->err, r, c->ctx);
    tombs_unref(c->all);
    free(c);
}

/* False, and the step fails: the hub is stopping. */
static bool goes_on(struct store *s, struct compaction *c)
{
    if (s->sealing.stopped)
        c->err = -ECANCELED;
    return c->err == 0;
}

static void take_tombs(struct store *s, struct compaction *c)
{
    int64_t now_us = aging_now_us(s);

    c->tombs = tombs_ref(s->tombs);
    if (now_us > c->expired_us)
        c->expired_us = now_us;
    if (s->watch.agreed_us > c->expired_us)
        c->expired_us = s->watch.agreed_us;
}

/* --- is there anything dead? --- */

static bool was_seen(const struct compaction *c, const struct segment *g)
{
    return g->first_id < c->seen.first_id ||
           (g->first_id == c->seen.first_id && strcmp(g->name, c->seen.name) <= 0);
}

static void see(struct compaction *c, const struct segment *g)
{
    c->seen.first_id = g->first_id;
    memcpy(c->seen.name, g->name, sizeof c->seen.name);
}

static struct segment *next_pair(const struct store *s, const struct compaction *c)
{
    LIST_FOR_EACH (link, &s->segments) {
        struct segment *g = LIST_ITEM(link, struct segment, link);
        if (!was_seen(c, g) && g->first_id < c->end_id)
            return g;
    }
    return NULL;
}

static bool begin_survey(struct store_task *t)
{
    struct compaction *c = of(t);
    struct store *s = t->store;

    c->old = goes_on(s, c) ? next_pair(s, c) : NULL;
    if (!c->old)
        return false;
    see(c, c->old);
    s->compacted = c->old;
    if (s->current == c->old)
        s->current = NULL; /* the next chunk goes into a new pair */
    c->row = s->row;
    c->row->refs++;
    c->dead = 0;
    take_tombs(s, c);
    return true;
}

static int dead_records(struct compaction *c, struct chunk *chunk, uint64_t *ret)
{
    uint64_t alive = chunk->count;
    int err = tombs_count(c->tombs) == 0 && !chunk_has_classes(chunk)
                  ? 0
                  : chunk_alive(chunk, c->tombs, c->expired_us, &alive);

    c->damage |= err == -LM_E_DAMAGED;
    *ret = err < 0 ? 0 : chunk->count - alive;
    return err == -LM_E_DAMAGED ? 0 : err;
}

static void survey(struct store_task *t)
{
    struct compaction *c = of(t);
    uint64_t dead;

    for (uint32_t i = 0; i < c->row->count && c->err == 0; i++) {
        if (c->row->at[i]->files != c->old->files)
            continue;
        c->err = dead_records(c, c->row->at[i], &dead);
        c->dead += dead;
    }
    if (c->err == 0 && c->dead > 0)
        c->err = segment_create_twin(t->store->dir, c->old, &c->made);
}

static void survey_done(struct store_task *t)
{
    struct compaction *c = of(t);
    struct store *s = t->store;
    bool none_left = !c->old;

    let_go(c);
    if (c->err < 0 || none_left) {
        finish(s, c);
        return;
    }
    if (!c->made) {
        step(s, c, begin_survey, survey, survey_done);
        return;
    }
    c->next_at = 0;
    step(s, c, begin_chunk, add_chunk, chunk_done);
}

/* --- chunk by chunk --- */

/* The next of the old pair; what has gone below the floor meanwhile is not there any more. */
static struct chunk *next_chunk(const struct compaction *c)
{
    for (uint32_t i = 0; i < c->old->count; i++)
        if (c->old->chunks[i]->seg_at >= c->next_at)
            return chunk_ref(c->old->chunks[i]);
    return NULL;
}

static bool begin_chunk(struct store_task *t)
{
    struct compaction *c = of(t);

    c->chunk = goes_on(t->store, c) ? next_chunk(c) : NULL;
    if (c->chunk)
        take_tombs(t->store, c);
    return c->chunk != NULL;
}

/* Without its dead, if it has some. */
static int make_image(struct compaction *c, uint32_t epoch, struct chunk_image *image)
{
    struct chunk_seal_opts opts = {
        .epoch = epoch, .seg_at = c->made->seg_n, .tombs = c->tombs, .now_us = c->expired_us};
    struct buf bytes = {0};
    uint64_t dead;
    int err = dead_records(c, c->chunk, &dead);

    if (err == 0 && dead > 0) {
        err = chunk_positions(c->chunk, &bytes, &opts.positions);
        if (err == 0)
            err = chunk_reseal(c->chunk, &opts, image);
        if (err != -LM_E_DAMAGED)
            goto out;
        c->damage = true;
    }
    if (err == 0 || err == -LM_E_DAMAGED)
        err = chunk_copy(c->chunk, c->made->seg_n, image);
out:
    buf_fini(&bytes);
    return err;
}

static void add_chunk(struct store_task *t)
{
    struct compaction *c = of(t);
    struct chunk_image image = {0};
    struct chunk *made;

    c->err = make_image(c, t->store->epoch, &image);
    if (c->err == 0)
        c->err = segment_reserve(c->made);
    if (c->err == 0)
        c->err = segment_commit(c->made, &image, &made);
    if (c->err == 0) {
        segment_take(c->made, made);
        c->next_at = c->chunk->seg_at + c->chunk->seg_n;
        c->result.records += c->chunk->count - made->count;
    }
    chunk_image_fini(&image);
}

static void chunk_done(struct store_task *t)
{
    struct compaction *c = of(t);
    struct store *s = t->store;
    bool none_left = !c->chunk;

    let_go(c);
    if (c->err < 0)
        finish(s, c);
    else if (none_left)
        step(s, c, begin_show, show, show_done);
    else
        step(s, c, begin_chunk, add_chunk, chunk_done);
}

/* --- one for the other --- */

static bool begin_show(struct store_task *t)
{
    struct compaction *c = of(t);

    if (!goes_on(t->store, c))
        return false;
    c->row = chunk_row_new(t->store, 0);
    if (!c->row)
        c->err = -ENOMEM;
    return c->row != NULL;
}

static void show(struct store_task *t)
{
    struct compaction *c = of(t);
    const char *dir = t->store->dir;

    c->result.before += segment_disk_n(c->old->files->seg_fd, c->old->seg_n) + c->old->idx_n;
    c->err = segment_show(dir, c->made);
    if (c->err == 0) {
        c->result.after += segment_disk_n(c->made->files->seg_fd, c->made->seg_n) + c->made->idx_n;
        (void)!segment_remove(dir, c->old); /* it does not count any more */
    }
}

static void show_done(struct store_task *t)
{
    struct compaction *c = of(t);
    struct store *s = t->store;

    if (c->err < 0) {
        finish(s, c);
        return;
    }
    segment_cut(c->made, tombs_floor(s->tombs));
    list_push(c->old->link.next, &c->made->link); /* right behind it */
    list_remove(&c->old->link);
    store_set_row(s, c->row);
    c->row = NULL;
    segment_close(c->old);
    see(c, c->made);
    c->result.pairs++;
    s->compacted = c->old = c->made = NULL;
    step(s, c, begin_survey, survey, survey_done);
}

/* --- the beginning --- */

int store_compact(struct store *s, store_compacted_fn *done, void *ctx)
{
    struct compaction *c;

    if (s->compacting)
        return -EBUSY;
    c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    list_init(&c->task.link);
    c->done = done;
    c->ctx = ctx;
    c->end_id = s->end_id;
    c->all = tombs_ref(s->tombs);
    s->compacting = true;
    step(s, c, begin_survey, survey, survey_done);
    return 0;
}
