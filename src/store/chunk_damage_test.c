/* SPDX-License-Identifier: MIT
 *
 * chunk_damage_test.c - each byte of a chunk and of its index changed, every tail cut off.
 *
 * What is served is what was written, or an error; and chunk_verify() tells of every change that a
 * reader could ever meet. Queries and replays go on behind damage and say how much they go without.
 * Also what happens to the dead, and an index made anew.
 */
#include "base/clock.h"
#include "record/random_test.h"
#include "store/chunk_find.h"
#include "store/query.h"
#include "store/sealed_test.h"

#include <errno.h>

enum { RECORDS = 50, BLOCK = 700 };

static struct record records[RECORDS];
static struct buf texts[RECORDS][2];
static struct chunk_image image;

static int setup(void **state)
{
    (void)state;
    clock_fake(1768473045000000);
    for (uint32_t i = 0; i < RECORDS; i++) {
        add_random_message(&texts[i][0]);
        if (i % 4 == 0)
            add_random_object(&texts[i][1], 0);
        records[i] = (struct record){.id = i ? records[i - 1].id + 1 + (i % 20 == 0) : 5,
                                     .time_us = clock_wall_us() + i * 1000,
                                     .labels = random_labels(),
                                     .message = buf_str(&texts[i][0]),
                                     .fields = buf_str(&texts[i][1]),
                                     .level = (enum level)(1 + below(6)),
                                     .stream = (enum stream)(STREAM_STDOUT + below(3)),
                                     .flags = (uint16_t)below(16)};
    }
    sealed_image(records, RECORDS, BLOCK, &image);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    chunk_image_fini(&image);
    random_records_free(records, texts, RECORDS);
    return 0;
}

/* --- what is served --- */

static int check_record(const struct record *r, void *ctx)
{
    uint32_t i = 0;

    while (i < RECORDS && records[i].id != r->id)
        i++;
    assert_true(i < RECORDS);
    assert_int_equal(r->time_us, records[i].time_us);
    assert_int_equal(r->level, records[i].level);
    assert_int_equal(r->stream, records[i].stream);
    assert_int_equal(r->flags, records[i].flags);
    assert_true(str_eq(r->message, records[i].message));
    assert_true(str_eq(r->fields, records[i].fields));
    assert_true(str_eq(r->labels->wire, records[i].labels->wire));
    (*(uint32_t *)ctx)++;
    return 0;
}

/* With a filter, so that indexes are asked, too. */
static int serve(struct chunk *c, const struct filter *f, uint32_t *ret_n)
{
    const struct chunk_scan s = {
        .filter = f, .max_id = UINT64_MAX, .emit = check_record, .ctx = ret_n};

    *ret_n = 0;
    return chunk_scan(c, &s);
}

static void note_damage(const struct chunk_damage *d, void *ctx)
{
    assert_non_null(d->what);
    assert_true(d->n > 0);
    (*(uint32_t *)ctx)++;
}

static uint32_t verify(struct chunk *c)
{
    uint32_t n = 0;
    assert_int_equal(chunk_verify(c, NULL, 0, note_damage, &n), 0);
    return n;
}

static bool is_refusal(int err)
{
    return err == -LM_E_DAMAGED || err == -LM_E_VERSION;
}

struct wanted {
    struct filter all, some;
    uint32_t all_n, some_n;
};

static void want(struct wanted *w)
{
    struct chunk *c = NULL;
    struct errinfo info;

    filter_init(&w->all);
    filter_init(&w->some);
    assert_int_equal(filter_add(&w->some, STR("q"), STR("timeout OR a:anna"), &info), 0);
    assert_int_equal(sealed_open(&image, &c), 0);
    assert_int_equal(serve(c, &w->all, &w->all_n), 0);
    assert_int_equal(serve(c, &w->some, &w->some_n), 0);
    assert_int_equal(w->all_n, RECORDS);
    assert_true(w->some_n > 3 && w->some_n < RECORDS / 2);
    assert_int_equal(verify(c), 0);
    chunk_unref(c);
}

static void unwant(struct wanted *w)
{
    filter_fini(&w->all);
    filter_fini(&w->some);
}

/* A query goes on behind damage: what it gives and what it says it goes without are everything. */
/* How many records could not be read; each place has room for its own. */
static uint64_t unread_count(struct unread *u)
{
    struct store_unread sum;

    unread_sum(u, &sum);
    for (uint32_t i = 0; i < sum.place_count; i++)
        assert_true(sum.places[i].last_id - sum.places[i].first_id + 1 >= sum.places[i].records);
    return sum.records;
}

