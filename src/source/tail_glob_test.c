/* SPDX-License-Identifier: MIT
 *
 * tail_glob_test.c - patterns, what they fit, and names after rotation.
 */
#include "source/tail_glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_pattern_is_cut_at_its_slashes(void **state)
{
    struct tail_glob g;

    (void)state;
    assert_int_equal(glob_init(&g, "/var//log/./a*/**/**/x.log", NULL), 0);
    assert_int_equal(g.count, 5);
    assert_true(g.parts[0].literal);
    assert_string_equal(g.parts[1].text, "log");
    assert_false(g.parts[2].literal);
    assert_true(g.parts[3].deep);
    assert_true(g.parts[4].literal);
    glob_fini(&g);
}

static void a_pattern_that_ends_in_two_stars_means_all_files(void **state)
{
    struct tail_glob g;

    (void)state;
    assert_int_equal(glob_init(&g, "/srv/**", NULL), 0);
    assert_int_equal(g.count, 3);
    assert_true(glob_fits(&g, 2, "anything"));
    glob_fini(&g);
}

static void what_is_no_path_of_a_file_is_refused(void **state)
{
    struct tail_glob g;
    struct errinfo info = {0};
    char deep[256] = "";

    (void)state;
    assert_int_equal(glob_init(&g, "var/log/*", &info), -LM_E_INVALID);
    assert_int_equal(glob_init(&g, "/var/log/", &info), -LM_E_INVALID);
    assert_string_equal(info.text, "'/var/log/' is not the path of a file");
    for (int i = 0; i <= GLOB_PARTS_MAX; i++)
        strcat(deep, "/x");
    assert_int_equal(glob_init(&g, deep, &info), -LM_E_INVALID);
    glob_fini(&g);
}

static void names_fit_as_in_a_shell(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool fits;
    } cases[] = {
        {"/l/*.log", "a.log", true},      {"/l/*.log", ".log", false},
        {"/l/*.log", "a.log.1", false},   {"/l/[a-c]?", "b7", true},
        {"/l/[a-c]?", "d7", false},       {"/l/syslog", "syslog", true},
        {"/l/syslog", "syslog.1", false}, {"/l/a\\*", "a*", true},
        {"/l/a\\*", "ab", false},         {"/l/*", ".hidden", false},
        {"/l/.*", ".hidden", true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tail_glob g;
        assert_int_equal(glob_init(&g, cases[i].pattern, NULL), 0);
        assert_int_equal(glob_fits(&g, 1, cases[i].name), cases[i].fits);
        glob_fini(&g);
    }
}

static void a_rotated_name_has_the_old_one_in_front(void **state)
{
    static const struct {
        const char *pattern, *name;
        size_t n;
    } cases[] = {
        {"/l/*.log", "app.log.1", 7},
        {"/l/*.log", "app.log-20260102", 7},
        {"/l/*.log", "app.log.2026-01-02-1", 7},
        {"/l/app.log", "app.log_old", 7},
        {"/l/*.log", "app.log", 0},
        {"/l/*.log", "app.txt.1", 0},
        {"/l/app.log", "app.logger", 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tail_glob g;
        assert_int_equal(glob_init(&g, cases[i].pattern, NULL), 0);
        assert_int_equal(glob_fits_rotated(&g, cases[i].name), cases[i].n);
        glob_fini(&g);
    }
}

static void exclusion_is_by_name_or_by_path(void **state)
{
    (void)state;
    assert_true(glob_excludes("*.gz", "/var/log/a.gz"));
    assert_false(glob_excludes("*.gz", "/var/log.gz/a"));
    assert_true(glob_excludes("/var/log/private/*", "/var/log/private/a"));
    assert_false(glob_excludes("/var/log/private/*", "/var/log/a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_is_cut_at_its_slashes),
        cmocka_unit_test(a_pattern_that_ends_in_two_stars_means_all_files),
        cmocka_unit_test(what_is_no_path_of_a_file_is_refused),
        cmocka_unit_test(names_fit_as_in_a_shell),
        cmocka_unit_test(a_rotated_name_has_the_old_one_in_front),
        cmocka_unit_test(exclusion_is_by_name_or_by_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
