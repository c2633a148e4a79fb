/* SPDX-License-Identifier: MIT
 *
 * store_test.c - from the journal into chunks and back: kept, mended, cleared, given up for age or
 * size.
 */
#include "store/chunk.h"
#include "store/chunk_format.h"
#include "store/store_impl.h"

#include "base/clock.h"
#include "base/diag.h"
#include "hub/row_test.h"

#include <inttypes.h>

#define DAY_US (INT64_C(86400) * 1000 * 1000)

struct yard {
    struct row row; /* loop, records, label sets; its journal stays closed */
    struct store_opts opts;
    struct hub hub;
    struct store *store;
    int64_t arrival_us;
};

static void open_all(struct yard *y)
{
    struct errinfo info = {0};
    struct hub_opts ho = {.loop = &y->row.loop,
                          .state_dir = y->row.dir,
                          .journal_max = 8 * (uint64_t)JOURNAL_FILE_SIZE,
                          .durability = DURABILITY_OS,
                          .sync_interval_ms = 10};

    if (store_open(&y->store, &y->opts, &info) < 0)
        fail_msg("%s", info.text);
    ho.sealed_end = store_end_id(y->store);
    ho.sealed_positions = store_positions(y->store);
    ho.sealed_positions_end = store_positions_end(y->store);
    if (hub_open(&y->hub, &ho, &info) < 0)
        fail_msg("%s", info.text);
    assert_int_equal(store_attach(y->store, &y->hub), 0);
}

static void close_all(struct yard *y)
{
    store_stop(y->store);
    row_settle(&y->row);
    store_close(y->store);
    hub_close(&y->hub);
    y->store = NULL;
    row_settle(&y->row);
}

static int setup(void **state)
{
    struct yard *y = calloc(1, sizeof *y);

    diag_min_level(DIAG_ERROR);
    row_init(&y->row);
    y->opts = (struct store_opts){.loop = &y->row.loop, .state_dir = y->row.dir};
    y->arrival_us = clock_wall_us();
    *state = y;
    return 0;
}

static int teardown(void **state)
{
    struct yard *y = *state;

    if (y->store)
        close_all(y);
    row_fini(&y->row);
    free(y);
    return 0;
}

static struct origin origin_of(uint8_t i)
{
    uint8_t run[16] = {i, 7};
    return run_origin(run);
}

static void publish(struct yard *y, uint8_t origin, uint32_t count)
{
    struct origin o = origin_of(origin);
    uint64_t first_id = hub_last_id(&y->hub) + 1;
    struct run_position position = {first_id + count, 0, 0};

    row_fill(&y->row, &o, first_id, count);
    y->row.batch.arrival_us = y->arrival_us;
    y->row.batch.position = run_position_encode(&position);
    assert_int_equal(hub_publish(&y->hub, &y->row.batch), 0);
}

/* `count` records more, in a chunk of their own. */
static void seal(struct yard *y, uint32_t count)
{
    publish(y, 1, count);
    journal_end_file(y->hub.journal);
    row_settle(&y->row);
}

/* The same, for every second of them of a retention class. */
static void seal_classes(struct yard *y, uint32_t count, uint16_t class)
{
    struct origin o = origin_of(1);

    row_fill(&y->row, &o, hub_last_id(&y->hub) + 1, count);
    y->row.batch.arrival_us = y->arrival_us;
    for (uint32_t i = 0; i < count; i += 2)
        y->row.batch.records[i].class = class;
    assert_int_equal(hub_publish(&y->hub, &y->row.batch), 0);
    journal_end_file(y->hub.journal);
    row_settle(&y->row);
}

struct look {
    struct yard *y;
    uint64_t next_id, count;
};

static int see(const struct record *r, void *ctx)
{
    struct look *l = ctx;

    assert_true(r->id >= l->next_id);
    row_check_record(&l->y->row, r);
    l->next_id = r->id + 1;
    l->count++;
    return 0;
}