static void check_query(struct chunk *c, const struct filter *f, uint32_t wanted, size_t at)
{
    struct unread unread;
    struct store_view v = {
        .chunks = &c, .chunk_count = 1, .journal_from = UINT64_MAX, .unread = &unread};
    struct query_result result = {0};
    struct query q;
    uint32_t n = 0;

    unread_init(&unread);
    query_init(&q, f);
    int err = query_run(&q, &v, check_record, &n, &result);
    uint64_t without = unread_count(&unread);
    if (err != 0 && err != -LM_E_VERSION)
        fail_msg("byte %zu: the query fails: %d", at, err);
    if (err == 0 && (n > wanted || n + without < wanted || (without == 0 && n != wanted)))
        fail_msg("byte %zu: %u of %u, without %lu", at, n, wanted, (unsigned long)without);
    unread_fini(&unread);
}

struct replayed {
    uint32_t n, missing;
};

static int count_replayed(const struct record *r, void *ctx)
{
    struct replayed *p = ctx;
    return check_record(r, &p->n);
}

static int count_missing(const struct chunk_hole *h, void *ctx)
{
    struct replayed *p = ctx;

    assert_int_equal(h->reason, HOLE_MISSING);
    for (uint32_t i = 0; i < RECORDS; i++)
        p->missing += records[i].id >= h->first_id && records[i].id < h->end_id;
    return 0;
}

/* A replay gives each record or says that it is missing. */
static void check_replay(struct chunk *c, const struct wanted *w, size_t at)
{
    struct replayed p = {0};
    struct unread unread;

    unread_init(&unread);
    const struct chunk_scan s = {.filter = &w->all,
                                 .max_id = UINT64_MAX,
                                 .emit = count_replayed,
                                 .hole = count_missing,
                                 .ctx = &p,
                                 .unread = &unread};
    int err = chunk_scan(c, &s);
    if (err == 0 && p.n + p.missing != RECORDS)
        fail_msg("byte %zu: %u replayed, %u missing", at, p.n, p.missing);
    if (p.missing > 0 || is_refusal(err))
        assert_true(unread_count(&unread) >= p.missing);
    unread_fini(&unread);
}

/* Opens the (damaged) image; whatever it serves is right, and nothing is missing without a word. */
static void check_damaged(const struct chunk_image *damaged, const struct wanted *w, size_t at,
                          bool is_padding)
{
    struct chunk *c = NULL;
    uint32_t all_n, some_n;
    int err = sealed_open(damaged, &c);

    if (err < 0) {
        assert_true(is_refusal(err));
        return;
    }
    int all = serve(c, &w->all, &all_n), some = serve(c, &w->some, &some_n);
    if ((all == 0 && all_n != w->all_n) || (some == 0 && some_n != w->some_n))
        fail_msg("byte %zu: records are missing without a word", at);
    assert_true((all == 0 || is_refusal(all)) && (some == 0 || is_refusal(some)));
    if (all != 0 || some != 0) {
        check_query(c, &w->all, w->all_n, at);
        check_query(c, &w->some, w->some_n, at);
        check_replay(c, w, at);
    }
    if (verify(c) == 0 && !is_padding)
        fail_msg("byte %zu: nobody noticed", at);
    chunk_unref(c);
}

/* --- tests --- */

/* Bytes that nothing covers: zeros between sections. */
static bool is_padding(const struct buf *b, size_t at)
{
    size_t to_end = 8 - at % 8;
    return b->p[at] == 0 && to_end < 8;
}

static void each_byte_changed_is_noticed_or_harmless(void **state)
{
    struct buf *const parts[] = {&image.seg, &image.idx};
    struct wanted w;

    (void)state;
    want(&w);
    for (int part = 0; part < 2; part++)
        for (size_t at = 0; at < parts[part]->n; at++) {
            bool padding = is_padding(parts[part], at);
            char was = parts[part]->p[at];
            parts[part]->p[at] = (char)(at % 3 ? was ^ 1 << at % 8 : ~was); /* a bit, or all */
            check_damaged(&image, &w, at, padding);
            parts[part]->p[at] = was;
        }
    unwant(&w);
}

static void every_cut_is_noticed_or_harmless(void **state)
{
    struct buf *const parts[] = {&image.seg, &image.idx};
    struct wanted w;

    (void)state;
    want(&w);
    for (int part = 0; part < 2; part++) {
        size_t whole = parts[part]->n;
        for (size_t n = 0; n < whole; n += 1 + n % 3) {
            parts[part]->n = n;
            check_damaged(&image, &w, n, false);
        }
        parts[part]->n = whole;
    }
    unwant(&w);
}

