/* SPDX-License-Identifier: MIT
 *
 * query_test.c - a query and a naive look at every record agree, forwards and backwards, in every
 * window.
 */
#include "store/query.h"

#include "store/two_views_test.h"

enum { RECORDS = 6000, WINDOW_MAX = 300 };

static uint64_t ids[RECORDS]; /* what is stored, in order */

/* Three files, batches of all sizes, a frame without records here and there, one jump of the
 * ids. */
static int group_setup(void **state)
{
    uint64_t id = 1;
    uint32_t n = 0;

    (void)state;
    row_init(&row);
    row.opts.max_bytes = 8 * (uint64_t)JOURNAL_FILE_SIZE;
    row_open(&row);
    while (n < RECORDS) {
        uint32_t count = row_below(&row, 5) ? row_below(&row, 40) : 0;
        count = count > RECORDS - n ? RECORDS - n : count;
        if (n > RECORDS / 2 && id < 100000)
            id = 100000;
        row_fill(&row, &(struct origin){.kind = ORIGIN_FILE}, id, count);
        assert_int_equal(journal_append(row.journal, &row.batch), 0);
        for (uint32_t i = 0; i < count; i++)
            ids[n++] = id++;
        row_settle(&row);
    }
    two_views_open();
    assert_true(journal_view_files(raw.journal) >= 3);
    return 0;
}

/* --- the naive way --- */

struct window {
    uint64_t ids[RECORDS];
    uint32_t n;
    uint64_t total;
    uint32_t stop_after; /* 0: never */
};

static struct window expected, got;

static bool wanted(const struct query *q, uint64_t id)
{
    struct record r = row_record(&row, id);

    return id >= q->min_id && id <= q->max_id && r.time_us >= q->from_us && r.time_us < q->to_us &&
           filter_match(q->filter, &r);
}

static void ask_naively(const struct query *q, struct window *w)
{
    *w = (struct window){0};
    for (uint32_t i = 0; i < RECORDS; i++) {
        uint64_t id = ids[q->order == QUERY_OLDEST_FIRST ? i : RECORDS - 1 - i];
        if (!wanted(q, id))
            continue;
        if (w->total >= q->offset && w->n < q->limit)
            w->ids[w->n++] = id;
        w->total++;
    }
}

static int emit(const struct record *r, void *ctx)
{
    struct window *w = ctx;

    row_check_record(&row, r);
    w->ids[w->n++] = r->id;
    return w->n == w->stop_after ? 77 : 0;
}

static void assert_same(const struct query *q)
{
    struct query_result result;

    ask_naively(q, &expected);
    got = (struct window){0};
    assert_int_equal(query_run(q, view, emit, &got, &result), 0);
    assert_int_equal(result.emitted, expected.n);
    assert_int_equal(got.n, expected.n);
    assert_memory_equal(got.ids, expected.ids, got.n * sizeof got.ids[0]);
    if (q->count == QUERY_COUNT_EXACT)
        assert_int_equal(result.total, expected.total);
    else
        assert_true(result.total >= got.n && result.total <= expected.total);
}

/* --- tests --- */

static void add(struct filter *f, const char *name, const char *value)
{
    struct errinfo info;
    assert_int_equal(filter_add(f, str_from(name), str_from(value), &info), 0);
}

static void random_filter(struct filter *f)
{
    static const char *const jobs[] = {"b", "c", "d", "z"};
    static const char *const levels[] = {"debug", "info", "warn", "error", "fatal"};
    static const char *const streams[] = {"stdout", "stderr", "system"};
    char text[3] = {(char)(' ' + row_below(&row, 90)), (char)(' ' + row_below(&row, 90)), '\0'};

    filter_init(f);
    if (row_below(&row, 3) == 0)
        add(f, "job_run_id", jobs[row_below(&row, 4)]);
    if (row_below(&row, 3) == 0)
        add(f, "level", levels[row_below(&row, 5)]);
    if (row_below(&row, 4) == 0)
        add(f, "stream", streams[row_below(&row, 3)]);
    if (row_below(&row, 4) == 0)
        add(f, "search", text);
    if (row_below(&row, 8) == 0)
        add(f, "source", row_below(&row, 4) ? "web" : "other");
}

static uint64_t random_id(void)
{
    return ids[row_below(&row, RECORDS)] + row_below(&row, 3) - 1;
}

static void random_query(struct query *q, struct filter *f)
{
    random_filter(f);
    query_init(q, f);
    if (row_below(&row, 2))
        q->min_id = random_id();
    if (row_below(&row, 2))
        q->max_id = random_id();
    if (row_below(&row, 4) == 0) {
        q->from_us = row_record(&row, random_id()).time_us;
        q->to_us = row_record(&row, random_id()).time_us;
    }
    q->order = row_below(&row, 2) ? QUERY_OLDEST_FIRST : QUERY_NEWEST_FIRST;
    q->count = row_below(&row, 2) ? QUERY_COUNT_EXACT : QUERY_COUNT_NONE;
    q->offset = row_below(&row, 2) ? row_below(&row, RECORDS / 4) : 0;
    q->limit = row_below(&row, 5) ? row_below(&row, WINDOW_MAX) : RECORDS;
}

static void random_queries_agree_with_a_look_at_every_record(void **state)
{
    struct filter f;
    struct query q;

    (void)state;
    for (int round = 0; round < 200; round++) {
        random_query(&q, &f);
        assert_same(&q);
        filter_fini(&f);
    }
}

