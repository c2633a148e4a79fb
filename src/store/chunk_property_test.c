/* SPDX-License-Identifier: MIT
 *
 * chunk_property_test.c - whatever is asked of a chunk, the answer is that of the filter on each
 * record.
 *
 * Random records are sealed into a chunk of many small blocks, and random filters, ranges and
 * clears are asked of it in every way there is. The indexes rule out most of what is read; that
 * they never rule out a match is what is shown here. LOGMILL_ROUNDS says how many filters (1,000
 * when unset).
 */
#include "base/clock.h"
#include "record/random_test.h"
#include "store/chunk_find.h"
#include "store/sealed_test.h"

#include <stdio.h>

enum { RECORDS = 700, BLOCK = 900 };

static struct record records[RECORDS];
static struct buf texts[RECORDS][2];
static struct chunk *chunk;
static struct finder finder;
static struct found found;

/* Words of many kinds: alone, joined, cut out of the middle, numbers, ids. */
static void add_ids(struct buf *out)
{
    static const char *const joints[] = {" ", "-", "_", "", "=", ":"};

    for (uint32_t i = below(4); i > 0; i--) {
        if (below(2))
            buf_printf(out, "%x", below(5000) * 77777);
        else
            buf_printf(out, "blk%u", below(300));
        buf_add_str(out, str_from(PICK(joints)));
    }
}

static void make_record(uint32_t i)
{
    static struct labels *last;
    struct buf *message = &texts[i][0], *fields = &texts[i][1];

    if (!last || below(4) == 0)
        last = random_labels(); /* bursts of one set */
    else
        labels_ref(last);
    add_random_message(message);
    add_ids(message);
    if (below(40) == 0)
        BUF_LIT(message, " two\nlines");
    if (below(3) == 0)
        add_random_object(fields, 0);
    records[i] = (struct record){.id = i ? records[i - 1].id + 1 + (below(30) == 0) * below(9) : 5,
                                 .time_us = clock_wall_us() - (int64_t)below(7200) * 1000000,
                                 .labels = last,
                                 .message = buf_str(message),
                                 .fields = buf_str(fields),
                                 .level = (enum level)below(7),
                                 .stream = (enum stream)(STREAM_STDOUT + below(3)),
                                 .flags = (uint16_t)(below(20) ? below(2) : below(16))};
}

static int setup(void **state)
{
    (void)state;
    clock_fake(1768473045000000);
    for (uint32_t i = 0; i < RECORDS; i++)
        make_record(i);
    chunk = sealed_chunk(records, RECORDS, BLOCK);
    assert_true(chunk->block_count > 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    finder_fini(&finder);
    found_fini(&found);
    chunk_unref(chunk);
    random_records_free(records, texts, RECORDS);
    return 0;
}

/* --- the naive way --- */

static bool wanted(const struct filter *f, const struct find_range *g, const struct record *r)
{
    return r->id >= g->min_id && r->id <= g->max_id && r->time_us >= g->from_us &&
           r->time_us < g->to_us && r->id > tombs_dead_to(g->tombs, r->labels) &&
           filter_match(f, r);
}

static void check(const struct filter *f, const struct find_range *g, struct str text)
{
    struct plan plan;
    uint32_t expected = 0;

    assert_int_equal(plan_make(&plan, f), 0);
    assert_int_equal(find_rows(&finder, chunk, &plan, g, false, &found), 0);
    for (uint32_t i = 0; i < RECORDS; i++) {
        bool yes = wanted(f, g, &records[i]);
        expected += yes;
        if (yes != (found.count > 0 && found_has(&found, i)))
            fail_msg("%.*s: %s record %u: %.*s %.*s", STR_FMT(text), yes ? "misses" : "chooses", i,
                     STR_FMT(records[i].message), STR_FMT(records[i].fields));
    }
    assert_int_equal(found.count, expected);
    assert_int_equal(find_rows(&finder, chunk, &plan, g, true, &found), 0);
    if (found.count != expected)
        fail_msg("%.*s: counts %u instead of %u", STR_FMT(text), found.count, expected);
    plan_fini(&plan);
}

/* --- ranges --- */

static struct find_range whole_range(void)
{
    return (struct find_range){
        .max_id = UINT64_MAX, .from_us = INT64_MIN, .to_us = INT64_MAX, .end_us = INT64_MAX};
}

static struct find_range random_range(void)
{
    struct find_range g = whole_range();

    if (below(4) == 0)
        g.min_id = records[below(RECORDS)].id + below(2);
    if (below(4) == 0)
        g.max_id = records[below(RECORDS)].id + below(2);
    if (below(4) == 0)
        g.from_us = records[below(RECORDS)].time_us;
    if (below(4) == 0)
        g.to_us = records[below(RECORDS)].time_us;
    return g;
}

static struct tombs *random_tombs(void)
{
    const struct label of_source = {STR("source"), str_from(PICK(sources))};
    const struct label of_job = {STR("job_run_id"), str_from(PICK(jobs))};
    struct tombs *t = NULL, *both = NULL;
    uint64_t bound = below(3) ? records[below(RECORDS)].id : below(2) * UINT64_MAX / 2;

    assert_int_equal(tombs_with(NULL, &of_source, 1, bound, &t), 0);
    if (below(2)) {
        assert_int_equal(tombs_with(t, &of_job, 1, records[below(RECORDS)].id, &both), 0);
        tombs_unref(t);
        t = both;
    }
    return t;
}

/* --- properties --- */

static uint32_t rounds(uint32_t normally)
{
    const char *text = getenv("LOGMILL_ROUNDS");
    return text ? (uint32_t)strtoul(text, NULL, 10) : normally;
}

static void random_filters_find_what_they_choose(void **state)
{
    struct buf text = {0};

    (void)state;
    for (uint32_t i = rounds(1000); i > 0; i--) {
        struct find_range g = random_range();
        struct tombs *tombs = below(4) == 0 ? random_tombs() : NULL;
        struct errinfo info;
        struct filter f;
        filter_init(&f);
        buf_clear(&text);
        if (below(20))
            add_random_filter(&text, 0);
        assert_int_equal(filter_add(&f, STR("q"), buf_str(&text), &info), 0);
        g.tombs = tombs;
        check(&f, &g, buf_str(&text));
        tombs_unref(tombs);
        filter_fini(&f);
    }
    buf_fini(&text);
}

/* A piece of a message, of any length, beginning and ending anywhere; sometimes changed. */
static struct str random_needle(char bytes[64])
{
    const struct record *r = &records[below(RECORDS)];
    size_t from = r->message.n ? below((uint32_t)r->message.n) : 0;
    size_t n = 1 + below(below(3) ? 12 : 50);

    n = n < r->message.n - from ? n : r->message.n - from;
    memcpy(bytes, r->message.p + from, n);
    if (n && below(3) == 0)
        bytes[below((uint32_t)n)] = (char)(' ' + below(90));
    return str_of(bytes, n);
}

static void random_needles_are_found_where_they_are(void **state)
{
    const struct find_range g = whole_range();
    char bytes[64];

    (void)state;
    for (uint32_t i = rounds(1000); i > 0; i--) {
        struct str needle = random_needle(bytes);
        struct errinfo info;
        struct filter f;
        filter_init(&f);
        if (needle.n && filter_add(&f, STR("search"), needle, &info) == 0)
            check(&f, &g, needle);
        filter_fini(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_filters_find_what_they_choose),
        cmocka_unit_test(random_needles_are_found_where_they_are),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
