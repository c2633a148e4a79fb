/* SPDX-License-Identifier: MIT
 *
 * query_sums_test.c - what rows add up to is what adding up every record gives.
 */
#include "store/query.h"

#include "hub/row_test.h"
#include "store/sealed_test.h"

enum { RECORDS = 4000, BUCKETS = 50 };

static struct row row;
static struct store_view raw, sealed, *view; /* the same records, in the journal and in chunks */
static struct filter everything;

static int group_setup(void **state)
{
    uint64_t id = 1;

    (void)state;
    filter_init(&everything);
    row_init(&row);
    row.opts.max_bytes = 8 * (uint64_t)JOURNAL_FILE_SIZE;
    row_open(&row);
    while (id <= RECORDS) {
        row_fill(&row, &(struct origin){.kind = ORIGIN_FILE}, id, 20);
        assert_int_equal(journal_append(row.journal, &row.batch), 0);
        id += 20;
        row_settle(&row);
    }
    raw.journal = journal_view_take(row.journal, 0);
    sealed = sealed_view(raw.journal);
    assert_true(sealed.chunk_count > 0);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    sealed_view_fini(&sealed);
    journal_view_drop(row.journal, raw.journal);
    row_fini(&row);
    return 0;
}

/* --- histograms --- */

static void a_histogram_counts_every_record_once(void **state)
{
    struct query_bucket got[BUCKETS], want[BUCKETS] = {0};
    struct query q;
    int64_t min_us, max_us;

    (void)state;
    query_init(&q, &everything);
    q.min_id = 100;
    assert_true(query_time_range(&q, view, &min_us, &max_us));
    int64_t bucket_us = (max_us - min_us) / (BUCKETS - 3);
    int64_t start_us = min_us + 2 * bucket_us; /* some lie before the first */
    for (uint64_t id = q.min_id; id <= RECORDS; id++) {
        struct record r = row_record(&row, id);
        assert_true(r.time_us >= min_us && r.time_us <= max_us);
        if (r.time_us >= start_us && (r.time_us - start_us) / bucket_us < BUCKETS)
            want[(r.time_us - start_us) / bucket_us].levels[r.level]++;
    }
    assert_int_equal(query_histogram(&q, view, start_us, bucket_us, got, BUCKETS), 0);
    assert_memory_equal(got, want, sizeof got);
}

/* --- facets --- */

struct told {
    uint32_t n;
    uint64_t sum, last;
    char first[64];
};

static int tell(const struct query_tally *t, void *ctx)
{
    struct told *told = ctx;
    uint64_t levels = 0;

    for (int i = 0; i < LEVEL_COUNT; i++)
        levels += t->levels[i];
    assert_int_equal(levels, t->count);
    assert_true(told->n == 0 || t->count <= told->last);
    assert_true(t->first_id <= t->last_id && t->min_time_us <= t->max_time_us);
    if (told->n == 0)
        snprintf(told->first, sizeof told->first, "%.*s", STR_FMT(t->text));
    told->n++;
    told->sum += t->count;
    told->last = t->count;
    return 0;
}

static struct query_tallies facets_of(const char *key, struct told *told)
{
    struct query_tallies sums = {0};
    struct query q;

    *told = (struct told){0};
    query_init(&q, &everything);
    assert_int_equal(query_facets(&q, view, str_from(key), 10, tell, told, &sums), 0);
    assert_int_equal(sums.records, RECORDS);
    assert_int_equal(sums.other, 0);
    return sums;
}

static void facets_count_labels_levels_and_fields(void **state)
{
    struct told told;
    struct query q;

    (void)state;
    assert_int_equal(facets_of("job_run_id", &told).distinct, ROW_SETS - 1);
    assert_int_equal(told.n, ROW_SETS - 1);
    assert_int_equal(facets_of("source", &told).with_key, RECORDS);
    assert_string_equal(told.first, "web");
    assert_int_equal(told.sum, RECORDS);
    assert_int_equal(facets_of("level", &told).distinct, 6);
    assert_int_equal(facets_of("stream", &told).distinct, 3);
    struct query_tallies list = facets_of("list", &told);
    assert_int_equal(list.distinct, 3); /* [1,2,3] */
    assert_int_equal(told.sum, 3 * list.with_key);
    assert_int_equal(facets_of("fields.a", &told).distinct, 1);
    assert_string_equal(told.first, "1");
    assert_int_equal(facets_of("nothing", &told).with_key, 0);
    query_init(&q, &everything);
    assert_int_equal(query_facets(&q, view, STR("message"), 1, tell, &told, NULL), -LM_E_INVALID);
}

/* --- the short way and the long one --- */

static int write_down(const struct query_tally *t, void *ctx)
{
    struct buf *out = ctx;

    buf_printf(out, "%.*s %lu %lu-%lu %ld-%ld", STR_FMT(t->text), t->count, t->first_id, t->last_id,
               t->min_time_us, t->max_time_us);
    for (int i = 0; i < LEVEL_COUNT; i++)
        buf_printf(out, " %lu", t->levels[i]);
    BUF_LIT(out, "\n");
    return 0;
}

