/* SPDX-License-Identifier: MIT
 *
 * journal_test.c - the journal against a naive array of what was appended, while files are used
 * again under the feet of readers and the hub starts anew.
 */
#include "hub/row_test.h"

/* What was appended, in order. Only batches with records. */
struct model {
    struct {
        uint64_t first_id;
        uint32_t count;
    } batches[20000];
    uint32_t n;
    uint64_t next_id;
};

static struct model model;

static void note_appended(uint32_t count)
{
    model.batches[model.n].first_id = model.next_id;
    model.batches[model.n++].count = count;
    model.next_id += count;
    assert_true(model.n < 20000);
}

static void append(struct row *r, uint32_t count)
{
    const uint8_t run[16] = {(uint8_t)row_below(r, 5)};
    struct origin o = run_origin(run);

    row_fill(r, &o, model.next_id, count);
    assert_int_equal(journal_append(r->journal, &r->batch), 0);
    if (count == 0)
        return;
    note_appended(count);
    assert_int_equal(journal_end_id(r->journal), model.next_id);
}

static uint32_t batch_with(uint64_t id)
{
    uint32_t i = 0;
    while (i < model.n && model.batches[i].first_id + model.batches[i].count <= id)
        i++;
    return i;
}

/* Walks the view from from_id: every batch of the model up to end_id, each record as it was. */
static void check_view(struct row *r, const struct journal_view *v, uint64_t from_id,
                       uint64_t end_id)
{
    struct journal_cursor c = journal_seek(v, from_id);
    struct jframe_reader reader = {0};
    struct jframe f;
    uint32_t i = batch_with(from_id);

    for (; journal_next(&c, &f); i++) {
        struct record record;
        uint32_t count = 0;
        assert_int_equal(f.first_id, model.batches[i].first_id);
        assert_int_equal(f.count, model.batches[i].count);
        assert_int_equal(jframe_open(&reader, &f, &r->table), 0);
        while (jframe_next(&reader, &record)) {
            assert_int_equal(record.id, f.first_id + count++);
            row_check_record(r, &record);
        }
        assert_int_equal(count, f.count);
    }
    assert_true(i == batch_with(end_id));
    jframe_close(&reader);
}

/* From everywhere that is still there, to the end. */
static void check_all(struct row *r)
{
    uint64_t start = journal_start_id(r->journal), end = journal_end_id(r->journal);
    uint64_t from = start + row_below(r, (uint32_t)(end - start) + 1);
    struct journal_view *v = journal_view_take(r->journal, 0);

    assert_non_null(v);
    assert_int_equal(journal_view_end(v), end);
    check_view(r, v, start, end);
    check_view(r, v, from, end);
    journal_view_drop(r->journal, v);
}

static int setup(void **state)
{
    struct row *r = malloc(sizeof *r);
    row_init(r);
    model = (struct model){.next_id = 1};
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    row_fini(*state);
    free(*state);
    return 0;
}

static void a_new_journal_is_empty_and_makes_no_file(void **state)
{
    struct row *r = *state;
    char last[ROW_NAME];

    row_open(r);
    assert_int_equal(journal_end_id(r->journal), 1);
    assert_int_equal(journal_start_id(r->journal), 1);
    assert_int_equal(r->report.files, 0);
    assert_int_equal(row_files(r, "", last), 0);
    struct journal_view *v = journal_view_take(r->journal, 0);
    check_view(r, v, 0, 1);
    journal_view_drop(r->journal, v);
}

static void what_was_appended_is_there_after_a_start(void **state)
{
    struct row *r = *state;
    char last[ROW_NAME];

    row_open(r);
    append(r, 3);
    append(r, 0);
    append(r, 1);
    row_close(r);
    row_open(r);
    assert_int_equal(r->report.files, 1);
    assert_int_equal(r->report.frames, 3);
    assert_int_equal(r->report.damaged_places + r->report.damaged_files, 0);
    assert_int_equal(journal_end_id(r->journal), 5);
    append(r, 2);
    check_all(r);
    row_settle(r);
    assert_int_equal(row_files(r, "0000000000000001", last), 1);
}

static void ids_may_jump_between_batches(void **state)
{
    struct row *r = *state;

    row_open(r);
    append(r, 3);
    model.next_id = 1 << 26;
    append(r, 4);
    check_all(r);
    row_close(r);
    row_open(r);
    assert_int_equal(r->report.damaged_places, 0);
    assert_int_equal(journal_end_id(r->journal), (1 << 26) + 4);
    check_all(r);
}

