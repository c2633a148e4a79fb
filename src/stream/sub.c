/* SPDX-License-Identifier: MIT
 *
 * sub.c - one subscriber: what it has been sent and what comes next.
 *
 * Two kinds of bytes leave on its connection: pages of the feed, sent without a copy, and private
 * bytes (replay, notices, heartbeats, whatever the transport has to say), queued in the connection.
 * They only ever meet between two frames: when the socket takes a part of a frame, its rest is queued
 * at once. So a place is always in front of a frame, and several may share a connection.
 */
#include "base/clock.h"
#include "stream/fanout_impl.h"

#include <errno.h>
#include <stdlib.h>

enum {
    IOV_MAX_PAGES = 32,
    SILENCE_US = 60 * 1000 * 1000, /* a client that answers heartbeats is gone after this long */
    GOODBYE_LINGER_MS = 500,
};

void sub_write(struct sub *sub, struct str bytes)
{
    struct iovec piece = conn_piece(bytes.p, bytes.n);
    ssize_t sent = outlet_writev(sub->out, &piece, 1);

    if (sent >= 0 && (size_t)sent < bytes.n)
        outlet_write(sub->out, bytes.p + sent, bytes.n - (size_t)sent);
    if (sent < 0 || (size_t)sent < bytes.n)
        sub->blocked = true;
}

void sub_cut(struct sub *sub)
{
    outlet_close(sub->out, 0);
}

static int gather_pages(const struct feed_place *at, struct iovec iov[IOV_MAX_PAGES], size_t *ret_n)
{
    int n = 0;
    uint32_t off = at->off;
    size_t bytes = 0;

    for (struct page *p = at->page; p && n < IOV_MAX_PAGES; p = p->next, off = 0)
        if (p->used > off) {
            iov[n++] = (struct iovec){p->bytes + off, p->used - off};
            bytes += p->used - off;
        }
    *ret_n = bytes;
    return n;
}

/* Too far behind: the oldest go, the recent stay. The client will be told exactly what went, in one
 * notice however long it reads nothing, so that not reading costs no memory. */
static void drop_oldest(struct sub *sub)
{
    struct fanout *s = sub->fanout;
    struct feed_skipped now = feed_skip(sub->feed, &sub->place, s->opts.client_lag / 2);

    if (now.count == 0)
        return;
    s->opts.metrics->dropped_total += now.count;
    struct feed_skipped *all = sub->dropped ? sub->dropped : calloc(1, sizeof *all);
    if (!all) {
        sub_cut(sub); /* better than a hole that cannot be told */
        return;
    }
    sub->dropped = all;
    all->from = all->from ? all->from : now.from;
    all->to = now.to;
    all->count += now.count;
    for (int i = 0; i < LEVEL_COUNT; i++)
        all->levels[i] += now.levels[i];
}

static void tell_dropped(struct sub *sub)
{
    struct feed_skipped *dropped = sub->dropped;

    sub->dropped = NULL; /* telling may block again */
    if (dropped)
        sub_say_dropped(sub, dropped);
    free(dropped);
}

/* The journal has what a client that wants everything still lacks; the others want what is recent. */
static void fall_behind(struct sub *sub)
{
    if (sub->lossless)
        sub_evict(sub, 0);
    else
        drop_oldest(sub);
}

/* The socket took n bytes of the pages: the rest of the frame it stopped in is queued. */
static void account_for(struct sub *sub, size_t n, size_t wanted)
{
    uint32_t records = feed_advance(&sub->place, n);

    if (n < wanted) {
        struct str rest = feed_rest_of_frame(&sub->place);
        sub->blocked = true;
        if (rest.n) {
            outlet_write(sub->out, rest.p, rest.n);
            records += feed_advance(&sub->place, rest.n);
            n += rest.n;
        } else if (sub->out->conn) {
            conn_want_drained(sub->out->conn);
        }
    }
    sub->fanout->opts.metrics->delivered_total += records;
    sub->fanout->opts.metrics->delivered_bytes_total += n;
}