/* Records in chunks; each is as it was written, ids rise. */
static uint64_t count_sealed(struct yard *y)
{
    struct store_view *v = store_view_take(y->store, 0);
    struct look l = {.y = y};
    struct chunk_scan scan = {
        .max_id = UINT64_MAX, .tombs = v->tombs, .now_us = v->now_us, .emit = see, .ctx = &l};

    for (uint32_t i = 0; i < v->chunk_count; i++)
        assert_int_equal(chunk_scan(v->chunks[i], &scan), 0);
    store_view_drop(y->store, v);
    return l.count;
}

static void file_path(struct yard *y, const char *ending, char path[ROW_PATH])
{
    const struct segment *g = LIST_ITEM(y->store->segments.prev, struct segment, link);
    snprintf(path, ROW_PATH, "%s/history/%s/%s%s", y->row.dir, g->day, g->name, ending);
}

static off_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : -1;
}

/* --- sealing --- */

static void full_files_become_chunks_that_are_there_after_a_start(void **state)
{
    struct yard *y = *state;

    open_all(y);
    for (int i = 0; i < 3; i++)
        seal(y, 200);
    publish(y, 2, 50);
    assert_int_equal(store_chunks(y->store), 3);
    assert_int_equal(store_end_id(y->store), 601);
    assert_int_equal(count_sealed(y), 600);
    close_all(y);
    open_all(y);
    assert_int_equal(store_chunks(y->store), 3);
    assert_int_equal(count_sealed(y), 600);
    assert_int_equal(hub_last_id(&y->hub), 650);
    assert_int_equal(store_recovered(y->store)->cut_bytes, 0);
}

static void without_its_journal_a_store_keeps_positions_and_gives_no_id_again(void **state)
{
    struct yard *y = *state;
    struct origin o = origin_of(1);
    char path[ROW_PATH];

    open_all(y);
    seal(y, 300);
    close_all(y);
    snprintf(path, sizeof path, "%s/journal", y->row.dir);
    row_remove_dir(path);
    open_all(y);
    assert_true(hub_last_id(&y->hub) >= 300);
    assert_int_equal(run_position_decode(positions_get(&y->hub.positions, &o)).stdout_n, 301);
    seal(y, 10);
    assert_int_equal(count_sealed(y), 310);
}

/* A power cut may take the newer file of the journal alone: chunks are synced earlier than it. */
static void an_older_file_of_the_journal_does_not_take_positions_back(void **state)
{
    struct yard *y = *state;
    struct origin o = origin_of(1);
    char path[ROW_PATH];

    open_all(y);
    seal(y, 300);
    seal(y, 200);
    close_all(y);
    snprintf(path, sizeof path, "%s/journal/0000000000000301", y->row.dir);
    assert_int_equal(unlink(path), 0);
    for (int i = 0; i < 2; i++) {
        open_all(y);
        assert_int_equal(run_position_decode(positions_get(&y->hub.positions, &o)).stdout_n, 501);
        close_all(y);
    }
    open_all(y);
}

static void a_day_has_its_own_folder_and_a_clock_that_goes_back_loses_nothing(void **state)
{
    struct yard *y = *state;

    open_all(y);
    seal(y, 10);
    y->arrival_us += 2 * DAY_US;
    seal(y, 10);
    y->arrival_us -= 3 * DAY_US;
    seal(y, 10);
    uint32_t segments = 0;
    LIST_FOR_EACH (link, &y->store->segments)
        segments++;
    assert_int_equal(segments, 3);
    close_all(y);
    open_all(y);
    assert_int_equal(count_sealed(y), 30);
}

/* --- mending --- */

static void whatever_lies_behind_the_last_commit_is_cut(void **state)
{
    static const char rubbish[1000] = "LMCHNK1\nrubbish";
    struct yard *y = *state;
    char seg[ROW_PATH], idx[ROW_PATH];

    open_all(y);
    seal(y, 100);
    seal(y, 100);
    file_path(y, ".seg", seg);
    file_path(y, ".idx", idx);
    close_all(y);
    off_t seg_n = size_of(seg), idx_n = size_of(idx);
    for (size_t n = 1; n < sizeof rubbish; n += 111) {
        FILE *f = fopen(seg, "ae");
        assert_int_equal(fwrite(rubbish, 1, n, f), n);
        fclose(f);
        f = fopen(idx, "ae");
        assert_int_equal(fwrite(rubbish, 1, n, f), n);
        fclose(f);
        open_all(y);
        assert_int_equal(count_sealed(y), 200);
        assert_true(store_recovered(y->store)->cut_bytes >= n);
        close_all(y);
        assert_int_equal(size_of(seg), seg_n);
        assert_int_equal(size_of(idx), idx_n);
    }
}

