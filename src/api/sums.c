/* SPDX-License-Identifier: MIT
 *
 * sums.c - what records add up to: how many, when, of which values, in which shapes.
 */
#include "api/search.h"

#include "api/tally_json.h"
#include "base/clock.h"
#include "conf/units.h"
#include "record/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { BUCKETS = 60, BUCKETS_MAX = 10000, COARSE = 1000, TOP = 10, TOP_MAX = 1000 };

/* --- how many --- */

struct count_search {
    struct search search; /* first */
    struct query_result result;
};

static int count_nothing_else(const struct record *r, void *ctx)
{
    (void)r;
    (void)ctx;
    return 0;
}

static int count_work(struct search *s)
{
    struct count_search *c = LIST_ITEM(s, struct count_search, search);
    return query_run(&s->query, s->view, count_nothing_else, NULL, &c->result);
}

static void count_reply(struct search *s)
{
    const struct query_result *r = &LIST_ITEM(s, struct count_search, search)->result;

    buf_printf(&s->out, "{\"count\":%" PRIu64 ",\"at_least\":%s}\n", r->total,
               r->at_least ? "true" : "false");
    search_reply_json(s);
}

void logs_count(struct http_req *req, struct api *api)
{
    static const char *const counts[] = {"exact", "capped"};
    struct count_search *c = search_new(req, api, sizeof *c);
    int capped = 0;

    if (!c)
        return;
    struct search *s = &c->search;
    s->query.limit = 0;
    if (!params_choice(req, "count", counts, 2, &capped) || !search_read_range(s)) {
        search_free(s);
        return;
    }
    s->query.count = capped ? QUERY_COUNT_CAPPED : QUERY_COUNT_EXACT;
    search_start(s, count_work, count_reply);
}

/* --- when --- */

struct histogram_search {
    struct search search;    /* first */
    uint64_t want, width_ms; /* buckets at most; 0 ms: choose the width */
    int64_t start_us, width_us;
    uint32_t count;
    uint32_t skip; /* empty ones at the front that nobody asked for */
    bool too_many;
    struct query_bucket *buckets;
};

static struct histogram_search *histogram_of(struct search *s)
{
    return LIST_ITEM(s, struct histogram_search, search);
}

/* The narrowest width that people like with which `span` fits into `want` buckets. */
static int64_t nice_width(int64_t span_us, uint64_t want)
{
    static const int32_t nice_s[] = {1,     2,     5,      10,     15,      30,     60,    120,
                                     300,   600,   900,    1800,   3600,    7200,   10800, 21600,
                                     43200, 86400, 172800, 604800, 1209600, 2592000};
    size_t n = sizeof nice_s / sizeof *nice_s;

    for (size_t i = 0; i < n; i++)
        if (span_us / 1000000 / nice_s[i] + 2 <= (int64_t)want)
            return nice_s[i] * INT64_C(1000000);
    return (span_us / (int64_t)want / 86400000000 + 1) * 86400000000;
}

static int64_t floor_to(int64_t value, int64_t unit)
{
    int64_t rest = value % unit;
    return value - (rest < 0 ? rest + unit : rest);
}

/* Counts into buckets of h->width_us from first to last. */
static int fill_buckets(struct histogram_search *h, int64_t first, int64_t last)
{
    struct search *s = &h->search;

    h->start_us = floor_to(first, h->width_us);
    h->count = 0;
    free(h->buckets);
    h->buckets = NULL;
    h->too_many = (last - h->start_us) / h->width_us >= BUCKETS_MAX;
    if (h->too_many)
        return 0;
    h->count = (uint32_t)((last - h->start_us) / h->width_us) + 1;
    h->buckets = calloc(h->count, sizeof *h->buckets);
    if (!h->buckets)
        return -ENOMEM;
    return query_histogram(&s->query, s->view, h->start_us, h->width_us, h->buckets, h->count);
}

/* Where nobody said which time is meant, it is that of the records which match: a first, coarse
 * count finds it to within a bucket of its own. */
