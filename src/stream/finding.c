/* SPDX-License-Identifier: MIT
 *
 * finding.c - where a subscriber begins that asked for its newest records only.
 *
 * tail=N begins at the Nth newest record that matches; a resume over more than `resume_limit`
 * begins at the newest so many, and what lies before them is told as a gap. One query in the pool
 * finds the id; then a replay starts there.
 *
 * Ownership: a finding outlives its subscriber, which then is NULL, and keeps its feed's filter alive.
 */
#include "store/query.h"
#include "stream/fanout_impl.h"

#include <errno.h>
#include <stdlib.h>

struct finding {
    struct job job;
    struct sub *sub; /* NULL: the subscriber has left */
    struct fanout *fanout;
    struct store_view *view;
    struct query query;
    struct feed *feed; /* whose filter the query uses */
    uint64_t first;    /* the smallest id found */
    uint64_t second;   /* the next larger one */
    bool overflows,
        resumes; /* the last of `limit` only tells that there is more than may be sent */
    atomic_bool cancel;
    int err;
};

static int note_id(const struct record *r, void *ctx)
{
    struct finding *f = ctx;
    f->second = f->first;
    f->first = r->id;
    return 0;
}

static void find_work(struct job *job)
{
    struct finding *f = LIST_ITEM(job, struct finding, job);
    struct query_result result = {0};

    f->err = query_run(&f->query, f->view, note_id, f, &result);
    f->overflows = f->resumes && result.emitted == f->query.limit;
}

static void begin_where_found(struct sub *sub, const struct finding *f)
{
    if (!f->resumes) {
        sub_start_replay(sub, f->first ? f->first : f->query.max_id + 1);
        return;
    }
    if (f->overflows)
        sub_say_gap(sub, GAP_RESUME_LIMIT, f->query.min_id - 1, f->second);
    sub_start_replay(sub, f->overflows ? f->second : f->query.min_id);
}

static void find_done(struct job *job)
{
    struct finding *f = LIST_ITEM(job, struct finding, job);
    struct fanout *s = f->fanout;

    store_view_drop(s->opts.store, f->view);
    if (f->sub) {
        f->sub->finding = NULL;
        if (f->err == -LM_E_EXPENSIVE)
            sub_refuse(f->sub);
        else if (f->err < 0)
            sub_cut(f->sub);
        else
            begin_where_found(f->sub, f);
    }
    fanout_leave_feed(s, f->feed);
    free(f);
}

static int find(struct sub *sub, uint64_t min_id, uint32_t n, bool resumes)
{
    struct fanout *s = sub->fanout;
    struct finding *f = calloc(1, sizeof *f);

    if (!f)
        return -ENOMEM;
    f->sub = sub;
    f->fanout = s;
    f->feed = sub->feed;
    query_init(&f->query, sub->feed->filter);
    f->resumes = resumes;
    f->query.min_id = min_id;
    f->query.max_id = hub_last_id(s->opts.hub);
    f->query.order = QUERY_NEWEST_FIRST;
    f->query.count = QUERY_COUNT_NONE;
    f->query.limit = n;
    f->query.cancel = &f->cancel;
    f->view = store_view_take(s->opts.store, min_id);
    enum job_kind kind = f->feed->filter->costly ? JOB_COSTLY : JOB_SHORT;
    int err = f->view ? job_ask(s->opts.loop, &f->job, kind, find_work, find_done) : -ENOMEM;
    if (err < 0) {
        store_view_drop(s->opts.store, f->view);
        free(f);
        return err;
    }
    f->feed->subs++; /* keeps the filter alive while the pool reads it */
    sub->finding = f;
    sub->state = SUB_FINDING;
    return 0;
}

int sub_find_tail(struct sub *sub, uint32_t n)
{
    return find(sub, 0, n, false);
}

int sub_find_resume(struct sub *sub, uint64_t after, uint32_t n)
{
    return find(sub, after + 1, n + 1, true);
}

void sub_forget_finding(struct sub *sub)
{
    if (!sub->finding)
        return;
    sub->finding->sub = NULL;
    atomic_store(&sub->finding->cancel, true);
    sub->finding = NULL;
}