static void an_index_that_is_missing_empty_or_damaged_is_made_anew(void **state)
{
    struct yard *y = *state;
    char idx[ROW_PATH];

    open_all(y);
    for (int i = 0; i < 4; i++)
        seal(y, 100);
    file_path(y, ".idx", idx);
    close_all(y);
    off_t n = size_of(idx);
    for (off_t at = -2; at < n; at += at < 0 ? 1 : 997) {
        int fd = open(idx, O_RDWR | O_CLOEXEC);
        if (at == -2)
            unlink(idx);
        else if (at == -1)
            assert_int_equal(ftruncate(fd, 0), 0);
        else
            assert_int_equal(pwrite(fd, "\xa5\x5a\xa5", 3, at), 3);
        close(fd);
        open_all(y);
        assert_int_equal(count_sealed(y), 400);
        close_all(y);
    }
}

static void the_index_of_another_store_is_not_believed(void **state)
{
    struct yard *y = *state, *other;
    char idx[ROW_PATH], theirs[ROW_PATH], command[2 * ROW_PATH + 16];

    setup((void **)&other);
    open_all(other);
    seal(other, 50);
    file_path(other, ".idx", theirs);
    close_all(other);
    open_all(y);
    seal(y, 100);
    file_path(y, ".idx", idx);
    close_all(y);
    snprintf(command, sizeof command, "cp %s %s", theirs, idx);
    assert_int_equal(system(command), 0);
    teardown((void **)&other);
    open_all(y);
    assert_int_equal(count_sealed(y), 100);
    assert_int_equal(store_recovered(y->store)->rebuilt, 1);
}

struct damage {
    char file[80];
    uint64_t at, places, records;
};

static void on_damage(const char *file, uint64_t at, const char *what, uint64_t records, void *ctx)
{
    struct damage *d = ctx;

    assert_true(strlen(what) > 3);
    snprintf(d->file, sizeof d->file, "%s", file);
    d->at = at;
    d->places++;
    d->records += records;
}

static struct damage verify(struct yard *y)
{
    struct store_opts opts = {.state_dir = y->row.dir, .look_only = true};
    struct errinfo info = {0};
    struct damage d = {0};
    struct store *s;

    if (store_open(&s, &opts, &info) < 0)
        fail_msg("%s", info.text);
    assert_int_equal(store_verify(s, on_damage, &d), 0);
    store_close(s);
    return d;
}

/* Verifying changes nothing: what it finds it finds again. */
static void verifying_names_the_file_and_the_place_of_any_damage(void **state)
{
    struct yard *y = *state;
    char path[2][ROW_PATH];

    open_all(y);
    seal(y, 150);
    seal(y, 150);
    file_path(y, ".seg", path[0]);
    file_path(y, ".idx", path[1]);
    close_all(y);
    assert_int_equal(verify(y).places, 0);
    for (int i = 0; i < 2; i++)
        for (off_t n = size_of(path[i]), at = n / 13; at < n; at += n / 13) {
            char was, is;
            int fd = open(path[i], O_RDWR | O_CLOEXEC);
            assert_int_equal(pread(fd, &was, 1, at), 1);
            is = (char)(was ^ 0x40);
            assert_int_equal(pwrite(fd, &is, 1, at), 1);
            struct damage d = verify(y);
            assert_int_equal(verify(y).places, d.places);
            assert_int_equal(pwrite(fd, &was, 1, at), 1);
            close(fd);
            if (d.places == 0) /* zeros between two sections: nobody looks at them */
                assert_int_equal(was, 0);
            else
                assert_non_null(strstr(d.file, i ? ".idx" : ".seg"));
        }
    assert_int_equal(verify(y).places, 0);
}

/* --- taking away --- */

static void on_cleared(int err, void *ctx)
{
    assert_int_equal(err, 0);
    ++*(int *)ctx;
}

