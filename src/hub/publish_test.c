/* SPDX-License-Identifier: MIT
 *
 * publish_test.c - the one function every record passes, and what it leaves behind when it fails.
 *
 * A crash is played by closing everything but the numbers: the file `store` then lacks `next`, as
 * after a kill, and the journal is what the mapping held.
 */
#include "hub/publish.h"

#include "base/clock.h"
#include "base/diag.h"
#include "hub/row_test.h"

#include <signal.h>
#include <sys/resource.h>

enum { ORIGINS = 40 };

struct yard {
    struct row row; /* folder, loop, records; its journal stays closed */
    struct hub hub;
    struct hub_opts opts;
    struct run_position positions[ORIGINS]; /* what was last published */
    uint64_t next_id;
    struct positions sealed; /* what a store would have */
    struct buf sealed_bytes;
    uint64_t heard; /* records that sinks were called for */
    uint32_t calls;
    uint64_t acked;
};

/* Does what a store does with a full file, except for keeping the records. */
static void seal(void *ctx)
{
    struct yard *y = ctx;
    struct journal_view *v;
    struct jframe f;

    while ((v = journal_take_full(y->hub.journal))) {
        struct journal_cursor c = journal_file_start(v, 0);
        while (journal_next_any(&c, &f))
            assert_int_equal(positions_set(&y->sealed, &f.origin, &f.position, f.arrival_us), 0);
        y->opts.sealed_end = journal_view_end(v);
        buf_clear(&y->sealed_bytes);
        positions_encode(&y->sealed, &y->sealed_bytes);
        y->opts.sealed_positions = buf_str(&y->sealed_bytes);
        journal_sealed(y->hub.journal, v);
    }
}

static void open_hub(struct yard *y)
{
    struct errinfo info = {0};

    if (hub_open(&y->hub, &y->opts, &info) < 0)
        fail_msg("%s", info.text);
    y->hub.on_full = seal;
    y->hub.full_ctx = y;
    seal(y);
}

static void close_hub(struct yard *y)
{
    row_settle(&y->row);
    hub_close(&y->hub);
    row_settle(&y->row);
}

static void crash_hub(struct yard *y)
{
    row_settle(&y->row);
    free(y->hub.numbers.path);
    y->hub.numbers.path = NULL;
    hub_close(&y->hub);
    row_settle(&y->row);
}

static int setup(void **state)
{
    struct yard *y = calloc(1, sizeof *y);

    row_init(&y->row);
    positions_init(&y->sealed);
    y->next_id = 1;
    y->opts = (struct hub_opts){.loop = &y->row.loop,
                                .state_dir = y->row.dir,
                                .journal_max = 4 * (uint64_t)JOURNAL_FILE_SIZE,
                                .durability = DURABILITY_OS,
                                .sync_interval_ms = 1000};
    diag_min_level(DIAG_ERROR);
    *state = y;
    return 0;
}

static int teardown(void **state)
{
    struct yard *y = *state;

    if (y->hub.journal)
        close_hub(y);
    row_fini(&y->row);
    positions_fini(&y->sealed);
    buf_fini(&y->sealed_bytes);
    free(y);
    return 0;
}

static struct origin origin_of(uint32_t i)
{
    uint8_t run[16] = {0xab, (uint8_t)i};
    return run_origin(run);
}

/* Publishes `count` records of an origin, whose position moves on. */
static int publish(struct yard *y, uint32_t i, uint32_t count)
{
    struct origin o = origin_of(i);
    struct run_position next = y->positions[i];

    next.stdout_n += 1 + count;
    row_fill(&y->row, &o, y->next_id, count);
    y->row.batch.position = run_position_encode(&next);
    int err = hub_publish(&y->hub, &y->row.batch);
    if (err < 0)
        return err;
    assert_true(count == 0 || y->row.batch.first_id == y->next_id);
    y->next_id += count;
    y->positions[i] = next;
    return 0;
}

static void check_positions(struct yard *y)
{
    for (uint32_t i = 0; i < ORIGINS; i++) {
        struct origin o = origin_of(i);
        const struct position *p = positions_get(&y->hub.positions, &o);
        assert_true((p != NULL) == (y->positions[i].stdout_n > 0));
        assert_int_equal(run_position_decode(p).stdout_n, y->positions[i].stdout_n);
    }
}

static void hear(const struct batch *b, void *ctx)
{
    struct yard *y = ctx;

    assert_true(b->count > 0);
    for (uint32_t i = 0; i < b->count; i++) {
        assert_int_equal(b->records[i].id, b->first_id + i);
        row_check_record(&y->row, &b->records[i]);
    }
    y->heard += b->count;
    y->calls++;
}