static void check_both_ways(const struct filter *f, const char *key)
{
    struct query_tallies sums[2] = {0};
    struct buf told[2] = {0};
    struct query q;

    query_init(&q, f);
    q.min_id = 150;
    for (int i = 0; i < 2; i++) {
        q.bytes = i;
        assert_int_equal(query_facets(&q, view, str_from(key), 20, write_down, &told[i], &sums[i]),
                         0);
    }
    assert_memory_equal(&sums[0], &sums[1], sizeof sums[0]);
    if (!str_eq(buf_str(&told[0]), buf_str(&told[1])))
        fail_msg("%s: %.*s is not %.*s", key, STR_FMT(buf_str(&told[0])),
                 STR_FMT(buf_str(&told[1])));
    buf_fini(&told[0]);
    buf_fini(&told[1]);
}

static void facets_are_the_same_without_reading_texts(void **state)
{
    static const char *const keys[] = {"source", "job_run_id", "task_run_id", "level",
                                       "stream", "list",       "nothing"};
    static const char *const filters[] = {"", "level>=warn", "-source:web", "nosuchword"};

    (void)state;
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        struct errinfo info;
        struct filter f;
        filter_init(&f);
        assert_int_equal(filter_add(&f, STR("q"), str_from(filters[i]), &info), 0);
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            check_both_ways(&f, keys[k]);
        filter_fini(&f);
    }
}

/* --- patterns --- */

static void assert_pattern(const char *message, const char *want)
{
    struct buf out = {0};

    query_pattern_of(&out, str_from(message));
    assert_true(str_eq(buf_str(&out), str_from(want)));
    buf_fini(&out);
}

static void what_varies_becomes_a_star(void **state)
{
    (void)state;
    assert_pattern("GET /api/users/4711 took 12ms", "GET /api/users/* took *");
    assert_pattern("from 10.1.2.3:8080 to [::1]", "from * to [::*]");
    assert_pattern("at 2026-01-15T10:30:45.123Z done", "at * done");
    assert_pattern("job 550e8400-e29b-41d4-a716-446655440000", "job *");
    assert_pattern("sha deadbeefcafe of face", "sha * of face");
    assert_pattern("\x1b[31m17\x1b[0m red", "* red");
    assert_pattern("größe=12", "größe=*");
    assert_pattern("", "");
}

static void patterns_are_counted(void **state)
{
    struct query_tallies sums;
    struct told told = {0};
    struct query q;

    (void)state;
    query_init(&q, &everything);
    assert_int_equal(query_patterns(&q, view, UINT32_MAX, tell, &told, &sums), 0);
    assert_int_equal(sums.records, RECORDS);
    assert_int_equal(told.sum, RECORDS);
    assert_int_equal(told.n, sums.distinct);
}

/* --- context --- */

struct seen {
    uint32_t n;
    uint64_t ids[64];
};

static int see(const struct record *r, void *ctx)
{
    struct seen *seen = ctx;
    seen->ids[seen->n++] = r->id;
    return 0;
}

static void context_is_what_stands_around(void **state)
{
    struct seen seen = {0};
    struct filter job;
    struct query q;
    uint32_t n = 0;

    (void)state;
    query_init(&q, &everything);
    assert_int_equal(query_context(&q, view, 100, 3, 2, see, &seen, &n), 0);
    assert_int_equal(n, 5);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(seen.ids[i], 97 + i);
    seen.n = 0;
    assert_int_equal(query_context(&q, view, 2, 5, 1, see, &seen, &n), 0);
    assert_int_equal(n, 2); /* there is but one before it */
    filter_init(&job);
    assert_int_equal(filter_add(&job, STR("job_run_id"), STR("b"), NULL), 0);
    query_init(&q, &job);
    seen.n = 0;
    assert_int_equal(query_context(&q, view, 2000, 9, 9, see, &seen, &n), 0);
    assert_int_equal(n, 18);
    for (uint32_t i = 0; i < n; i++)
        assert_ptr_equal(row_record(&row, seen.ids[i]).labels, row.sets[1]);
    assert_true(seen.ids[8] < 2000 && seen.ids[9] >= 2000);
    filter_fini(&job);
}

static int in_journal(void **state)
{
    (void)state;
    view = &raw;
    return 0;
}

static int in_chunks(void **state)
{
    (void)state;
    view = &sealed;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_histogram_counts_every_record_once, in_journal),
        cmocka_unit_test_setup(a_histogram_counts_every_record_once, in_chunks),
        cmocka_unit_test_setup(facets_count_labels_levels_and_fields, in_journal),
        cmocka_unit_test_setup(facets_count_labels_levels_and_fields, in_chunks),
        cmocka_unit_test_setup(facets_are_the_same_without_reading_texts, in_chunks),
        cmocka_unit_test(what_varies_becomes_a_star),
        cmocka_unit_test_setup(patterns_are_counted, in_journal),
        cmocka_unit_test_setup(patterns_are_counted, in_chunks),
        cmocka_unit_test_setup(context_is_what_stands_around, in_journal),
        cmocka_unit_test_setup(context_is_what_stands_around, in_chunks),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