static void what_was_cleared_is_gone_at_once_and_for_ever(void **state)
{
    struct yard *y = *state;
    struct label b = {STR("job_run_id"), STR("b")};
    int cleared = 0;

    open_all(y);
    seal(y, 700);
    uint64_t before = count_sealed(y);
    assert_int_equal(store_clear(y->store, &b, 1, on_cleared, &cleared), 0);
    uint64_t after = count_sealed(y);
    assert_true(after < before && after > 0);
    row_settle(&y->row);
    assert_int_equal(cleared, 1);
    assert_int_equal(count_sealed(y), after);
    close_all(y);
    open_all(y);
    assert_int_equal(count_sealed(y), after);
    seal(y, 700); /* what comes later is not meant */
    assert_int_equal(count_sealed(y), after + before);
}

static void beyond_its_size_the_oldest_go(void **state)
{
    struct yard *y = *state;

    open_all(y);
    for (int i = 0; i < 5; i++)
        seal(y, 100);
    y->store->opts.max_bytes = store_bytes(y->store) / 2;
    keeping_check_bytes(y->store);
    row_settle(&y->row);
    uint64_t left = count_sealed(y), start = store_start_id(y->store);
    assert_in_range(left, 100, 300);
    assert_int_equal(start, 501 - left);
    close_all(y);
    open_all(y);
    assert_int_equal(count_sealed(y), left);
    assert_int_equal(store_start_id(y->store), start);
}

static int files_left;

static bool drop_file(void *ctx)
{
    (void)ctx;
    return files_left > 0 && files_left-- > 0;
}

static void when_the_disk_is_full_plain_files_go_before_what_is_sealed(void **state)
{
    struct yard *y = *state;

    clock_fake(y->arrival_us);
    y->opts.drop_file = drop_file;
    open_all(y);
    seal(y, 100);
    clock_advance(2 * DAY_US);
    y->arrival_us += 2 * DAY_US;
    seal(y, 50);
    files_left = 1;
    y->hub.on_no_space(y->hub.full_ctx);
    row_settle(&y->row);
    assert_int_equal(files_left, 0);
    assert_int_equal(count_sealed(y), 150);
    y->hub.on_no_space(y->hub.full_ctx);
    row_settle(&y->row);
    assert_int_equal(count_sealed(y), 50);
}

static void when_the_disk_is_full_the_oldest_day_goes_and_none_that_is_young(void **state)
{
    struct yard *y = *state;

    clock_fake(y->arrival_us);
    y->opts.min_ms = 86400 * 1000;
    open_all(y);
    seal(y, 100);
    assert_false(store_make_space(y->store));
    clock_advance(2 * DAY_US);
    y->arrival_us += 2 * DAY_US;
    seal(y, 50);
    assert_true(store_make_space(y->store));
    row_settle(&y->row);
    assert_int_equal(count_sealed(y), 50);
    assert_false(store_make_space(y->store));
}

/* --- the clock --- */

static void hours(struct yard *y, int n)
{
    for (int i = 0; i < n; i++) {
        clock_advance(INT64_C(3601) * 1000 * 1000);
        aging_check(y->store);
        row_settle(&y->row);
    }
}

static void what_is_old_goes_when_two_looks_an_hour_apart_agree(void **state)
{
    struct yard *y = *state;

    clock_fake(y->arrival_us);
    y->opts.max_age_ms = 3 * 86400 * 1000;
    open_all(y);
    seal(y, 100);
    clock_advance(2 * DAY_US);
    y->arrival_us += 2 * DAY_US;
    seal(y, 50);
    hours(y, 20);
    assert_int_equal(count_sealed(y), 150);
    hours(y, 6);
    assert_int_equal(count_sealed(y), 50);
}

/* The wall clock is set; how long the hub has been running is known all the same. */
static void jump(struct yard *y, int64_t us)
{
    clock_advance(us);
    y->store->watch.mono_us += us;
    y->store->watch.looked_us += us;
}

static void a_clock_that_jumps_deletes_nothing(void **state)
{
    static const int64_t jumps[] = {3650 * DAY_US, -3650 * DAY_US, 30 * DAY_US, -31 * DAY_US};
    struct yard *y = *state;

    clock_fake(y->arrival_us);
    y->opts.max_age_ms = 3 * 86400 * 1000;
    open_all(y);
    seal(y, 100);
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        jump(y, jumps[i]);
        hours(y, 3);
    }
    assert_int_equal(count_sealed(y), 100);
}