static void acked(uint64_t acked_id, void *ctx)
{
    struct yard *y = ctx;
    assert_true(acked_id >= y->acked);
    y->acked = acked_id;
}

static void a_batch_is_numbered_kept_and_handed_to_every_sink(void **state)
{
    struct yard *y = *state;

    open_hub(y);
    assert_int_equal(hub_last_id(&y->hub), 0);
    hub_add_sink(&y->hub, hear, y);
    hub_add_sink(&y->hub, hear, y);
    assert_int_equal(publish(y, 0, 3), 0);
    assert_int_equal(publish(y, 1, 2), 0);
    assert_int_equal(hub_last_id(&y->hub), 5);
    assert_int_equal(hub_acked_id(&y->hub), 6);
    assert_int_equal(y->heard, 10);
    assert_int_equal(publish(y, 1, 0), 0); /* a position only: nothing for sinks */
    assert_int_equal(y->calls, 4);
    assert_int_equal(hub_last_id(&y->hub), 5);
    check_positions(y);
}

static void a_clean_stop_and_a_kill_both_go_on_with_the_next_id(void **state)
{
    struct yard *y = *state;

    for (int life = 0; life < 6; life++) {
        open_hub(y);
        check_positions(y);
        assert_int_equal(hub_last_id(&y->hub) + 1, y->next_id);
        assert_int_equal(publish(y, (uint32_t)life, 7), 0);
        assert_int_equal(publish(y, 0, 0), 0);
        if (life % 2)
            close_hub(y);
        else
            crash_hub(y);
    }
    open_hub(y);
    check_positions(y);
}

/* Forty origins speak once; then one of them fills the row many times over. */
static void positions_of_quiet_origins_survive_when_their_files_are_used_again(void **state)
{
    struct yard *y = *state;

    for (int life = 0; life < 3; life++) {
        open_hub(y);
        for (uint32_t i = 1; i < ORIGINS && life == 0; i++)
            assert_int_equal(publish(y, i, i % 3), 0);
        uint32_t until = y->hub.journal->last_number + 7;
        while (y->hub.journal->last_number < until) {
            assert_int_equal(publish(y, 0, 400), 0);
            row_settle(&y->row);
        }
        assert_true(journal_start_id(y->hub.journal) > ORIGINS);
        check_positions(y);
        if (life == 1)
            close_hub(y);
        else
            crash_hub(y);
        open_hub(y);
        check_positions(y);
        crash_hub(y);
    }
}

/* A position in the very last frame of a file, with no record behind it there. */
static void a_position_at_the_end_of_a_file_survives_too(void **state)
{
    struct yard *y = *state;

    open_hub(y);
    assert_int_equal(publish(y, 0, 10), 0);
    struct jfile *f = y->hub.journal->current;
    while (f->size - f->used > 70000)
        assert_int_equal(publish(y, 0, 1), 0);
    assert_int_equal(publish(y, 1, 0), 0);
    while (y->hub.journal->last_number < 8) {
        assert_int_equal(publish(y, 0, 500), 0);
        row_settle(&y->row);
    }
    assert_true(journal_start_id(y->hub.journal) > 10);
    crash_hub(y);
    open_hub(y);
    check_positions(y);
}

static void the_position_of_a_run_that_has_ended_is_let_go(void **state)
{
    struct yard *y = *state;
    struct origin o = origin_of(1);
    struct run_position ended = {1, 0, RUN_ENDED};

    open_hub(y);
    row_fill(&y->row, &o, 1, 1);
    y->row.batch.position = run_position_encode(&ended);
    assert_int_equal(hub_publish(&y->hub, &y->row.batch), 0);
    y->next_id = 2;
    while (y->hub.journal->last_number < 8) {
        assert_int_equal(publish(y, 0, 500), 0);
        row_settle(&y->row);
    }
    crash_hub(y);
    open_hub(y);
    assert_null(positions_get(&y->hub.positions, &o));
}

/* --- failures --- */

static uint64_t written(const struct yard *y)
{
    return journal_written(y->hub.journal);
}

static void a_failed_publish_leaves_nothing_behind(void **state)
{
    struct yard *y = *state;
    struct rlimit before;

    open_hub(y);
    hub_add_sink(&y->hub, hear, y);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, before.rlim_max}), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(publish(y, 2, 5), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(hub_last_id(&y->hub), 0);
    assert_int_equal(written(y), 0);
    assert_int_equal(y->calls, 0);
    check_positions(y);
    assert_int_equal(publish(y, 2, 5), 0); /* the same ids, once */
    assert_int_equal(y->heard, 5);
    crash_hub(y);
    open_hub(y);
    check_positions(y);
    assert_int_equal(hub_last_id(&y->hub), 5);
}

