/* SPDX-License-Identifier: MIT
 *
 * sub.c - one subscriber: what it has been sent and what comes next.
 *
 * Two kinds of bytes leave on its connection: pages of the feed, sent without a copy, and private
 * bytes (replay, notices, heartbeats), queued in the connection. They only ever meet between two
 * frames: before anything private is queued, the frame that is half sent is finished.
 */
#include "base/clock.h"
#include "stream/fanout_impl.h"

#include <errno.h>
#include <stdlib.h>

enum {
    IOV_MAX_PAGES = 32,
    SILENCE_US = 60 * 1000 * 1000, /* a client that answers heartbeats is gone after this long */
    CONTROL_UNSENT_MAX = 512 * 1024,
};

/* The frame that is half sent leaves the feed: its rest is queued in the connection. */
static void finish_frame(struct sub *sub)
{
    struct str rest = feed_rest_of_frame(&sub->place);

    if (rest.n) {
        conn_write(sub->conn, rest.p, rest.n);
        sub->fanout->opts.metrics->delivered_total += feed_advance(&sub->place, rest.n);
    }
}

void sub_write(struct sub *sub, struct str bytes)
{
    struct iovec piece = conn_piece(bytes.p, bytes.n);

    if (sub->state == SUB_LIVE)
        finish_frame(sub);
    ssize_t sent = conn_writev(sub->conn, &piece, 1);
    if (sent >= 0)
        conn_write(sub->conn, bytes.p + sent, bytes.n - (size_t)sent);
    if (sent < 0 || (size_t)sent < bytes.n)
        sub->blocked = true;
}

void sub_send_control(struct sub *sub, struct str bytes)
{
    if (sub->conn->out.n < CONTROL_UNSENT_MAX)
        sub_write(sub, bytes);
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
    struct feed_skipped *all = &sub->dropped;

    finish_frame(sub);
    struct feed_skipped now = feed_skip(sub->feed, &sub->place, s->opts.client_lag / 2);
    if (now.count == 0)
        return;
    s->opts.metrics->dropped_total += now.count;
    all->from = all->from ? all->from : now.from;
    all->to = now.to;
    all->count += now.count;
    for (int i = 0; i < LEVEL_COUNT; i++)
        all->levels[i] += now.levels[i];
}

static void tell_dropped(struct sub *sub)
{
    struct feed_skipped dropped = sub->dropped;

    if (dropped.count == 0)
        return;
    sub->dropped = (struct feed_skipped){0};
    sub_say_dropped(sub, &dropped);
}

/* The journal has what a client that wants everything still lacks; the others want what is recent. */
static void fall_behind(struct sub *sub)
{
    if (sub->lossless)
        sub_evict(sub, 0);
    else
        drop_oldest(sub);
}

uint32_t sub_flush(struct sub *sub)
{
    struct iovec iov[IOV_MAX_PAGES];
    uint32_t sends = 0;

    while (!sub->blocked && feed_lag(sub->feed, &sub->place) > 0) {
        size_t want;
        int n = gather_pages(&sub->place, iov, &want);
        ssize_t sent = conn_writev(sub->conn, iov, n);
        sends++;
        if (sent < 0) {
            sub->blocked = true; /* it is closing */
            break;
        }
        sub->fanout->opts.metrics->delivered_total += feed_advance(&sub->place, (size_t)sent);
        if ((size_t)sent < want) {
            sub->blocked = true;
            conn_want_drained(sub->conn);
        }
    }
    if (sub->blocked && feed_lag(sub->feed, &sub->place) > sub->fanout->opts.client_lag)
        fall_behind(sub);
    sub->fanout->opts.metrics->sends_total += sends;
    return sends;
}

void sub_go_live(struct sub *sub)
{
    list_remove(&sub->in_state);
    if (feed_join(sub->feed, &sub->place) < 0) {
        conn_close(sub->conn, 0);
        return;
    }
    list_push(&sub->feed->live, &sub->in_state);
    sub->state = SUB_LIVE;
}

