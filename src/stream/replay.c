/* SPDX-License-Identifier: MIT
 *
 * replay.c - from the past to the live edge.
 *
 * A replay reads forward by id in slices, so that one client's past never holds up another's
 * present: out of chunks (replay_chunks.c) as long as the journal does not reach back so far, then out
 * of the journal. It pauses while the socket is full and then holds no file. When it has caught up
 * with the last id the hub has given out, it joins the feed in the same step: nothing can come in
 * between.
 */
#include "base/clock.h"
#include "record/encode.h"
#include "store/chunk.h"
#include "stream/fanout_impl.h"

#include <stdlib.h>

enum {
    SLICE_BYTES = 128 * 1024,        /* encoded per slice */
    SLICE_SCANNED = 2 * 1024 * 1024, /* journal bytes looked at per slice */
    SLICE_US = 2000,                 /* a slow filter makes slices short */
};

/* The journal, as one subscriber reads it. */
struct past {
    struct journal_view *view;
    const struct tombs *tombs;
    uint64_t end; /* ids below are in the view, or nowhere */
    struct journal_cursor cursor;
};

static struct past *open_past(struct sub *sub)
{
    struct fanout_opts *o = &sub->fanout->opts;
    struct past *p = malloc(sizeof *p);
    struct journal_view *view = p ? journal_view_take(o->hub->journal, sub->next_id) : NULL;

    if (!view) {
        free(p);
        return NULL;
    }
    *p = (struct past){view, tombs_ref(store_tombs(o->store)), journal_end_id(o->hub->journal),
                       journal_seek(view, sub->next_id)};
    return p;
}

void sub_stop_replay(struct sub *sub)
{
    sub_forget_step(sub);
    if (!sub->past)
        return;
    journal_view_drop(sub->fanout->opts.hub->journal, sub->past->view);
    tombs_unref(sub->past->tombs);
    free(sub->past);
    sub->past = NULL;
}

void sub_start_replay(struct sub *sub, uint64_t next_id)
{
    struct fanout *s = sub->fanout;

    list_remove(&sub->in_state);
    sub->next_id = next_id;
    sub->state = sub->paused ? SUB_PAUSED : SUB_REPLAYING;
    if (sub->paused)
        return;
    list_push(&s->replaying, &sub->in_state);
    if (!s->closing)
        turn_hook_ask(s->opts.loop, &s->replay_hook);
}

static void add_record(struct sub *sub, const struct record *r)
{
    struct fanout *s = sub->fanout;

    buf_clear(&s->json);
    encode_json(&s->json, r, ENCODE_LIVE_MAX);
    gather_record(sub, r->id, r->level);
    s->opts.metrics->replayed_total++;
    s->opts.metrics->delivered_total++;
}

/* One notice for all that lay between two records of this client. */
static void say_missing(struct sub *sub)
{
    struct fanout *s = sub->fanout;

    if (!s->missing.next)
        return;
    gather_send(sub);
    sub_say_gap(sub, s->missing.reason, s->missing.after, s->missing.next);
    gather_begin(s);
    s->missing.next = 0;
}

/* Ids from first on and before `next` are not there. */
static void note_missing(struct sub *sub, enum gap_reason reason, uint64_t first, uint64_t next)
{
    struct fanout *s = sub->fanout;

    if (next <= sub->next_id)
        return;
    if (s->missing.next && s->missing.reason != reason)
        say_missing(sub);
    if (!s->missing.next)
        s->missing.after = (first > sub->next_id ? first : sub->next_id) - 1;
    s->missing.reason = reason;
    s->missing.next = next;
}

/* Ids before f->first_id were not stored on purpose; does that concern this client? */
static void note_unstored(struct sub *sub, const struct jframe *f)
{
    struct filter_verdict verdict;
    bool concerns = false;

    for (uint32_t i = 0; i < f->set_count && !concerns; i++) {
        filter_decide(sub->feed->filter, sub->fanout->reader.sets[i], &verdict);
        concerns = verdict.truth != TRUTH_NO;
    }
    if (concerns)
        note_missing(sub, GAP_UNSTORED, f->first_id - f->unstored, f->first_id);
}

static void pass_hole(struct sub *sub, uint64_t found_id)
{
    bool at_start = found_id == store_start_id(sub->fanout->opts.store);

    say_missing(sub);
    gather_send(sub);
    sub_say_gap(sub, at_start ? GAP_RETENTION : GAP_CRASH, sub->next_id - 1, found_id);
    gather_begin(sub->fanout);
    sub->next_id = found_id;
}

