/* SPDX-License-Identifier: MIT
 *
 * feed_test.c - a feed against the simplest thing that could be one: an array of frames.
 */
#include "stream/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FRAMES_MAX = 40000, READERS = 6, STEPS = 60000 };

/* Frame i of the model: bytes [starts[i], starts[i + 1]) of `text`. Ids have holes. */
struct model {
    struct buf text;
    uint64_t starts[FRAMES_MAX + 1];
    enum level levels[FRAMES_MAX];
    uint32_t count;
};

struct reader {
    bool here;
    struct feed_place place;
    uint64_t at;    /* bytes of the model read */
    uint32_t frame; /* first one not read to its end */
};

struct fixture {
    struct page_pool pool;
    struct feed *feed;
    struct model model;
    struct reader readers[READERS];
    uint64_t random;
};

static const struct wire no_wire = {.name = "test"};

static uint64_t id_of(uint32_t frame)
{
    return 100 + (uint64_t)frame * 3;
}

static uint32_t dice(struct fixture *f, uint32_t sides)
{
    f->random = f->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(f->random >> 33) % sides;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct filter *filter = calloc(1, sizeof *filter);

    assert_non_null(f);
    assert_non_null(filter);
    filter_init(filter);
    f->pool.limit = 1 << 20;
    f->random = 20260115;
    assert_int_equal(feed_new(&f->feed, filter, &(struct form){.wire = &no_wire}, &f->pool), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    feed_free(f->feed);
    assert_int_equal(f->pool.used, 0);
    buf_fini(&f->model.text);
    free(f);
    return 0;
}

static void append(struct fixture *f, uint32_t n)
{
    struct model *m = &f->model;
    char *at = feed_reserve(f->feed, n + 20); /* as encoders do: an upper bound */

    assert_non_null(at);
    assert_true(m->count < FRAMES_MAX);
    for (uint32_t i = 0; i < n; i++)
        at[i] = (char)dice(f, 256);
    buf_add(&m->text, at, n);
    m->levels[m->count] = (enum level)(1 + dice(f, LEVEL_COUNT - 1));
    feed_commit(f->feed, n, id_of(m->count), m->levels[m->count]);
    m->count++;
    m->starts[m->count] = m->text.n;
}

static void join(struct fixture *f, struct reader *r)
{
    assert_int_equal(feed_join(f->feed, &r->place), 0);
    r->here = true;
    r->at = f->model.text.n;
    r->frame = f->model.count;
}

static void leave(struct reader *r)
{
    feed_leave(&r->place);
    assert_null(r->place.page);
    r->here = false;
}

/* What a flush would send: pages from the place on. */
static void expect_bytes(const struct fixture *f, const struct reader *r, uint64_t n)
{
    const char *want = f->model.text.p + r->at;
    uint32_t off = r->place.off;

    for (const struct page *p = r->place.page; n > 0; p = p->next, off = 0) {
        assert_non_null(p);
        uint64_t here = p->used - off < n ? p->used - off : n;
        assert_memory_equal(p->bytes + off, want, here);
        want += here;
        n -= here;
    }
}

static void expect_questions(const struct fixture *f, const struct reader *r)
{
    const struct model *m = &f->model;
    struct str rest = feed_rest_of_frame(&r->place);
    bool inside = r->frame < m->count && r->at > m->starts[r->frame];

    assert_int_equal(feed_lag(f->feed, &r->place), m->text.n - r->at);
    assert_int_equal(feed_next_id(f->feed, &r->place), r->frame < m->count ? id_of(r->frame) : 0);
    assert_int_equal(rest.n, inside ? m->starts[r->frame + 1] - r->at : 0);
    if (rest.n)
        assert_memory_equal(rest.p, m->text.p + r->at, rest.n);
}

static void advance(struct fixture *f, struct reader *r, uint64_t n)
{
    uint32_t before = r->frame;

    expect_bytes(f, r, n);
    r->at += n;
    while (r->frame < f->model.count && f->model.starts[r->frame + 1] <= r->at)
        r->frame++;
    assert_int_equal(feed_advance(&r->place, n), r->frame - before);
}

static void skip_to(struct fixture *f, struct reader *r, uint64_t keep)
{
    const struct model *m = &f->model;
    uint64_t levels[LEVEL_COUNT] = {0}, count = 0;
    uint32_t from = r->frame;

    advance(f, r, feed_rest_of_frame(&r->place).n);
    from = r->frame;
    for (; m->text.n - m->starts[r->frame] > keep; count++)
        levels[m->levels[r->frame++]]++;
    r->at = m->starts[r->frame];
    struct feed_skipped s = feed_skip(f->feed, &r->place, keep);
    assert_int_equal(s.count, count);
    assert_int_equal(s.from, count ? id_of(from) : 0);
    assert_int_equal(s.to, count ? id_of(r->frame - 1) : 0);
    assert_memory_equal(s.levels, levels, sizeof levels);
}

/* After a trim the first page has a reader, and nothing is held when there is none. */
static void expect_no_waste(const struct fixture *f)
{
    uint64_t held = 0;
    bool reader = false;

    for (const struct page *p = f->feed->head; p; p = p->next)
        held += p->size;
    for (int i = 0; i < READERS; i++)
        reader |= f->readers[i].here;
    assert_int_equal(f->pool.used, held);
    assert_int_equal(f->feed->head != NULL, reader);
    if (reader)
        assert_true(f->feed->head->readers > 0);
}

static void trim(struct fixture *f)
{
    feed_trim(f->feed);
    expect_no_waste(f);
}

static void step(struct fixture *f)
{
    struct reader *r = &f->readers[dice(f, READERS)];
    uint32_t what = dice(f, 100);

    if (what < 55)
        append(f, dice(f, 300) ? 1 + dice(f, 400) : 1 + dice(f, 3 * PAGE_SIZE));
    else if (!r->here)
        join(f, r);
    else if (what < 85)
        advance(f, r, dice(f, (uint32_t)(f->model.text.n - r->at) + 1));
    else if (what < 92)
        advance(f, r, f->model.text.n - r->at);
    else if (what < 95)
        skip_to(f, r, dice(f, 100000));
    else if (what < 96)
        leave(r);
    else
        trim(f);
    if (r->here)
        expect_questions(f, r);
}

static void every_reader_sees_the_frames_in_order_whatever_pieces_it_takes_them_in(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < STEPS; i++)
        step(f);
    for (int i = 0; i < READERS; i++)
        if (f->readers[i].here) {
            advance(f, &f->readers[i], f->model.text.n - f->readers[i].at);
            leave(&f->readers[i]);
        }
    trim(f);
}

