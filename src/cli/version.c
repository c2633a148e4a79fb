/* SPDX-License-Identifier: MIT
 *
 * version.c - `logmill version`.
 */
#include "cli/cli.h"

#include <stdio.h>

int cli_version(int argc, char **argv)
{
    int rc = cli_refuse_rest(argc, argv, NULL);

    if (rc == CLI_OK)
        puts("logmill " LOGMILL_VERSION);
    return rc;
}
