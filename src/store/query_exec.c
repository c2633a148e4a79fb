/* SPDX-License-Identifier: MIT
 *
 * query_exec.c - claiming parts, and handing over what was found.
 *
 * One mutex guards which part is claimed next and which results are there; it is taken twice a
 * part, and a part takes a tenth of a millisecond at least.
 */
#include "store/query_exec.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct result {
    struct found found;
    int err;
    bool done;
};

struct exec {
    const struct query *q;
    const struct store_view *view;
    struct plan plan;
    struct part *parts;
    uint32_t count;
    struct searcher searchers[EXEC_THREADS];
    struct result results[EXEC_AHEAD]; /* of part i: i % EXEC_AHEAD */
    exec_part_fn *each;                /* NULL: exec_rows() */
    void **sums;
    pthread_t helper;
    bool helping;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock: */
    uint32_t claimed, taken;
    bool rows_wanted, stop;
    int err; /* of exec_each() */
};

static void note_progress(const struct exec *e, const struct part *p)
{
    if (e->q->progress)
        atomic_fetch_add_explicit(&e->q->progress->done, p->records, memory_order_relaxed);
}

static void begin_progress(const struct exec *e)
{
    uint64_t all = 0;

    for (uint32_t i = 0; i < e->count; i++)
        all += e->parts[i].records;
    if (!e->q->progress)
        return;
    atomic_store_explicit(&e->q->progress->done, 0, memory_order_relaxed);
    atomic_store_explicit(&e->q->progress->all, all, memory_order_relaxed);
}

/* Parts come in the order of the query. */
static const struct part *part_at(const struct exec *e, uint32_t i)
{
    return &e->parts[e->q->order == QUERY_OLDEST_FIRST ? i : e->count - 1 - i];
}

/* The next part, if there is one and it is not too far ahead. `wait`: for it to come nearer. */
static bool claim(struct exec *e, bool wait, uint32_t *ret, bool *ret_rows)
{
    bool ok;

    pthread_mutex_lock(&e->lock);
    while (wait && !e->stop && e->claimed < e->count && e->claimed >= e->taken + EXEC_AHEAD)
        pthread_cond_wait(&e->changed, &e->lock);
    ok = !e->stop && e->claimed < e->count && e->claimed < e->taken + EXEC_AHEAD;
    if (ok)
        *ret = e->claimed++;
    *ret_rows = e->rows_wanted;
    pthread_mutex_unlock(&e->lock);
    return ok;
}

static void work_on(struct exec *e, uint32_t i, bool rows, struct searcher *s)
{
    struct result *r = &e->results[i % EXEC_AHEAD];
    int err = part_find(s, part_at(e, i), !rows, &r->found);

    note_progress(e, part_at(e, i));
    pthread_mutex_lock(&e->lock);
    r->err = err;
    r->done = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

static void sum_up(struct exec *e, uint32_t i, struct searcher *s, void *sums)
{
    int err = e->each(s, part_at(e, i), sums);

    if (err < 0)
        err = part_pass(s, part_at(e, i), err);
    note_progress(e, part_at(e, i));
    pthread_mutex_lock(&e->lock);
    e->taken++;
    if (err && !e->err)
        e->err = err;
    e->stop = e->stop || err;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

static void *help(void *ctx)
{
    struct exec *e = ctx;
    uint32_t i;
    bool rows;

    while (claim(e, true, &i, &rows)) {
        if (e->each)
            sum_up(e, i, &e->searchers[1], e->sums[1]);
        else
            work_on(e, i, rows, &e->searchers[1]);
    }
    return NULL;
}

/* Without a second thread one does it all. */
static void get_help(struct exec *e)
{
    if (!e->helping && e->count > 1)
        e->helping = pthread_create(&e->helper, NULL, help, e) == 0;
}

static void end_help(struct exec *e)
{
    pthread_mutex_lock(&e->lock);
    e->stop = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    if (e->helping)
        pthread_join(e->helper, NULL);
}

static int exec_init(struct exec *e, const struct query *q, const struct store_view *v)
{
    int64_t end_us = clock_mono_us() + QUERY_REGEX_MAX_US;
    int err;

    *e = (struct exec){.q = q, .view = v, .rows_wanted = true};
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    err = plan_make(&e->plan, q->filter);
    for (int i = 0; i < EXEC_THREADS; i++)
        searcher_init(&e->searchers[i], v, q, &e->plan, end_us);
    if (err == 0)
        err = parts_of(v, q, &e->parts, &e->count);
    if (err == 0)
        begin_progress(e);
    return err;
}

static void exec_fini(struct exec *e)
{
    for (int i = 0; i < EXEC_AHEAD; i++)
        found_fini(&e->results[i].found);
    for (int i = 0; i < EXEC_THREADS; i++)
        searcher_fini(&e->searchers[i]);
    plan_fini(&e->plan);
    free(e->parts);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
}

/* --- in order --- */

/* Is the result of the part that is due there? When nothing is left to claim it is waited for. */
static bool is_done(struct exec *e, bool wait)
{
    struct result *r = &e->results[e->taken % EXEC_AHEAD];
    bool done;

    pthread_mutex_lock(&e->lock);
    while (wait && !r->done)
        pthread_cond_wait(&e->changed, &e->lock);
    done = r->done;
    pthread_mutex_unlock(&e->lock);
    return done;
}

static int take_result(struct exec *e, exec_take_fn *take, void *ctx)
{
    struct result *r = &e->results[e->taken % EXEC_AHEAD];
    bool rows = e->rows_wanted;
    int err = r->err;

    if (err == 0)
        err = take(&e->searchers[0], part_at(e, e->taken), &r->found, &rows, ctx);
    pthread_mutex_lock(&e->lock);
    r->done = false;
    e->rows_wanted = rows;
    e->taken++;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    return err;
}

static int take_all(struct exec *e, exec_take_fn *take, void *ctx)
{
    uint32_t i;
    bool rows;
    int err = 0;

    while (e->taken < e->count && err == 0) {
        if (is_done(e, false)) {
            err = take_result(e, take, ctx);
        } else if (claim(e, false, &i, &rows)) {
            if (i > 0) /* one part was not enough */
                get_help(e);
            work_on(e, i, rows, &e->searchers[0]);
        } else {
            is_done(e, true);
        }
    }
    return err == 1 ? 0 : err;
}

int exec_rows(const struct query *q, const struct store_view *v, exec_take_fn *take, void *ctx)
{
    struct exec e;
    int err = exec_init(&e, q, v);

    if (err == 0)
        err = take_all(&e, take, ctx);
    end_help(&e);
    if (err == 0 && filter_overruns(q->filter) > 0)
        err = -LM_E_EXPENSIVE;
    exec_fini(&e);
    return err;
}

/* --- in any order --- */

int exec_each(const struct query *q, const struct store_view *v, exec_part_fn *fn,
              void *sums[EXEC_THREADS])
{
    struct exec e;
    uint32_t i;
    bool rows;
    int err = exec_init(&e, q, v);

    e.each = fn;
    e.sums = sums;
    if (err == 0)
        get_help(&e);
    while (err == 0 && claim(&e, true, &i, &rows))
        sum_up(&e, i, &e.searchers[0], sums[0]);
    if (e.helping) /* it ends by itself: nothing is left to claim, or `stop` is set */
        pthread_join(e.helper, NULL);
    err = err < 0 ? err : e.err;
    if (err == 0 && filter_overruns(q->filter) > 0)
        err = -LM_E_EXPENSIVE;
    exec_fini(&e);
    return err;
}
