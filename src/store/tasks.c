/* SPDX-License-Identifier: MIT
 *
 * tasks.c - work on the chunks that are there, one piece at a time and never beside sealing.
 */
#include "store/store_impl.h"

static void work(struct job *job)
{
    struct store_task *t = LIST_ITEM(job, struct store_task, job);
    t->work(t);
}

static void done(struct job *job)
{
    struct store_task *t = LIST_ITEM(job, struct store_task, job);
    struct store *s = t->store;

    s->task = NULL;
    t->done(t);
    sealing_wake(s);
    tasks_wake(s);
}

/* May it begin? Holes are punched only when nobody looks at what is in them any more. */
static bool may_begin(const struct store *s, const struct store_task *t)
{
    const struct store_own_view *oldest =
        list_empty(&s->view_list) ? NULL
                                  : LIST_ITEM(s->view_list.next, struct store_own_view, link);

    return !t->frees || (s->pins == 0 && (!oldest || oldest->generation >= t->generation));
}

void tasks_wake(struct store *s)
{
    LIST_FOR_EACH_SAFE (link, &s->tasks) {
        struct store_task *t = LIST_ITEM(link, struct store_task, link);
        if (s->task || s->sealing.busy)
            return;
        if (!may_begin(s, t))
            continue;
        list_remove(link);
        if (t->begin && !t->begin(t)) {
            t->done(t); /* may have changed the list */
            tasks_wake(s);
            return;
        }
        if (job_start(s->opts.loop, &t->job, work, done) == 0)
            s->task = t;
        else
            t->done(t);
    }
}

void task_add(struct store *s, struct store_task *t)
{
    t->store = s;
    t->generation = s->generation;
    list_push(&s->tasks, &t->link);
    tasks_wake(s);
}