static void numbering_that_waits_for_the_disk_leaves_nothing_behind(void **state)
{
    struct yard *y = *state;

    open_hub(y);
    hub_add_sink(&y->hub, hear, y);
    y->hub.numbers.next = y->next_id = y->hub.numbers.watermark - 2;
    assert_int_equal(publish(y, 3, 5), -EAGAIN);
    assert_int_equal(written(y), 0);
    assert_int_equal(y->calls, 0);
    check_positions(y);
    row_settle(&y->row);
    assert_int_equal(publish(y, 3, 5), 0);
    assert_int_equal(y->calls, 1);
}

static void damage_makes_numbering_jump_and_says_so(void **state)
{
    struct yard *y = *state;
    char last[ROW_NAME], wrong = 'X';

    open_hub(y);
    assert_int_equal(publish(y, 0, 5), 0);
    size_t at = y->hub.journal->current->used;
    assert_int_equal(publish(y, 0, 5), 0);
    uint64_t watermark = y->hub.numbers.watermark;
    crash_hub(y);
    row_files(&y->row, "0", last);
    row_write_at(&y->row, last, at + 60, &wrong, 1);
    open_hub(y);
    assert_int_equal(y->hub.recovered.damaged_places, 1);
    assert_int_equal(hub_last_id(&y->hub) + 1, watermark);
    y->next_id = watermark;
    assert_int_equal(publish(y, 0, 5), 0);
}

static void always_tells_who_waits_when_it_is_on_disk(void **state)
{
    struct yard *y = *state;

    y->opts.durability = DURABILITY_ALWAYS;
    open_hub(y);
    y->hub.on_acked = acked;
    y->hub.acked_ctx = y;
    assert_int_equal(publish(y, 0, 5), 0);
    assert_int_equal(hub_acked_id(&y->hub), 1);
    row_settle(&y->row);
    assert_int_equal(y->acked, 6);
    assert_int_equal(hub_acked_id(&y->hub), 6);
}

static void a_store_that_cannot_be_opened_says_why_and_is_left_alone(void **state)
{
    struct yard *y = *state;
    struct errinfo info = {0};
    char path[ROW_PATH];

    open_hub(y);
    assert_int_equal(publish(y, 0, 5), 0);
    close_hub(y);
    snprintf(path, sizeof path, "%s/store", y->row.dir);
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(hub_open(&y->hub, &y->opts, &info), -LM_E_DAMAGED);
    assert_non_null(strstr(info.text, "store is damaged"));
    hub_close(&y->hub);
    row_settle(&y->row);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 20);
}

/* --- cursors --- */

static void a_cursor_is_the_epoch_and_the_id(void **state)
{
    struct yard *y = *state;
    char text[CURSOR_MAX], expected[CURSOR_MAX];
    uint64_t id = 0;
    bool foreign = true;

    open_hub(y);
    y->hub.numbers.epoch = 0x00ab12cd;
    assert_int_equal(hub_cursor(&y->hub, 70001, text), 14);
    assert_string_equal(text, "00ab12cd.70001");
    assert_true(hub_cursor_parse(&y->hub, str_from(text), &id, &foreign));
    assert_int_equal(id, 70001);
    assert_false(foreign);
    snprintf(expected, sizeof expected, "00ab12cd.%s", "9007199254740991");
    assert_int_equal(hub_cursor(&y->hub, (UINT64_C(1) << 53) - 1, text), 25);
    assert_string_equal(text, expected);
}

static void cursors_of_clients_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        bool ok, foreign;
        uint64_t id;
    } cases[] = {
        {"00ab12cd.5", true, false, 5},
        {"00ab12ce.5", true, true, 5},
        {"5", true, false, 5},
        {"0", true, false, 0},
        {"00ab12cd.0", true, false, 0},
        {"9007199254740991", true, false, 9007199254740991},
        {"9007199254740992", false, false, 0},
        {"00ab12cd.9007199254740992", false, false, 0},
        {"18446744073709551616", false, false, 0},
        {"", false, false, 0},
        {".", false, false, 0},
        {".5", false, false, 0},
        {"00ab12cd.", false, false, 0},
        {"00AB12CD.5", false, false, 0},
        {"0ab12cd.5", false, false, 0},
        {"000ab12cd.5", false, false, 0},
        {"00ab12cg.5", false, false, 0},
        {"00ab12cd.5.6", false, false, 0},
        {"00ab12cd.-5", false, false, 0},
        {"00ab12cd. 5", false, false, 0},
        {"-5", false, false, 0},
        {"5 ", false, false, 0},
        {"00ab12cd", false, false, 0},
    };
    struct yard *y = *state;

    open_hub(y);
    y->hub.numbers.epoch = 0x00ab12cd;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t id = 0;
        bool foreign = false;
        bool ok = hub_cursor_parse(&y->hub, str_from(cases[i].text), &id, &foreign);
        if (ok != cases[i].ok || (ok && (id != cases[i].id || foreign != cases[i].foreign)))
            fail_msg("\"%s\" was read as %d", cases[i].text, ok);
    }
}

