/* SPDX-License-Identifier: MIT
 *
 * verify_command.h - what `verify` and `backup` share.
 *
 * Threads: the main thread. Owns: nothing.
 */
#ifndef LM_CLI_VERIFY_COMMAND_H
#define LM_CLI_VERIFY_COMMAND_H

#include "cli/cli.h"

/* Reads every byte of the history in this state directory, which nobody uses, and prints what it
 * finds. An exit status. */
int verify_look(const char *command, const char *state_dir) LM_MUST_CHECK;

#endif
