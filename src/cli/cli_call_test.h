/* SPDX-License-Identifier: MIT
 *
 * cli_call_test.h - a command line is carried out, and what it printed is caught.
 */
#ifndef LM_CLI_CALL_TEST_H
#define LM_CLI_CALL_TEST_H

#include "cli/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { CALL_WORDS_MAX = 16 };

/* `words` follow the name of the program, parted by spaces. What goes to stdout is in `output`
 * afterwards; what goes to stderr as well, in order, or nowhere. Returns the exit status. */
static inline int cli_call(const char *words, bool with_errors, char *output, size_t size)
{
    char text[600], *argv[CALL_WORDS_MAX + 1] = {NULL};
    int argc = 0, saved[] = {dup(1), dup(2)};
    FILE *to = tmpfile(), *nowhere = fopen("/dev/null", "w");

    assert_true(to && nowhere);
    snprintf(text, sizeof text, "logmill %s", words);
    for (char *w = strtok(text, " "); w && argc < CALL_WORDS_MAX; w = strtok(NULL, " "))
        argv[argc++] = w;
    fflush(stdout);
    dup2(fileno(to), 1);
    dup2(fileno(with_errors ? to : nowhere), 2);
    int status = cli_main(argc, argv);
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
    }
    rewind(to);
    output[fread(output, 1, size - 1, to)] = '\0';
    fclose(to);
    fclose(nowhere);
    return status;
}

#endif