static void a_place_moves_over_every_single_byte(void **state)
{
    struct fixture *f = *state;
    struct reader *r = &f->readers[0];

    join(f, r);
    for (int i = 0; i < 50; i++)
        append(f, 1 + dice(f, 700));
    append(f, 2 * PAGE_SIZE);
    append(f, 1);
    while (r->at < f->model.text.n) {
        advance(f, r, 1);
        expect_questions(f, r);
    }
    leave(r);
}

static void skipping_counts_each_level_across_pages(void **state)
{
    struct fixture *f = *state;

    join(f, &f->readers[0]);
    for (int i = 0; i < 2000; i++)
        append(f, 200);
    skip_to(f, &f->readers[0], 1000);
    assert_int_equal(f->readers[0].frame, 1995);
    skip_to(f, &f->readers[0], 1000);
    skip_to(f, &f->readers[0], 0);
    assert_int_equal(feed_next_id(f->feed, &f->readers[0].place), 0);
    leave(&f->readers[0]);
}

static void nothing_skipped_is_nothing_said(void **state)
{
    struct fixture *f = *state;

    join(f, &f->readers[0]);
    append(f, 10);
    skip_to(f, &f->readers[0], 10);
    assert_int_equal(feed_next_id(f->feed, &f->readers[0].place), id_of(0));
    leave(&f->readers[0]);
}

static void a_frame_larger_than_a_page_gets_one_of_its_own_size(void **state)
{
    struct fixture *f = *state;

    join(f, &f->readers[0]);
    append(f, 500000);
    assert_true(f->pool.used >= 500000 && f->pool.used < 500000 + 3 * PAGE_SIZE);
    advance(f, &f->readers[0], 500000);
    append(f, 1);
    advance(f, &f->readers[0], 1);
    feed_trim(f->feed);
    assert_int_equal(f->pool.used, PAGE_SIZE);
    leave(&f->readers[0]);
}

static void pages_behind_the_slowest_reader_are_given_back(void **state)
{
    struct fixture *f = *state;

    join(f, &f->readers[0]);
    join(f, &f->readers[1]);
    for (int i = 0; i < 4000; i++)
        append(f, 100);
    uint64_t all = f->pool.used;
    advance(f, &f->readers[0], 400000);
    feed_trim(f->feed);
    assert_int_equal(f->pool.used, all);
    advance(f, &f->readers[1], 200000);
    feed_trim(f->feed);
    assert_in_range(f->pool.used, all * 2 / 5, all * 3 / 5);
    leave(&f->readers[1]);
    feed_trim(f->feed);
    assert_int_equal(f->pool.used, PAGE_SIZE);
    leave(&f->readers[0]);
    feed_trim(f->feed);
    assert_int_equal(f->pool.used, 0);
}

static void who_joins_sees_only_what_comes_after(void **state)
{
    struct fixture *f = *state;

    append(f, 100);
    join(f, &f->readers[0]);
    expect_questions(f, &f->readers[0]);
    append(f, PAGE_SIZE);
    advance(f, &f->readers[0], 1);
    join(f, &f->readers[1]);
    expect_questions(f, &f->readers[1]);
    expect_questions(f, &f->readers[0]);
    leave(&f->readers[0]);
    leave(&f->readers[1]);
}

static void a_pool_over_its_limit_says_so(void **state)
{
    struct fixture *f = *state;

    f->pool.limit = 3 * PAGE_SIZE;
    join(f, &f->readers[0]);
    for (int i = 0; i < 3; i++) {
        assert_false(page_pool_over(&f->pool));
        append(f, PAGE_SIZE - 100);
    }
    append(f, PAGE_SIZE - 100);
    assert_true(page_pool_over(&f->pool));
    leave(&f->readers[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_reader_sees_the_frames_in_order_whatever_pieces_it_takes_them_in),
        TEST(a_place_moves_over_every_single_byte),
        TEST(skipping_counts_each_level_across_pages),
        TEST(nothing_skipped_is_nothing_said),
        TEST(a_frame_larger_than_a_page_gets_one_of_its_own_size),
        TEST(pages_behind_the_slowest_reader_are_given_back),
        TEST(who_joins_sees_only_what_comes_after),
        TEST(a_pool_over_its_limit_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