static void a_start_with_a_clock_far_ahead_deletes_nothing_for_a_day(void **state)
{
    struct yard *y = *state;

    clock_fake(y->arrival_us);
    y->opts.max_age_ms = 3 * 86400 * 1000;
    open_all(y);
    seal(y, 100);
    close_all(y);
    clock_advance(3650 * DAY_US);
    open_all(y);
    hours(y, 23);
    assert_int_equal(count_sealed(y), 100);
    hours(y, 4);
    assert_int_equal(count_sealed(y), 0);
}

/* --- shorter ages --- */

static void what_has_expired_is_hidden_at_once_and_leaves_the_disk_by_the_next_look(void **state)
{
    struct yard *y = *state;

    clock_fake(y->arrival_us);
    open_all(y);
    seal_classes(y, 600, 24);
    uint64_t before = store_bytes(y->store);
    clock_advance(DAY_US - 1);
    assert_int_equal(count_sealed(y), 600);
    clock_advance(2);
    assert_int_equal(count_sealed(y), 300);
    assert_int_equal(store_bytes(y->store), before);
    hours(y, 3);
    assert_in_range(store_bytes(y->store), before / 4, before * 3 / 4);
    assert_int_equal(count_sealed(y), 300);
    close_all(y);
    open_all(y);
    assert_int_equal(count_sealed(y), 300);
    assert_in_range(store_bytes(y->store), before / 4, before * 3 / 4);
}

static void records_in_the_journal_that_expired_are_not_sealed(void **state)
{
    struct yard *y = *state;

    clock_fake(y->arrival_us);
    open_all(y);
    hours(y, 2);
    struct origin o = origin_of(1);
    row_fill(&y->row, &o, 1, 100);
    y->row.batch.arrival_us = y->arrival_us;
    for (uint32_t i = 0; i < 50; i++)
        y->row.batch.records[i].class = 1;
    assert_int_equal(hub_publish(&y->hub, &y->row.batch), 0);
    hours(y, 2);
    journal_end_file(y->hub.journal);
    row_settle(&y->row);
    assert_int_equal(y->store->row->at[0]->count, 50);
}

static void a_clock_that_jumps_takes_nothing_that_expires(void **state)
{
    struct yard *y = *state;

    clock_fake(y->arrival_us);
    open_all(y);
    seal_classes(y, 600, 24);
    uint64_t before = store_bytes(y->store);
    jump(y, 3650 * DAY_US);
    assert_int_equal(count_sealed(y), 300); /* as long as the clock says so */
    hours(y, 3);
    y->arrival_us += 3650 * DAY_US;
    seal_classes(y, 100, 1);
    assert_int_equal(y->store->row->at[1]->count, 100);
    jump(y, -3650 * DAY_US);
    hours(y, 3);
    assert_int_equal(y->store->row->at[0]->count, 600);
    assert_true(store_bytes(y->store) > before);
    assert_int_equal(count_sealed(y), 700);
}

static void a_label_set_may_go_earlier_than_the_rest(void **state)
{
    struct yard *y = *state;
    struct conf_label label = {.name = (char[]){"job_run_id"}, .value = (char[]){"b"}};
    const struct keep_conf keeps[] = {
        {.labels = &label, .label_count = 1, .max_age_ms = 86400 * 1000},
        {.source = (char[]){"nobody"}, .max_age_ms = 3600 * 1000}};

    clock_fake(y->arrival_us);
    y->opts.keeps = keeps;
    y->opts.keep_count = 2;
    open_all(y);
    for (int i = 0; i < 3; i++)
        publish(y, 1, 700);
    seal(y, 700); /* enough for blocks that nobody else is in */
    uint64_t bytes = store_bytes(y->store);
    hours(y, 20);
    assert_int_equal(count_sealed(y), 2800);
    hours(y, 6);
    uint64_t left = count_sealed(y);
    assert_in_range(left, 2000, 2200);
    assert_true(store_bytes(y->store) < bytes);
    y->arrival_us = clock_wall_us();
    seal(y, 700); /* young ones are not meant */
    hours(y, 2);
    assert_int_equal(count_sealed(y), left + 700);
    hours(y, 26);
    left += left / 4;
    assert_int_equal(count_sealed(y), left);
    close_all(y);
    y->opts.keep_count = 0;
    open_all(y);
    assert_int_equal(count_sealed(y), left);
}