/* A batch that is not to be stored: its ids, its position and its labels are, its records are
 * not. */
static void what_is_not_to_be_stored_leaves_its_ids_and_its_position(void **state)
{
    struct yard *y = *state;
    struct origin o = origin_of(7);
    struct jframe f;

    open_hub(y);
    assert_int_equal(publish(y, 1, 5), 0);
    row_fill(&y->row, &o, y->next_id, 4);
    y->row.batch.unstored = true;
    y->positions[7].stdout_n = 99;
    y->row.batch.position = run_position_encode(&y->positions[7]);
    assert_int_equal(hub_publish(&y->hub, &y->row.batch), 0);
    assert_int_equal(y->row.batch.first_id, 6);
    y->next_id += 4;
    assert_int_equal(hub_acked_id(&y->hub), 10);
    crash_hub(y);
    open_hub(y);
    assert_int_equal(y->hub.recovered.damaged_places, 0);
    check_positions(y);
    assert_int_equal(publish(y, 1, 2), 0); /* from 10 on: the ids are not given again */
    struct journal_view *v = journal_view_take(y->hub.journal, 0);
    struct journal_cursor c = journal_seek(v, 0), all = c;
    assert_true(journal_next(&c, &f) && f.first_id == 1 && f.count == 5);
    assert_true(journal_next(&c, &f) && f.first_id == 10 && f.count == 2 && f.unstored == 0);
    assert_true(journal_next_or_unstored(&all, &f) && f.count == 5);
    assert_true(journal_next_or_unstored(&all, &f) && f.count == 0);
    assert_int_equal(f.unstored, 4);
    assert_int_equal(f.first_id, 10);
    assert_true(f.set_count > 0);
    assert_true(journal_next_or_unstored(&all, &f) && f.count == 2);
    journal_view_drop(y->hub.journal, v);
}

static void the_key_of_a_push_batch_survives_a_kill(void **state)
{
    struct yard *y = *state;
    struct origin key = push_origin(STR("batch-1"));
    struct push_position there = {5, 0};

    open_hub(y);
    row_fill(&y->row, &key, y->next_id, 5);
    y->row.batch.arrival_us = clock_wall_us();
    y->row.batch.position = push_position_encode(&there);
    assert_int_equal(hub_publish(&y->hub, &y->row.batch), 0);
    y->next_id += 5;
    crash_hub(y);
    open_hub(y);
    struct push_position p = push_position_decode(positions_get(&y->hub.positions, &key));
    assert_int_equal(p.accepted, 5);
    assert_int_equal(p.flags, 0);
    uint32_t until = y->hub.journal->last_number + 7; /* the file that held it is used again */
    while (y->hub.journal->last_number < until) {
        assert_int_equal(publish(y, 0, 400), 0);
        row_settle(&y->row);
    }
    assert_true(journal_start_id(y->hub.journal) > 5);
    assert_non_null(positions_get(&y->hub.positions, &key));
    crash_hub(y);
    open_hub(y);
    assert_non_null(positions_get(&y->hub.positions, &key));
}

#define PUBLISH_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PUBLISH_TEST(a_batch_is_numbered_kept_and_handed_to_every_sink),
        PUBLISH_TEST(a_clean_stop_and_a_kill_both_go_on_with_the_next_id),
        PUBLISH_TEST(positions_of_quiet_origins_survive_when_their_files_are_used_again),
        PUBLISH_TEST(a_position_at_the_end_of_a_file_survives_too),
        PUBLISH_TEST(the_position_of_a_run_that_has_ended_is_let_go),
        PUBLISH_TEST(a_failed_publish_leaves_nothing_behind),
        PUBLISH_TEST(numbering_that_waits_for_the_disk_leaves_nothing_behind),
        PUBLISH_TEST(damage_makes_numbering_jump_and_says_so),
        PUBLISH_TEST(always_tells_who_waits_when_it_is_on_disk),
        PUBLISH_TEST(a_store_that_cannot_be_opened_says_why_and_is_left_alone),
        PUBLISH_TEST(what_is_not_to_be_stored_leaves_its_ids_and_its_position),
        PUBLISH_TEST(the_key_of_a_push_batch_survives_a_kill),
        PUBLISH_TEST(a_cursor_is_the_epoch_and_the_id),
        PUBLISH_TEST(cursors_of_clients_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
