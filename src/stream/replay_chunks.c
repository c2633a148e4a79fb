/* SPDX-License-Identifier: MIT
 *
 * replay_chunks.c - what the journal does not have any more, out of sealed chunks.
 *
 * A step runs in the pool: it unpacks, filters and encodes for one client from an id on, until
 * STEP_BYTES are ready or STEP_US have passed. What it made lies in pieces, each of which says with
 * which id to go on behind it. The loop sends a slice of them at a time, as the socket takes them,
 * and starts the next step when none is left. At most STEPS_RUNNING work at a time, and when more than
 * STEPS_HELD clients are slow, what they have not taken is thrown away and made again later: so a
 * thousand slow clients cost no more memory than a few.
 */
#include "base/clock.h"
#include "record/encode.h"
#include "store/chunk.h"
#include "stream/fanout_impl.h"

#include <errno.h>
#include <stdlib.h>

enum {
    SLICE_BYTES = 64 * 1024, /* sent per turn of the loop */
    STEP_BYTES = 1024 * 1024,
    STEP_US = 50 * 1000,
    STEPS_RUNNING = 2,
    STEPS_HELD = 32,
};

/* Either the JSON of a record or a gap. */
struct piece {
    size_t end;       /* in step->out; where it begins is the end of the one before */
    uint64_t next_id; /* go on here behind it */
    uint64_t after;   /* of a gap, which ends before next_id */
    enum level level; /* of a record */
    enum gap_reason reason;
    bool is_gap;
};

struct step {
    struct job job;
    struct sub *sub; /* NULL: the subscriber has left */
    struct fanout *fanout;
    struct feed *feed; /* whose filter is used */
    struct store_view *view;
    uint64_t next_id;
    int64_t until_us;
    struct buf out;
    struct piece *pieces;
    uint32_t count, cap, sent;
    bool ready;
    atomic_bool cancel;
    int err;
};

/* --- in the pool --- */

static struct piece *add_piece(struct step *t)
{
    if (t->count == t->cap) {
        uint32_t cap = t->cap ? t->cap * 2 : 64;
        struct piece *pieces = realloc(t->pieces, cap * sizeof *pieces);
        if (!pieces)
            return NULL;
        t->pieces = pieces;
        t->cap = cap;
    }
    struct piece *p = &t->pieces[t->count++];
    *p = (struct piece){.end = t->out.n};
    return p;
}

/* Ids before `next` are not there. Holes of one kind between two records are told as one. */
static int add_gap(struct step *t, enum gap_reason reason, uint64_t next)
{
    struct piece *p = t->count ? &t->pieces[t->count - 1] : NULL;

    if (next <= t->next_id)
        return 0;
    if (!p || !p->is_gap || p->reason != reason) {
        p = add_piece(t);
        if (!p)
            return -ENOMEM;
        p->after = t->next_id - 1;
    }
    p->is_gap = true;
    p->reason = reason;
    p->next_id = t->next_id = next;
    return 0;
}

static int on_record(const struct record *r, void *ctx)
{
    struct step *t = ctx;
    struct piece *p = add_piece(t);

    encode_json(&t->out, r, ENCODE_LIVE_MAX);
    if (!p || buf_error(&t->out) < 0)
        return -ENOMEM;
    p->end = t->out.n;
    p->level = r->level;
    t->next_id = p->next_id = r->id + 1;
    return t->out.n >= STEP_BYTES;
}

static bool concerns(const struct step *t, const struct chunk_hole *h)
{
    struct filter_verdict verdict;

    for (uint32_t i = 0; i < h->set_count; i++) {
        filter_decide(t->feed->filter, h->sets[i], &verdict);
        if (verdict.truth != TRUTH_NO)
            return true;
    }
    return h->set_count == 0;
}

static int on_hole(const struct chunk_hole *h, void *ctx)
{
    static const enum gap_reason reasons[] = {
        [HOLE_MISSING] = GAP_CRASH, [HOLE_UNSTORED] = GAP_UNSTORED, [HOLE_CLEARED] = GAP_CLEARED};
    struct step *t = ctx;

    return concerns(t, h) ? add_gap(t, reasons[h->reason], h->end_id) : 0;
}

static int scan_chunk(struct step *t, struct chunk *c)
{
    struct chunk_scan scan = {.filter = t->feed->filter,
                              .min_id = t->next_id,
                              .max_id = UINT64_MAX,
                              .tombs = t->view->tombs,
                              .now_us = t->view->now_us,
                              .emit = on_record,
                              .hole = on_hole,
                              .ctx = t,
                              .cancel = &t->cancel,
                              .unread = t->view->unread};
    int r = 0;

    if (c->first_id > t->next_id)
        r = add_gap(t, GAP_CRASH, c->first_id);
    if (r == 0)
        r = chunk_scan(c, &scan);
    if (r == -LM_E_DAMAGED)
        r = add_gap(t, GAP_CRASH, c->end_id);
    if (r == 0 && c->end_id > t->next_id)
        t->next_id = c->end_id;
    return r;
}

