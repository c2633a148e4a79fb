/* SPDX-License-Identifier: MIT
 *
 * tailer_test.c - files that are rotated, cut, deleted, unreadable; a hub that refuses or is gone;
 * and the cost of files that are quiet.
 */
#include "source/tailed_test.h"

#include <sys/resource.h>

static void lines_come_once_through_restarts(void **state)
{
    struct fixture *f = *state;

    append_text(f, "a.log", "one\ntwo\nthr");
    start(f);
    UNTIL(f, f->records == 2);
    stop(f);
    append_text(f, "a.log", "ee\nfour\n");
    start(f);
    UNTIL(f, f->records == 4);
    stop(f);
    start(f);
    append_text(f, "a.log", "five\n");
    UNTIL(f, f->records == 5);
    expect_text(f, "one\ntwo\nthree\nfour\nfive\n");
    assert_int_equal(f->metrics.files, 1);
}

static void what_the_journal_refuses_is_read_again_later(void **state)
{
    struct fixture *f = *state;

    append_text(f, "a.log", "one\ntwo\n");
    f->failures = 3;
    start(f);
    UNTIL(f, f->failures == 0 && f->records == 2);
    f->failures = 1;
    append_text(f, "a.log", "three\n");
    append_text(f, "b.log", "four\n");
    UNTIL(f, f->records == 4);
    assert_int_equal(f->text.n, strlen("one\ntwo\nthree\nfour\n"));
}

static void a_rotated_file_is_read_before_its_successor(void **state)
{
    struct fixture *f = *state;

    append_text(f, "a.log", "1\n");
    start(f);
    UNTIL(f, f->records == 1);
    append_text(f, "a.log", "2\n");
    assert_int_equal(rename(at(f, "a.log"), at(f, "a.log.1")), 0);
    append_text(f, "a.log", "4\n");
    append_text(f, "a.log.1", "3\n");
    assert_int_equal(rename(at(f, "a.log"), at(f, "a.log.2")), 0);
    append_text(f, "a.log", "5\n");
    UNTIL(f, f->records == 5);
    expect_text(f, "1\n2\n3\n4\n5\n");
    append_text(f, "a.log.1", "late\n"); /* by a writer that has not been told */
    UNTIL(f, f->records == 6);
}

static void rotation_while_no_hub_runs_loses_nothing(void **state)
{
    struct fixture *f = *state;

    f->paths[0] = f->pattern;
    snprintf(f->pattern, sizeof f->pattern, "%s/a.log", f->dir);
    append_text(f, "a.log", "1\n");
    start(f);
    UNTIL(f, f->records == 1);
    stop(f);
    append_text(f, "a.log", "2\n");
    assert_int_equal(rename(at(f, "a.log"), at(f, "a.log.old")), 0); /* known, whatever its name */
    usleep(
        20000); /* the clock of files ticks every 4 ms: their order is that of their last writes */
    append_text(f, "a.log", "3\n");
    assert_int_equal(rename(at(f, "a.log"), at(f, "a.log-20260102")), 0); /* never seen */
    usleep(20000);
    append_text(f, "a.log", "4\n");
    append_text(f, "a.log.audit", "no relative\n");
    start(f);
    UNTIL(f, f->records == 4);
    for (int i = 0; i < 20; i++)
        turn(f);
    expect_text(f, "1\n2\n3\n4\n");
}

