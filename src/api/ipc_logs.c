/* SPDX-License-Identifier: MIT
 *
 * ipc_logs.c - logs:get, search, count, popular: questions to the store, answered once.
 */
#include "api/ipc_impl.h"
#include "api/tally_json.h"

#include "record/encode.h"

#include <errno.h>
#include <inttypes.h>

enum { LIMIT_MAX = 10000, GET_LIMIT = 1000, SEARCH_LIMIT = 100, TOP_LIMIT = 10, TOP_MAX = 1000 };
#define ANSWER_MAX ((size_t)15 * 1024 * 1024)

/* The answer says which records it goes without. */
static void reply(struct question *q, struct buf *out)
{
    struct store_unread unread;

    store_view_unread(q->view, &unread);
    tally_add_unread(out, &unread);
    ipc_reply(q->call, out);
}

static void set_window(struct ipc_args *a, uint64_t otherwise, uint64_t most)
{
    if (a->limit == UINT64_MAX)
        a->limit = otherwise;
    a->query.limit = (uint32_t)(a->limit < most ? a->limit : most);
    a->query.offset = a->offset;
}

/* --- lists --- */

/* Rows as they come; those of logs:get come newest first and are told oldest first. */
struct list_question {
    struct question question; /* first */
    bool turn;
    struct buf starts; /* size_t: where each row begins */
};

static int add_row(const struct record *r, void *ctx)
{
    struct list_question *l = ctx;
    struct buf *out = &l->question.out;
    size_t start = out->n;

    encode_json(out, r, ENCODE_LIVE_MAX);
    buf_add(&l->starts, &start, sizeof start);
    if (out->n > ANSWER_MAX)
        return -LM_E_FULL;
    return l->starts.failed ? -ENOMEM : buf_error(out);
}

static int find_rows(struct question *q)
{
    return query_run(&q->query, q->view, add_row, q, &q->result);
}

static void add_rows(struct buf *out, const struct list_question *l)
{
    const struct buf *rows = &l->question.out;
    size_t count = l->starts.n / sizeof(size_t);

    for (size_t i = 0; i < count; i++) {
        size_t at = l->turn ? count - 1 - i : i, start, end = rows->n;
        memcpy(&start, l->starts.p + at * sizeof start, sizeof start);
        if (at + 1 < count)
            memcpy(&end, l->starts.p + (at + 1) * sizeof end, sizeof end);
        if (i)
            buf_add_char(out, ',');
        buf_add(out, rows->p + start, end - start);
    }
}

static void reply_rows(struct question *q)
{
    struct list_question *l = LIST_ITEM(q, struct list_question, question);
    struct buf out = {0};
    char cursor[CURSOR_MAX];

    hub_cursor(q->ipc->api->hub, q->query.max_id, cursor);
    BUF_LIT(&out, "{\"logs\":[");
    add_rows(&out, l);
    BUF_LIT(&out, "],\"pagination\":{\"total\":");
    if (q->query.count == QUERY_COUNT_NONE)
        BUF_LIT(&out, "null");
    else
        buf_add_u64(&out, q->result.total);
    buf_printf(&out,
               ",\"limit\":%" PRIu32 ",\"offset\":%" PRIu64 ",\"count\":%" PRIu32
               ",\"cursor\":\"%s\"}}",
               q->query.limit, q->query.offset, q->result.emitted, cursor);
    reply(q, &out);
    buf_fini(&out);
}

static void free_starts(struct question *q)
{
    buf_fini(&LIST_ITEM(q, struct list_question, question)->starts);
}

static void list(struct lm_call call, struct ipc *ipc, struct ipc_args *a, bool turn)
{
    struct list_question *l = question_new(call, ipc, a, sizeof *l);

    if (!l)
        return;
    l->turn = turn;
    l->question.fini = free_starts;
    question_start(&l->question, find_rows, reply_rows);
}

/* The newest ones, told oldest first. */
static void logs_get(struct lm_call call, void *ctx)
{
    static const char *const own[] = {"limit", "from", "to", "cursor", NULL};
    struct ipc_args a;

    if (!ipc_args_read(call, ctx, own, &a))
        return;
    set_window(&a, GET_LIMIT, LIMIT_MAX);
    a.query.order = QUERY_NEWEST_FIRST;
    a.query.count = QUERY_COUNT_NONE;
    list(call, ctx, &a, true);
}