static void punched_space_does_not_count_against_the_size(void **state)
{
    struct yard *y = *state;

    clock_fake(y->arrival_us);
    open_all(y);
    for (int i = 0; i < 4; i++)
        seal_classes(y, 600, 1);
    y->store->opts.max_bytes = store_bytes(y->store) * 8 / 10;
    hours(y, 3);
    assert_true(store_bytes(y->store) < y->store->opts.max_bytes);
    keeping_check_bytes(y->store);
    row_settle(&y->row);
    assert_int_equal(count_sealed(y), 1200);
    y->store->opts.max_bytes = store_bytes(y->store) * 6 / 10;
    keeping_check_bytes(y->store);
    row_settle(&y->row);
    assert_int_equal(count_sealed(y), 600);
}

/* --- what the following tests begin with --- */

/* Three chunks, the middle one without anything dead; job b is cleared. */
static uint64_t clear_some(struct yard *y)
{
    struct label b = {STR("job_run_id"), STR("b")};
    int cleared = 0;

    seal(y, 700);
    seal(y, 7); /* of one job, and not of b */
    seal(y, 700);
    assert_int_equal(store_clear(y->store, &b, 1, on_cleared, &cleared), 0);
    row_settle(&y->row);
    return count_sealed(y);
}

/* In the folder of the only day. */
static void shell(struct yard *y, const char *words)
{
    char command[2 * ROW_PATH];

    snprintf(command, sizeof command, "cd %s/history/*-*/ && %s", y->row.dir, words);
    assert_int_equal(system(command), 0);
}

/* --- later versions --- */

/* What the folder holds, as one number. */
static void sum_of_files(struct yard *y, char sum[40])
{
    char command[ROW_PATH];

    snprintf(command, sizeof command, "cd %s && cat history/tomb history/*/* | md5sum", y->row.dir);
    FILE *f = popen(command, "r");
    assert_non_null(fgets(sum, 40, f));
    pclose(f);
}

/* Another version of the file, whose check holds as those of all versions do. */
static void make_later(const char *path, size_t at, char value, size_t check_at)
{
    char head[128];
    int fd = open(path, O_RDWR);

    assert_int_equal(pread(fd, head, sizeof head, 0), sizeof head);
    head[at] = value;
    format_put64(head + check_at, format_check(head, check_at));
    assert_int_equal(pwrite(fd, head, sizeof head, 0), sizeof head);
    close(fd);
}

static void expect_refused(struct yard *y)
{
    struct errinfo info = {0};
    char before[40], after[40];

    sum_of_files(y, before);
    for (int i = 0; i < 2; i++) {
        y->opts.look_only = i == 0;
        assert_int_equal(store_open(&y->store, &y->opts, &info), -LM_E_VERSION);
        assert_non_null(strstr(info.text, "was written by a later version of logmill: use that"));
    }
    sum_of_files(y, after);
    assert_string_equal(before, after);
}

static void a_later_version_stops_the_start_and_stays_as_it_is(void **state)
{
    static const struct {
        const char *ending;
        size_t at;
        char value;
        size_t check_at;
    } cases[] = {{".idx", MAGIC_FAMILY_N, '2', INDEX_CHECK},
                 {".idx", INDEX_INCOMPATIBLE, 1, INDEX_CHECK},
                 {".seg", MAGIC_FAMILY_N, '2', CHUNK_CHECK},
                 {".seg", CHUNK_INCOMPATIBLE, 1, CHUNK_CHECK}};
    struct yard *y = *state;
    char path[ROW_PATH];

    open_all(y);
    uint64_t left = clear_some(y);
    file_path(y, "", path);
    close_all(y);
    shell(y, "cp *.seg seg && cp *.idx idx");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char file[ROW_PATH + 8];
        snprintf(file, sizeof file, "%s%s", path, cases[i].ending);
        make_later(file, cases[i].at, cases[i].value, cases[i].check_at);
        expect_refused(y);
        if (i >= 2) { /* the same without an index to go by */
            shell(y, "cp 0*.idx kept && : > 0000000000000001.idx");
            y->opts.look_only = false;
            expect_refused(y);
        }
        shell(y, "cp seg 0000000000000001.seg && cp idx 0000000000000001.idx");
    }
    y->opts.look_only = false;
    open_all(y);
    assert_int_equal(count_sealed(y), left);
}

