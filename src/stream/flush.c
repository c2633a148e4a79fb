/* SPDX-License-Identifier: MIT
 *
 * flush.c - from the feeds to the sockets: when, and in which order.
 *
 * At the end of a turn of the loop every feed with something to send goes out, one write a client. Then
 * there is silence for about as long as the writes took, so that what comes meanwhile shares the next ones:
 * a single line is sent at once, a stream of lines to a thousand clients some hundred times a second.
 *
 *     flush_want() ──▶ dirty ── end of the turn, or of the silence ──▶ sockets
 *              └─────▶ held ── its batch_ms are over ──▶ dirty
 *
 * Threads: loop thread. Owns: nothing; the lists are the fanout's.
 */
#include "base/clock.h"
#include "stream/fanout_impl.h"

enum {
    SEND_REST_US = 10, /* silence bought by one write, when there are many */
    SENDS_MANY = 200,
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

/* Returns the number of write calls. */
static uint32_t flush_feed(struct fanout *s, struct feed *f)
{
    bool refused = feed_refused(f);
    uint32_t sends = 0;

    fanout_seal(s, f);
    LIST_FOR_EACH_SAFE (at, &f->live) {
        struct sub *sub = LIST_ITEM(at, struct sub, in_state);
        sends += sub_flush(sub);
        if (refused)
            sub_refuse(sub);
    }
    feed_trim(f);
    if (f->form.batch_ms > 0)
        f->due_us = clock_mono_us() + (int64_t)f->form.batch_ms * 1000;
    return sends;
}

/* Silence after so many writes: records that come meanwhile share the next ones. A few clients cost little, and
 * wait less. */
static int64_t rest_after(uint32_t sends)
{
    int64_t weight = sends < SENDS_MANY ? sends : SENDS_MANY;
    int64_t rest_us = sends * weight * SEND_REST_US / SENDS_MANY;

    return rest_us < REST_MAX_US ? rest_us : REST_MAX_US;
}

static void flush_all(struct fanout *s)
{
    struct metrics *m = s->opts.metrics;
    uint64_t before = m->delivered_total;
    uint32_t sends = 0;

    LIST_FOR_EACH_SAFE (link, &s->dirty) {
        list_remove(link);
        sends += flush_feed(s, LIST_ITEM(link, struct feed, dirty));
    }
    int64_t now_us = clock_mono_us(), rest = rest_after(sends);
    metrics_observe(&m->delivery_seconds, now_us - s->dirty_since_us, m->delivered_total - before);
    m->feed_bytes = s->pool.used;
    s->rest_until_us = now_us + rest;
}

static void on_turn_end(struct turn_hook *hook)
{
    struct fanout *s = LIST_ITEM(hook, struct fanout, flush_hook);
    int64_t wait = s->rest_until_us - clock_mono_us();

    if (wait > 0)
        tick_arm(&s->tick, wait);
    else
        flush_all(s);
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
    turn_hook_init(&s->flush_hook, on_turn_end);
    return tick_init(&s->tick, s->opts.loop, on_tick);
}

void flush_last(struct fanout *s)
{
    release_held(s, INT64_MAX);
    flush_all(s);
    turn_hook_cancel(&s->flush_hook);
    tick_close(&s->tick);
}
