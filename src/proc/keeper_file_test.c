/* SPDX-License-Identifier: MIT
 *
 * keeper_file_test.c - the plain file, and what outsiders and full disks do to it.
 */
#include "proc/keeper_file.h"

#include "base/buf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { OUT = 1, ERR = 2, SECOND = 1000000 };

static char dir[64], path[96], previous[96], target[96];

static void assert_content(const char *file, const char *want)
{
    char got[4096];
    int fd = open(file, O_RDONLY);
    ssize_t n = read(fd, got, sizeof got - 1);

    assert_true(n >= 0);
    close(fd);
    got[n] = '\0';
    assert_string_equal(got, want);
}

static void open_ok(struct keeper_file *f, bool append)
{
    struct errinfo info = {0};
    assert_int_equal(file_open(f, path, &(struct file_how){.append = append}, &info), 0);
}

static enum file_event write_text(struct keeper_file *f, uint32_t stream, const char *text,
                                  int64_t now)
{
    struct errinfo info = {0};
    return file_write(f, stream, str_from(text), now, &info);
}

static void the_previous_file_is_kept_once(void **state)
{
    (void)state;
    struct keeper_file f;

    for (int i = 0; i < 3; i++) {
        char text[24];
        snprintf(text, sizeof text, "run %d\n", i);
        open_ok(&f, false);
        assert_int_equal(write_text(&f, OUT, text, 0), FILE_OK);
        file_close(&f);
    }
    assert_content(path, "run 2\n");
    assert_content(previous, "run 1\n");
}

static void append_goes_on_and_ends_an_unfinished_line(void **state)
{
    (void)state;
    struct keeper_file f;

    open_ok(&f, true);
    write_text(&f, OUT, "unfinished", 0);
    file_close(&f);
    open_ok(&f, true);
    write_text(&f, OUT, "next\n", 0);
    file_close(&f);
    assert_content(path, "unfinished\nnext\n");
}

static void a_line_end_is_added_only_when_the_other_stream_cuts_in(void **state)
{
    (void)state;
    struct keeper_file f;

    open_ok(&f, false);
    write_text(&f, OUT, "half", 0);
    write_text(&f, OUT, " a line", 0);
    write_text(&f, ERR, "error\n", 0);
    write_text(&f, OUT, "more\n", 0);
    write_text(&f, ERR, "e", 0);
    write_text(&f, OUT, "x", 0);
    file_close(&f);
    assert_content(path, "half a line\nerror\nmore\ne\nx");
}