uint32_t sub_flush(struct sub *sub)
{
    struct iovec iov[IOV_MAX_PAGES];
    uint32_t sends = 0;

    while (!sub->blocked && feed_lag(sub->feed, &sub->place) > 0) {
        size_t want;
        int n = gather_pages(&sub->place, iov, &want);
        ssize_t sent = outlet_writev(sub->out, iov, n);
        sends++;
        if (sent < 0) {
            sub->blocked = true; /* it is closing */
            break;
        }
        account_for(sub, (size_t)sent, want);
    }
    if (sub->blocked && feed_lag(sub->feed, &sub->place) > sub->fanout->opts.client_lag)
        fall_behind(sub);
    sub->fanout->opts.metrics->sends_total += sends;
    return sends;
}

void sub_go_live(struct sub *sub)
{
    list_remove(&sub->in_state);
    fanout_seal(sub->fanout, sub->feed);
    if (feed_join(sub->feed, &sub->place) < 0) {
        sub_cut(sub);
        return;
    }
    list_push(&sub->feed->live, &sub->in_state);
    sub->state = SUB_LIVE;
}

void sub_say_goodbye(struct sub *sub, uint16_t code, struct str reason)
{
    struct buf *out = &sub->fanout->out;

    buf_clear(out);
    sub->feed->form.wire->goodbye(out, code, reason);
    if (out->n)
        sub_write(sub, buf_str(out));
    outlet_close(sub->out, GOODBYE_LINGER_MS);
}

void sub_refuse(struct sub *sub)
{
    sub->fanout->opts.metrics->filters_refused_total++;
    sub_say_too_expensive(sub);
    if (!sub->shared)
        sub_say_goodbye(sub, 1008, STR("filter_too_expensive"));
    sub_stop_replay(sub);
    feed_leave(&sub->place);
    list_remove(&sub->in_state);
    sub->state = SUB_REFUSED;
}

void sub_evict(struct sub *sub, uint64_t next_id)
{
    uint64_t in_feed = feed_next_id(sub->feed, &sub->place);
    feed_leave(&sub->place);
    sub_start_replay(sub, in_feed ? in_feed : next_id);
}

uint64_t sub_settled_id(const struct sub *sub)
{
    if (sub->state == SUB_FINDING || sub->state == SUB_REFUSED)
        return hub_last_id(sub->fanout->opts.hub);
    uint64_t next = sub->state == SUB_LIVE ? feed_next_id(sub->feed, &sub->place) : sub->next_id;
    return next ? next - 1 : hub_last_id(sub->fanout->opts.hub);
}

/* Reading slowly is a sign of life as well: a client that is always behind gets no heartbeats. One that reads
 * nothing at all has none to answer, and stays for as long as its end of the connection does. */
static bool is_silent(const struct sub *sub)
{
    int64_t heard = outlet_heard_us(sub->out);

    if (sub->last_drained_us > heard)
        heard = sub->last_drained_us;
    return sub->feed->form.wire->answers_heartbeats && !sub->blocked &&
           clock_mono_us() - heard > SILENCE_US;
}

void sub_heartbeat(struct sub *sub)
{
    struct fanout *s = sub->fanout;
    char cursor[CURSOR_MAX];

    if (is_silent(sub) || (sub->out->conn && conn_is_lost(sub->out->conn))) {
        sub_cut(sub);
        return;
    }
    if (sub->blocked || sub->state == SUB_FINDING || sub->state == SUB_REFUSED)
        return; /* bytes are on their way, nothing is settled yet, or nothing more will come */
    size_t n = hub_cursor(s->opts.hub, sub_settled_id(sub), cursor);
    buf_clear(&s->out);
    sub->feed->form.wire->heartbeat(&s->out, &sub->feed->form, str_of(cursor, n));
    if (buf_error(&s->out) == 0 && s->out.n)
        sub_write(sub, buf_str(&s->out));
}

void sub_drained(struct sub *sub)
{
    sub->blocked = false;
    sub->last_drained_us = clock_mono_us();
    tell_dropped(sub);
    if (sub->state == SUB_LIVE) {
        sub_flush(sub);
        feed_trim(sub->feed);
    } else if (sub->state == SUB_REPLAYING) {
        turn_hook_ask(sub->fanout->opts.loop, &sub->fanout->replay_hook);
    }
    if (sub->fanout->closing)
        farewell_go_on(sub);
}