static void the_ends_of_ranges_count_as_promised(void **state)
{
    struct filter f;
    struct query q;

    (void)state;
    filter_init(&f);
    for (int order = QUERY_OLDEST_FIRST; order <= QUERY_NEWEST_FIRST; order++) {
        query_init(&q, &f);
        q.order = (enum query_order)order;
        assert_same(&q);
        assert_int_equal(expected.total, RECORDS);
        q.min_id = q.max_id = ids[4711]; /* both included */
        assert_same(&q);
        assert_int_equal(expected.n, 1);
        q.min_id++; /* nothing */
        assert_same(&q);
        assert_int_equal(expected.n, 0);
        query_init(&q, &f);
        q.order = (enum query_order)order;
        q.min_id = q.max_id = ids[17];
        q.from_us = row_record(&row, ids[17]).time_us; /* included */
        q.to_us = q.from_us + 1;
        assert_same(&q);
        assert_int_equal(expected.n, 1);
        q.to_us = q.from_us; /* excluded */
        assert_same(&q);
        assert_int_equal(expected.n, 0);
        query_init(&q, &f);
        q.order = (enum query_order)order;
        q.limit = 0; /* the number alone */
        assert_same(&q);
        q.limit = RECORDS;
        q.offset = RECORDS - 1;
        assert_same(&q);
        assert_int_equal(expected.n, 1);
        q.offset = UINT64_MAX;
        assert_same(&q);
        assert_int_equal(expected.n, 0);
    }
    filter_fini(&f);
}

static void pages_put_together_are_the_whole(void **state)
{
    struct filter f;
    struct query q;
    uint64_t pages = 0;
    struct query_result result;

    (void)state;
    filter_init(&f);
    add(&f, "level", "error");
    query_init(&q, &f);
    q.order = QUERY_NEWEST_FIRST;
    q.limit = RECORDS;
    ask_naively(&q, &expected);
    q.limit = 97;
    got = (struct window){0};
    for (; q.offset < expected.total; q.offset += q.limit, pages++)
        assert_int_equal(query_run(&q, view, emit, &got, &result), 0);
    assert_int_equal(got.n, expected.n);
    assert_memory_equal(got.ids, expected.ids, got.n * sizeof got.ids[0]);
    assert_true(pages > 10);
    filter_fini(&f);
}

static void a_caller_that_has_seen_enough_stops_the_query(void **state)
{
    struct filter f;
    struct query q;
    struct query_result result = {.total = 42};

    (void)state;
    filter_init(&f);
    for (int order = QUERY_OLDEST_FIRST; order <= QUERY_NEWEST_FIRST; order++) {
        query_init(&q, &f);
        q.order = (enum query_order)order;
        got = (struct window){.stop_after = 7};
        assert_int_equal(query_run(&q, view, emit, &got, &result), 77);
        assert_int_equal(got.n, 7);
        assert_int_equal(result.total, 42); /* untouched */
    }
    filter_fini(&f);
}

static atomic_bool cancel;

static int cancel_soon(const struct record *r, void *ctx)
{
    uint32_t *n = ctx;

    (void)r;
    if (++*n == 500)
        atomic_store(&cancel, true);
    return 0;
}

static void a_cancelled_query_ends_within_a_frame(void **state)
{
    struct filter f;
    struct query q;
    struct query_result result;

    (void)state;
    filter_init(&f);
    query_init(&q, &f);
    q.limit = RECORDS;
    q.cancel = &cancel;
    for (int order = QUERY_OLDEST_FIRST; order <= QUERY_NEWEST_FIRST; order++) {
        uint32_t n = 0;
        atomic_store(&cancel, false);
        q.order = (enum query_order)order;
        int err = query_run(&q, view, cancel_soon, &n, &result);
        /* Backwards the file has been searched already; the next one is not. */
        assert_int_equal(err, -ECANCELED);
        assert_true(n >= 500 && n < RECORDS);
        n = 0;
        assert_int_equal(query_run(&q, view, cancel_soon, &n, &result), -ECANCELED);
        assert_int_equal(n, 0);
    }
    filter_fini(&f);
}

static void an_empty_journal_gives_nothing(void **state)
{
    struct row empty;
    struct filter f;
    struct query q;
    struct query_result result;

    (void)state;
    row_init(&empty);
    row_open(&empty);
    struct store_view v = {.journal = journal_view_take(empty.journal, 0)};
    filter_init(&f);
    query_init(&q, &f);
    for (int order = QUERY_OLDEST_FIRST; order <= QUERY_NEWEST_FIRST; order++) {
        q.order = (enum query_order)order;
        assert_int_equal(query_run(&q, &v, emit, &got, &result), 0);
        assert_int_equal(result.total + result.emitted, 0);
    }
    filter_fini(&f);
    journal_view_drop(empty.journal, v.journal);
    row_fini(&empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH(random_queries_agree_with_a_look_at_every_record),
        IN_BOTH(the_ends_of_ranges_count_as_promised),
        IN_BOTH(pages_put_together_are_the_whole),
        IN_BOTH(a_caller_that_has_seen_enough_stops_the_query),
        IN_BOTH(a_cancelled_query_ends_within_a_frame),
        cmocka_unit_test(an_empty_journal_gives_nothing),
    };
    return cmocka_run_group_tests(tests, group_setup, two_views_close);
}
