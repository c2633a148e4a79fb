/* SPDX-License-Identifier: MIT
 *
 * cli.h - what the subcommands share.
 *
 * Every subcommand is one file cli/<name>.c with one function cli_<name>(), one line in
 * commands.def, and no more: the dispatcher, `--help` and the spelling hint come from that line.
 * argv[0] is the name of the subcommand. What a subcommand returns is the exit status.
 *
 * Threads: the main thread. Owns: nothing.
 */
#ifndef LM_CLI_CLI_H
#define LM_CLI_CLI_H

#include "conf/settings.h"

/* Exit statuses. `logmill run` passes on those of its child instead. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

#define COMMAND(name, settings, sentence, usage, flags, examples)                                  \
    int cli_##name(int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND

/* Finds the subcommand and runs it. */
int cli_main(int argc, char **argv);

/* settings_load() for a subcommand: takes the flags of the table out of argv. On failure the
 * sentence has been printed, s is empty, and the exit status to return (never 0) comes back. */
int cli_settings(struct settings *s, int *argc, char **argv) LM_MUST_CHECK;

/* Prints "logmill <command>: <sentence>" with a hint at the help on stderr; returns CLI_USAGE. */
int cli_usage(const char *command, const char *fmt, ...) LM_PRINTF(2, 3);

/* Refuses what is left in argv[1..]: an unknown flag with the nearest known one, or a stray word.
 * 0 when nothing is left. `own` are the flags of the command itself ("--level"), ends with NULL,
 * may be NULL. */
int cli_refuse_rest(int argc, char **argv, const char *const *own) LM_MUST_CHECK;

#endif
