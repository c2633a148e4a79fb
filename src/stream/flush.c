/* SPDX-License-Identifier: MIT
 *
 * flush.c - from the feeds to the sockets: when, and in which order.
 *
 * At the end of a turn of the loop a round begins: every feed with something to send has its turn, in
 * which each of its clients gets one write. Then there is silence for about as long as the writes took,
 * so that what comes meanwhile shares the next ones: a single line is sent at once, a stream of lines to a
 * thousand clients some fifty times a second.
 *
 * A round with many clients is cut into slices, between which the loop takes in what has arrived. So
 * whoever comes late in a round gets what is new then, and a line waits for one round, not for two.
 *
 *     flush_want() ──▶ dirty ── end of the turn, or of the silence ──▶ round ──▶ serving ──▶ sockets
 *              └─────▶ held ── its batch_ms are over ──▶ dirty
 *
 * Threads: loop thread. Owns: nothing; the lists are the fanout's.
 */
#include "base/clock.h"
#include "stream/fanout_impl.h"

enum {
    SEND_REST_US = 10, /* silence bought by one write, when there are many */
    SENDS_MANY = 200,
    SLICE_SENDS = 64, /* at least, before the loop looks at anything else */
    REST_MAX_US = 10 * 1000,
};

static void want_now(struct fanout *s, struct feed *f)
{
    if (list_empty(&s->dirty))
        s->dirty_since_us = clock_mono_us();
    list_push(&s->dirty, &f->dirty);
}

/* Who asked for a message now and then gets the first after a silence at once. */
void flush_want(struct fanout *s, struct feed *f)
{
    int64_t wait = f->form.batch_ms > 0 ? f->due_us - clock_mono_us() : 0;

    if (wait <= 0) {
        want_now(s, f);
        return;
    }
    list_push(&s->held, &f->dirty);
    tick_arm(&s->tick, wait);
}

void flush_soon(struct fanout *s)
{
    if (!list_empty(&s->dirty))
        turn_hook_ask(s->opts.loop, &s->flush_hook);
}

/* --- rounds --- */

/* The next feed of the round has its turn: with what comes from now on it is dirty again. */
static bool next_feed(struct fanout *s)
{
    struct round *r = &s->round;

    if (list_empty(&r->feeds))
        return false;
    struct feed *f = LIST_ITEM(r->feeds.next, struct feed, dirty);
    list_remove(&f->dirty);
    fanout_seal(s, f);
    if (f->form.batch_ms > 0)
        f->due_us = clock_mono_us() + (int64_t)f->form.batch_ms * 1000;
    r->serving = f;
    r->left = 0;
    LIST_FOR_EACH (at, &f->live)
        r->left++;
    return true;
}

/* Who was served goes to the end of the list. Those who join or leave meanwhile cost at most a
 * write that finds nothing. */
static void serve_one(struct round *r)
{
    struct feed *f = r->serving;

    if (r->left == 0 || list_empty(&f->live)) {
        feed_trim(f);
        r->serving = NULL;
        return;
    }
    struct sub *sub = LIST_ITEM(f->live.next, struct sub, in_state);
    list_remove(&sub->in_state);
    list_push(&f->live, &sub->in_state);
    r->left--;
    r->sends += sub_flush(sub);
    if (feed_refused(f))
        sub_refuse(sub);
}

/* A slice is SLICE_SENDS writes, and as long as the loop spent elsewhere since the last one, lest a hub
 * that takes much in delivers late. */
static void serve_slice(struct fanout *s, uint32_t min_sends)
{
    struct round *r = &s->round;
    struct metrics *m = s->opts.metrics;
    uint64_t before = m->delivered_total;
    uint32_t begun = r->sends;
    int64_t now_us = clock_mono_us(), until_us = now_us + now_us - r->slice_end_us;

    while ((r->serving || next_feed(s)) &&
           (r->sends - begun < min_sends || clock_mono_us() < until_us))
        serve_one(r);
    r->slice_end_us = clock_mono_us();
    metrics_observe(&m->delivery_seconds, r->slice_end_us - r->since_us,
                    m->delivered_total - before);
    m->feed_bytes = s->pool.used;
}

static bool is_on(const struct round *r)
{
    return r->serving || !list_empty(&r->feeds);
}

static void begin_round(struct fanout *s)
{
    struct round *r = &s->round;

    LIST_FOR_EACH_SAFE (link, &s->dirty) {
        list_remove(link);
        list_push(&r->feeds, link);
    }
    r->since_us = s->dirty_since_us;
    r->slice_end_us = clock_mono_us();
    r->sends = 0;
}

bool flush_is_busy(const struct fanout *s)
{
    return is_on(&s->round);
}

void flush_forget(struct fanout *s, const struct feed *f)
{
    if (s->round.serving == f)
        s->round.serving = NULL;
}

/* --- when --- */

/* Silence after so many writes: records that come meanwhile share the next ones. A few clients cost little, and
 * wait less. */
static int64_t rest_after(uint32_t sends)
{
    int64_t weight = sends < SENDS_MANY ? sends : SENDS_MANY;
    int64_t rest_us = sends * weight * SEND_REST_US / SENDS_MANY;

    return rest_us < REST_MAX_US ? rest_us : REST_MAX_US;
}

static void on_turn_end(struct turn_hook *hook)
{
    struct fanout *s = LIST_ITEM(hook, struct fanout, flush_hook);
    int64_t wait = s->rest_until_us - clock_mono_us();

    if (!is_on(&s->round) && wait > 0) {
        tick_arm(&s->tick, wait);
        return;
    }
    if (!is_on(&s->round))
        begin_round(s);
    serve_slice(s, SLICE_SENDS);
    if (is_on(&s->round)) {
        turn_hook_ask(s->opts.loop, hook);
        return;
    }
    s->rest_until_us = s->round.slice_end_us + rest_after(s->round.sends);
    flush_soon(s); /* what came during the round */
}

/* Those whose time has come go with the next flush. */
static void release_held(struct fanout *s, int64_t now_us)
{
    int64_t next_us = INT64_MAX;

    LIST_FOR_EACH_SAFE (link, &s->held) {
        struct feed *f = LIST_ITEM(link, struct feed, dirty);
        if (f->due_us <= now_us) {
            list_remove(link);
            want_now(s, f);
        } else if (f->due_us < next_us) {
            next_us = f->due_us;
        }
    }
    if (next_us < INT64_MAX)
        tick_arm(&s->tick, next_us - now_us);
}

static void on_tick(struct tick *tick)
{
    struct fanout *s = LIST_ITEM(tick, struct fanout, tick);

    release_held(s, clock_mono_us());
    flush_soon(s);
}

int flush_init(struct fanout *s)
{
    list_init(&s->dirty);
    list_init(&s->held);
    list_init(&s->round.feeds);
    turn_hook_init(&s->flush_hook, on_turn_end);
    return tick_init(&s->tick, s->opts.loop, on_tick);
}

void flush_last(struct fanout *s)
{
    release_held(s, INT64_MAX);
    serve_slice(s, UINT32_MAX); /* the rest of a round that is under way */
    begin_round(s);
    serve_slice(s, UINT32_MAX);
    turn_hook_cancel(&s->flush_hook);
    tick_close(&s->tick);
}