/* Was it cleared, or has it expired? */
static bool is_dead(const struct record *r, uint64_t dead_to, int64_t arrival_us)
{
    return r->id <= dead_to ||
           (r->class && clock_wall_us() - arrival_us > chunk_class_ttl_us(r->class));
}

/* Gathers the matching records of one frame. */
static int replay_frame(struct sub *sub, const struct jframe *f)
{
    struct record r;
    const struct filter *filter = sub->feed->filter;
    const struct labels *decided = NULL;
    struct filter_verdict verdict;
    uint64_t dead_to = 0;
    struct jframe_reader *reader = &sub->fanout->reader;
    int err = jframe_open(reader, f, &sub->fanout->opts.hub->labels);

    if (err < 0)
        return err;
    if (f->first_id - f->unstored > sub->next_id)
        pass_hole(sub, f->first_id - f->unstored);
    if (f->unstored > 0)
        note_unstored(sub, f);
    while (jframe_next(reader, &r)) {
        if (decided != r.labels) {
            filter_decide(filter, r.labels, &verdict);
            dead_to = tombs_dead_to(sub->past->tombs, r.labels);
        }
        decided = r.labels;
        if (r.id < sub->next_id || !filter_match_rest(filter, &verdict, &r))
            continue;
        if (is_dead(&r, dead_to, f->arrival_us)) {
            note_missing(sub, GAP_CLEARED, r.id, r.id + 1);
            continue;
        }
        say_missing(sub);
        add_record(sub, &r);
    }
    jframe_release(reader);
    if (f->first_id + f->count > sub->next_id)
        sub->next_id = f->first_id + f->count;
    return 0;
}

/* The disk is full, and what came since is sent live only: this client has missed it, as far as its
 * labels are concerned. */
static void pass_live_only(struct sub *sub)
{
    const struct live_only *l = hub_live_only(sub->fanout->opts.hub);
    struct filter_verdict verdict;
    bool concerns = l && l->beyond > 0;

    if (!l || l->end_id <= sub->next_id)
        return;
    if (l->first_id > sub->next_id)
        pass_hole(sub, l->first_id);
    for (uint32_t i = 0; i < l->set_count && !concerns; i++) {
        filter_decide(sub->feed->filter, l->sets[i].labels, &verdict);
        concerns = verdict.truth != TRUTH_NO;
    }
    if (concerns)
        sub_say_gap(sub, GAP_UNSTORED, sub->next_id - 1, l->end_id);
    sub->next_id = l->end_id;
}

/* Nothing is left in the journal: ids that were given out and are not there are missing. */
static void reach_the_edge(struct sub *sub)
{
    uint64_t edge = hub_last_id(sub->fanout->opts.hub) + 1;

    pass_live_only(sub);
    if (sub->next_id < edge)
        pass_hole(sub, edge);
    sub_go_live(sub);
    sub_heartbeat(sub); /* a client that has got nothing yet knows where to resume, too */
}

/* One slice out of the journal. */
static void journal_step(struct sub *sub)
{
    struct fanout *s = sub->fanout;
    struct jframe f;
    int64_t end_us = clock_mono_us() + SLICE_US;
    size_t scanned = 0;
    bool more = true;

    if (!sub->past)
        sub->past = open_past(sub);
    if (!sub->past) {
        sub_cut(sub); /* no memory */
        return;
    }
    gather_begin(s);
    s->missing.next = 0;
    while (more && gather_size(s) < SLICE_BYTES && scanned < SLICE_SCANNED &&
           clock_mono_us() < end_us) {
        more = journal_next_or_unstored(&sub->past->cursor, &f);
        if (more && replay_frame(sub, &f) < 0) {
            sub_cut(sub);
            return;
        }
        scanned += more ? f.length : 0;
    }
    say_missing(sub);
    gather_send(sub);
    if (feed_refused(sub->feed)) {
        sub_refuse(sub);
        return;
    }
    uint64_t end = sub->past->end;
    if (sub->blocked || !more)
        sub_stop_replay(sub); /* holds no file while it waits */
    if (!more && end == journal_end_id(s->opts.hub->journal))
        reach_the_edge(sub);
    else if (!sub->blocked)
        turn_hook_ask(s->opts.loop, &s->replay_hook);
}

void sub_replay_step(struct sub *sub)
{
    struct store *store = sub->fanout->opts.store;
    uint64_t start = store_start_id(store);

    if (sub->blocked)
        return;
    if (!sub->past && !sub->step && sub->next_id < start) {
        gather_begin(sub->fanout);
        pass_hole(sub, start);
    }
    if (sub->step ||
        (!sub->past && sub->next_id < store_raw_id(store) && sub->next_id < store_end_id(store)))
        sub_chunk_step(sub);
    else
        journal_step(sub);
}
