/* SPDX-License-Identifier: MIT
 *
 * logs.c - history over REST (SPEC 5): lists of records, and one record whole.
 *
 * A query runs in the thread pool over a snapshot; the loop only starts it and sends its answer. If
 * the client leaves, the query stops at the next frame.
 */
#include "api/dispatch.h"
#include "api/params.h"
#include "record/encode.h"
#include "store/query.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { LIMIT_MAX = 10000 };
#define ANSWER_MAX (64u * 1024 * 1024)

struct search {
    struct job job;
    struct http_req *req;
    struct api *api;
    struct store_view *view;
    struct filter *filter;
    struct query query;
    struct query_result result;
    struct buf rows;
    size_t message_max;
    atomic_bool cancel;
    int err;
    void (*reply)(struct search *s);
};

static void free_search(struct search *s)
{
    if (!s)
        return;
    store_view_drop(s->api->store, s->view);
    params_filter_free(s->filter);
    buf_fini(&s->rows);
    free(s);
}

/* In the pool. */
static int add_row(const struct record *r, void *ctx)
{
    struct search *s = ctx;

    if (s->rows.n)
        buf_add_char(&s->rows, ',');
    encode_json(&s->rows, r, s->message_max);
    if (s->rows.n > ANSWER_MAX)
        return -LM_E_FULL;
    return buf_error(&s->rows);
}

static void search_work(struct job *job)
{
    struct search *s = LIST_ITEM(job, struct search, job);
    s->err = query_run(&s->query, s->view, add_row, s, &s->result);
}

static void reply_failure(struct search *s)
{
    if (s->err == -LM_E_FULL)
        http_reply_error(s->req, 413, "answer_too_large", NULL,
                         "the answer would be larger than 64 MiB: ask for a smaller limit");
    else if (s->err == -LM_E_EXPENSIVE)
        http_reply_error(
            s->req, 400, "filter_too_expensive", NULL,
            "the regular expression takes too long: make it simpler, narrow the search, "
            "or add a word that must be there");
    else
        http_reply_error(s->req, 503, "query_failed", NULL, "the query failed: %s",
                         err_text(s->err));
}

static void search_done(struct job *job)
{
    struct search *s = LIST_ITEM(job, struct search, job);

    if (s->err < 0)
        reply_failure(s);
    else
        s->reply(s);
    free_search(s);
}

static void client_gone(struct http_req *req)
{
    struct search *s = req->ctx;
    atomic_store(&s->cancel, true);
}

static struct search *new_search(struct http_req *req, struct api *api, struct filter *filter)
{
    struct search *s = calloc(1, sizeof *s);

    if (!s) {
        params_filter_free(filter);
        http_reply_error(req, 503, "no_memory", NULL, "the hub is short of memory; try again");
        return NULL;
    }
    s->req = req;
    s->api = api;
    s->filter = filter;
    s->message_max = ENCODE_LIVE_MAX;
    query_init(&s->query, filter);
    s->query.cancel = &s->cancel;
    return s;
}

/* Takes ownership of s. */
static void start_search(struct search *s, void (*reply)(struct search *))
{
    struct http_req *req = s->req;
    int err;

    s->reply = reply;
    s->view = store_view_take(s->api->store, s->query.min_id);
    err = s->view ? job_start(s->api->loop, &s->job, search_work, search_done) : -ENOMEM;
    if (err < 0) {
        s->err = err;
        reply_failure(s);
        free_search(s);
        return;
    }
    req->ctx = s;
    http_hold(req, client_gone);
}

/* --- lists --- */