/* A view that is held while everything behind it is used again. */
static void a_file_that_is_being_read_is_never_used_again(void **state)
{
    struct row *r = *state;
    char last[ROW_NAME];

    row_open(r);
    while (model.n < 10)
        append(r, 20);
    struct journal_view *v = journal_view_take(r->journal, 0);
    uint64_t end = journal_end_id(r->journal);
    while (r->journal->last_number < 9) {
        append(r, 200);
        row_settle(r);
    }
    assert_int_equal(row_retired(r), 0); /* the oldest stands in the way, so the row has grown */
    assert_int_equal(journal_start_id(r->journal), 1);
    check_view(r, v, 0, end);
    journal_view_drop(r->journal, v);
    while (r->journal->last_number < 11) {
        append(r, 200);
        row_settle(r);
    }
    assert_true(row_retired(r) > 0);
    assert_true(journal_start_id(r->journal) > end);
    row_close(r);
    assert_true(row_files(r, "", last) <= 4); /* and has shrunk to its limit */
    row_open(r);
    check_all(r);
}

static uint32_t rooms; /* so often the journal said that it has room again */

static void count_room(void *ctx)
{
    (void)ctx;
    rooms++;
}

static void a_file_that_is_not_sealed_is_never_used_again(void **state)
{
    struct row *r = *state;
    int err = 0;

    r->no_sealer = true;
    row_open(r);
    r->journal->opts.on_room = count_room;
    bool room = true;
    while (err == 0) {
        room = room && journal_has_room(r->journal);
        row_fill(r, &(struct origin){0}, model.next_id, 200);
        err = journal_append(r->journal, &r->batch);
        if (err == 0)
            note_appended(200);
        row_settle(r);
    }
    assert_int_equal(err, -EAGAIN); /* the source keeps it */
    assert_false(room);             /* and was told to wait before */
    rooms = 0;
    assert_int_equal(r->journal->file_count, 4);
    assert_int_equal(journal_start_id(r->journal), 1);
    check_all(r);
    r->no_sealer = false;
    row_seal(r);
    row_settle(r);
    assert_true(rooms > 0);
    assert_true(journal_has_room(r->journal));
    append(r, 200);
    check_all(r);
}

static void a_sealed_file_stays_until_enough_newer_ones_exist(void **state)
{
    struct row *r = *state;

    r->opts.max_bytes = 64 * (uint64_t)JOURNAL_FILE_SIZE;
    row_open(r);
    while (r->journal->last_number < 20) {
        append(r, 200);
        row_settle(r);
    }
    assert_true(r->journal->file_count > JOURNAL_KEPT);
    assert_true(r->journal->file_count <= JOURNAL_KEPT + 2);
    check_all(r);
}

static void what_is_ended_early_is_full(void **state)
{
    struct row *r = *state;

    r->no_sealer = true;
    row_open(r);
    assert_null(journal_take_full(r->journal));
    append(r, 5);
    assert_null(journal_take_full(r->journal));
    journal_end_file(r->journal);
    struct journal_view *v = journal_take_full(r->journal);
    assert_int_equal(journal_view_end(v), 6);
    journal_sealed(r->journal, v);
    append(r, 5);
    assert_int_equal(r->journal->file_count, 2);
    check_all(r);
}

/* Batches arrive at 2023-11-14 22:13 (row_fill), then a day later, then earlier again. */
static void a_new_day_begins_a_new_file_and_a_clock_that_goes_back_does_not(void **state)
{
    struct row *r = *state;
    const int64_t day_us = INT64_C(86400) * 1000 * 1000;
    static const int days[] = {0, 1, 1, 0, -1, 2};
    static const uint32_t files[] = {1, 2, 2, 2, 2, 3};

    r->no_sealer = true;
    row_open(r);
    for (int i = 0; i < 6; i++) {
        row_fill(r, &(struct origin){0}, model.next_id, 1);
        r->batch.arrival_us += days[i] * day_us;
        assert_int_equal(journal_append(r->journal, &r->batch), 0);
        note_appended(1);
        assert_int_equal(r->journal->last_number, files[i]);
    }
    check_all(r);
}

/* The journal was removed by hand; chunks have its records. */
static void ids_that_chunks_have_are_not_given_again(void **state)
{
    struct row *r = *state;
    char path[ROW_PATH];

    row_open(r);
    append(r, 10);
    row_close(r);
    row_path(r, "0000000000000001", path);
    assert_int_equal(unlink(path), 0);
    r->opts.sealed_end = 11;
    row_open(r);
    assert_int_equal(journal_end_id(r->journal), 11);
    model.next_id = 11;
    model.n = 0;
    append(r, 3);
    check_all(r);
}