static void work(struct job *job)
{
    struct step *t = LIST_ITEM(job, struct step, job);
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < t->view->chunk_count; i++) {
        r = scan_chunk(t, t->view->chunks[i]);
        if (r == 0 && clock_mono_us() > t->until_us)
            break;
    }
    if (t->err == 0 && r < 0)
        t->err = r;
}

/* --- on the loop --- */

static void free_step(struct step *t)
{
    store_view_drop(t->fanout->opts.store, t->view);
    fanout_leave_feed(t->fanout, t->feed);
    buf_fini(&t->out);
    free(t->pieces);
    free(t);
}

void sub_forget_step(struct sub *sub)
{
    struct step *t = sub->step;

    sub->step = NULL;
    if (!t)
        return;
    if (!t->ready) { /* on_done() frees it */
        t->sub = NULL;
        atomic_store(&t->cancel, true);
        return;
    }
    sub->fanout->steps_held--;
    free_step(t);
}

static void fail(struct sub *sub, int err)
{
    if (err == -LM_E_EXPENSIVE)
        sub_refuse(sub);
    else
        sub_cut(sub);
}

static void on_done(struct job *job)
{
    struct step *t = LIST_ITEM(job, struct step, job);
    struct fanout *s = t->fanout;
    struct sub *sub = t->sub;

    s->steps_running--;
    if (!s->closing)
        turn_hook_ask(s->opts.loop, &s->replay_hook); /* another one may begin */
    if (!sub || t->err < 0) {
        if (sub)
            sub->step = NULL;
        int err = t->err;
        free_step(t);
        if (sub)
            fail(sub, err);
        return;
    }
    t->ready = true;
    s->steps_held++;
}

static int start(struct sub *sub)
{
    struct fanout *s = sub->fanout;
    struct step *t = calloc(1, sizeof *t);

    if (!t)
        return -ENOMEM;
    t->fanout = s;
    t->sub = sub;
    t->feed = sub->feed;
    t->next_id = sub->next_id;
    t->until_us = clock_mono_us() + STEP_US;
    t->view = store_view_take(s->opts.store, sub->next_id);
    int err = t->view ? job_ask(s->opts.loop, &t->job, JOB_SHORT, work, on_done) : -ENOMEM;
    if (err < 0) {
        store_view_drop(s->opts.store, t->view);
        free(t);
        return err;
    }
    t->feed->subs++; /* keeps the filter alive while the pool uses it */
    sub->step = t;
    s->steps_running++;
    return 0;
}

static void send_record(struct sub *sub, const struct step *t, const struct piece *p)
{
    struct fanout *s = sub->fanout;
    size_t from = p == t->pieces ? 0 : p[-1].end;

    buf_clear(&s->json);
    buf_add(&s->json, t->out.p + from, p->end - from);
    gather_record(sub, p->next_id - 1, p->level);
    s->opts.metrics->replayed_total++;
    s->opts.metrics->delivered_total++;
}

static void send_slice(struct sub *sub)
{
    struct fanout *s = sub->fanout;
    struct step *t = sub->step;

    gather_begin(s);
    while (t->sent < t->count && gather_size(s) < SLICE_BYTES && !sub->blocked) {
        const struct piece *p = &t->pieces[t->sent++];
        if (p->is_gap) {
            gather_send(sub);
            sub_say_gap(sub, p->reason, p->after, p->next_id);
            gather_begin(s);
        } else
            send_record(sub, t, p);
        sub->next_id = p->next_id;
    }
    gather_send(sub);
}

void sub_chunk_step(struct sub *sub)
{
    struct fanout *s = sub->fanout;
    struct step *t = sub->step;

    if (t && !t->ready)
        return;
    if (!t) {
        if (s->steps_running < STEPS_RUNNING && start(sub) < 0)
            sub_cut(sub);
        return; /* on_done() asks for another turn */
    }
    send_slice(sub);
    if (sub->step != t) /* the connection has ended */
        return;
    if (sub->blocked && s->steps_held > STEPS_HELD) {
        sub_forget_step(sub);
        return;
    }
    if (t->sent == t->count) {
        if (t->next_id > sub->next_id)
            sub->next_id = t->next_id;
        sub_forget_step(sub);
    }
    if (!sub->blocked)
        turn_hook_ask(s->opts.loop, &s->replay_hook);
}
