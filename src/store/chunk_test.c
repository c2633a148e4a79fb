/* SPDX-License-Identifier: MIT
 *
 * chunk_test.c - from a journal file to a chunk, and everything back.
 */
#include "store/sealed_test.h"

#include "hub/row_test.h"

enum { FILES = 2 };

static struct row row;
static struct journal_view *view;
static uint64_t last_id;
static int64_t batch_us = 1700000000000000;

/* Two full files, some ids not stored on purpose, one jump of the ids. */
static int setup(void **state)
{
    uint64_t id = 17;
    char last[ROW_NAME];

    (void)state;
    row_init(&row);
    row.opts.max_bytes = 8 * (uint64_t)JOURNAL_FILE_SIZE;
    row_open(&row);
    while (row_files(&row, "0", last) <= FILES) {
        uint32_t count = 1 + row_below(&row, 60);
        if (id > 1000 && id < 5000)
            id = 5000;
        row_fill(&row, &(struct origin){.kind = ORIGIN_FILE}, id, count);
        row.batch.unstored = row_below(&row, 9) == 0;
        row.batch.arrival_us = batch_us++;
        assert_int_equal(journal_append(row.journal, &row.batch), 0);
        id += count;
        row_settle(&row);
    }
    last_id = id - 1;
    view = journal_view_take(row.journal, 0);
    assert_true(journal_view_files(view) > FILES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    journal_view_drop(row.journal, view);
    row_fini(&row);
    return 0;
}

static struct chunk *seal(uint32_t file)
{
    const struct chunk_seal_opts opts = {
        .epoch = SEALED_EPOCH, .seg_at = SEALED_SEG_AT, .positions = STR("here")};
    struct chunk_image image;
    struct chunk_idx idx;
    struct chunk *c = NULL;

    assert_int_equal(chunk_seal(view, file, &opts, &image), 0);
    assert_int_equal(chunk_idx_read(buf_str(&image.idx), &idx), 0);
    assert_int_equal(idx.size, image.idx.n);
    assert_int_equal(idx.seg_n, image.seg.n);
    assert_int_equal(idx.epoch, SEALED_EPOCH);
    assert_true(str_eq(idx.positions, STR("here")));
    assert_int_equal(sealed_open(&image, &c), 0);
    assert_int_equal(c->count, image.count);
    assert_int_equal(c->first_id, image.first_id);
    assert_int_equal(c->end_id, image.end_id);
    chunk_image_fini(&image);
    return c;
}

/* --- walking a chunk and the journal beside it --- */

struct walk {
    struct journal_cursor cursor;
    struct jframe frame;
    struct jframe_reader reader;
    struct label_table table;
    uint64_t due; /* the next id the chunk has something to say about */
    uint32_t records, unstored, missing, stop_after;
};

static void begin(struct walk *w, uint32_t file, uint64_t due)
{
    *w = (struct walk){.cursor = journal_file_start(view, file), .due = due};
    w->reader.table = &w->table;
}

/* The next record of the journal whose id is at least `due`. */
static bool next_of_journal(struct walk *w, struct record *ret)
{
    for (;;) {
        while (jframe_next(&w->reader, ret))
            if (ret->id >= w->due)
                return true;
        if (!journal_next(&w->cursor, &w->frame))
            return false;
        assert_int_equal(jframe_open(&w->reader, &w->frame, &w->table), 0);
    }
}

static int see_record(const struct record *r, void *ctx)
{
    struct walk *w = ctx;
    struct record want;

    assert_int_equal(r->id, w->due);
    assert_true(next_of_journal(w, &want));
    assert_int_equal(r->id, want.id);
    row_check_record(&row, r);
    assert_true(str_eq(r->labels->json, want.labels->json));
    w->due = r->id + 1;
    w->records++;
    return w->records == w->stop_after ? 99 : 0;
}

static int see_hole(const struct chunk_hole *h, void *ctx)
{
    struct walk *w = ctx;

    assert_int_equal(h->first_id, w->due);
    assert_true(h->end_id > h->first_id);
    if (h->reason == HOLE_UNSTORED) {
        assert_true(h->set_count > 0);
        assert_non_null(h->sets[0]->source.p);
        w->unstored++;
    } else {
        assert_int_equal(h->reason, HOLE_MISSING);
        w->missing++;
    }
    w->due = h->end_id;
    return 0;
}

static struct chunk_scan everything(struct walk *w)
{
    return (struct chunk_scan){
        .max_id = UINT64_MAX, .emit = see_record, .hole = see_hole, .ctx = w};
}

static void end(struct walk *w)
{
    jframe_close(&w->reader);
    label_table_fini(&w->table);
}

static void a_chunk_has_what_its_journal_file_has(void **state)
{
    uint32_t unstored = 0, missing = 0;

    (void)state;
    for (uint32_t file = 0; file < FILES; file++) {
        struct chunk *c = seal(file);
        struct walk w;
        begin(&w, file, c->first_id);
        struct chunk_scan s = everything(&w);
        assert_int_equal(chunk_scan(c, &s), 0);
        assert_int_equal(w.due, c->end_id);
        assert_int_equal(w.records, c->count);
        unstored += w.unstored;
        missing += w.missing;
        end(&w);
        chunk_unref(c);
    }
    assert_true(unstored > 10);
    assert_int_equal(missing, 1);
}

static void a_scan_goes_on_where_it_stopped(void **state)
{
    struct chunk *c = seal(0);
    uint64_t due = c->first_id;
    uint32_t records = 0;
    int err;

    (void)state;
    do {
        struct walk w;
        begin(&w, 0, due);
        w.stop_after = c->count / 4;
        struct chunk_scan s = everything(&w);
        s.min_id = due;
        err = chunk_scan(c, &s);
        due = w.due;
        records += w.records;
        end(&w);
    } while (err == 99);
    assert_int_equal(err, 0);
    assert_int_equal(records, c->count);
    assert_int_equal(due, c->end_id);
    chunk_unref(c);
}

static int count_record(const struct record *r, void *ctx)
{
    (void)r;
    (*(uint32_t *)ctx)++;
    return 0;
}

static uint32_t count_alive(struct chunk *c, const struct tombs *tombs, int64_t now_us)
{
    uint32_t n = 0;
    const struct chunk_scan s = {
        .max_id = UINT64_MAX, .tombs = tombs, .now_us = now_us, .emit = count_record, .ctx = &n};

    assert_int_equal(chunk_scan(c, &s), 0);
    return n;
}

static void what_was_cleared_is_passed_over_and_left_out(void **state)
{
    const struct label job = {STR("job_run_id"), STR("b")};
    struct chunk *c = seal(0);
    uint64_t bound = (c->first_id + c->end_id) / 2;
    struct tombs *tombs = NULL;
    uint32_t expected = 0;

    (void)state;
    for (uint64_t id = c->first_id; id < c->end_id; id++)
        expected += row_record(&row, id).labels == row.sets[1] && id <= bound;
    assert_int_equal(tombs_with(NULL, &job, 1, bound, &tombs), 0);
    uint32_t alive = count_alive(c, tombs, 0);
    assert_true(alive < c->count && alive >= c->count - expected);
    const struct chunk_seal_opts opts = {.epoch = 1, .tombs = tombs};
    struct chunk_image image;
    assert_int_equal(chunk_seal(view, 0, &opts, &image), 0);
    assert_int_equal(image.count, alive);
    chunk_image_fini(&image);
    tombs_unref(tombs);
    chunk_unref(c);
}

static void the_same_file_gives_the_same_bytes(void **state)
{
    const struct chunk_seal_opts opts = {.epoch = 1, .seg_at = 8};
    struct chunk_image a, b;

    (void)state;
    assert_int_equal(chunk_seal(view, 0, &opts, &a), 0);
    assert_int_equal(chunk_seal(view, 0, &opts, &b), 0);
    assert_true(str_eq(buf_str(&a.seg), buf_str(&b.seg)));
    assert_true(str_eq(buf_str(&a.idx), buf_str(&b.idx)));
    chunk_image_fini(&a);
    chunk_image_fini(&b);
}

static void a_chunk_without_records_keeps_its_positions(void **state)
{
    struct chunk *c = sealed_chunk(NULL, 0, 0);

    (void)state;
    assert_int_equal(c->count, 0);
    assert_int_equal(count_alive(c, NULL, 0), 0);
    chunk_unref(c);
}

/* --- retention classes --- */

static uint16_t class_of(const struct record *r)
{
    return r->id % 3 == 0 ? 1 : 0; /* an hour */
}

static void what_has_expired_is_gone(void **state)
{
    struct record records[30];
    struct seal_rows rows;
    struct chunk_image image;
    struct chunk *c = NULL;
    int64_t hour = INT64_C(3600000000);

    (void)state;
    for (uint32_t i = 0; i < 30; i++) {
        records[i] = row_record(&row, i + 1);
        records[i].time_us = i; /* and its arrival */
    }
    sealed_rows(&rows, records, 30, class_of);
    assert_int_equal(seal_image(&rows, &(struct chunk_seal_opts){.seg_at = SEALED_SEG_AT}, &image),
                     0);
    seal_rows_fini(&rows);
    assert_int_equal(sealed_open(&image, &c), 0);
    chunk_image_fini(&image);
    assert_int_equal(count_alive(c, NULL, 0), 30);
    assert_int_equal(count_alive(c, NULL, hour + 29), 30);
    assert_int_equal(count_alive(c, NULL, hour + 30), 20);
    chunk_unref(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_has_what_its_journal_file_has),
        cmocka_unit_test(a_scan_goes_on_where_it_stopped),
        cmocka_unit_test(what_was_cleared_is_passed_over_and_left_out),
        cmocka_unit_test(the_same_file_gives_the_same_bytes),
        cmocka_unit_test(a_chunk_without_records_keeps_its_positions),
        cmocka_unit_test(what_has_expired_is_gone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
