/* SPDX-License-Identifier: MIT
 *
 * replay_chunks.c - what the journal does not have any more, out of sealed chunks.
 *
 * A step runs in the pool: it unpacks, filters and encodes for one client from an id on, until
 * STEP_BYTES are ready or STEP_US have passed. What it made lies in pieces, each of which says with
 * which id to go on behind it. The loop sends a piece at a time, as the socket takes them, and
 * starts the next step when none is left. At most STEPS_RUNNING work at a time, and when more than
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
    PIECE_BYTES = 64 * 1024,
    STEP_BYTES = 1024 * 1024,
    STEP_US = 50 * 1000,
    STEPS_RUNNING = 2,
    STEPS_HELD = 32,
};

/* Either bytes or a gap. */
struct piece {
    size_t end;       /* in step->out; where it begins is the end of the one before */
    uint64_t next_id; /* go on here behind it */
    uint32_t records;
    enum gap_reason reason; /* of a gap */
    uint64_t after, next;   /* next 0: it is bytes */
};

struct step {
    struct job job;
    struct sub *sub; /* NULL: the subscriber has left */
    struct fanout *fanout;
    struct feed *feed; /* whose filter and format are used */
    struct store_view *view;
    const struct hub *hub; /* for the epoch, which does not change */
    uint64_t next_id;
    int64_t until_us;
    struct buf out, json;
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
        uint32_t cap = t->cap ? t->cap * 2 : 32;
        struct piece *pieces = realloc(t->pieces, cap * sizeof *pieces);
        if (!pieces) {
            t->err = -ENOMEM;
            return NULL;
        }
        t->pieces = pieces;
        t->cap = cap;
    }
    struct piece *p = &t->pieces[t->count++];
    *p = (struct piece){.end = t->out.n, .next_id = t->next_id};
    return p;
}

/* The piece that takes more bytes. */
static struct piece *open_piece(struct step *t)
{
    struct piece *p = t->count ? &t->pieces[t->count - 1] : NULL;
    size_t from = t->count > 1 ? t->pieces[t->count - 2].end : 0;

    return p && !p->next && p->end - from < PIECE_BYTES ? p : add_piece(t);
}

/* Ids before `next` are not there. Holes of one kind between two records are told as one. */
static int add_gap(struct step *t, enum gap_reason reason, uint64_t next)
{
    struct piece *p = t->count ? &t->pieces[t->count - 1] : NULL;
    uint64_t after = t->next_id - 1;

    if (next <= t->next_id)
        return 0;
    if (!p || !p->next || p->reason != reason)
        p = add_piece(t);
    if (!p)
        return -ENOMEM;
    p->after = p->next ? p->after : after;
    p->reason = reason;
    p->next = p->next_id = t->next_id = next;
    return 0;
}

static int on_record(const struct record *r, void *ctx)
{
    struct step *t = ctx;
    const struct wire *wire = t->feed->wire;
    struct piece *p = open_piece(t);
    char cursor[CURSOR_MAX];
    size_t cursor_n = hub_cursor(t->hub, r->id, cursor);

    buf_clear(&t->json);
    encode_json(&t->json, r, ENCODE_LIVE_MAX);
    if (!p || buf_error(&t->json) < 0 ||
        buf_reserve(&t->out, t->json.n + wire->record_overhead(t->json.n)) < 0)
        return -ENOMEM;
    t->out.n += wire->record(t->out.p + t->out.n, buf_str(&t->json), str_of(cursor, cursor_n));
    t->next_id = p->next_id = r->id + 1;
    p->end = t->out.n;
    p->records++;
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
    static const enum gap_reason reasons[] = {[HOLE_MISSING] = GAP_CRASH,
                                              [HOLE_UNSTORED] = GAP_UNSTORED,
                                              [HOLE_CLEARED] = GAP_CLEARED};
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
                              .cancel = &t->cancel};
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
    buf_fini(&t->json);
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
        conn_close(sub->conn, 0); /* better cut than silent */
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
    t->hub = s->opts.hub;
    t->feed = sub->feed;
    t->next_id = sub->next_id;
    t->until_us = clock_mono_us() + STEP_US;
    t->view = store_view_take(s->opts.store, sub->next_id);
    int err = t->view ? job_start(s->opts.loop, &t->job, work, on_done) : -ENOMEM;
    if (err < 0) {
        store_view_drop(s->opts.store, t->view);
        free(t);
        return err;
    }
    t->feed->subs++; /* keeps filter and format alive while the pool uses them */
    sub->step = t;
    s->steps_running++;
    return 0;
}

/* Sends the next piece. */
static void send_piece(struct sub *sub)
{
    struct step *t = sub->step;
    const struct piece *p = &t->pieces[t->sent];
    size_t from = t->sent ? t->pieces[t->sent - 1].end : 0;

    if (p->next)
        sub_say_gap(sub, p->reason, p->after, p->next);
    else
        sub_write(sub, str_of(t->out.p + from, p->end - from));
    sub->fanout->opts.metrics->replayed_total += p->records;
    sub->fanout->opts.metrics->delivered_total += p->records;
    sub->next_id = p->next_id;
    t->sent++;
}

void sub_chunk_step(struct sub *sub)
{
    struct fanout *s = sub->fanout;
    struct step *t = sub->step;

    if (t && !t->ready)
        return;
    if (!t) {
        if (s->steps_running < STEPS_RUNNING && start(sub) < 0)
            conn_close(sub->conn, 0);
        return; /* on_done() asks for another turn */
    }
    if (t->sent < t->count)
        send_piece(sub);
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