void sub_say_goodbye(struct sub *sub, uint16_t code, struct str reason)
{
    struct buf *out = &sub->fanout->out;

    buf_clear(out);
    sub->feed->wire->goodbye(out, code, reason);
    if (out->n)
        sub_write(sub, buf_str(out));
    conn_close(sub->conn, 200);
}

void sub_refuse(struct sub *sub)
{
    sub_say_too_expensive(sub);
    sub_say_goodbye(sub, 1008, STR("filter_too_expensive"));
    sub_stop_replay(sub);
    feed_leave(&sub->place);
    list_remove(&sub->in_state);
    sub->state = SUB_REFUSED;
}

void sub_evict(struct sub *sub, uint64_t next_id)
{
    finish_frame(sub);
    uint64_t in_feed = feed_next_id(&sub->place);
    feed_leave(&sub->place);
    sub_start_replay(sub, in_feed ? in_feed : next_id);
}

uint64_t sub_settled_id(const struct sub *sub)
{
    uint64_t next = sub->state == SUB_LIVE ? feed_next_id(&sub->place) : sub->next_id;
    return next ? next - 1 : hub_last_id(sub->fanout->opts.hub);
}

/* Reading slowly is a sign of life as well: a client that is always behind gets no heartbeats. */
static bool is_silent(const struct sub *sub)
{
    int64_t heard = sub->conn->last_rx_us;

    if (sub->last_drained_us > heard)
        heard = sub->last_drained_us;
    return sub->feed->wire->answers_heartbeats && clock_mono_us() - heard > SILENCE_US;
}

void sub_heartbeat(struct sub *sub)
{
    struct fanout *s = sub->fanout;
    char cursor[CURSOR_MAX];

    if (is_silent(sub)) {
        conn_close(sub->conn, 0);
        return;
    }
    if (sub->blocked || sub->state == SUB_FINDING || sub->state == SUB_REFUSED)
        return; /* bytes are on their way, nothing is settled yet, or nothing more will come */
    size_t n = hub_cursor(s->opts.hub, sub_settled_id(sub), cursor);
    buf_clear(&s->out);
    sub->feed->wire->heartbeat(&s->out, str_of(cursor, n));
    if (buf_error(&s->out) == 0)
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
}

static int begin(struct sub *sub, const struct sub_start *start)
{
    struct hub *hub = sub->fanout->opts.hub;
    uint64_t last = hub_last_id(hub);

    if (start->from == SUB_FROM_TAIL && start->tail > 0)
        return sub_find_start(sub, start->tail, 0);
    if (start->from == SUB_FROM_CURSOR && !start->foreign_cursor && start->after <= last) {
        uint32_t limit = start->all ? 0 : sub->fanout->opts.resume_limit;
        if (limit && last - start->after > limit)
            return sub_find_start(sub, limit, start->after + 1);
        sub_start_replay(sub, start->after + 1);
        return 0;
    }
    if (start->from == SUB_FROM_CURSOR)
        sub_say_gap(sub, GAP_EPOCH, start->after, last + 1);
    sub_start_replay(sub, last + 1);
    return 0;
}

int sub_new(struct sub **ret, struct fanout *s, struct conn *c, struct filter *filter,
            const struct wire *wire, const struct sub_start *start)
{
    struct sub *sub = calloc(1, sizeof *sub);
    int err = sub && !s->closing ? 0 : -ENOMEM;

    if (err == 0)
        err = fanout_join_feed(s, filter, wire, &sub->feed);
    if (err < 0) {
        filter_fini(filter);
        free(filter);
        free(sub);
        return err;
    }
    sub->fanout = s;
    sub->conn = c;
    sub->lossless = start->lossless;
    list_init(&sub->in_state);
    list_push(&s->subs, &sub->link);
    s->sub_count++;
    fanout_keep_beating(s);
    *ret = sub;
    return begin(sub, start);
}

void sub_closed(struct sub *sub)
{
    struct fanout *s = sub->fanout;

    sub_forget_finding(sub);
    sub_stop_replay(sub);
    feed_leave(&sub->place);
    list_remove(&sub->in_state);
    list_remove(&sub->link);
    s->sub_count--;
    fanout_leave_feed(s, sub->feed);
    free(sub);
}
