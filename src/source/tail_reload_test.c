/* SPDX-License-Identifier: MIT
 *
 * tail_reload_test.c - other patterns while files are being read: each line still comes once.
 */
#include "source/tailed_test.h"

/* Other settings, in the place of those of the fixture, which stay as they are. */
struct other {
    struct settings settings;
    struct file_conf conf;
    char *paths[3];
    char pattern[2][128];
};

static struct settings *other_settings(struct fixture *f, struct other *o, const char *first,
                                       const char *second)
{
    const char *names[] = {first, second};

    *o = (struct other){.conf.source = (char *)(uintptr_t) "other"};
    for (int i = 0; i < 2; i++) {
        snprintf(o->pattern[i], sizeof o->pattern[i], "%s/%s", f->dir, names[i] ? names[i] : "");
        o->paths[i] = names[i] ? o->pattern[i] : NULL;
    }
    o->conf.paths = o->paths;
    o->settings.files = &o->conf;
    o->settings.file_count = first != NULL;
    return &o->settings;
}

static void reload(struct fixture *f, const struct settings *s)
{
    struct errinfo info = {0};

    if (tail_reload(f->tail, s, &info) < 0)
        fail_msg("%s", info.text);
}

static void files_that_stay_go_on_and_new_ones_are_found(void **state)
{
    struct fixture *f = *state;
    struct other o;

    append_text(f, "a.log", "a1\nhalf");
    append_text(f, "b.txt", "b1\n");
    start(f);
    UNTIL(f, f->records == 1);
    reload(f, other_settings(f, &o, "*.log", "*.txt"));
    UNTIL(f, f->records == 2);
    append_text(f, "a.log", " a line\na3\n");
    UNTIL(f, f->records == 4);
    append_text(f, "c.txt", "c1\n");
    UNTIL(f, f->records == 5);
    expect_text(f, "a1\nb1\nhalf a line\na3\nc1\n");
}

static void files_that_are_not_named_are_left_and_go_on_when_they_are_named_again(void **state)
{
    struct fixture *f = *state;
    struct other o;

    append_text(f, "a.log", "a1\n");
    start(f);
    UNTIL(f, f->records == 1);
    reload(f, other_settings(f, &o, "*.txt", NULL));
    assert_int_equal(f->metrics.files, 0);
    append_text(f, "a.log", "a2\n");
    append_text(f, "b.txt", "b1\n");
    UNTIL(f, f->records == 2);
    reload(f, &f->settings);
    UNTIL(f, f->records == 3);
    expect_text(f, "a1\nb1\na2\n");
}

static void from_none_to_some_and_back(void **state)
{
    struct fixture *f = *state;
    struct other none;

    append_text(f, "a.log", "a1\n");
    f->settings.file_count = 0;
    start(f);
    f->settings.file_count = 1;
    reload(f, &f->settings);
    UNTIL(f, f->records == 1);
    reload(f, other_settings(f, &none, NULL, NULL));
    assert_int_equal(f->metrics.files, 0);
    assert_int_equal(f->metrics.files_open, 0);
    expect_text(f, "a1\n");
}

static void what_a_deleted_file_still_holds_is_read_before_it_goes(void **state)
{
    struct fixture *f = *state;
    struct other o;

    append_text(f, "a.log", "a1\n");
    start(f);
    UNTIL(f, f->records == 1);
    int fd = open(at(f, "a.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(unlink(at(f, "a.log")), 0);
    UNTIL(f, !list_empty(&f->tail->leaving));
    assert_int_equal(write(fd, "a2\nlast words", 13), 13);
    close(fd);
    reload(f, other_settings(f, &o, "*.txt", NULL));
    assert_int_equal(f->records, 3);
    assert_int_equal(f->unterminated, 1);
    expect_text(f, "a1\na2\nlast words\n");
}

static void a_file_that_was_empty_is_not_taken_for_an_old_one(void **state)
{
    struct fixture *f = *state;
    struct other o;

    start(f);
    append_text(f, "a.log", "");
    UNTIL(f, f->metrics.files == 1);
    append_text(f, "old.txt", "not wanted\n");
    other_settings(f, &o, "*.log", "*.txt");
    o.conf.start = START_END;
    append_text(f, "a.log", "a1\n"); /* nobody has read it yet */
    reload(f, &o.settings);
    UNTIL(f, f->records == 1);
    append_text(f, "old.txt", "wanted\n");
    UNTIL(f, f->records == 2);
    expect_text(f, "a1\nwanted\n");
}

static void what_cannot_be_used_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct errinfo info = {0};
    struct other o;

    append_text(f, "a.log", "a1\n");
    start(f);
    UNTIL(f, f->records == 1);
    other_settings(f, &o, "*.txt", NULL);
    o.paths[0] = (char *)(uintptr_t) "no/slash/in/front";
    assert_int_equal(tail_reload(f->tail, &o.settings, &info), -LM_E_INVALID);
    assert_true(info.text[0]);
    append_text(f, "a.log", "a2\n");
    UNTIL(f, f->records == 2);
    expect_text(f, "a1\na2\n");
}

static void while_the_journal_refuses_nothing_is_let_go(void **state)
{
    struct fixture *f = *state;
    struct errinfo info = {0};
    struct other o;

    append_text(f, "a.log", "a1\n");
    start(f);
    UNTIL(f, f->records == 1);
    f->failures = 1000;
    append_text(f, "a.log", "a2\n");
    UNTIL(f, f->tail->blocked);
    assert_int_equal(tail_reload(f->tail, other_settings(f, &o, "*.txt", NULL), &info), -EAGAIN);
    f->failures = 0;
    UNTIL(f, f->records == 2);
    expect_text(f, "a1\na2\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_that_stay_go_on_and_new_ones_are_found),
        TEST(files_that_are_not_named_are_left_and_go_on_when_they_are_named_again),
        TEST(from_none_to_some_and_back),
        TEST(what_a_deleted_file_still_holds_is_read_before_it_goes),
        TEST(a_file_that_was_empty_is_not_taken_for_an_old_one),
        TEST(what_cannot_be_used_changes_nothing),
        TEST(while_the_journal_refuses_nothing_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
