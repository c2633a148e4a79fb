/* SPDX-License-Identifier: MIT
 *
 * err_test.c - sentences for people, and the nearest name.
 */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void every_code_of_ours_has_a_sentence_and_meets_no_errno(void **state)
{
    static const int codes[] = {
#define LM_ERR(name, number, text) number,
#include "base/err.def"
#undef LM_ERR
    };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_true(codes[i] > 10000);
        assert_true(strlen(err_text(-codes[i])) > 10);
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(codes[i], codes[k]);
            assert_string_not_equal(err_text(-codes[i]), err_text(-codes[k]));
        }
    }
}

static void errnos_and_unknown_codes_have_a_text_too(void **state)
{
    (void)state;
    assert_string_equal(err_text(-ENOENT), strerrordesc_np(ENOENT));
    assert_string_equal(err_text(-9999), "an unknown error");
    assert_string_equal(err_text(9), "an unknown error");
}

static void a_sentence_that_is_too_long_is_cut_and_the_code_comes_back(void **state)
{
    struct errinfo info = {0};

    (void)state;
    assert_int_equal(err_set(&info, -LM_E_FULL, "%d of %s", 3, "them"), -LM_E_FULL);
    assert_string_equal(info.text, "3 of them");
    assert_int_equal(info.code, -LM_E_FULL);
    err_set(&info, -1, "%0400d", 0);
    assert_int_equal(strlen(info.text), sizeof info.text - 1);
    assert_int_equal(err_set(NULL, -5, "nobody listens"), -5);
}

static void the_nearest_name_is_offered_only_when_it_is_near(void **state)
{
    static const char *const names[] = {"listen", "log_dir", "level", "a"};
    char long_name[100];

    (void)state;
    assert_string_equal(err_nearest("lisen", names, 4), "listen");
    assert_string_equal(err_nearest("logdir", names, 4), "log_dir");
    assert_string_equal(err_nearest("levle", names, 4), "level");
    assert_null(err_nearest("durability", names, 4));
    assert_null(err_nearest("b", names, 4));
    assert_null(err_nearest("", names, 4));
    memset(long_name, 'l', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_null(err_nearest(long_name, names, 4));
}

static void an_assertion_that_does_not_hold_says_where_and_aborts(void **state)
{
    int out[2], status;
    char text[256];

    (void)state;
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(out[1], STDERR_FILENO);
        lm_assert(out[0] < 0);
        _exit(0);
    }
    close(out[1]);
    ssize_t n = read(out[0], text, sizeof text - 1);
    close(out[0]);
    assert_true(n > 0);
    text[n] = '\0';
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "out[0] < 0 does not hold"));
    assert_non_null(strstr(text, "err_test.c:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_of_ours_has_a_sentence_and_meets_no_errno),
        cmocka_unit_test(errnos_and_unknown_codes_have_a_text_too),
        cmocka_unit_test(a_sentence_that_is_too_long_is_cut_and_the_code_comes_back),
        cmocka_unit_test(the_nearest_name_is_offered_only_when_it_is_near),
        cmocka_unit_test(an_assertion_that_does_not_hold_says_where_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
