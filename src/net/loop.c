/* SPDX-License-Identifier: MIT
 *
 * loop.c - turns of the loop, and what is done once per turn.
 *
 * libuv goes round in fixed phases: timers, idle, prepare, poll (sockets), close callbacks. Hooks
 * run in `prepare`: everything the last poll read and every timer that fired since then is behind
 * them, and what they write leaves before the loop sleeps. While any hook waits, an idle handle is
 * active. That does two things: the loop counts as alive, and the next poll does not block. So a
 * hook that asks again from inside its own fn lets the sockets be polled once and then runs again.
 */
#include "net/loop.h"

static void run_hooks(struct loop *l)
{
    struct list due;

    uv_idle_stop(&l->idle);
    list_init(&due);
    while (!list_empty(&l->hooks)) {
        struct list *link = l->hooks.next;
        list_remove(link);
        list_push(&due, link);
    }
    /* Taken one by one: a hook may cancel another one that is still due. */
    while (!list_empty(&due)) {
        struct turn_hook *hook = LIST_ITEM(due.next, struct turn_hook, link);
        list_remove(&hook->link);
        hook->fn(hook);
    }
}

static void on_prepare(uv_prepare_t *handle)
{
    run_hooks(handle->data);
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle;
}

int loop_init(struct loop *l)
{
    int r = uv_loop_init(&l->uv);
    if (r < 0)
        return r;
    list_init(&l->hooks);
    list_init(&l->waiting[JOB_SHORT]);
    list_init(&l->waiting[JOB_COSTLY]);
    l->conns = l->asked[JOB_SHORT] = l->asked[JOB_COSTLY] = 0;
    untaken_init(&l->untaken, 0);
    uv_prepare_init(&l->uv, &l->prepare);
    uv_idle_init(&l->uv, &l->idle);
    l->prepare.data = l;
    uv_prepare_start(&l->prepare, on_prepare);
    uv_unref((uv_handle_t *)&l->prepare);
    return 0;
}

void loop_fini(struct loop *l)
{
    /* Finishes what is on its way: deferred closes, close callbacks, jobs in the pool. */
    uv_run(&l->uv, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&l->prepare, NULL);
    uv_close((uv_handle_t *)&l->idle, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    int r = uv_loop_close(&l->uv);
    lm_assert(r == 0);
}

void loop_run(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
    /* loop_stop() ends a turn after polling; what was asked for in that turn is still due. */
    run_hooks(l);
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

void turn_hook_init(struct turn_hook *hook, void (*fn)(struct turn_hook *))
{
    list_init(&hook->link);
    hook->fn = fn;
}

void turn_hook_ask(struct loop *l, struct turn_hook *hook)
{
    if (!list_empty(&hook->link))
        return;
    list_push(&l->hooks, &hook->link);
    uv_idle_start(&l->idle, on_idle);
}

void turn_hook_cancel(struct turn_hook *hook)
{
    list_remove(&hook->link);
}

static void job_work(uv_work_t *uv)
{
    struct job *job = uv->data;
    job->work(job);
}

static void job_done(uv_work_t *uv, int status)
{
    struct job *job = uv->data;
    (void)status; /* jobs are never cancelled */
    job->done(job);
}

int job_start(struct loop *l, struct job *job, void (*work)(struct job *),
              void (*done)(struct job *))
{
    job->work = work;
    job->done = done;
    job->uv.data = job;
    return uv_queue_work(&l->uv, &job->uv, job_work, job_done);
}

/* --- jobs for those who ask --- */

static void asked_done(uv_work_t *uv, int status);

static bool has_room(const struct loop *l, enum job_kind kind)
{
    return l->asked[JOB_SHORT] + l->asked[JOB_COSTLY] < JOBS_ASKED_MAX &&
           (kind == JOB_SHORT || l->asked[JOB_COSTLY] < JOBS_COSTLY_MAX);
}

static int start_asked(struct loop *l, struct job *job)
{
    int err = uv_queue_work(&l->uv, &job->uv, job_work, asked_done);

    if (err == 0)
        l->asked[job->kind]++;
    return err;
}

static void start_waiting(struct loop *l, enum job_kind kind)
{
    if (list_empty(&l->waiting[kind]) || !has_room(l, kind))
        return;
    struct job *next = LIST_ITEM(l->waiting[kind].next, struct job, link);
    list_remove(&next->link);
    int err = start_asked(l, next);
    lm_assert(err == 0); /* only without work to do */
}

/* The costly first: they have one place, and the short ones always keep another. */
static void asked_done(uv_work_t *uv, int status)
{
    struct loop *l = LIST_ITEM(uv->loop, struct loop, uv);
    const struct job *job = uv->data;

    l->asked[job->kind]--;
    start_waiting(l, JOB_COSTLY);
    start_waiting(l, JOB_SHORT);
    job_done(uv, status);
}

int job_ask(struct loop *l, struct job *job, enum job_kind kind, void (*work)(struct job *),
            void (*done)(struct job *))
{
    job->kind = kind;
    job->work = work;
    job->done = done;
    job->uv.data = job;
    if (has_room(l, kind))
        return start_asked(l, job);
    list_push(&l->waiting[kind], &job->link);
    return 0;
}