static void reply_list(struct search *s)
{
    struct buf out = {0};
    char cursor[CURSOR_MAX];
    const struct query *q = &s->query;

    hub_cursor(s->api->hub, q->max_id, cursor);
    BUF_LIT(&out, "{\"logs\":[");
    buf_add_str(&out, buf_str(&s->rows));
    BUF_LIT(&out, "],\"pagination\":{\"total\":");
    if (q->count == QUERY_COUNT_EXACT)
        buf_add_u64(&out, s->result.total);
    else
        BUF_LIT(&out, "null");
    buf_printf(&out,
               ",\"limit\":%" PRIu32 ",\"offset\":%" PRIu64 ",\"count\":%" PRIu32
               ",\"cursor\":\"%s\"}}\n",
               q->limit, q->offset, s->result.emitted, cursor);
    if (buf_error(&out) < 0)
        http_reply_error(s->req, 503, "no_memory", NULL,
                         "the hub is short of memory; ask for a smaller limit");
    else
        http_reply(s->req, 200, "application/json", buf_str(&out));
    buf_fini(&out);
}

/* The snapshot that `cursor` names: nothing newer is seen, so pages do not shift. False: answered. */
static bool read_snapshot(struct search *s)
{
    struct str text = http_query(s->req, "cursor");
    uint64_t last = hub_last_id(s->api->hub);
    bool foreign;

    s->query.max_id = last;
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

static bool read_window(struct search *s)
{
    static const char *const orders[] = {"asc", "desc"}, *const counts[] = {"exact", "none"};
    uint64_t limit = 100;
    int order = (int)s->query.order, count = QUERY_COUNT_EXACT;

    if (!params_number(s->req, "limit", LIMIT_MAX, &limit) ||
        !params_number(s->req, "offset", UINT32_MAX, &s->query.offset) ||
        !params_time(s->req, "from", &s->query.from_us) ||
        !params_time(s->req, "to", &s->query.to_us) ||
        !params_choice(s->req, "order", orders, 2, &order) ||
        !params_choice(s->req, "count", counts, 2, &count))
        return false;
    s->query.limit = (uint32_t)limit;
    s->query.order = (enum query_order)order;
    s->query.count = (enum query_count)count;
    return read_snapshot(s);
}

/* `label`, when not NULL, must have the value of {id} in the path. */
static void list(struct http_req *req, struct api *api, const char *label, enum query_order order)
{
    static const char *const own[] = {"limit", "offset", "from",   "to",
                                      "order", "count",  "cursor", NULL};
    struct errinfo info;
    struct filter *f = params_filter(req, own);

    if (!f)
        return;
    if (label && filter_add(f, str_from(label), api_param(req, "id"), &info) < 0) {
        params_filter_free(f);
        http_reply_error(req, 400, "bad_parameter", NULL, "%s", info.text);
        return;
    }
    struct search *s = new_search(req, api, f);
    if (!s)
        return;
    s->query.order = order;
    if (read_window(s))
        start_search(s, reply_list);
    else
        free_search(s);
}

void logs_search(struct http_req *req, struct api *api)
{
    list(req, api, NULL, QUERY_NEWEST_FIRST);
}

void logs_job_run(struct http_req *req, struct api *api)
{
    list(req, api, "job_run_id", QUERY_OLDEST_FIRST);
}

void logs_task_run(struct http_req *req, struct api *api)
{
    list(req, api, "task_run_id", QUERY_OLDEST_FIRST);
}

/* --- one record --- */

static void reply_record(struct search *s)
{
    if (s->result.emitted == 0) {
        http_reply_error(s->req, 404, "no_such_record", NULL,
                         "there is no record %" PRIu64 " (any more)", s->query.min_id);
        return;
    }
    buf_add_char(&s->rows, '\n');
    http_reply(s->req, 200, "application/json", buf_str(&s->rows));
}

void logs_record(struct http_req *req, struct api *api)
{
    static const char *const own[] = {NULL};
    uint64_t id;

    if (!str_to_u64(api_param(req, "id"), &id)) {
        http_reply_error(req, 400, "bad_parameter", NULL, "the id of a record is a whole number");
        return;
    }
    struct filter *f = params_filter(req, own);
    struct search *s = f ? new_search(req, api, f) : NULL;
    if (!s)
        return;
    s->query.min_id = s->query.max_id = id;
    s->query.limit = 1;
    s->query.count = QUERY_COUNT_NONE;
    s->message_max = SIZE_MAX;
    start_search(s, reply_record);
}