/* Everything after an id; when that is much, it is counted first. */
static int resume_after(struct sub *sub, uint64_t after, bool whole)
{
    uint64_t limit = sub->fanout->opts.resume_limit;

    if (!whole && hub_last_id(sub->fanout->opts.hub) - after > limit)
        return sub_find_resume(sub, after, (uint32_t)limit);
    sub_start_replay(sub, after + 1);
    return 0;
}

static int begin(struct sub *sub, const struct sub_start *start, uint64_t here)
{
    uint64_t last = hub_last_id(sub->fanout->opts.hub);

    if (start->from == SUB_FROM_TAIL && start->tail > 0)
        return sub_find_tail(sub, start->tail);
    if (start->from == SUB_FROM_HERE)
        return resume_after(sub, here, sub->lossless);
    if (start->from == SUB_FROM_CURSOR && !start->foreign_cursor && start->after <= last)
        return resume_after(sub, start->after, start->whole || sub->lossless);
    if (start->from == SUB_FROM_CURSOR)
        sub_say_gap(sub, GAP_EPOCH, start->after, last + 1);
    sub_start_replay(sub, last + 1);
    return 0;
}

int sub_new(struct sub **ret, struct fanout *s, struct outlet *out, bool shared,
            struct filter *filter, const struct form *form, const struct sub_start *start)
{
    struct sub *sub = calloc(1, sizeof *sub);
    int err = sub && !s->closing ? 0 : -ENOMEM;

    if (err == 0)
        err = fanout_join_feed(s, filter, form, &sub->feed);
    if (err < 0) {
        filter_fini(filter);
        free(filter);
        free(sub);
        return err;
    }
    sub->fanout = s;
    sub->out = out;
    sub->shared = shared;
    sub->lossless = start->lossless;
    list_init(&sub->in_state);
    list_push(&s->subs, &sub->link);
    s->sub_count++;
    fanout_keep_beating(s);
    *ret = sub;
    return begin(sub, start, 0);
}

/* Out of its feed, its replay or its search. */
static void detach(struct sub *sub)
{
    sub_forget_finding(sub);
    sub_stop_replay(sub);
    feed_leave(&sub->place);
    list_remove(&sub->in_state);
    feed_trim(sub->feed);
}

int sub_change(struct sub *sub, struct filter *filter, const struct form *form,
               const struct sub_start *start)
{
    struct fanout *s = sub->fanout;
    struct feed *feed;
    uint64_t here = sub_settled_id(sub);
    int err = fanout_join_feed(s, filter, form, &feed);

    if (err < 0) {
        filter_fini(filter);
        free(filter);
        return err;
    }
    detach(sub);
    fanout_leave_feed(s, sub->feed);
    sub->feed = feed;
    sub->lossless = start->lossless;
    return begin(sub, start, here);
}

void sub_pause(struct sub *sub)
{
    uint64_t here = sub_settled_id(sub);

    sub->paused = true;
    if (sub->state != SUB_LIVE && sub->state != SUB_REPLAYING)
        return;
    detach(sub);
    sub_start_replay(sub, here + 1);
}

void sub_resume(struct sub *sub)
{
    sub->paused = false;
    if (sub->state == SUB_PAUSED && resume_after(sub, sub->next_id - 1, sub->lossless) < 0)
        sub_cut(sub);
}

bool sub_is_settled(const struct sub *sub)
{
    return sub->state != SUB_FINDING;
}

bool sub_is_lossless(const struct sub *sub)
{
    return sub->lossless;
}

const struct filter *sub_filter(const struct sub *sub)
{
    return sub->feed->filter;
}

const struct form *sub_form(const struct sub *sub)
{
    return &sub->feed->form;
}

void sub_closed(struct sub *sub)
{
    struct fanout *s = sub->fanout;

    detach(sub);
    list_remove(&sub->link);
    s->sub_count--;
    fanout_leave_feed(s, sub->feed);
    free(sub->dropped);
    free(sub);
    if (s->closing && s->sub_count == 0)
        farewell_end(s);
}
