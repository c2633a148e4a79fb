/* SPDX-License-Identifier: MIT
 *
 * journal_full_test.c - no space, no names, no descriptors: an append fails cleanly or finds its
 * place, and nothing acknowledged goes but the oldest.
 *
 * A small tmpfs plays the full disk. It is mounted in a mount namespace of this process; where that
 * is not allowed (nobody but root may) those tests are skipped.
 */
#include "hub/row_test.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

static bool has_small_disk;

static int group_setup(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    has_small_disk =
        unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return 0;
}

static int setup(void **state)
{
    struct row *r = malloc(sizeof *r);
    row_init(r);
    *state = r;
    return 0;
}

/* The state directory becomes a disk of four files and a bit, and may grow to them all. */
static int setup_small_disk(void **state)
{
    setup(state);
    struct row *r = *state;
    r->opts.max_bytes = UINT64_C(1) << 30;
    has_small_disk = has_small_disk && mount("none", r->dir, "tmpfs", 0, "size=36m") == 0;
    return 0;
}

static int teardown(void **state)
{
    struct row *r = *state;
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (r->journal)
        row_close(r);
    umount2(r->dir, MNT_DETACH);
    row_fini(r);
    free(r);
    return 0;
}

static int append(struct row *r, uint64_t *next_id, uint32_t count)
{
    row_fill(r, &(struct origin){0}, *next_id, count);
    int err = journal_append(r->journal, &r->batch);
    if (err == 0)
        *next_id += count;
    return err;
}

/* Everything from journal_start_id() to next_id is there, in order, once. */
static void check_all(struct row *r, uint64_t next_id)
{
    struct journal_view *v = journal_view_take(r->journal, 0);
    struct journal_cursor c = journal_seek(v, 0);
    struct jframe_reader reader = {0};
    uint64_t id = journal_start_id(r->journal);
    struct record record;
    struct jframe f;

    while (journal_next(&c, &f)) {
        assert_int_equal(jframe_open(&reader, &f, &r->table), 0);
        while (jframe_next(&reader, &record)) {
            assert_int_equal(record.id, id++);
            row_check_record(r, &record);
        }
    }
    assert_int_equal(id, next_id);
    assert_int_equal(journal_end_id(r->journal), next_id);
    jframe_close(&reader);
    journal_view_drop(r->journal, v);
}

static void on_a_full_disk_the_oldest_goes_and_the_newest_is_kept(void **state)
{
    struct row *r = *state;
    uint64_t next_id = 1;

    if (!has_small_disk)
        skip();
    row_open(r);
    while (r->journal->last_number < 12) {
        assert_int_equal(append(r, &next_id, 200), 0);
        row_settle(r);
    }
    assert_true(r->troubles > 0 && row_retired(r) > 0);
    assert_true(journal_start_id(r->journal) > 1);
    check_all(r, next_id);
    row_close(r);
    row_open(r);
    assert_int_equal(r->report.damaged_files + r->report.damaged_places, 0);
    check_all(r, next_id);
}

static void when_the_oldest_is_being_read_an_append_fails_until_it_is_not(void **state)
{
    struct row *r = *state;
    uint64_t next_id = 1;
    int err = 0;

    if (!has_small_disk)
        skip();
    row_open(r);
    assert_int_equal(append(r, &next_id, 10), 0);
    struct journal_view *v = journal_view_take(r->journal, 0);
    while (err == 0) {
        err = append(r, &next_id, 200);
        row_settle(r);
    }
    assert_int_equal(err, -ENOSPC);
    assert_int_equal(append(r, &next_id, 200), -ENOSPC);
    row_settle(r);
    check_all(r, next_id);
    assert_int_equal(journal_start_id(r->journal), 1);
    journal_view_drop(r->journal, v);
    assert_int_equal(append(r, &next_id, 200), -ENOSPC); /* which has the oldest fetched */
    row_settle(r);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(append(r, &next_id, 200), 0);
        row_settle(r);
    }
    check_all(r, next_id);
}

