/* SPDX-License-Identifier: MIT
 *
 * manager_batch.c - calls that wait a moment for others of their kind.
 *
 * An open batch hands itself over when it is full or its delay is over. From then on it only counts
 * its answers: each call has its own, so a bad one fails alone.
 */
#include "ipc/manager_impl.h"

#include "base/clock.h"
#include "record/json.h"

#include <errno.h>
#include <stdlib.h>

static void waiting_free(struct waiting *w)
{
    buf_fini(&w->group);
    free(w);
}

/* One job has got its answer, or the batch itself lets go. */
static void put_back(struct waiting *w)
{
    struct lm_manager *m = w->channel->manager;

    if (--w->left > 0)
        return;
    m->batches.processing_us += (uint64_t)(clock_mono_us() - w->handed_us);
    m->batches.failed += w->count && w->failed == w->count;
    waiting_free(w);
}

/* The calls that nobody answered at once may wait as long as any other. */
static void start_clocks(struct waiting *w)
{
    LIST_FOR_EACH_SAFE (link, &w->jobs) {
        struct job *j = LIST_ITEM(link, struct job, in_batch);
        bool armed = true;
        LIST_FOR_EACH (at, &j->calls) {
            struct call *call = LIST_ITEM(at, struct call, in_job);
            armed &= call->timer.place || call_set_timer(call) == 0;
        }
        if (!armed)
            job_fail(j, LM_HANDLER_ERROR, STR("no memory"), STR_NONE);
    }
}

static void hand_over(struct waiting *w)
{
    struct lm_manager *m = w->channel->manager;
    const struct lm_handler *h = &w->channel->handler;
    struct lm_call calls[BATCH_SIZE_MAX];
    uint32_t n = 0;

    timer_stop(&m->timers, &w->delay);
    list_remove(&w->in_channel);
    LIST_FOR_EACH (link, &w->jobs) {
        struct job *j = LIST_ITEM(link, struct job, in_batch);
        j->batched = true;
        calls[n++] = job_handle(j);
    }
    w->count = n;
    w->handed_us = m->now_us;
    m->batches.batches++;
    m->batches.requests += n;
    m->totals.batched += n;
    w->channel->totals.batched += n;
    if (m->debug)
        manager_debug(m, "batch of %u for %s", n, w->channel->name);
    w->left++; /* while we still look at it */
    w->channel->jobs++;
    struct channel *c = w->channel;
    h->batch(calls, n, h->ctx);
    start_clocks(w);
    put_back(w);
    channel_unuse(c);
}

static void on_delay(struct timer *timer)
{
    hand_over(LIST_ITEM(timer, struct waiting, delay));
}

/* The raw text of the argument that must be equal; empty when there is none. */
static struct str group_of(const struct job *j)
{
    struct json_walk w = json_walk(j->args);
    struct json_member m;

    if (j->channel->batch_by.n)
        while (json_next(&w, &m))
            if (str_eq(m.key, j->channel->batch_by))
                return m.value;
    return STR_NONE;
}

static struct waiting *open_batch(struct channel *c, struct str group)
{
    LIST_FOR_EACH (link, &c->batches) {
        struct waiting *w = LIST_ITEM(link, struct waiting, in_channel);
        if (str_eq(buf_str(&w->group), group))
            return w;
    }
    struct lm_manager *m = c->manager;
    struct waiting *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->channel = c;
    w->delay.fn = on_delay;
    list_init(&w->in_channel);
    list_init(&w->jobs);
    buf_add_str(&w->group, group);
    if (w->group.failed || timer_arm(&m->timers, &w->delay,
                                     m->now_us + (int64_t)c->handler.batch_delay_ms * 1000) < 0) {
        waiting_free(w);
        return NULL;
    }
    list_push(&c->batches, &w->in_channel);
    return w;
}

int batch_join(struct job *j)
{
    struct waiting *w = open_batch(j->channel, group_of(j));

    if (!w)
        return -ENOMEM;
    list_push(&w->jobs, &j->in_batch);
    j->batch = w;
    if (++w->left >= j->channel->handler.batch_size)
        hand_over(w);
    return 0;
}

void batch_leave(struct job *j, bool failed)
{
    struct waiting *w = j->batch;

    if (!w)
        return;
    j->batch = NULL;
    list_remove(&j->in_batch);
    w->failed += failed;
    if (j->batched) {
        put_back(w);
    } else if (--w->left == 0) { /* everybody left before it was handed over */
        timer_stop(&j->manager->timers, &w->delay);
        list_remove(&w->in_channel);
        waiting_free(w);
    }
}
