/* SPDX-License-Identifier: MIT
 *
 * manager_call.c - the way of a call to its handler, gate by gate.
 *
 *     known? ─ may it? ─ not too many? ─ well-formed? ─ as declared? ─ cached? ─ in flight? ─▶ job
 *
 * Each gate lets it through or has answered it.
 */
#include "ipc/manager_impl.h"

#include "base/clock.h"
#include "ipc/normal.h"
#include "record/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* --- gates: false = answered --- */

static bool allow(struct peer *p, const struct call_frame *f, struct channel *c)
{
    if (p->who.access >= c->handler.access)
        return true;
    peer_fail(p, f, c, LM_FORBIDDEN, STR("this caller may not use this channel"), STR_NONE);
    return false;
}

static bool too_many(struct peer *p, const struct call_frame *f, struct channel *c,
                     uint32_t wait_ms)
{
    char details[48];
    int n = snprintf(details, sizeof details, "{\"retry_after_ms\":%u}", wait_ms);

    peer_fail(p, f, c, LM_RATE_LIMITED, STR("too many calls; come again later"),
              str_of(details, (size_t)n));
    return false;
}

/* The window of this channel in this connection. NULL when memory is short. */
static struct rate_window *window_of(struct peer *p, const struct channel *c)
{
    if (c->index >= p->rate_count) {
        uint32_t n = p->manager->channel_count;
        struct rate_window *more = realloc(p->rates, n * sizeof *more);
        if (!more)
            return NULL;
        memset(more + p->rate_count, 0, (n - p->rate_count) * sizeof *more);
        p->rates = more;
        p->rate_count = n;
    }
    return &p->rates[c->index];
}

static bool within_rates(struct peer *p, const struct call_frame *f, struct channel *c)
{
    struct lm_manager *m = p->manager;
    const struct lm_handler *h = &c->handler;

    if (p->call_count >= m->opts.open_calls_max)
        return too_many(p, f, c, 1);
    uint32_t wait_ms = rate_take(&p->rate, &m->opts.client_rate, m->now_us);
    if (!wait_ms && h->client_rate.requests) {
        struct rate_window *w = window_of(p, c);
        wait_ms = w ? rate_take(w, &h->client_rate, m->now_us) : 1;
    }
    if (!wait_ms)
        wait_ms = rate_take(&c->rate, &h->rate, m->now_us);
    return !wait_ms || too_many(p, f, c, wait_ms);
}

static bool refuse_args(struct peer *p, const struct call_frame *f, struct channel *c)
{
    struct lm_manager *m = p->manager;
    struct buf details = {0};

    BUF_LIT(&details, "{\"path\":");
    json_add_string(&details, buf_str(&m->path));
    BUF_LIT(&details, ",\"reason\":");
    json_add_string(&details, buf_str(&m->reason));
    BUF_LIT(&details, "}");
    if (m->path.n)
        buf_add_char(&m->path, ' ');
    buf_add_str(&m->path, buf_str(&m->reason));
    peer_fail(p, f, c, LM_VALIDATION_ERROR, m->path.n ? buf_str(&m->path) : STR("not valid"),
              details.failed ? STR_NONE : buf_str(&details));
    buf_fini(&details);
    return false;
}

static bool valid(struct peer *p, const struct call_frame *f, struct channel *c)
{
    struct lm_manager *m = p->manager;
    const struct lm_handler *h = &c->handler;
    const char *reason;

    buf_clear(&m->path);
    buf_clear(&m->reason);
    if (c->schema ? !schema_check(c->schema, f->args, &m->path, &m->reason)
                  : f->args.n && !json_valid(f->args)) {
        if (!c->schema)
            BUF_LIT(&m->reason, "the arguments are not JSON");
        return refuse_args(p, f, c);
    }
    reason = h->validate ? h->validate(str_out(f->args), h->ctx) : NULL;
    if (!reason)
        return true;
    buf_add_str(&m->reason, str_from(reason));
    return refuse_args(p, f, c);
}

/* --- answers that exist already --- */

/* "channel args" in one form; behind it, unseen by prefixes, who asks. */
static void make_key(struct lm_manager *m, const struct channel *c, const struct peer *p,
                     struct str args)
{
    buf_clear(&m->key);
    buf_add(&m->key, c->name, c->name_n);
    buf_add_char(&m->key, ' ');
    normal_add(&m->key, args);
    if (c->handler.cache_scope == LM_CACHE_PER_CALLER) {
        buf_add_char(&m->key, '\n');
        buf_add_str(&m->key, str_from(p->who.name ? p->who.name : ""));
    }
}