/* Files that hold positions only begin with the same id: none may replace another. */
static void files_without_records_do_not_take_each_others_name(void **state)
{
    struct row *r = *state;
    char last[ROW_NAME];

    r->opts.max_bytes = 16 * (uint64_t)JOURNAL_FILE_SIZE;
    row_open(r);
    append(r, 10);
    while (r->journal->last_number < 4)
        append(r, 0);
    append(r, 10);
    row_close(r);
    assert_int_equal(row_files(r, "0000000000000011", last), 3);
    assert_string_equal(last, "0000000000000011-00000002");
    row_open(r);
    assert_int_equal(r->report.files, 4);
    assert_int_equal(r->report.damaged_places + r->report.damaged_files, 0);
    append(r, 5);
    check_all(r);
}

static void frames_of_an_earlier_use_of_the_file_are_never_taken(void **state)
{
    struct row *r = *state;

    row_open(r);
    while (row_retired(r) < 5) {
        append(r, 100);
        row_settle(r);
    }
    row_close(r);
    /* Behind the last frame lies what the file held before. */
    row_open(r);
    assert_int_equal(journal_end_id(r->journal), model.next_id);
    assert_int_equal(r->report.damaged_places, 0);
    check_all(r);
}

/* --- the model --- */

struct pin {
    struct journal_view *view;
    uint64_t from_id, end_id;
};

static void turn_pin(struct row *r, struct pin *pin)
{
    if (pin->view) {
        check_view(r, pin->view, pin->from_id, pin->end_id);
        journal_view_drop(r->journal, pin->view);
        pin->view = NULL;
        return;
    }
    uint64_t start = journal_start_id(r->journal);
    pin->end_id = journal_end_id(r->journal);
    pin->from_id = start + row_below(r, (uint32_t)(pin->end_id - start) + 1);
    pin->view = journal_view_take(r->journal, pin->from_id);
    assert_non_null(pin->view);
}

static void random_steps_agree_with_an_array(void **state)
{
    struct row *r = *state;
    struct pin pins[3] = {0};
    char last[ROW_NAME];

    row_open(r);
    for (int step = 0; step < 3000; step++) {
        uint32_t dice = row_below(r, 1000);
        if (dice < 880)
            append(r, row_below(r, 4) ? row_below(r, 60) : 0);
        else if (dice < 940)
            uv_run(&r->loop.uv, UV_RUN_NOWAIT);
        else if (dice < 970)
            row_settle(r);
        else if (dice < 992)
            turn_pin(r, &pins[dice % 3]);
        else {
            for (size_t i = 0; i < 3; i++)
                if (pins[i].view)
                    turn_pin(r, &pins[i]);
            row_close(r);
            row_open(r);
            assert_int_equal(r->report.damaged_places + r->report.damaged_files, 0);
            assert_int_equal(journal_end_id(r->journal), model.next_id);
            check_all(r);
        }
    }
    for (size_t i = 0; i < 3; i++)
        if (pins[i].view)
            turn_pin(r, &pins[i]);
    check_all(r);
    assert_true(journal_start_id(r->journal) > 1000);
    assert_int_equal(r->troubles, 0);
    row_close(r);
    assert_int_equal(row_files(r, "spare-", last), 0);
    assert_int_equal(row_files(r, "damaged-", last), 0);
}

/* --- syncing --- */

static void nothing_is_acknowledged_before_it_is_synced(void **state)
{
    struct row *r = *state;

    r->opts.durability = DURABILITY_ALWAYS;
    row_open(r);
    append(r, 5);
    assert_int_equal(journal_acked_id(r->journal), 1);
    append(r, 5); /* joins the next sync */
    row_settle(r);
    assert_int_equal(journal_acked_id(r->journal), 11);
    assert_int_equal(journal_syncs(r->journal), 2);
    append(r, 0);
    assert_true(r->journal->current->dirty || r->journal->sync_busy);
    row_settle(r);
    append(r, 0);
    append(r, 0); /* a position alone is synced, too, even when a sync is under way */
    row_settle(r);
    assert_false(r->journal->current->dirty);
    assert_false(r->journal->dir_dirty);
}

static void without_always_a_record_is_acknowledged_at_once(void **state)
{
    struct row *r = *state;

    r->opts.durability = DURABILITY_INTERVAL;
    row_open(r);
    append(r, 5);
    assert_int_equal(journal_acked_id(r->journal), 6);
    assert_true(journal_written(r->journal) > 0);
    for (int i = 0; i < 1000 && r->journal->current->dirty; i++) {
        uv_sleep(1);
        uv_run(&r->loop.uv, UV_RUN_NOWAIT);
    }
    row_settle(r);
    assert_int_equal(journal_syncs(r->journal), 1);
    assert_false(r->journal->current->dirty);
}

