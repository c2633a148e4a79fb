/* SPDX-License-Identifier: MIT
 *
 * diag_test.c - what a stranger's name may do on the console: nothing.
 */
#include "base/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void keep(enum diag_level level, const char *text, void *ctx)
{
    (void)level;
    snprintf(ctx, 80, "%s", text);
}

static void control_characters_of_a_name_become_question_marks(void **state)
{
    char heard[80] = "";

    (void)state;
    diag_listen(keep, heard);
    diag_info("%s", "a\x1b[31mb\r\nc\x7f\td");
    assert_string_equal(heard, "a?[31mb??c??d");
    diag_info("%s", "CSI \xc2\x9b, umlaut \xc3\x84, no-break \xc2\xa0, cut \xc2");
    assert_string_equal(heard, "CSI ??, umlaut \xc3\x84, no-break \xc2\xa0, cut \xc2");
    diag_listen(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_of_a_name_become_question_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
