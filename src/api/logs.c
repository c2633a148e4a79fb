/* SPDX-License-Identifier: MIT
 *
 * logs.c - history over REST (docs/http-api.md): lists of records, the neighbours of a record, one
 * record whole.
 */
#include "api/search.h"

#include "api/groups.h"
#include "record/encode.h"

#include <inttypes.h>

enum { LIMIT_MAX = 10000 };

struct list_search {
    struct search search; /* first */
    struct query_result result;
    size_t message_max;
    uint64_t around; /* 0: a list, not neighbours */
    uint64_t before, after;
    int group; /* 1: hits with the traces they belong to */
    uint32_t rows;
};

static struct list_search *list_of(struct search *s)
{
    return LIST_ITEM(s, struct list_search, search);
}

/* In the pool. */
static int add_row(const struct record *r, void *ctx)
{
    struct list_search *l = ctx;
    struct buf *out = &l->search.out;

    if (l->rows > 0)
        buf_add_char(out, ',');
    encode_json(out, r, l->message_max);
    l->rows++;
    if (out->n > SEARCH_ANSWER_MAX)
        return -LM_E_FULL;
    return buf_error(out);
}

static int add_trace(const struct record *hit, void *ctx)
{
    return groups_emit(ctx, hit);
}

static int find_traces(struct search *s)
{
    struct list_search *l = list_of(s);
    struct groups g = {.query = &s->query, .view = s->view, .emit = add_row, .ctx = l};
    int err = query_run(&s->query, s->view, add_trace, &g, &l->result);

    groups_fini(&g);
    return err;
}

static int find_rows(struct search *s)
{
    struct list_search *l = list_of(s);

    return query_run(&s->query, s->view, add_row, l, &l->result);
}

static int find_neighbours(struct search *s)
{
    struct list_search *l = list_of(s);

    l->result.at_least = true;
    return query_context(&s->query, s->view, l->around, (uint32_t)l->before, (uint32_t)l->after + 1,
                         add_row, l, &l->result.emitted);
}

/* --- lists --- */

static void add_total(struct buf *out, const struct list_search *l)
{
    const struct query *q = &l->search.query;

    if (l->around || q->count == QUERY_COUNT_NONE)
        BUF_LIT(out, "null");
    else
        buf_add_u64(out, l->result.total);
    if (q->count == QUERY_COUNT_CAPPED)
        buf_printf(out, ",\"at_least\":%s", l->result.at_least ? "true" : "false");
}

static void reply_list(struct search *s)
{
    struct list_search *l = list_of(s);
    char cursor[CURSOR_MAX];

    hub_cursor(s->api->hub, s->query.max_id, cursor);
    BUF_LIT(&s->out, "],\"pagination\":{\"total\":");
    add_total(&s->out, l);
    buf_printf(&s->out,
               ",\"limit\":%" PRIu32 ",\"offset\":%" PRIu64 ",\"count\":%" PRIu32
               ",\"cursor\":\"%s\"}}\n",
               s->query.limit, s->query.offset, l->rows, cursor);
    search_reply_json(s);
}

static bool read_group(struct list_search *l)
{
    static const char *const words[] = {"0", "1"};
    return params_choice(l->search.req, "group", words, 2, &l->group);
}

static bool read_window(struct search *s)
{
    static const char *const orders[] = {"asc", "desc"}, *const counts[] = {"exact", "none",
                                                                            "capped"};
    uint64_t limit = 100;
    int order = (int)s->query.order, count = QUERY_COUNT_EXACT;

    if (!params_number(s->req, "limit", LIMIT_MAX, &limit) ||
        !params_number(s->req, "offset", UINT32_MAX, &s->query.offset) ||
        !params_choice(s->req, "order", orders, 2, &order) ||
        !params_choice(s->req, "count", counts, 3, &count))
        return false;
    s->query.limit = (uint32_t)limit;
    s->query.order = (enum query_order)order;
    s->query.count = (enum query_count)count;
    return search_read_range(s);
}

/* What would be ignored is refused. False: answered. */
static bool only_neighbours(struct http_req *req)
{
    static const char *const others[] = {"limit", "offset", "order", "count", "group"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!http_query(req, others[i]).p)
            continue;
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "%s does not go with around: say how many with before and after",
                         others[i]);
        return false;
    }
    return true;
}

/* around=<id>&before=&after= */
static bool read_around(struct list_search *l)
{
    struct http_req *req = l->search.req;
    uint64_t id = UINT64_MAX;

    l->before = l->after = 50;
    if (!params_number(req, "around", UINT64_C(1) << 53, &id) ||
        !params_number(req, "before", LIMIT_MAX, &l->before) ||
        !params_number(req, "after", LIMIT_MAX, &l->after))
        return false;
    if (id == UINT64_MAX && (http_query(req, "before").p || http_query(req, "after").p)) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "before and after go with around=<id of a record>");
        return false;
    }
    l->around = id == UINT64_MAX ? 0 : id;
    return l->around == 0 || only_neighbours(req);
}

/* `label`, when not NULL, must have the value of {id} in the path. */
static void list(struct http_req *req, struct api *api, const char *label, enum query_order order)
{
    struct errinfo info;
    struct list_search *l = search_new(req, api, sizeof *l);

    if (!l)
        return;
    if (label && filter_add(l->search.filter, str_from(label), api_param(req, "id"), &info) < 0) {
        search_free(&l->search);
        http_reply_error(req, 400, "bad_parameter", NULL, "%s", info.text);
        return;
    }
    l->message_max = ENCODE_LIVE_MAX;
    BUF_LIT(&l->search.out, "{\"logs\":["); /* rows are written where they stay */
    l->search.query.order = order;
    if (read_window(&l->search) && read_group(l) && read_around(l))
        search_start(&l->search,
                     l->around  ? find_neighbours
                     : l->group ? find_traces
                                : find_rows,
                     reply_list);
    else
        search_free(&l->search);
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
    if (list_of(s)->result.emitted == 0 && s->unread.records > 0) {
        http_reply_error(s->req, 503, "unreadable", NULL,
                         "record %" PRIu64 " cannot be read: a file of the history is damaged",
                         s->query.min_id);
        return;
    }
    if (list_of(s)->result.emitted == 0) {
        http_reply_error(s->req, 404, "no_such_record", NULL,
                         "there is no record %" PRIu64 " (any more)", s->query.min_id);
        return;
    }
    buf_add_char(&s->out, '\n');
    search_reply_json(s);
}

void logs_record(struct http_req *req, struct api *api)
{
    struct list_search *l;
    uint64_t id;

    if (!str_to_u64(api_param(req, "id"), &id)) {
        http_reply_error(req, 400, "bad_parameter", NULL, "the id of a record is a whole number");
        return;
    }
    l = search_new(req, api, sizeof *l);
    if (!l)
        return;
    l->search.query.min_id = l->search.query.max_id = id;
    l->search.query.limit = 1;
    l->search.query.count = QUERY_COUNT_NONE;
    l->message_max = SIZE_MAX;
    search_start(&l->search, find_rows, reply_record);
}
