/* SPDX-License-Identifier: MIT
 *
 * manager_job.c - jobs, their handles, and the calls that wait for them.
 */
#include "ipc/manager_impl.h"

#include <errno.h>
#include <stdlib.h>

static struct job *new_slot(struct lm_manager *m)
{
    struct job **more = realloc(m->jobs, (m->job_count + 1) * sizeof(struct job *));

    if (!more)
        return NULL;
    m->jobs = more;
    /* Room on the stack of free ones, so that freeing never fails. */
    if (buf_reserve(&m->free_jobs, (m->job_count + 1) * sizeof(struct job *)) < 0)
        return NULL;
    struct job *j = calloc(1, sizeof *j);
    if (!j)
        return NULL;
    j->manager = m;
    j->index = m->job_count;
    m->jobs[m->job_count++] = j;
    return j;
}

static struct job *take_slot(struct lm_manager *m)
{
    struct job *j;

    if (m->free_jobs.n == 0)
        return new_slot(m);
    m->free_jobs.n -= sizeof(struct job *);
    memcpy(&j, m->free_jobs.p + m->free_jobs.n, sizeof(struct job *));
    return j;
}

struct job *job_new(struct lm_manager *m, struct channel *c)
{
    struct job *j = take_slot(m);

    if (!j)
        return NULL;
    j->generation++;
    if (j->generation == 0)
        j->generation = 1;
    j->id = (uint64_t)j->generation << 32 | j->index;
    j->channel = c;
    c->jobs++;
    list_init(&j->calls);
    list_init(&j->in_batch);
    buf_clear(&j->own);
    buf_clear(&j->key);
    buf_clear(&j->tags);
    j->args = STR_NONE;
    j->pieces = (struct pieces){0};
    j->batch = NULL;
    j->stream = NULL;
    j->running = j->shared = j->uncached = j->batched = false;
    return j;
}

struct job *job_find(struct lm_call call)
{
    uint32_t index = (uint32_t)call.id;

    if (!call.manager || !call.id || index >= call.manager->job_count)
        return NULL;
    struct job *j = call.manager->jobs[index];
    return j->id == call.id ? j : NULL;
}

int job_keep_args(struct job *j)
{
    size_t lengths_n = 4 * (size_t)j->pieces.count;

    if (j->args.p == j->own.p || (!j->args.n && !j->pieces.count))
        return 0;
    buf_clear(&j->own);
    if (buf_reserve(&j->own, j->args.n + lengths_n + j->pieces.bytes.n) < 0)
        return -ENOMEM;
    buf_add_str(&j->own, j->args);
    buf_add(&j->own, j->pieces.lengths, lengths_n);
    buf_add_str(&j->own, j->pieces.bytes);
    j->args.p = j->own.p;
    j->pieces.lengths = j->own.p + j->args.n;
    j->pieces.bytes.p = j->own.p + j->args.n + lengths_n;
    return 0;
}

enum { OWN_KEPT_MAX = 64 * 1024 };

/* The slot is free for another job. Small buffers stay with it. */
static void recycle(struct job *j)
{
    struct lm_manager *m = j->manager;
    struct channel *c = j->channel;

    if (j->stream)
        stream_free(j->stream);
    j->stream = NULL;
    j->channel = NULL;
    if (j->own.cap > OWN_KEPT_MAX)
        buf_fini(&j->own);
    memcpy(m->free_jobs.p + m->free_jobs.n, &j, sizeof(struct job *));
    m->free_jobs.n += sizeof(struct job *);
    channel_unuse(c);
}

void job_end(struct job *j)
{
    if (j->shared)
        map_remove(&j->manager->in_flight, buf_str(&j->key));
    j->shared = false;
    j->id = 0;
    if (!j->running)
        recycle(j);
}

void job_run_begin(struct job *j)
{
    j->running = true;
}

bool job_run_end(struct job *j)
{
    j->running = false;
    if (j->id)
        return true;
    recycle(j);
    return false;
}

void job_abandon(struct job *j)
{
    const struct lm_handler *h = &j->channel->handler;

    if (h->cancelled)
        h->cancelled(job_handle(j), h->ctx);
    if (!j->id)
        return; /* it was answered there */
    batch_leave(j, true);
    job_end(j);
}

/* --- calls --- */

static void on_call_timer(struct timer *timer)
{
    struct call *call = LIST_ITEM(timer, struct call, timer);

    call_fail(call, LM_TIMEOUT, STR("no answer in time"), STR_NONE);
}

static struct call *take_call(struct lm_manager *m)
{
    if (list_empty(&m->free_calls))
        return calloc(1, sizeof(struct call));
    struct call *call = LIST_ITEM(m->free_calls.next, struct call, in_peer);
    list_remove(&call->in_peer);
    return call;
}

static uint32_t timeout_of(const struct channel *c, uint32_t asked_ms)
{
    uint32_t own = c->handler.timeout_ms;
    return asked_ms && asked_ms < own ? asked_ms : own;
}

struct call *call_new(struct peer *p, struct job *j, const struct call_frame *frame)
{
    struct call *call = take_call(p->manager);

    if (!call)
        return NULL;
    *call = (struct call){.peer = p,
                          .job = j,
                          .request = frame->request,
                          .started_us = p->manager->now_us,
                          .timer = {.fn = on_call_timer},
                          .timeout_ms = timeout_of(j->channel, frame->timeout_ms),
                          .credit = frame->credit,
                          .flags = frame->flags};
    list_init(&call->in_peer);
    list_init(&call->in_job);
    list_push(&p->calls, &call->in_peer);
    list_push(&j->calls, &call->in_job);
    p->call_count++;
    return call;
}

int call_set_timer(struct call *call)
{
    struct lm_manager *m = call->peer->manager;
    return timer_arm(&m->timers, &call->timer, call->started_us + (int64_t)call->timeout_ms * 1000);
}

void call_drop(struct call *call)
{
    struct lm_manager *m = call->peer->manager;

    timer_stop(&m->timers, &call->timer);
    list_remove(&call->in_peer);
    list_remove(&call->in_job);
    call->peer->call_count--;
    list_push(&m->free_calls, &call->in_peer);
}

void call_say_failure(struct call *call, enum lm_code code, struct str message, struct str details)
{
    struct job *j = call->job;
    struct peer *p = call->peer;
    struct lm_manager *m = p->manager;
    struct failure_frame failure = {.request = call->request,
                                    .flags = j->batched ? RESULT_BATCHED : 0,
                                    .execution_us = (uint64_t)(m->now_us - call->started_us),
                                    .code = (uint16_t)code,
                                    .message = message,
                                    .details = details};

    if (!(call->flags & CALL_NO_REPLY) && !p->closing) {
        call_add_failure(&p->out, &failure);
        peer_mark(p);
    }
    channel_note(j->channel, call, true);
    manager_report(m, &(struct lm_incident){.channel = {j->channel->name, j->channel->name_n},
                                            .code = code,
                                            .message = str_out(message),
                                            .details = str_out(details),
                                            .caller = p->who.name,
                                            .request = call->request,
                                            .execution_us = failure.execution_us});
    call_drop(call);
}

void call_fail(struct call *call, enum lm_code code, struct str message, struct str details)
{
    struct job *j = call->job;

    call_say_failure(call, code, message, details);
    if (list_empty(&j->calls) && j->id)
        job_abandon(j);
}
