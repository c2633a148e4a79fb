/* SPDX-License-Identifier: MIT
 *
 * textfile_test.c - daily files, their rotation, and the old ones, in a folder that others meddle
 * with.
 */
#include "store/oldfiles.h"
#include "store/textfile.h"

#include "base/clock.h"
#include "net/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX = 1000, SECOND = 1000000 };

struct fixture {
    char dir[64], path[160];
    struct textfile t;
    struct errinfo info;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    clock_fake(INT64_C(1768471200000000));
    snprintf(f->dir, sizeof f->dir, "/tmp/textfile-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    textfile_init(&f->t, f->dir, "app", MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[100];

    textfile_fini(&f->t);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static const char *path_of(struct fixture *f, const char *name)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->dir, name);
    return f->path;
}

/* The bytes of a file, zero-terminated; NULL when it is not there. */
static char *read_file(struct fixture *f, const char *name)
{
    static char bytes[100000];
    FILE *in = fopen(path_of(f, name), "rb");

    if (!in)
        return NULL;
    size_t n = fread(bytes, 1, sizeof bytes - 1, in);
    bytes[n] = '\0';
    fclose(in);
    return bytes;
}

static void put(struct fixture *f, const char *name, const char *text)
{
    FILE *out = fopen(path_of(f, name), "wb");

    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static bool is_there(struct fixture *f, const char *name)
{
    return access(path_of(f, name), F_OK) == 0;
}

static void write_ok(struct fixture *f, const char *day, const char *text)
{
    if (textfile_write(&f->t, day, str_from(text), &f->info) < 0)
        fail_msg("%s", f->info.text);
}

static void each_day_has_a_file_that_others_may_read(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    write_ok(f, "2026-01-15", "a\n");
    write_ok(f, "2026-01-15", "b\n");
    write_ok(f, "2026-01-16", "c\n");
    assert_true(f->t.finished_one);
    assert_string_equal(read_file(f, "app-2026-01-15.log"), "a\nb\n");
    assert_string_equal(read_file(f, "app-2026-01-16.log"), "c\n");
    assert_int_equal(stat(path_of(f, "app-2026-01-15.log"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void after_a_restart_the_file_goes_on_and_a_torn_line_is_ended(void **state)
{
    struct fixture *f = *state;

    put(f, "app-2026-01-15.log", "whole\ntorn");
    write_ok(f, "2026-01-15", "next\n");
    assert_string_equal(read_file(f, "app-2026-01-15.log"), "whole\ntorn\nnext\n");
}

static void a_full_file_is_moved_aside_and_nothing_is_lost(void **state)
{
    struct fixture *f = *state;
    char line[301], all[20][301];

    put(f, "app-2026-01-15.2.log", "not ours to overwrite\n");
    for (int i = 0; i < 20; i++) {
        memset(line, 'a' + i, 299);
        line[299] = '\n';
        line[300] = '\0';
        memcpy(all[i], line, sizeof line);
        write_ok(f, "2026-01-15", line);
    }
    assert_string_equal(read_file(f, "app-2026-01-15.2.log"), "not ours to overwrite\n");
    static const int numbers[] = {3, 4, 5, 6, 7, 8, 0};
    int at = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char name[40];
        snprintf(name, sizeof name, numbers[i] ? "app-2026-01-15.%d.log" : "app-2026-01-15.log",
                 numbers[i]);
        const char *text = read_file(f, name);
        assert_non_null(text);
        for (size_t n = 0; n < strlen(text); n += 300, at++)
            assert_memory_equal(text + n, all[at], 300);
    }
    assert_int_equal(at, 20);
}

static void every_step_of_a_rotation_may_fail_and_come_again(void **state)
{
    struct fixture *f = *state;
    struct rotate r = {0};
    int dir = open(f->dir, O_RDONLY | O_DIRECTORY), fd, new_fd = -1;

    put(f, "x.log", "old\n");
    fd = rotate_open(dir, "x.log", 0);
    assert_true(fd >= 0);
    assert_int_equal(rotate_step(&r, dir, "x", fd, &new_fd), 1);
    assert_int_equal(r.state, ROTATE_SYNC);
    assert_int_equal(rotate_step(&r, dir, "x", -1, &new_fd), -EBADF); /* the sync fails */
    assert_int_equal(r.state, ROTATE_SYNC);
    assert_int_equal(rotate_step(&r, dir, "x", fd, &new_fd), 1);
    assert_int_equal(rotate_step(&r, -1, "x", fd, &new_fd), -EBADF); /* the renaming */
    assert_int_equal(r.state, ROTATE_RENAME);
    assert_int_equal(rotate_step(&r, dir, "x", fd, &new_fd), 1);
    assert_true(is_there(f, "x.1.log") && !is_there(f, "x.log"));
    put(f, "x.log", "a stranger\n");
    assert_int_equal(rotate_step(&r, dir, "x", fd, &new_fd), -EEXIST); /* the making */
    assert_int_equal(r.state, ROTATE_CREATE);
    assert_int_equal(new_fd, -1);
    unlink(path_of(f, "x.log"));
    assert_int_equal(rotate_run(&r, dir, "x", fd, &new_fd), 0);
    assert_int_equal(r.state, ROTATE_REST);
    assert_true(new_fd >= 0 && is_there(f, "x.log"));
    close(fd);
    close(new_fd);
    close(dir);
}

static void a_file_that_is_taken_away_or_replaced_is_made_again(void **state)
{
    struct fixture *f = *state;

    write_ok(f, "2026-01-15", "a\n");
    unlink(path_of(f, "app-2026-01-15.log"));
    clock_advance(SECOND + 1);
    write_ok(f, "2026-01-15", "b\n");
    assert_string_equal(read_file(f, "app-2026-01-15.log"), "b\n");
    assert_int_equal(truncate(path_of(f, "app-2026-01-15.log"), 0), 0);
    clock_advance(SECOND + 1);
    write_ok(f, "2026-01-15", "c\n");
    assert_string_equal(read_file(f, "app-2026-01-15.log"), "c\n");
}

static void nothing_is_written_through_a_link_or_into_something_else(void **state)
{
    struct fixture *f = *state;
    char target[160];

    put(f, "target", "mine");
    snprintf(target, sizeof target, "%s", path_of(f, "target"));
    assert_int_equal(symlink(target, path_of(f, "app-2026-01-15.log")), 0);
    assert_int_equal(textfile_write(&f->t, "2026-01-15", STR("x\n"), &f->info), -LM_E_REFUSED);
    assert_non_null(strstr(f->info.text, "is not a plain file of ours"));
    assert_int_equal(textfile_write(&f->t, "2026-01-15", STR("x\n"), &f->info), -LM_E_REFUSED);
    assert_string_equal(f->info.text, ""); /* said once */
    assert_string_equal(read_file(f, "target"), "mine");
    unlink(path_of(f, "app-2026-01-15.log"));
    clock_advance(6 * SECOND);
    write_ok(f, "2026-01-15", "y\n");
    assert_int_equal(f->t.missing, 4);

    char hard[160], fifo[160];
    snprintf(hard, sizeof hard, "%s/app-2026-01-16.log", f->dir);
    snprintf(fifo, sizeof fifo, "%s/app-2026-01-17.log", f->dir);
    assert_int_equal(link(target, hard), 0);
    assert_int_equal(textfile_write(&f->t, "2026-01-16", STR("x\n"), &f->info), -LM_E_REFUSED);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    clock_advance(6 * SECOND);
    assert_int_equal(textfile_write(&f->t, "2026-01-17", STR("x\n"), &f->info), -LM_E_REFUSED);
    assert_string_equal(read_file(f, "target"), "mine");
}

static void a_folder_that_everybody_may_change_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(chmod(f->dir, 0777), 0);
    assert_int_equal(textfile_write(&f->t, "2026-01-15", STR("x\n"), &f->info), -LM_E_REFUSED);
    assert_non_null(strstr(f->info.text, "chmod o-w"));
    assert_int_equal(chmod(f->dir, 0700), 0);
}

/* --- old files --- */

static void for_want_of_space_the_oldest_file_of_an_earlier_run_goes(void **state)
{
    static const char *const names[] = {"web.log", "web.log.1", "web.log.2", "db.log.1",
                                        "web.log.x"};
    static const char *const gone[] = {"web.log.2", "web.log.1", "db.log.1"};
    static const time_t ages[] = {1, 5, 2, 9, 1};
    struct fixture *f = *state;
    char path[512], name[ROTATED_NAME_MAX];
    uint64_t bytes;

    for (int i = 0; i < 5; i++) {
        const struct timespec times[2] = {{ages[i], 0}, {ages[i], 0}};
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, "text", 4), 4);
        close(fd);
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_true(oldfiles_drop_rotated(f->dir, name, &bytes));
        assert_string_equal(name, gone[i]);
        assert_int_equal(bytes, 4);
    }
    assert_false(oldfiles_drop_rotated(f->dir, name, &bytes)); /* never the present run's */
}

static struct oldfiles_rules rules_for(struct fixture *f, enum pack_kind pack)
{
    return (struct oldfiles_rules){.dir_path = f->dir,
                                   .names = {"app", "errors"},
                                   .today = "2026-01-15",
                                   .pack = pack,
                                   .max_total = UINT64_MAX};
}

static void old_files_are_packed_and_the_present_ones_are_not(void **state)
{
    struct fixture *f = *state;
    struct oldfiles_rules rules = rules_for(f, PACK_GZIP);
    struct oldfiles_report report;
    struct inflate *z;
    char plain[100];

    put(f, "app-2026-01-14.log", "yesterday\n");
    put(f, "app-2026-01-15.1.log", "full\n");
    put(f, "app-2026-01-15.log", "today\n");
    put(f, "errors-2026-01-14.log.gz.part", "somebody died\n");
    put(f, "app-notes.log", "somebody else's\n");
    put(f, "other-2026-01-14.log", "somebody else's\n");
    assert_int_equal(oldfiles_tend(&rules, &report), 0);
    assert_int_equal(report.packed, 2);
    assert_true(is_there(f, "app-2026-01-14.log.gz") && !is_there(f, "app-2026-01-14.log"));
    assert_true(is_there(f, "app-2026-01-15.1.log.gz") && is_there(f, "app-2026-01-15.log"));
    assert_false(is_there(f, "errors-2026-01-14.log.gz.part"));
    assert_true(is_there(f, "app-notes.log") && is_there(f, "other-2026-01-14.log"));
    struct stat st;
    assert_int_equal(stat(path_of(f, "app-2026-01-14.log.gz"), &st), 0);
    struct str in = str_of(read_file(f, "app-2026-01-14.log.gz"), (size_t)st.st_size);
    assert_int_equal(inflate_new(&z, STR("gzip"), sizeof plain), 0);
    assert_int_equal(inflate_next(z, &in, plain, sizeof plain), 10);
    assert_memory_equal(plain, "yesterday\n", 10);
    inflate_free(z);
}

static void a_packed_file_is_never_overwritten(void **state)
{
    struct fixture *f = *state;
    struct oldfiles_rules rules = rules_for(f, PACK_ZSTD);
    struct oldfiles_report report;

    put(f, "app-2026-01-14.log.zst", "an earlier one");
    put(f, "app-2026-01-14.log", "the clock went back\n");
    assert_int_equal(oldfiles_tend(&rules, &report), 0);
    assert_string_equal(read_file(f, "app-2026-01-14.log.zst"), "an earlier one");
    assert_true(is_there(f, "app-2026-01-14.1.log.zst") && !is_there(f, "app-2026-01-14.log"));
}

static void the_oldest_go_by_age_and_by_size(void **state)
{
    struct fixture *f = *state;
    struct oldfiles_rules rules = rules_for(f, PACK_NONE);
    struct oldfiles_report report;
    uint64_t bytes;

    put(f, "app-2026-01-10.log", "0123456789");
    put(f, "app-2026-01-12.1.log", "0123456789");
    put(f, "app-2026-01-12.log", "0123456789");
    put(f, "errors-2026-01-13.log.gz", "0123456789");
    put(f, "app-2026-01-15.log", "0123456789");
    rules.oldest_day = "2026-01-11";
    assert_int_equal(oldfiles_tend(&rules, &report), 0);
    assert_int_equal(report.deleted, 1);
    assert_false(is_there(f, "app-2026-01-10.log"));
    rules.max_total = 25;
    assert_int_equal(oldfiles_tend(&rules, &report), 0);
    assert_int_equal(report.deleted, 2);
    assert_int_equal(report.deleted_bytes, 20);
    assert_true(is_there(f, "errors-2026-01-13.log.gz") && is_there(f, "app-2026-01-15.log"));
    assert_true(oldfiles_drop_oldest(&rules, &bytes));
    assert_int_equal(bytes, 10);
    assert_false(oldfiles_drop_oldest(&rules, &bytes)); /* the present file stays */
    assert_true(is_there(f, "app-2026-01-15.log"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(for_want_of_space_the_oldest_file_of_an_earlier_run_goes),
        TEST(each_day_has_a_file_that_others_may_read),
        TEST(after_a_restart_the_file_goes_on_and_a_torn_line_is_ended),
        TEST(a_full_file_is_moved_aside_and_nothing_is_lost),
        TEST(every_step_of_a_rotation_may_fail_and_come_again),
        TEST(a_file_that_is_taken_away_or_replaced_is_made_again),
        TEST(nothing_is_written_through_a_link_or_into_something_else),
        TEST(a_folder_that_everybody_may_change_is_refused),
        TEST(old_files_are_packed_and_the_present_ones_are_not),
        TEST(a_packed_file_is_never_overwritten),
        TEST(the_oldest_go_by_age_and_by_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