/* --- compacting --- */

struct compacted {
    int calls, err;
    struct store_compacted result;
};

static void on_compacted(int err, const struct store_compacted *result, void *ctx)
{
    struct compacted *c = ctx;

    c->calls++;
    c->err = err;
    c->result = *result;
}

static struct compacted compact(struct yard *y)
{
    struct compacted c = {0};

    assert_int_equal(store_compact(y->store, on_compacted, &c), 0);
    row_settle(&y->row);
    assert_int_equal(c.calls, 1);
    return c;
}

static uint32_t files_in(struct yard *y)
{
    char command[ROW_PATH], text[16] = "";

    snprintf(command, sizeof command, "find %s/history -type f | wc -l", y->row.dir);
    FILE *f = popen(command, "r");
    assert_non_null(fgets(text, sizeof text, f));
    pclose(f);
    return (uint32_t)strtoul(text, NULL, 10);
}

static void after_compacting_only_the_living_are_on_the_disk(void **state)
{
    struct yard *y = *state;

    open_all(y);
    uint64_t left = clear_some(y), bytes = store_bytes(y->store), end = store_end_id(y->store);
    struct compacted c = compact(y);
    assert_int_equal(c.err, 0);
    assert_int_equal(c.result.pairs, 1);
    assert_int_equal(c.result.records, 1407 - left);
    assert_true(store_bytes(y->store) < bytes * 9 / 10);
    assert_int_equal(count_sealed(y), left);
    assert_int_equal(store_end_id(y->store), end);
    assert_int_equal(files_in(y), 3); /* .seg, .idx, tomb */
    seal(y, 100);
    close_all(y);
    open_all(y);
    assert_in_range(count_sealed(y), left + 1, left + 100);
    assert_int_equal(store_recovered(y->store)->rebuilt, 0);
    assert_int_equal(compact(y).result.pairs, 0); /* nothing is dead any more */
}

static void expect_after_start(struct yard *y, uint64_t records, uint32_t files)
{
    open_all(y);
    assert_int_equal(count_sealed(y), records);
    assert_int_equal(files_in(y), files);
    close_all(y);
}

/* A file of the journal may have had positions only. */
static void a_chunk_without_records_does_not_keep_a_compaction_from_its_end(void **state)
{
    struct yard *y = *state;

    open_all(y);
    seal(y, 0);
    uint64_t left = clear_some(y);
    seal(y, 0);
    assert_int_equal(compact(y).result.pairs, 1);
    assert_int_equal(count_sealed(y), left);
}

static void a_compaction_that_dies_leaves_the_old_or_the_new(void **state)
{
    static const char old_again[] =
        "cp old.seg 0000000000000001.seg && cp old.idx 0000000000000001.idx";
    struct yard *y = *state;

    open_all(y);
    uint64_t left = clear_some(y);
    close_all(y);
    shell(y, "cp 0000000000000001.seg old.seg && cp 0000000000000001.idx old.idx");
    /* While the new pair is being made. */
    shell(y,
          "echo half | tee 0000000000000001-00000001.seg.new > 0000000000000001-00000001.idx.new");
    expect_after_start(y, left, 5);
    open_all(y);
    assert_int_equal(compact(y).result.pairs, 1);
    close_all(y);
    /* Before the old one is removed. */
    shell(y, old_again);
    expect_after_start(y, left, 5);
    /* Between the names of the new one. */
    shell(y, old_again);
    shell(y, "mv 0000000000000001-00000001.idx 0000000000000001-00000001.idx.new");
    expect_after_start(y, left, 5);
    /* While the old one is being removed. */
    shell(y, "cp old.seg 0000000000000001.seg");
    expect_after_start(y, left, 5);
}