/* The hub before may have been killed, and a power cut would take what is in the page cache
 * alone. */
static void what_is_found_at_the_start_counts_as_not_synced(void **state)
{
    struct row *r = *state;

    r->no_sealer = true;
    row_open(r);
    append(r, 50);
    row_close(r);
    r->opts.durability = DURABILITY_INTERVAL;
    row_open(r);
    assert_true(r->journal->current->dirty && r->journal->dir_dirty);
    assert_int_equal(r->journal->current->synced, JFILE_HEAD);
    uv_ref((uv_handle_t *)&r->journal->sync_timer); /* nothing else keeps the loop turning */
    row_settle(r);
    assert_int_equal(journal_syncs(r->journal), 1);
    assert_int_equal(r->journal->current->synced, r->journal->current->used);
    row_close(r);
    r->opts.durability = DURABILITY_ALWAYS;
    row_open(r); /* what is acknowledged is synced */
    assert_int_equal(journal_acked_id(r->journal), 51);
    assert_false(r->journal->current->dirty || r->journal->dir_dirty);
    assert_int_equal(r->journal->current->synced, r->journal->current->used);
    check_all(r);
}

/* As if the disk had refused the sync that covers everything up to now. */
static void fail_a_sync(struct row *r)
{
    struct jfile *f = r->journal->current;

    f->poisoned = true;
    r->journal->sync_failed = true;
    assert_true(journal_is_stuck(r->journal));
}

static void after_a_failed_sync_the_frames_go_into_a_new_file_and_are_acknowledged(void **state)
{
    struct row *r = *state;

    r->opts.durability = DURABILITY_ALWAYS;
    r->no_sealer = true;
    row_open(r);
    append(r, 50);
    row_settle(r);
    assert_int_equal(journal_acked_id(r->journal), 51);
    fail_a_sync(r);
    append(r, 70); /* not known to be on the disk */
    assert_int_equal(journal_acked_id(r->journal), 51);
    assert_int_equal(journal_rescue(r->journal), 0);
    assert_int_equal(r->journal->file_count, 2);
    check_all(r);
    r->journal->sync_failed = false;
    append(r, 5);
    row_settle(r);
    assert_int_equal(journal_acked_id(r->journal), 126);
    check_all(r);
    row_close(r);
    row_open(r); /* the first file has the frames as well: it is cut where the second begins */
    assert_int_equal(r->report.damaged_places + r->report.damaged_files, 0);
    check_all(r);
}

static void nothing_synced_yet_is_rescued_whole(void **state)
{
    struct row *r = *state;

    r->opts.durability = DURABILITY_INTERVAL;
    r->no_sealer = true;
    row_open(r);
    append(r, 50);
    append(r, 0);
    r->journal->current->poisoned = r->journal->sync_failed = true;
    assert_int_equal(journal_rescue(r->journal), 0);
    append(r, 5);
    check_all(r);
    row_close(r);
    row_open(r);
    assert_int_equal(r->report.damaged_places + r->report.damaged_files, 0);
    check_all(r);
}

#define JOURNAL_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(a_new_journal_is_empty_and_makes_no_file),
        JOURNAL_TEST(what_was_appended_is_there_after_a_start),
        JOURNAL_TEST(ids_may_jump_between_batches),
        JOURNAL_TEST(a_file_that_is_being_read_is_never_used_again),
        JOURNAL_TEST(a_file_that_is_not_sealed_is_never_used_again),
        JOURNAL_TEST(a_sealed_file_stays_until_enough_newer_ones_exist),
        JOURNAL_TEST(what_is_ended_early_is_full),
        JOURNAL_TEST(a_new_day_begins_a_new_file_and_a_clock_that_goes_back_does_not),
        JOURNAL_TEST(ids_that_chunks_have_are_not_given_again),
        JOURNAL_TEST(files_without_records_do_not_take_each_others_name),
        JOURNAL_TEST(frames_of_an_earlier_use_of_the_file_are_never_taken),
        JOURNAL_TEST(random_steps_agree_with_an_array),
        JOURNAL_TEST(nothing_is_acknowledged_before_it_is_synced),
        JOURNAL_TEST(after_a_failed_sync_the_frames_go_into_a_new_file_and_are_acknowledged),
        JOURNAL_TEST(nothing_synced_yet_is_rescued_whole),
        JOURNAL_TEST(without_always_a_record_is_acknowledged_at_once),
        JOURNAL_TEST(what_is_found_at_the_start_counts_as_not_synced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
