/* SPDX-License-Identifier: MIT
 *
 * main.c - the program `logmill`. Everything is a subcommand; see cli/commands.def.
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
