/* SPDX-License-Identifier: MIT
 *
 * serve.c - `logmill serve`: settings in, hub running.
 */
#include "cli/cli.h"
#include "daemon/daemon.h"

#include <stdio.h>

int cli_serve(int argc, char **argv)
{
    struct settings settings = {0};
    struct errinfo info = {0};
    int status = cli_settings(&settings, &argc, argv);

    if (status == 0)
        status = cli_refuse_rest(argc, argv, NULL);
    if (status == 0 && daemon_run(&settings, &info) < 0) {
        fprintf(stderr, "logmill serve: %s\n", info.text);
        status = CLI_FAILED;
    }
    settings_fini(&settings);
    return status;
}
