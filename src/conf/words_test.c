/* SPDX-License-Identifier: MIT
 *
 * words_test.c - a command line falls into the words a shell would make of it.
 */
#include "conf/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdint.h>

/* `expected` are the words joined by '|'. */
static void check(const char *text, const char *expected)
{
    char **words = NULL;
    struct str rest = str_from(expected);
    size_t i = 0;

    assert_int_equal(words_split(str_from(text), &words), 0);
    for (; rest.p; i++) {
        struct str word = str_cut(rest, '|', &rest);
        assert_non_null(words[i]);
        assert_true(str_is(word, words[i]));
    }
    assert_null(words[i]);
    words_free(words);
}

static void blanks_part_words(void **state)
{
    (void)state;
    check("python3 -u game.py", "python3|-u|game.py");
    check("  a \t b\n c\r\n", "a|b|c");
}

static void quotes_and_backslashes_keep_what_they_cover(void **state)
{
    (void)state;
    check("sh -c 'echo \"a  b\"; date'", "sh|-c|echo \"a  b\"; date");
    check("\"a \\\"b\\\" \\\\ \\n\"", "a \"b\" \\ \\n");
    check("a\\ b c\\'d", "a b|c'd");
    check("x'y z'\"w\"", "xy zw");
    check("a '' \"\"", "a||");
}

static void nothing_is_expanded(void **state)
{
    (void)state;
    check("echo $HOME `date` *.c > x; y & ~", "echo|$HOME|`date`|*.c|>|x;|y|&|~");
}

static void an_empty_line_has_no_words(void **state)
{
    (void)state;
    char **words = NULL;

    assert_int_equal(words_split(STR("  "), &words), 0);
    assert_null(words[0]);
    words_free(words);
}

static void open_quotes_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"a 'b", "a \"b", "a \"b\\\"", "a\\"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char **words = NULL;
        assert_int_equal(words_split(str_from(texts[i]), &words), -LM_E_SYNTAX);
        assert_null(words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_part_words),
        cmocka_unit_test(quotes_and_backslashes_keep_what_they_cover),
        cmocka_unit_test(nothing_is_expanded),
        cmocka_unit_test(an_empty_line_has_no_words),
        cmocka_unit_test(open_quotes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
