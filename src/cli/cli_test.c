/* SPDX-License-Identifier: MIT
 *
 * cli_test.c - what the command line answers, as text and as exit status.
 */
#include "cli/cli_call_test.h"

#include <stdlib.h>

/* What one call printed on both outputs, in order. */
static char output[64 * 1024];

static int call(const char *words)
{
    return cli_call(words, true, output, sizeof output);
}

static void expect(const char *words, int status, const char *part)
{
    int got = call(words);

    if (got != status || !strstr(output, part))
        fail_msg("logmill %s: status %d, not %d, or '%s' missing in:\n%s", words, got, status, part,
                 output);
}

static void help_is_there_for_everything(void **state)
{
    (void)state;
    expect("--help", CLI_OK, "Usage: logmill <command>");
    expect("help", CLI_OK, "  serve    Run the hub");
    expect("help serve", CLI_OK, "  --sync-interval DURATION\n");
    expect("serve --help", CLI_OK, "Examples:\n  logmill serve");
    expect("run --help", CLI_OK, "  --quiet            its output");
    expect("", CLI_USAGE, "Usage: logmill <command>");
}

static void the_version_is_that_of_the_build(void **state)
{
    (void)state;
    expect("version", CLI_OK, "logmill " LOGMILL_VERSION "\n");
    expect("--version", CLI_OK, "logmill " LOGMILL_VERSION "\n");
    expect("version now", CLI_USAGE, "logmill version: 'now' is not expected here");
}

static void misspelt_words_are_answered_with_the_nearest(void **state)
{
    (void)state;
    expect("srve", CLI_USAGE, "there is no command 'srve': did you mean 'serve'?");
    expect("help tial", CLI_USAGE, "did you mean 'tail'?");
    expect("xyzzy", CLI_USAGE, "there is no command 'xyzzy'\n");
    expect("serve --lisen 1", CLI_USAGE, "unknown flag '--lisen': did you mean '--listen'?");
    expect("tail --lvl warn", CLI_USAGE, "unknown flag '--lvl': did you mean '--level'?");
    expect("config chek", CLI_USAGE, "say what to do, check or docs");
}

static void flags_say_when_a_value_is_missing_too_much_or_wrong(void **state)
{
    (void)state;
    expect("tail --level", CLI_USAGE, "--level needs a value");
    expect("tail --json=1", CLI_USAGE, "--json=1: this flag takes no value");
    expect("tail --colour pink", CLI_USAGE, "--colour is auto, always or never");
    expect("run --name", CLI_USAGE, "--name needs a value");
    expect("run --quiet=3 -- true", CLI_USAGE, "--quiet=3: this flag takes no value");
}

static void config_check_shows_what_holds_and_what_is_wrong(void **state)
{
    (void)state;
    expect("config check --config /dev/null --hub-name mill", CLI_OK, "# --hub-name\n");
    expect("config check --config /nonexistent", CLI_USAGE,
           "the configuration '/nonexistent' cannot be read");
    expect("config check --journal-max 1", CLI_USAGE, "'--journal-max' goes from 32MiB to 16TiB");
}

static void a_mistake_is_named_with_file_line_and_column(void **state)
{
    (void)state;
    char path[] = "/tmp/cli_test.XXXXXX", words[64], sentence[128];
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "\n  lissten: none\n", 17), 17);
    close(fd);
    snprintf(words, sizeof words, "config check --config %s", path);
    snprintf(sentence, sizeof sentence, "logmill: %s:2:3: unknown setting 'lissten'", path);
    expect(words, CLI_USAGE, sentence);
    unlink(path);
}

static void the_reference_pages_are_printed(void **state)
{
    (void)state;
    expect("config docs settings", CLI_OK, "| `listen` | `127.0.0.1:8514` |");
    expect("config docs metrics", CLI_OK, "| `logmill_records_total` | counter |");
    expect("config docs poems", CLI_USAGE, "docs prints one page");
}

int main(void)
{
    setenv("HOME", "/nonexistent", 1);
    unsetenv("LOGMILL_CONFIG");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_is_there_for_everything),
        cmocka_unit_test(the_version_is_that_of_the_build),
        cmocka_unit_test(misspelt_words_are_answered_with_the_nearest),
        cmocka_unit_test(flags_say_when_a_value_is_missing_too_much_or_wrong),
        cmocka_unit_test(config_check_shows_what_holds_and_what_is_wrong),
        cmocka_unit_test(a_mistake_is_named_with_file_line_and_column),
        cmocka_unit_test(the_reference_pages_are_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