static void a_damaged_block_costs_that_block_alone(void **state)
{
    struct chunk *c = NULL;
    uint32_t n;

    (void)state;
    assert_int_equal(sealed_open(&image, &c), 0);
    struct chunk_reader r = {0};
    assert_int_equal(reader_open(&r, c), 0);
    size_t at = format_u32(r.blocks[1].head + BLOCK_AT);
    uint32_t rows = r.blocks[1].rows;
    char was = image.seg.p[at];
    reader_close(&r);
    chunk_unref(c);

    image.seg.p[at] = (char)~was;
    assert_int_equal(sealed_open(&image, &c), 0);
    struct filter all;
    filter_init(&all);
    uint32_t served = 0;
    for (uint32_t i = 0; i < RECORDS; i++) {
        const struct chunk_scan s = {.filter = &all,
                                     .min_id = records[i].id,
                                     .max_id = records[i].id,
                                     .emit = check_record,
                                     .ctx = &n};
        n = 0;
        int err = chunk_scan(c, &s);
        assert_true(err == 0 || err == -LM_E_DAMAGED);
        served += n;
    }
    assert_int_equal(served, RECORDS - rows);
    image.seg.p[at] = was;
    filter_fini(&all);
    chunk_unref(c);
}

static void an_index_made_anew_is_the_same(void **state)
{
    struct buf idx = {0};
    struct chunk_seg seg;
    int fd = sealed_memory_file(SEALED_SEG_AT, buf_str(&image.seg));

    (void)state;
    assert_int_equal(chunk_seg_read(fd, SEALED_SEG_AT, &seg), 0);
    assert_int_equal(seg.size, image.seg.n);
    assert_int_equal(seg.epoch, SEALED_EPOCH);
    assert_int_equal(chunk_rebuild_idx(fd, SEALED_SEG_AT, STR("positions of origins"), &idx), 0);
    assert_true(str_eq(buf_str(&idx), buf_str(&image.idx)));
    buf_fini(&idx);
    close(fd);
}

/* --- the dead --- */

static int count_range(uint64_t at, uint64_t n, void *ctx)
{
    uint64_t *sum = ctx;

    assert_true(at >= SEALED_SEG_AT + CHUNK_HEAD && at + n <= SEALED_SEG_AT + image.seg.n);
    *sum += n;
    return 0;
}

static int punch(uint64_t at, uint64_t n, void *ctx)
{
    (void)ctx;
    memset(image.seg.p + at - SEALED_SEG_AT, 0, n);
    return 0;
}

static int count_ids(const struct record *r, void *ctx)
{
    (void)r;
    (*(uint32_t *)ctx)++;
    return 0;
}

static void the_dead_can_be_punched_and_left_out(void **state)
{
    const struct label web = {STR("source"), STR("web")};
    struct buf whole = {0};
    struct tombs *tombs = NULL;
    struct chunk *c = NULL, *again = NULL;
    uint64_t alive, bytes = 0;
    uint32_t n = 0, damages = 0;

    (void)state;
    buf_add_str(&whole, buf_str(&image.seg));
    assert_int_equal(tombs_with(NULL, &web, 1, UINT64_MAX / 2, &tombs), 0);
    assert_int_equal(sealed_open(&image, &c), 0);
    assert_int_equal(chunk_dead_ranges(c, tombs, 0, count_range, &bytes), 0);
    assert_true(bytes > 0);
    assert_int_equal(chunk_alive(c, tombs, 0, &alive), 0);
    assert_true(alive > 0 && alive < RECORDS);
    assert_int_equal(chunk_dead_ranges(c, tombs, 0, punch, NULL), 0);
    chunk_unref(c);

    assert_int_equal(sealed_open(&image, &c), 0);
    const struct chunk_scan s = {
        .max_id = UINT64_MAX, .tombs = tombs, .emit = count_ids, .ctx = &n};
    assert_int_equal(chunk_scan(c, &s), 0);
    assert_int_equal(n, alive);
    assert_int_equal(chunk_verify(c, tombs, 0, note_damage, &damages), 0);
    assert_int_equal(damages, 0);

    struct chunk_image smaller;
    const struct chunk_seal_opts opts = {.seg_at = SEALED_SEG_AT, .tombs = tombs};
    assert_int_equal(chunk_reseal(c, &opts, &smaller), 0);
    assert_int_equal(smaller.count, alive);
    assert_int_equal(sealed_open(&smaller, &again), 0);
    n = 0;
    const struct chunk_scan all = {.max_id = UINT64_MAX, .emit = check_record, .ctx = &n};
    assert_int_equal(chunk_scan(again, &all), 0);
    assert_int_equal(n, alive);
    chunk_image_fini(&smaller);
    chunk_unref(again);
    chunk_unref(c);
    tombs_unref(tombs);
    memcpy(image.seg.p, whole.p, whole.n);
    buf_fini(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_made_anew_is_the_same),
        cmocka_unit_test(a_damaged_block_costs_that_block_alone),
        cmocka_unit_test(each_byte_changed_is_noticed_or_harmless),
        cmocka_unit_test(every_cut_is_noticed_or_harmless),
        cmocka_unit_test(the_dead_can_be_punched_and_left_out),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