static bool answer_from_cache(struct peer *p, const struct call_frame *f, struct channel *c)
{
    struct lm_manager *m = p->manager;

    if (!c->handler.cacheable || (f->flags & CALL_FRESH))
        return false;
    struct str found = cache_find(&m->cache, buf_str(&m->key), m->now_us);
    if (!found.p || RESULT_HEAD + found.n > p->frame_max) {
        m->totals.misses++;
        c->totals.misses++;
        if (m->debug)
            manager_debug(m, "miss %s", c->name);
        return false;
    }
    m->totals.hits++;
    c->totals.hits++;
    if (m->debug)
        manager_debug(m, "hit %s", c->name);
    struct result_frame result = {.request = f->request, .flags = RESULT_CACHED, .data = found};
    if (!(f->flags & CALL_NO_REPLY)) {
        call_add_result(&p->out, &result, NULL, 0);
        peer_mark(p);
    }
    struct call call = {.peer = p, .request = f->request, .started_us = m->now_us};
    channel_note(c, &call, false);
    return true;
}

/* Identical and in flight: one answer for both. */
static bool join_in_flight(struct peer *p, const struct call_frame *f, struct channel *c)
{
    struct lm_manager *m = p->manager;
    struct job *j =
        c->shares && !(f->flags & CALL_FRESH) ? map_find(&m->in_flight, buf_str(&m->key)) : NULL;
    struct call *call = j ? call_new(p, j, f) : NULL;

    if (!call)
        return false;
    if (call_set_timer(call) < 0) {
        call_drop(call);
        return false;
    }
    m->totals.shared++;
    c->totals.shared++;
    if (m->debug)
        manager_debug(m, "shared %s: the same is in flight", c->name);
    return true;
}

/* --- running --- */

static void no_memory(struct job *j)
{
    job_fail(j, LM_HANDLER_ERROR, STR("no memory"), STR_NONE);
}

static void share(struct job *j)
{
    struct lm_manager *m = j->manager;

    if (j->channel->shares && j->key.n && !map_find(&m->in_flight, buf_str(&j->key)))
        j->shared = map_put(&m->in_flight, buf_str(&j->key), j) == 0;
}

static void run_unary(struct job *j, struct call *call)
{
    const struct lm_handler *h = &j->channel->handler;

    job_run_begin(j);
    h->call(job_handle(j), h->ctx);
    if (!job_run_end(j))
        return; /* answered at once */
    share(j);
    if (job_keep_args(j) < 0 || call_set_timer(call) < 0)
        no_memory(j);
}

static void run_batched(struct job *j, struct call *call)
{
    const struct lm_handler *h = &j->channel->handler;

    share(j);
    if (job_keep_args(j) < 0 ||
        (call->timeout_ms <= h->batch_delay_ms && call_set_timer(call) < 0) || batch_join(j) < 0)
        no_memory(j);
}

static void run(struct job *j, struct call *call)
{
    const struct lm_handler *h = &j->channel->handler;

    if (h->call)
        run_unary(j, call);
    else if (h->batch)
        run_batched(j, call);
    else if (job_keep_args(j) < 0 || stream_open(j, call->credit) == -ENOMEM)
        no_memory(j);
}

static void begin(struct peer *p, const struct call_frame *f, struct channel *c)
{
    struct job *j = job_new(p->manager, c);
    struct call *call = j ? call_new(p, j, f) : NULL;

    if (!call) {
        if (j)
            job_end(j);
        peer_fail(p, f, c, LM_HANDLER_ERROR, STR("no memory"), STR_NONE);
        return;
    }
    j->args = f->args;
    j->pieces = f->pieces;
    if ((c->handler.cacheable || c->shares) && !f->pieces.count && !p->manager->key.failed)
        buf_add_str(&j->key, buf_str(&p->manager->key));
    if (j->key.failed)
        buf_clear(&j->key); /* not cached, not shared, but answered */
    run(j, call);
}

static struct str trim(struct str json)
{
    while (json.n && memchr(" \t\r\n", json.p[json.n - 1], 4))
        json.n--;
    while (json.n && memchr(" \t\r\n", json.p[0], 4))
        json = str_of(json.p + 1, json.n - 1);
    return json;
}

int manager_call(struct peer *p, const struct call_frame *frame)
{
    struct lm_manager *m = p->manager;
    struct call_frame f = *frame;

    if (f.request <= p->last_request)
        return -LM_E_PROTOCOL;
    p->last_request = f.request;
    f.args = trim(f.args);
    m->totals.requests++;
    struct channel *c = map_find(&m->channels, f.channel);
    if (m->debug)
        manager_debug(m, "call %llu %.*s from %s, %zu bytes", (unsigned long long)f.request,
                      STR_FMT(f.channel), p->who.name ? p->who.name : "?", f.args.n);
    if (!c) {
        peer_fail(p, &f, NULL, LM_UNKNOWN_CHANNEL, STR("nobody registered this channel"), STR_NONE);
        return 0;
    }
    c->totals.requests++;
    if (!allow(p, &f, c) || !within_rates(p, &f, c) || !valid(p, &f, c))
        return 0;
    if ((c->handler.cacheable || c->shares) && !f.pieces.count) {
        make_key(m, c, p, f.args);
        if (!m->key.failed && (answer_from_cache(p, &f, c) || join_in_flight(p, &f, c)))
            return 0;
    }
    begin(p, &f, c);
    return 0;
}