static int narrow(struct histogram_search *h, int64_t *first, int64_t *last)
{
    uint32_t from = 0, end;

    h->width_us = nice_width(*last - *first, COARSE);
    int err = fill_buckets(h, *first, *last);
    if (err < 0)
        return err;
    for (end = h->count; end > 0 && tally_sum(h->buckets[end - 1].levels) == 0;)
        end--;
    while (from < end && tally_sum(h->buckets[from].levels) == 0)
        from++;
    int64_t low = h->start_us + (int64_t)from * h->width_us;
    int64_t high = h->start_us + (int64_t)end * h->width_us - 1;
    if (h->search.query.from_us == INT64_MIN && low > *first)
        *first = low;
    if (h->search.query.to_us == INT64_MAX && high < *last)
        *last = high;
    return 0;
}

static int histogram_work(struct search *s)
{
    struct histogram_search *h = histogram_of(s);
    bool open = s->query.from_us == INT64_MIN || s->query.to_us == INT64_MAX;
    int64_t first, last;
    int err = 0;

    if (!query_time_range(&s->query, s->view, &first, &last))
        return 0;
    if (s->query.from_us != INT64_MIN)
        first = s->query.from_us;
    if (s->query.to_us != INT64_MAX)
        last = s->query.to_us - 1;
    if (last < first)
        return 0;
    if (open)
        err = narrow(h, &first, &last);
    if (err < 0)
        return err;
    if (last < first) { /* nothing matches */
        h->count = 0;
        return 0;
    }
    h->width_us = h->width_ms ? (int64_t)h->width_ms * 1000 : nice_width(last - first, h->want);
    err = fill_buckets(h, first, last);
    /* The coarse count has found the ends to within one of its own buckets only. */
    while (err == 0 && open && h->count && tally_sum(h->buckets[h->count - 1].levels) == 0)
        h->count--;
    while (err == 0 && open && h->skip < h->count && tally_sum(h->buckets[h->skip].levels) == 0)
        h->skip++;
    return err;
}

static void reply_too_many(struct search *s)
{
    http_reply_error(s->req, 400, "bad_parameter", NULL,
                     "that would be more than %d buckets: take a wider bucket or a shorter time",
                     BUCKETS_MAX);
}

static void histogram_reply(struct search *s)
{
    struct histogram_search *h = histogram_of(s);
    uint64_t total = 0;

    if (h->too_many) {
        reply_too_many(s);
        return;
    }
    buf_printf(&s->out, "{\"bucket_ms\":%" PRId64 ",\"buckets\":[", h->width_us / 1000);
    for (uint32_t i = h->skip; i < h->count; i++) {
        if (i > h->skip)
            buf_add_char(&s->out, ',');
        BUF_LIT(&s->out, "{\"time\":");
        tally_add_time(&s->out, h->start_us + (int64_t)i * h->width_us);
        BUF_LIT(&s->out, ",\"count\":");
        uint64_t count = tally_sum(h->buckets[i].levels);
        buf_add_u64(&s->out, count);
        tally_add_levels(&s->out, h->buckets[i].levels);
        buf_add_char(&s->out, '}');
        total += count;
    }
    buf_printf(&s->out, "],\"total\":%" PRIu64 "}\n", total);
    search_reply_json(s);
}

static void histogram_fini(struct search *s)
{
    free(histogram_of(s)->buckets);
}

/* bucket=30s. False: answered. */
static bool read_bucket(struct histogram_search *h)
{
    struct str text = http_query(h->search.req, "bucket");

    if (!text.p || (duration_parse(text, &h->width_ms) && h->width_ms > 0))
        return true;
    http_reply_error(h->search.req, 400, "bad_parameter", NULL,
                     "bucket must be a duration such as 30s, 5m or 1h");
    return false;
}

/* With both ends known, too many buckets are refused before anything is searched. */
static bool buckets_fit(struct histogram_search *h)
{
    const struct query *q = &h->search.query;

    if (!h->width_ms || q->from_us == INT64_MIN || q->to_us == INT64_MAX ||
        q->to_us <= q->from_us ||
        (q->to_us - q->from_us) / ((int64_t)h->width_ms * 1000) < BUCKETS_MAX - 1)
        return true;
    reply_too_many(&h->search);
    return false;
}