static void the_mode_is_for_owner_and_group(void **state)
{
    (void)state;
    struct keeper_file f;
    struct stat st;

    umask(027);
    open_ok(&f, false);
    file_close(&f);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

static void a_link_in_its_place_is_never_written_through(void **state)
{
    (void)state;
    struct keeper_file f;
    struct errinfo info = {0};
    int fd = open(target, O_CREAT | O_WRONLY, 0600);

    assert_int_equal(write(fd, "precious", 8), 8);
    close(fd);
    assert_int_equal(symlink(target, path), 0);
    assert_true(file_open(&f, path, &(struct file_how){.append = true}, &info) <
                0); /* append would follow it */
    assert_non_null(strstr(info.text, path));
    assert_int_equal(write_text(&f, OUT, "lost\n", 0), FILE_OK);
    file_close(&f);
    open_ok(&f, false); /* truncate moves it aside */
    write_text(&f, OUT, "ours\n", 0);
    file_close(&f);
    assert_content(target, "precious");
    assert_content(path, "ours\n");
}

static void a_second_name_of_another_file_is_not_appended_to(void **state)
{
    (void)state;
    struct keeper_file f;
    struct errinfo info = {0};
    int fd = open(target, O_CREAT | O_WRONLY, 0600);

    close(fd);
    assert_int_equal(link(target, path), 0);
    assert_true(file_open(&f, path, &(struct file_how){.append = true}, &info) < 0);
    file_close(&f);
}

static void a_deleted_or_renamed_file_is_made_again(void **state)
{
    (void)state;
    struct keeper_file f;

    open_ok(&f, false);
    write_text(&f, OUT, "one\n", 1);
    assert_int_equal(unlink(path), 0);
    write_text(&f, OUT, "two\n", 1 + SECOND);
    assert_content(path, "two\n");
    assert_int_equal(rename(path, previous), 0);
    write_text(&f, OUT, "three\n", 1 + 2 * SECOND);
    assert_content(path, "three\n");
    assert_content(previous, "two\n");
    file_close(&f);
}

static void a_link_put_in_its_place_later_is_left_alone(void **state)
{
    (void)state;
    struct keeper_file f;

    open_ok(&f, false);
    write_text(&f, OUT, "one\n", 1);
    assert_int_equal(rename(path, previous), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(write_text(&f, OUT, "two\n", 1 + SECOND), FILE_ASTRAY);
    assert_int_equal(write_text(&f, OUT, "three\n", 1 + 2 * SECOND), FILE_OK); /* said once */
    assert_int_equal(access(target, F_OK), -1);
    assert_content(previous, "one\ntwo\nthree\n"); /* we go on with the file we have */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write_text(&f, OUT, "four\n", 1 + 3 * SECOND), FILE_BACK);
    assert_int_equal(f.missing, 4 + 6);
    assert_content(path, "four\n");
    file_close(&f);
}

static void a_file_that_could_not_be_opened_is_opened_when_it_can_be(void **state)
{
    (void)state;
    struct errinfo info;
    struct keeper_file f;

    assert_int_equal(chmod(dir, 0777), 0);
    assert_true(file_open(&f, path, &(struct file_how){0}, &info) < 0);
    assert_int_equal(write_text(&f, OUT, "one\n", 1), FILE_OK);
    assert_int_equal(chmod(dir, 0700), 0);
    assert_int_equal(write_text(&f, OUT, "two\n", 2), FILE_OK); /* not tried yet */
    assert_int_equal(write_text(&f, OUT, "three\n", 1 + 5 * SECOND), FILE_BACK);
    assert_int_equal(f.missing, 8);
    assert_content(path, "three\n");
    file_close(&f);
}

static void a_directory_that_everybody_may_change_is_refused(void **state)
{
    (void)state;
    struct keeper_file f;
    struct errinfo info = {0};

    assert_int_equal(chmod(dir, 0777), 0);
    assert_int_equal(file_open(&f, path, &(struct file_how){0}, &info), -LM_E_REFUSED);
    assert_non_null(strstr(info.text, "chmod o-w"));
    file_close(&f);
    assert_int_equal(chmod(dir, 01777), 0);
    open_ok(&f, false);
    file_close(&f);
}

static void a_directory_that_cannot_be_made_is_explained(void **state)
{
    (void)state;
    struct keeper_file f;
    struct errinfo info = {0};
    char below[128];

    open_ok(&f, false);
    file_close(&f);
    snprintf(below, sizeof below, "%s/logs/demo.log", path); /* below a file */
    assert_true(file_open(&f, below, &(struct file_how){0}, &info) < 0);
    assert_non_null(strstr(info.text, "cannot be made"));
    file_close(&f);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit on the size of files stands for a full disk: writes fail, later they work again. */
static void a_full_disk_is_told_once_and_writing_resumes(void **state)
{
    (void)state;
    struct keeper_file f;

    signal(SIGXFSZ, SIG_IGN);
    open_ok(&f, false);
    assert_int_equal(write_text(&f, OUT, "12345678\n", 1), FILE_OK);
    limit_file_size(14);
    assert_int_equal(write_text(&f, OUT, "abcdefgh\n", 2), FILE_FAILED);
    assert_int_equal(write_text(&f, OUT, "not tried\n", 3), FILE_OK);
    assert_int_equal(write_text(&f, OUT, "in vain\n", 2 + SECOND), FILE_OK);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(write_text(&f, OUT, "again\n", 3 + 2 * SECOND), FILE_BACK);
    assert_int_equal(f.missing, 4 + 10 + 8);
    assert_content(path, "12345678\nabcde\nagain\n");
    file_close(&f);
}

static void a_file_that_is_full_is_renamed_between_two_lines(void **state)
{
    (void)state;
    struct errinfo info = {0};
    struct file_how how = {.append = true, .rotate_bytes = 10, .kept = 2};
    struct keeper_file f;
    char second[100], third[100];

    snprintf(second, sizeof second, "%s.2", path);
    snprintf(third, sizeof third, "%s.3", path);
    assert_int_equal(file_open(&f, path, &how, &info), 0);
    write_text(&f, OUT, "line 1 ", 0);
    write_text(&f, OUT, "is long", 0);
    write_text(&f, OUT, "\n", 0); /* full for a while, but inside a line */
    write_text(&f, OUT, "line 2\n", 0);
    assert_content(previous, "line 1 is long\n");
    file_close(&f);
    assert_int_equal(file_open(&f, path, &how, &info), 0); /* goes on where it was */
    write_text(&f, OUT, "line 3\n", 0);
    write_text(&f, OUT, "line 4\n", 0);
    assert_content(previous, "line 2\nline 3\n");
    assert_content(second, "line 1 is long\n");
    write_text(&f, OUT, "line 5\n", 0);
    write_text(&f, OUT, "line 6\n", 0);
    assert_content(path, "line 6\n");
    assert_content(previous, "line 4\nline 5\n");
    assert_content(second, "line 2\nline 3\n");
    assert_int_equal(access(third, F_OK), -1);
    file_close(&f);
}

static void a_file_cut_short_by_somebody_goes_on_at_its_end(void **state)
{
    (void)state;
    struct keeper_file f;

    open_ok(&f, false);
    write_text(&f, OUT, "before\n", 0);
    assert_int_equal(truncate(path, 0), 0);
    write_text(&f, OUT, "after\n", 1 + SECOND);
    assert_content(path, "after\n"); /* no hole */
    file_close(&f);
}

/* Somebody replaces the file by a link to a target, again and again, while it is written. */
static void an_attacker_who_plants_links_never_reaches_the_target(void **state)
{
    (void)state;
    const char *asked = getenv("LOGMILL_ROUNDS");
    int rounds = asked ? atoi(asked) : 300;
    struct keeper_file f;

    FILE *t = fopen(target, "w");
    assert_non_null(t);
    fputs("precious\n", t);
    fclose(t);
    for (int i = 0; i < rounds; i++) {
        open_ok(&f, i % 2);
        for (int j = 0; j < 3; j++) {
            unlink(path);
            if (j != 1)
                assert_int_equal(symlink(target, path), 0);
            write_text(&f, OUT, "evil\n", (j + 1ll) * (1 + SECOND));
        }
        file_close(&f);
        unlink(path);
    }
    assert_content(target, "precious\n");
}

static int make_place(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/keeper_file_test.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/demo.log", dir);
    snprintf(previous, sizeof previous, "%s/demo.log.1", dir);
    snprintf(target, sizeof target, "%s/target", dir);
    return 0;
}

static int remove_place(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_previous_file_is_kept_once),
        TEST(append_goes_on_and_ends_an_unfinished_line),
        TEST(a_line_end_is_added_only_when_the_other_stream_cuts_in),
        TEST(the_mode_is_for_owner_and_group),
        TEST(a_link_in_its_place_is_never_written_through),
        TEST(a_second_name_of_another_file_is_not_appended_to),
        TEST(a_deleted_or_renamed_file_is_made_again),
        TEST(a_link_put_in_its_place_later_is_left_alone),
        TEST(a_file_that_could_not_be_opened_is_opened_when_it_can_be),
        TEST(a_directory_that_everybody_may_change_is_refused),
        TEST(a_directory_that_cannot_be_made_is_explained),
        TEST(a_file_that_is_full_is_renamed_between_two_lines),
        TEST(a_file_cut_short_by_somebody_goes_on_at_its_end),
        TEST(an_attacker_who_plants_links_never_reaches_the_target),
        TEST(a_full_disk_is_told_once_and_writing_resumes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