static void a_deleted_file_is_let_go_and_forgotten(void **state)
{
    struct fixture *f = *state;

    f->opts.linger_ms = 50;
    f->opts.poll_ms = 20;
    append_text(f, "a.log", "one\nlast words");
    start(f);
    UNTIL(f, f->records == 1);
    assert_int_equal(f->known_count, 1);
    int fd = open(at(f, "a.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(unlink(at(f, "a.log")), 0);
    assert_int_equal(write(fd, " and more", 9), 9); /* its writer has it open still */
    close(fd);
    UNTIL(f, f->known_count == 0);
    expect_text(f, "one\nlast words and more\n");
    assert_int_equal(f->unterminated, 1);
    assert_int_equal(f->metrics.files, 0);
}

static void positions_of_files_that_are_nowhere_age(void **state)
{
    struct fixture *f = *state;
    struct position p = file_position_encode(&(struct file_position){.offset = 7});

    append_text(f, "a.log", "one\n");
    f->known[0] = (struct known){file_origin(1, 2), p, clock_wall_us()};
    f->known[1] = (struct known){file_origin(1, 3), p, clock_wall_us() - 8 * 86400ll * 1000000};
    f->known_count = 2;
    start(f);
    assert_int_equal(f->known_count, 1);
    struct origin o = file_origin(1, 2);
    assert_non_null(find_known(f, &o));
}

static void a_file_cut_short_is_read_anew_and_it_is_said(void **state)
{
    struct fixture *f = *state;

    append_text(f, "a.log", "one\ntwo\nunfinished");
    start(f);
    UNTIL(f, f->records == 2 && f->metrics.file_bytes_total == 18);
    assert_int_equal(truncate(at(f, "a.log"), 0), 0);
    append_text(f, "a.log", "a new line that makes it longer than it was\n");
    UNTIL(f, f->records == 5);
    expect_text(f, "one\ntwo\nunfinished\na new line that makes it longer than it was\n");
    assert_non_null(strstr(f->notes.p, "was cut short after byte 18 had been read"));
    assert_int_equal(f->metrics.files_cut_total, 1);
}

/* A writer without O_APPEND goes on where it was, behind a hole. */
static void the_hole_of_a_writer_that_did_not_notice_is_no_line(void **state)
{
    struct fixture *f = *state;
    int fd = open(at(f, "a.log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    static char block[65536];

    memset(block, 'x', sizeof block);
    block[sizeof block - 1] = '\n';
    assert_int_equal(write(fd, block, sizeof block), sizeof block);
    start(f);
    UNTIL(f, f->records == 1);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(write(fd, "after\n", 6), 6);
    close(fd);
    UNTIL(f, f->records == 3);
    assert_string_equal(f->text.p + sizeof block, "after\n");
}

static void another_file_at_the_same_inode_is_noticed(void **state)
{
    struct fixture *f = *state;

    append_text(f, "a.log", "the first file\n");
    start(f);
    UNTIL(f, f->records == 1);
    stop(f);
    /* what a file system does that gives out a number again */
    int fd = open(at(f, "a.log"), O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, "quite another file\nwith more\n", 29), 29);
    close(fd);
    start(f);
    UNTIL(f, f->records == 4);
    expect_text(f, "the first file\nquite another file\nwith more\n");
}

static void without_inotify_folders_are_looked_at(void **state)
{
    struct fixture *f = *state;

    f->opts.no_inotify = true;
    f->opts.poll_ms = 10;
    start(f);
    assert_int_equal(f->metrics.folders_polled, 1);
    append_text(f, "a.log", "one\n");
    UNTIL(f, f->records == 1);
    append_text(f, "a.log", "two\n");
    assert_int_equal(rename(at(f, "a.log"), at(f, "a.log.1")), 0);
    append_text(f, "a.log", "three\n");
    UNTIL(f, f->records == 3);
    expect_text(f, "one\ntwo\nthree\n");
}

static void many_quiet_files_cost_no_descriptors_and_no_wake_ups(void **state)
{
    enum { COUNT = 2000 };
    struct fixture *f = *state;
    char name[32];

    f->opts.open_max = 20;
    f->opts.quiet_ms = 100;
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        append_text(f, name, "a line\n");
    }
    f->opts.intake.each_file = NULL;
    struct fixture *big = f;
    big->known_count = 0;
    start(f);
    /* the played hub has no room for so many positions: one line is all that counts here */
    uint32_t most = 0;
    while (f->metrics.file_bytes_total < COUNT * 7) {
        f->known_count = 0;
        turn(f);
        most = (uint32_t)f->metrics.files_open > most ? (uint32_t)f->metrics.files_open : most;
    }
    assert_true(most <= 20);
    UNTIL(f, f->metrics.files_open == 0 && !uv_is_active((uv_handle_t *)&f->tail->tick));
    assert_true(list_empty(&f->loop.hooks));
    assert_int_equal(f->metrics.files, COUNT);
    f->known_count = 0;
    append_text(f, "7.log", "another\n"); /* a closed one is opened again */
    UNTIL(f, f->metrics.file_bytes_total == COUNT * 7 + 8);
    assert_int_equal(f->records, COUNT + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(lines_come_once_through_restarts),
        TEST(what_the_journal_refuses_is_read_again_later),
        TEST(a_rotated_file_is_read_before_its_successor),
        TEST(rotation_while_no_hub_runs_loses_nothing),
        TEST(a_deleted_file_is_let_go_and_forgotten),
        TEST(positions_of_files_that_are_nowhere_age),
        TEST(a_file_cut_short_is_read_anew_and_it_is_said),
        TEST(the_hole_of_a_writer_that_did_not_notice_is_no_line),
        TEST(another_file_at_the_same_inode_is_noticed),
        TEST(without_inotify_folders_are_looked_at),
        TEST(many_quiet_files_cost_no_descriptors_and_no_wake_ups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