void logs_histogram(struct http_req *req, struct api *api)
{
    struct histogram_search *h = search_new(req, api, sizeof *h);

    if (!h)
        return;
    h->search.fini = histogram_fini;
    h->want = BUCKETS;
    if (params_number(req, "buckets", BUCKETS_MAX, &h->want) && read_bucket(h) &&
        search_read_range(&h->search) && buckets_fit(h)) {
        h->want = h->want < 2 ? 2 : h->want;
        search_start(&h->search, histogram_work, histogram_reply);
    } else {
        search_free(&h->search);
    }
}

/* --- of which values, in which shapes --- */

struct top_search {
    struct search search; /* first */
    struct str key;       /* in the request; p NULL: patterns */
    uint64_t limit;
    struct query_tallies sums;
};

static struct top_search *top_of(struct search *s)
{
    return LIST_ITEM(s, struct top_search, search);
}

static int add_tally(const struct query_tally *t, void *ctx)
{
    struct top_search *top = ctx;
    struct buf *out = &top->search.out;

    if (out->n)
        buf_add_char(out, ',');
    BUF_LIT(out, "{");
    tally_add_members(out, top->key.p ? "value" : "pattern", t);
    buf_add_char(out, '}');
    return out->n > SEARCH_ANSWER_MAX ? -LM_E_FULL : buf_error(out);
}

static int top_work(struct search *s)
{
    struct top_search *t = top_of(s);
    uint32_t limit = (uint32_t)t->limit;

    if (t->key.p)
        return query_facets(&s->query, s->view, t->key, limit, add_tally, t, &t->sums);
    return query_patterns(&s->query, s->view, limit, add_tally, t, &t->sums);
}

static void top_reply(struct search *s)
{
    struct top_search *t = top_of(s);
    struct buf list = s->out;

    s->out = (struct buf){0};
    BUF_LIT(&s->out, "{");
    if (t->key.p) {
        BUF_LIT(&s->out, "\"key\":");
        json_add_string(&s->out, t->key);
        BUF_LIT(&s->out, ",\"values\":[");
    } else {
        BUF_LIT(&s->out, "\"patterns\":[");
    }
    buf_add_str(&s->out, buf_str(&list));
    buf_printf(&s->out,
               "],\"records\":%" PRIu64 ",\"with_key\":%" PRIu64 ",\"distinct\":%" PRIu64
               ",\"other\":%" PRIu64 "}\n",
               t->sums.records, t->sums.with_key, t->sums.distinct, t->sums.other);
    s->out.failed |= list.failed;
    buf_fini(&list);
    search_reply_json(s);
}

static struct top_search *new_top(struct http_req *req, struct api *api)
{
    struct top_search *t = search_new(req, api, sizeof *t);

    if (!t)
        return NULL;
    t->limit = TOP;
    if (params_number(req, "limit", TOP_MAX, &t->limit) && search_read_range(&t->search))
        return t;
    search_free(&t->search);
    return NULL;
}

/* A label's name, or a path into fields. */
static bool is_key(struct str key)
{
    if (key.n == 0 || key.n > 128 || str_is(key, "id") || str_is(key, "timestamp") ||
        str_is(key, "message"))
        return false;
    for (size_t i = 0; i < key.n; i++)
        if ((unsigned char)key.p[i] <= ' ')
            return false;
    return true;
}

void logs_facets(struct http_req *req, struct api *api)
{
    struct str key = http_query(req, "key");

    if (!key.p || !is_key(key)) {
        http_reply_error(
            req, 400, "bad_parameter", NULL,
            "say what to count by, as in key=source: level, stream, source, a label, or a "
            "path into fields such as http.status; not id, timestamp or message");
        return;
    }
    struct top_search *t = new_top(req, api);
    if (!t)
        return;
    t->key = key;
    search_start(&t->search, top_work, top_reply);
}

void logs_patterns(struct http_req *req, struct api *api)
{
    struct top_search *t = new_top(req, api);

    if (t)
        search_start(&t->search, top_work, top_reply);
}
