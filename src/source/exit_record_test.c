/* SPDX-License-Identifier: MIT
 *
 * exit_record_test.c - how an end reads.
 */
#include "source/exit_record.h"

#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect(const struct frame_exit *ex, enum level level, const char *message,
                   const char *fields)
{
    struct buf text = {0}, json = {0};

    assert_int_equal(exit_record(ex, &text, &json), level);
    assert_int_equal(buf_error(&text) | buf_error(&json), 0);
    json_t *parsed = json_loadb(json.p, json.n, 0, NULL);
    assert_non_null(parsed);
    json_decref(parsed);
    buf_add_char(&text, '\0');
    buf_add_char(&json, '\0');
    assert_string_equal(text.p, message);
    assert_string_equal(json.p, fields);
    buf_fini(&text);
    buf_fini(&json);
}

static void code_0_is_information(void **state)
{
    (void)state;
    expect(&(struct frame_exit){.max_rss_kb = 7, .user_us = 12999, .system_us = 999}, LEVEL_INFO,
           "exited with code 0",
           "{\"event\":\"exit\",\"code\":0,\"core\":false,\"oom\":false,\"max_rss_kb\":7,"
           "\"user_ms\":12,\"system_ms\":0}");
}

static void any_other_code_is_an_error(void **state)
{
    (void)state;
    expect(&(struct frame_exit){.code = 127, .oom = 2}, LEVEL_ERROR, "exited with code 127",
           "{\"event\":\"exit\",\"code\":127,\"core\":false,\"oom\":\"unknown\",\"max_rss_kb\":0,"
           "\"user_ms\":0,\"system_ms\":0}");
}

static void a_signal_has_its_name_and_whether_a_core_was_dumped(void **state)
{
    (void)state;
    expect(&(struct frame_exit){.code = -1, .signal = SIGSEGV, .core = 1}, LEVEL_ERROR,
           "killed by signal 11 (SIGSEGV), core dumped",
           "{\"event\":\"exit\",\"signal\":\"SIGSEGV\",\"core\":true,\"oom\":false,"
           "\"max_rss_kb\":0,\"user_ms\":0,\"system_ms\":0}");
}

static void the_kernels_lack_of_memory_is_said(void **state)
{
    (void)state;
    expect(&(struct frame_exit){.code = -1, .signal = SIGKILL, .oom = 1}, LEVEL_ERROR,
           "killed by signal 9 (SIGKILL), out of memory",
           "{\"event\":\"exit\",\"signal\":\"SIGKILL\",\"core\":false,\"oom\":true,"
           "\"max_rss_kb\":0,\"user_ms\":0,\"system_ms\":0}");
}

static void a_signal_without_a_name_has_its_number(void **state)
{
    (void)state;
    expect(&(struct frame_exit){.code = -1, .signal = 40}, LEVEL_ERROR,
           "killed by signal 40 (signal 40)",
           "{\"event\":\"exit\",\"signal\":\"signal 40\",\"core\":false,\"oom\":false,"
           "\"max_rss_kb\":0,\"user_ms\":0,\"system_ms\":0}");
}

static void its_last_lines_stand_there_as_valid_text(void **state)
{
    (void)state;
    expect(&(struct frame_exit){.last = {STR("a\nb \"c\""), STR("\xff!")}}, LEVEL_INFO,
           "exited with code 0",
           "{\"event\":\"exit\",\"code\":0,\"core\":false,\"oom\":false,\"max_rss_kb\":0,"
           "\"user_ms\":0,\"system_ms\":0,\"last_stdout\":\"a\\nb \\\"c\\\"\",\"last_stderr\":"
           "\"\xef\xbf\xbd!\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_0_is_information),
        cmocka_unit_test(any_other_code_is_an_error),
        cmocka_unit_test(a_signal_has_its_name_and_whether_a_core_was_dumped),
        cmocka_unit_test(its_last_lines_stand_there_as_valid_text),
        cmocka_unit_test(the_kernels_lack_of_memory_is_said),
        cmocka_unit_test(a_signal_without_a_name_has_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
