/* SPDX-License-Identifier: MIT
 *
 * fanout.c - from a batch to the feeds that want it; flush.c goes on from there.
 */
#include "base/clock.h"
#include "record/encode.h"
#include "stream/fanout_impl.h"

#include <errno.h>
#include <stdlib.h>

enum {
    HEARTBEAT_MS = FEED_COST_WINDOW_MS, /* which begins at a heartbeat, too */
    MESSAGE_TIMEOUT_MS = 30 * 1000,     /* for what a client begins to say */
    REPLAY_TURN_US = 2000,              /* all replays together, per turn of the loop */
};

/* --- a batch comes in --- */

/* Memory is short: the largest feed gives up its oldest page; readers go on from the journal. False
 * when every feed is down to its last page. */
static bool make_room(struct fanout *s, uint64_t next_id)
{
    struct feed *largest = NULL;
    uint64_t most = 0;

    for (struct map_slot *slot = map_next(&s->by_key, NULL); slot;
         slot = map_next(&s->by_key, slot)) {
        struct feed *f = slot->value;
        uint64_t held = f->head && f->head != f->tail ? f->end - f->head->start : 0;
        if (held > most) {
            most = held;
            largest = f;
        }
    }
    if (!largest)
        return false;
    LIST_FOR_EACH_SAFE (link, &largest->live) {
        struct sub *sub = LIST_ITEM(link, struct sub, in_state);
        if (sub->place.page == largest->head)
            sub_evict(sub, next_id);
    }
    feed_trim(largest);
    return true;
}

/* No memory for a record of this feed: everybody there goes back to the journal, which has it. */
static void evict_all(struct feed *f, uint64_t next_id)
{
    LIST_FOR_EACH_SAFE (link, &f->live)
        sub_evict(LIST_ITEM(link, struct sub, in_state), next_id);
}

void fanout_seal(struct fanout *s, struct feed *f)
{
    char cursor[CURSOR_MAX];
    uint32_t count = f->batch.count;

    if (count == 0)
        return;
    uint64_t first = f->batch.records[0].id;
    size_t n = hub_cursor(s->opts.hub, f->batch.records[count - 1].id, cursor);
    if (feed_seal(f, str_of(cursor, n), &s->out) < 0)
        evict_all(f, first);
}

static bool put_record(struct feed *f, const struct record *r, struct str json, struct str cursor)
{
    const struct wire *wire = f->form.wire;

    if (wire->batch)
        return feed_gather(f, json, r->id, r->level) == 0;
    char *at = feed_reserve(f, (uint32_t)json.n + wire->record_overhead(json.n));
    if (at)
        feed_commit(f, wire->record(at, json, cursor), r->id, r->level);
    return at != NULL;
}

static void append(struct fanout *s, struct feed *f, const struct record *r, struct str cursor)
{
    bool ok = buf_error(&s->json) == 0, folds = ok && f->form.basic_levels;

    if (folds)
        level_fold(&s->json, r->level);
    ok = ok && put_record(f, r, buf_str(&s->json), cursor);
    if (folds)
        level_unfold(&s->json, r->level); /* the next feed gets the record as it is */
    if (!ok) {
        evict_all(f, r->id);
        return;
    }
    if (feed_batch_is_full(f))
        fanout_seal(s, f);
    if (list_empty(&f->dirty))
        flush_want(s, f);
}

static void offer(struct fanout *s, const struct candidates *c, const struct record *r)
{
    char cursor[CURSOR_MAX];
    size_t cursor_n = 0;

    for (uint32_t i = 0; i < c->count; i++) {
        struct feed *f = c->at[i].feed;
        if (!feed_wants(f, &c->at[i].verdict, r)) {
            if (feed_refused(f) && list_empty(&f->dirty))
                flush_want(s, f);
            continue;
        }
        if (cursor_n == 0) {
            cursor_n = hub_cursor(s->opts.hub, r->id, cursor);
            buf_clear(&s->json);
            encode_json(&s->json, r, ENCODE_LIVE_MAX);
        }
        append(s, f, r, str_of(cursor, cursor_n));
    }
}