static void when_space_returns_the_row_grows_again(void **state)
{
    struct row *r = *state;
    char path[ROW_PATH], last[ROW_NAME];
    uint64_t next_id = 1;

    if (!has_small_disk)
        skip();
    row_open(r);
    snprintf(path, sizeof path, "%s/other", r->dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(posix_fallocate(fd, 0, 11 * 1024 * 1024), 0);
    close(fd);
    while (r->journal->last_number < 8) { /* in the room that three files have */
        int err = append(r, &next_id, 100);
        assert_true(err == 0 || err == -ENOSPC);
        row_settle(r);
    }
    assert_true(row_files(r, "", last) <= 3);
    unlink(path);
    while (r->journal->last_number < 12) {
        assert_int_equal(append(r, &next_id, 100), 0);
        row_settle(r);
    }
    assert_int_equal(row_files(r, "", last), 4);
    check_all(r, next_id);
}

/* Two files are never given up, so a disk with room for two only is a disk that is full. */
static void a_disk_with_room_for_two_files_fills_and_then_says_so(void **state)
{
    struct row *r = *state;
    char path[ROW_PATH];
    uint64_t next_id = 1;
    int err = 0;

    if (!has_small_disk)
        skip();
    row_open(r);
    snprintf(path, sizeof path, "%s/other", r->dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(posix_fallocate(fd, 0, 19 * 1024 * 1024), 0);
    close(fd);
    while (err == 0) {
        err = append(r, &next_id, 100);
        row_settle(r);
    }
    assert_int_equal(err, -ENOSPC);
    check_all(r, next_id);
    unlink(path);
    assert_int_equal(append(r, &next_id, 100), 0);
    row_settle(r);
    check_all(r, next_id);
}

/* --- without a small disk --- */

static void a_first_file_that_cannot_be_made_fails_the_append_and_leaves_nothing(void **state)
{
    struct row *r = *state;
    struct rlimit before, small;
    char last[ROW_NAME];
    uint64_t next_id = 1;

    row_open(r);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1 << 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(append(r, &next_id, 5), -EFBIG);
    assert_int_equal(row_files(r, "", last), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(append(r, &next_id, 5), 0);
    check_all(r, next_id);
}

static void a_file_that_cannot_get_its_name_fails_the_append_and_leaves_nothing(void **state)
{
    struct row *r = *state;
    char path[ROW_PATH], last[ROW_NAME];
    uint64_t next_id = 1;

    row_open(r);
    row_path(r, "0000000000000001", path);
    assert_int_equal(mkdir(path, 0700), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(append(r, &next_id, 5), -EEXIST);
    assert_int_equal(row_files(r, "", last), 1);
    rmdir(path);
    assert_int_equal(append(r, &next_id, 5), 0);
    check_all(r, next_id);
}

static void no_descriptors_left_fails_the_append_and_loses_nothing(void **state)
{
    struct row *r = *state;
    struct rlimit none, before;
    uint64_t next_id = 1;
    int err = 0;

    row_open(r);
    assert_int_equal(append(r, &next_id, 10), 0);
    row_settle(r);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    while (err == 0) { /* the spare is there, the one after it is not */
        err = append(r, &next_id, 200);
        row_settle(r);
    }
    assert_int_equal(err, -EMFILE);
    assert_true(r->troubles > 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    check_all(r, next_id);
    assert_int_equal(append(r, &next_id, 200), 0);
    row_settle(r);
    row_close(r);
    row_open(r);
    check_all(r, next_id);
}

static void a_folder_that_cannot_be_made_is_refused_with_a_sentence(void **state)
{
    struct row *r = *state;
    struct errinfo info = {0};

    r->opts.dir = "/proc/nowhere/journal";
    assert_true(row_try_open(r, &info) < 0);
    assert_non_null(strstr(info.text, "cannot make the journal folder /proc/nowhere/journal"));
}

#define FULL_TEST(fn)  cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define SMALL_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_small_disk, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_TEST(on_a_full_disk_the_oldest_goes_and_the_newest_is_kept),
        SMALL_TEST(when_the_oldest_is_being_read_an_append_fails_until_it_is_not),
        SMALL_TEST(when_space_returns_the_row_grows_again),
        SMALL_TEST(a_disk_with_room_for_two_files_fills_and_then_says_so),
        FULL_TEST(a_first_file_that_cannot_be_made_fails_the_append_and_leaves_nothing),
        FULL_TEST(a_file_that_cannot_get_its_name_fails_the_append_and_leaves_nothing),
        FULL_TEST(no_descriptors_left_fails_the_append_and_loses_nothing),
        FULL_TEST(a_folder_that_cannot_be_made_is_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