static void beside_a_compaction_everything_goes_on(void **state)
{
    struct yard *y = *state;
    struct label c = {STR("job_run_id"), STR("c")};
    struct compacted result = {0};
    int cleared = 0;

    open_all(y);
    clear_some(y);
    assert_int_equal(store_compact(y->store, on_compacted, &result), 0);
    assert_int_equal(store_compact(y->store, on_compacted, &result), -EBUSY);
    struct store_view *v = store_view_take(y->store, 0);
    assert_int_equal(store_clear(y->store, &c, 1, on_cleared, &cleared), 0);
    seal(y, 300);
    uint64_t left = count_sealed(y);
    store_view_drop(y->store, v);
    row_settle(&y->row);
    assert_int_equal(result.calls, 1);
    assert_int_equal(result.err, 0);
    assert_int_equal(count_sealed(y), left);
    compact(y);
    assert_int_equal(count_sealed(y), left);
    close_all(y);
    open_all(y);
    assert_int_equal(count_sealed(y), left);
}

static void what_expired_goes_and_clears_that_mean_nothing_are_forgotten(void **state)
{
    struct yard *y = *state;

    clock_fake(y->arrival_us);
    open_all(y);
    seal_classes(y, 600, 1);
    clear_some(y);
    clock_advance(2 * INT64_C(3600) * 1000 * 1000);
    uint64_t left = count_sealed(y);
    assert_int_equal(tombs_count(y->store->tombs), 1);
    for (int i = 0; i < 2 * JOURNAL_KEPT; i++)
        seal(y, 7); /* until the journal does not reach back to what was cleared */
    left = count_sealed(y);
    assert_int_equal(compact(y).err, 0);
    assert_int_equal(count_sealed(y), left);
    assert_int_equal(tombs_count(y->store->tombs), 0);
    close_all(y);
    open_all(y);
    assert_int_equal(count_sealed(y), left);
}

#define STORE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(full_files_become_chunks_that_are_there_after_a_start),
        STORE_TEST(without_its_journal_a_store_keeps_positions_and_gives_no_id_again),
        STORE_TEST(an_older_file_of_the_journal_does_not_take_positions_back),
        STORE_TEST(a_day_has_its_own_folder_and_a_clock_that_goes_back_loses_nothing),
        STORE_TEST(whatever_lies_behind_the_last_commit_is_cut),
        STORE_TEST(an_index_that_is_missing_empty_or_damaged_is_made_anew),
        STORE_TEST(the_index_of_another_store_is_not_believed),
        STORE_TEST(verifying_names_the_file_and_the_place_of_any_damage),
        STORE_TEST(what_was_cleared_is_gone_at_once_and_for_ever),
        STORE_TEST(beyond_its_size_the_oldest_go),
        STORE_TEST(when_the_disk_is_full_plain_files_go_before_what_is_sealed),
        STORE_TEST(when_the_disk_is_full_the_oldest_day_goes_and_none_that_is_young),
        STORE_TEST(what_is_old_goes_when_two_looks_an_hour_apart_agree),
        STORE_TEST(a_clock_that_jumps_deletes_nothing),
        STORE_TEST(a_start_with_a_clock_far_ahead_deletes_nothing_for_a_day),
        STORE_TEST(what_has_expired_is_hidden_at_once_and_leaves_the_disk_by_the_next_look),
        STORE_TEST(records_in_the_journal_that_expired_are_not_sealed),
        STORE_TEST(a_clock_that_jumps_takes_nothing_that_expires),
        STORE_TEST(a_label_set_may_go_earlier_than_the_rest),
        STORE_TEST(punched_space_does_not_count_against_the_size),
        STORE_TEST(a_later_version_stops_the_start_and_stays_as_it_is),
        STORE_TEST(after_compacting_only_the_living_are_on_the_disk),
        STORE_TEST(a_chunk_without_records_does_not_keep_a_compaction_from_its_end),
        STORE_TEST(a_compaction_that_dies_leaves_the_old_or_the_new),
        STORE_TEST(beside_a_compaction_everything_goes_on),
        STORE_TEST(what_expired_goes_and_clears_that_mean_nothing_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