static void logs_search(struct lm_call call, void *ctx)
{
    static const char *const own[] = {"limit", "offset", "order",  "count",
                                      "from",  "to",     "cursor", NULL};
    struct ipc *ipc = ctx;
    struct ipc_args a;
    bool asc;

    if (!ipc_args_read(call, ipc, own, &a))
        return;
    struct lm_str order = lm_json_get(lm_call_args(call), "order");
    asc = order.n == 5 && memcmp(order.p, "\"asc\"", 5) == 0;
    a.query.order = asc ? QUERY_OLDEST_FIRST : QUERY_NEWEST_FIRST;
    set_window(&a, SEARCH_LIMIT, LIMIT_MAX);
    list(call, ipc, &a, false);
}

/* --- sums --- */

static int nothing_else(const struct record *r, void *ctx)
{
    (void)r;
    (void)ctx;
    return 0;
}

static int count_rows(struct question *q)
{
    return query_run(&q->query, q->view, nothing_else, NULL, &q->result);
}

static void reply_count(struct question *q)
{
    buf_printf(&q->out, "{\"count\":%" PRIu64 ",\"at_least\":%s}", q->result.total,
               q->result.at_least ? "true" : "false");
    reply(q, &q->out);
}

static void logs_count(struct lm_call call, void *ctx)
{
    static const char *const own[] = {"count", "from", "to", "cursor", NULL};
    struct question *q;
    struct ipc_args a;

    if (!ipc_args_read(call, ctx, own, &a))
        return;
    a.query.limit = 0;
    q = question_new(call, ctx, &a, sizeof *q);
    if (q)
        question_start(q, count_rows, reply_count);
}

struct top_question {
    struct question question; /* first */
    struct query_tallies sums;
};

static int add_tally(const struct query_tally *t, void *ctx)
{
    struct buf *out = ctx;

    buf_add_char(out, out->n ? ',' : ' ');
    buf_add_char(out, '{');
    tally_add_members(out, "pattern", t);
    buf_add_char(out, '}');
    return buf_error(out);
}

static int find_top(struct question *q)
{
    struct top_question *t = LIST_ITEM(q, struct top_question, question);

    return query_patterns(&q->query, q->view, q->query.limit, add_tally, &q->out, &t->sums);
}

static void reply_top(struct question *q)
{
    const struct top_question *t = LIST_ITEM(q, struct top_question, question);
    struct buf out = {0};

    BUF_LIT(&out, "{\"patterns\":[");
    buf_add_str(&out, buf_str(&q->out));
    buf_printf(&out, "],\"records\":%" PRIu64 ",\"distinct\":%" PRIu64 ",\"other\":%" PRIu64 "}",
               t->sums.records, t->sums.distinct, t->sums.other);
    reply(q, &out);
    buf_fini(&out);
}

static void logs_popular(struct lm_call call, void *ctx)
{
    static const char *const own[] = {"limit", "from", "to", "cursor", NULL};
    struct top_question *t;
    struct ipc_args a;

    if (!ipc_args_read(call, ctx, own, &a))
        return;
    set_window(&a, TOP_LIMIT, TOP_MAX);
    t = question_new(call, ctx, &a, sizeof *t);
    if (t)
        question_start(&t->question, find_top, reply_top);
}

/* --- registration --- */

#define FILTER_SCHEMA "{\"type\":[\"object\",\"null\"]}"

int ipc_register_logs(struct ipc *ipc)
{
    static const struct {
        const char *channel;
        lm_call_fn *call;
    } table[] = {{"logs:get", logs_get},
                 {"logs:search", logs_search},
                 {"logs:count", logs_count},
                 {"logs:popular", logs_popular}};
    int err = 0;

    for (size_t i = 0; err == 0 && i < sizeof table / sizeof *table; i++)
        err = ipc_register(ipc, table[i].channel,
                           &(struct lm_handler){.call = table[i].call,
                                                .cancelled = question_cancel,
                                                .schema = FILTER_SCHEMA,
                                                .timeout_ms = 60000,
                                                .access = LM_ACCESS_READ});
    return err;
}