void fanout_sink(const struct batch *b, void *ctx)
{
    struct fanout *s = ctx;
    const struct labels *last = NULL;
    struct candidates c;
    bool may_shrink = true;

    c.count = 0;
    if (s->sub_count == 0 || s->closing)
        return;
    for (uint32_t i = 0; i < b->count; i++) {
        const struct record *r = &b->records[i];
        if (r->labels != last)
            fanout_find_candidates(s, &c, r->labels);
        last = r->labels;
        if (c.count > 0)
            offer(s, &c, r);
        if (may_shrink && page_pool_over(&s->pool))
            may_shrink = make_room(s, r->id + 1);
    }
    flush_soon(s);
}

/* --- what else is to be done --- */

/* A slice for each, in turn, until the time of this turn is used up; who was served goes to the end
 * of the queue. */
static void on_replay(struct turn_hook *hook)
{
    struct fanout *s = LIST_ITEM(hook, struct fanout, replay_hook);
    int64_t until = clock_mono_us() + REPLAY_TURN_US;

    if (flush_is_busy(s)) {
        turn_hook_ask(s->opts.loop, hook);
        return;
    }
    list_push(&s->replaying, &s->served);
    while (s->replaying.next != &s->served && clock_mono_us() < until) {
        struct list *link = s->replaying.next;
        list_remove(link);
        list_push(&s->replaying, link);
        sub_replay_step(LIST_ITEM(link, struct sub, in_state));
    }
    if (s->replaying.next != &s->served)
        turn_hook_ask(s->opts.loop, hook);
    list_remove(&s->served);
}

static void on_heartbeat(uv_timer_t *timer)
{
    struct fanout *s = timer->data;

    LIST_FOR_EACH_SAFE (link, &s->subs) {
        struct sub *sub = LIST_ITEM(link, struct sub, link);
        sub_heartbeat(sub);
        feed_forgive(sub->feed);
    }
    if (s->sub_count == 0)
        uv_timer_stop(timer);
}

void fanout_keep_beating(struct fanout *s)
{
    if (!uv_is_active((uv_handle_t *)&s->heartbeat))
        uv_timer_start(&s->heartbeat, on_heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
}

void fanout_visit(const struct fanout *s, fanout_visit_fn *fn, void *ctx)
{
    LIST_FOR_EACH (link, &s->subs) {
        const struct sub *sub = LIST_ITEM(link, struct sub, link);
        fn(sub->feed->form.wire->transport, filter_label(sub->feed->filter, STR("job_run_id")),
           ctx);
    }
}

struct hub *fanout_hub(const struct fanout *s)
{
    return s->opts.hub;
}

struct store *fanout_store(const struct fanout *s)
{
    return s->opts.store;
}

struct loop *fanout_loop(const struct fanout *s)
{
    return s->opts.loop;
}

struct ws_watch *fanout_watch(struct fanout *s)
{
    return &s->watch;
}

/* --- life --- */

int fanout_new(struct fanout **ret, const struct fanout_opts *opts)
{
    struct fanout *s = calloc(1, sizeof *s);

    if (!s)
        return -ENOMEM;
    s->opts = *opts;
    s->pool.limit = opts->feed_memory;
    list_init(&s->open_feeds.feeds);
    list_init(&s->subs);
    list_init(&s->replaying);
    turn_hook_init(&s->replay_hook, on_replay);
    int err = flush_init(s);
    if (err < 0) {
        free(s);
        return err;
    }
    ws_watch_init(&s->watch, opts->loop, 0, 0, MESSAGE_TIMEOUT_MS);
    s->heartbeat.data = s;
    uv_timer_init(&opts->loop->uv, &s->heartbeat);
    *ret = s;
    return 0;
}

void fanout_close(struct fanout *s)
{
    s->closing = true;
    flush_last(s);
    turn_hook_cancel(&s->replay_hook);
    farewell_begin(s);
}

void fanout_free(struct fanout *s)
{
    if (!s)
        return;
    lm_assert(s->sub_count == 0);
    map_fini(&s->by_key);
    map_fini(&s->by_label);
    buf_fini(&s->json);
    buf_fini(&s->out);
    buf_fini(&s->rows);
    jframe_close(&s->reader);
    free(s);
}
