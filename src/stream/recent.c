/* SPDX-License-Identifier: MIT
 *
 * recent.c - one search after the other. Rows are found newest first and turned round at the end.
 */
#include "stream/recent.h"

#include "record/encode.h"
#include "store/query.h"
#include "stream/fold.h"

#include <errno.h>
#include <stdlib.h>

struct recent_search {
    struct job job;
    struct recent *owner; /* NULL: nobody waits any more */
    struct fanout *fanout;
    struct recent_request *request;
    struct store_view *view;
    struct query query;
    struct buf rows, row;
    size_t *starts; /* of each row */
    uint32_t count;
    atomic_bool cancel;
    int err;
};

static void free_request(struct recent_request *r)
{
    if (r->filter)
        filter_fini(r->filter);
    free(r->filter);
    json_decref(r->id);
    free(r);
}

static void start_next(struct recent *r);

/* In the pool. */
static int add_row(const struct record *r, void *ctx)
{
    struct recent_search *s = ctx;

    buf_clear(&s->row);
    encode_json(&s->row, r, ENCODE_LIVE_MAX);
    if (buf_error(&s->row) < 0)
        return -ENOMEM;
    if (s->request->basic_levels)
        level_fold(&s->row, r->level);
    s->starts[s->count++] = s->rows.n;
    buf_add_str(&s->rows, buf_str(&s->row));
    return s->rows.n > RECENT_BYTES_MAX ? -LM_E_FULL : buf_error(&s->rows);
}

/* Oldest first, with commas. */
static int turn_round(struct recent_search *s)
{
    struct buf out = {0};
    size_t end = s->rows.n;

    for (uint32_t i = s->count; i-- > 0; end = s->starts[i]) {
        if (out.n)
            buf_add_char(&out, ',');
        buf_add(&out, s->rows.p + s->starts[i], end - s->starts[i]);
    }
    buf_fini(&s->rows);
    s->rows = out;
    return buf_error(&out);
}

static void search_work(struct job *job)
{
    struct recent_search *s = LIST_ITEM(job, struct recent_search, job);
    struct query_result result;

    s->err = query_run(&s->query, s->view, add_row, s, &result);
    if (s->err == 0)
        s->err = turn_round(s);
}

static void free_search(struct recent_search *s)
{
    store_view_drop(fanout_store(s->fanout), s->view);
    free_request(s->request);
    buf_fini(&s->rows);
    buf_fini(&s->row);
    free(s->starts);
    free(s);
}

static void search_done(struct job *job)
{
    struct recent_search *s = LIST_ITEM(job, struct recent_search, job);
    struct recent *owner = s->owner;

    if (owner)
        owner->answer(s->request, buf_str(&s->rows), s->err, owner->who);
    if (s->owner) { /* the answer may have ended it */
        owner->search = NULL;
        start_next(owner);
    }
    free_search(s);
}

static int start_search(struct recent *r, struct recent_request *request)
{
    struct recent_search *s = calloc(1, sizeof *s);
    const struct hub *hub = fanout_hub(r->fanout);
    uint64_t last = hub_last_id(hub);

    if (!s)
        return -ENOMEM;
    s->owner = r;
    s->fanout = r->fanout;
    s->request = request;
    query_init(&s->query, request->filter);
    s->query.min_id = request->after + 1;
    s->query.max_id = request->before && request->before <= last ? request->before - 1 : last;
    s->query.order = QUERY_NEWEST_FIRST;
    s->query.count = QUERY_COUNT_NONE;
    s->query.limit = request->limit;
    s->query.cancel = &s->cancel;
    s->starts = malloc((request->limit + 1) * sizeof *s->starts);
    s->view = s->starts ? store_view_take(fanout_store(r->fanout), s->query.min_id) : NULL;
    enum job_kind kind = request->filter->costly ? JOB_COSTLY : JOB_SHORT;
    int err = s->view ? job_ask(fanout_loop(r->fanout), &s->job, kind, search_work, search_done)
                      : -ENOMEM;
    if (err < 0) {
        store_view_drop(fanout_store(r->fanout), s->view);
        free(s->starts);
        free(s);
        return err;
    }
    r->search = s;
    return 0;
}

/* Each request is answered, if only with an error. */
static void start_next(struct recent *r)
{
    while (!r->search && !list_empty(&r->waiting)) {
        struct recent_request *request = LIST_ITEM(r->waiting.next, struct recent_request, link);
        list_remove(&request->link);
        r->count--;
        int err = start_search(r, request);
        if (err < 0) {
            r->answer(request, STR_NONE, err, r->who);
            free_request(request);
        }
    }
}

void recent_init(struct recent *r, struct fanout *s, recent_answer_fn *answer, void *who)
{
    *r = (struct recent){.fanout = s, .answer = answer, .who = who};
    list_init(&r->waiting);
}

int recent_ask(struct recent *r, struct ask *a, bool basic_levels, uint64_t tag)
{
    struct recent_request *request =
        r->count < RECENT_WAITING_MAX ? calloc(1, sizeof *request) : NULL;

    if (!request)
        return -LM_E_FULL;
    request->filter = ask_take_filter(a);
    request->before = a->before;
    request->after = a->after;
    request->limit = a->limit;
    request->basic_levels = basic_levels;
    memcpy(request->name, a->name, sizeof request->name);
    request->id = json_incref(a->id);
    request->tag = tag;
    list_push(&r->waiting, &request->link);
    r->count++;
    start_next(r);
    return 0;
}

void recent_fini(struct recent *r)
{
    if (r->search) {
        r->search->owner = NULL;
        atomic_store(&r->search->cancel, true);
        r->search = NULL;
    }
    LIST_FOR_EACH_SAFE (link, &r->waiting)
        free_request(LIST_ITEM(link, struct recent_request, link));
    list_init(&r->waiting);
    r->count = 0;
}
