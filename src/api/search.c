/* SPDX-License-Identifier: MIT
 *
 * search.c - the way of a question to the pool and back.
 */
#include "api/search.h"
#include "api/tally_json.h"

#include <errno.h>
#include <stdlib.h>

void search_free(struct search *s)
{
    if (!s)
        return;
    if (s->fini)
        s->fini(s);
    running_remove(&s->running);
    s->api->questions -= s->counted;
    store_view_drop(s->api->store, s->view);
    params_filter_free(s->filter);
    buf_fini(&s->out);
    free(s);
}

void *search_new(struct http_req *req, struct api *api, size_t size)
{
    return search_new_own(req, api, size, api_params(req));
}

void *search_new_own(struct http_req *req, struct api *api, size_t size, const char *const *own)
{
    struct filter *filter = params_filter(req, own);
    struct search *s = filter ? calloc(1, size) : NULL;

    if (!filter)
        return NULL;
    if (!s) {
        params_filter_free(filter);
        search_reply_failure(req, -ENOMEM);
        return NULL;
    }
    s->req = req;
    s->api = api;
    s->filter = filter;
    query_init(&s->query, filter);
    s->query.max_id = hub_last_id(api->hub);
    s->query.cancel = &s->cancel;
    s->query.progress = &s->progress;
    return s;
}

bool search_read_range(struct search *s)
{
    struct str text = http_query(s->req, "cursor");
    uint64_t last = hub_last_id(s->api->hub);
    bool foreign;

    if (!params_range(s->req, &s->query.from_us, &s->query.to_us))
        return false;
    if (!text.p)
        return true;
    if (!hub_cursor_parse(s->api->hub, text, &s->query.max_id, &foreign) || foreign) {
        http_reply_error(s->req, 400, "bad_parameter", NULL,
                         "cursor must be the one of an earlier answer of this store");
        return false;
    }
    if (s->query.max_id > last) /* a bare number of the future would not be a snapshot */
        s->query.max_id = last;
    return true;
}

void search_reply_failure(struct http_req *req, int err)
{
    if (err == -LM_E_FULL)
        http_reply_error(req, 413, "answer_too_large", NULL,
                         "the answer would be larger than 64 MiB: ask for a smaller limit");
    else if (err == -LM_E_EXPENSIVE)
        http_reply_error(
            req, 400, "filter_too_expensive", NULL,
            "the regular expression takes too long: make it simpler, narrow the search, "
            "or add a word that must be there");
    else if (err == -ECANCELED)
        http_reply_error(req, 503, "cancelled", NULL, "the query was cancelled");
    else if (err == -ENOMEM)
        http_reply_error(req, 503, "no_memory", NULL, "the hub is short of memory; try again");
    else
        http_reply_error(req, 503, "query_failed", NULL, "the query failed: %s", err_text(err));
}

void search_reply_json(struct search *s)
{
    tally_add_unread(&s->out, &s->unread);
    if (buf_error(&s->out) < 0)
        search_reply_failure(s->req, -ENOMEM);
    else
        http_reply_buf(s->req, 200, "application/json", &s->out);
}

static void work_in_pool(struct job *job)
{
    struct search *s = LIST_ITEM(job, struct search, job);

    s->err = s->work(s);
}

static void done(struct job *job)
{
    struct search *s = LIST_ITEM(job, struct search, job);

    store_view_unread(s->view, &s->unread);
    store_view_drop(s->api->store, s->view);
    s->view = NULL;
    if (s->err < 0)
        search_reply_failure(s->req, s->err);
    else
        s->reply(s);
    search_free(s);
}

static void client_gone(struct http_req *req)
{
    struct search *s = req->ctx;
    atomic_store(&s->cancel, true);
}

/* False: answered, and freed. */
static bool take_place(struct search *s)
{
    struct api *api = s->api;

    if (api->questions < api->settings->queries_max) {
        api->questions++;
        s->counted = true;
        return true;
    }
    http_add_header(s->req, "Retry-After", "5");
    http_reply_error(
        s->req, 503, "busy", NULL,
        "%u questions are being worked on or wait, as many as queries_max allows: come again",
        api->questions);
    search_free(s);
    return false;
}

void search_start(struct search *s, int (*work)(struct search *), void (*reply)(struct search *))
{
    struct http_req *req = s->req;
    int err;

    if (!take_place(s))
        return;
    s->work = work;
    s->reply = reply;
    if (!s->view)
        s->view = store_view_take(s->api->store, s->query.min_id);
    enum job_kind kind = s->filter->costly ? JOB_COSTLY : JOB_SHORT;
    err = s->view ? job_ask(s->api->loop, &s->job, kind, work_in_pool, done) : -ENOMEM;
    if (err < 0) {
        search_reply_failure(req, err);
        search_free(s);
        return;
    }
    s->running.progress = &s->progress;
    s->running.cancel = &s->cancel;
    running_add(&s->api->running, &s->running, req);
    req->ctx = s;
    http_hold(req, client_gone);
}
