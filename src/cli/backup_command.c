/* SPDX-License-Identifier: MIT
 *
 * backup_command.c - `logmill backup DIR`: a copy of the store, checked, whether or not a hub uses
 * it.
 */
#include "cli/verify_command.h"
#include "store/backup.h"

#include <stdio.h>

static int copy(const char *state_dir, const char *to)
{
    struct errinfo info = {0};
    uint64_t bytes;

    if (backup_copy(state_dir, to, &bytes, &info) < 0) {
        fprintf(stderr, "logmill backup: %s\n", info.text);
        return CLI_FAILED;
    }
    printf("%.1f MB copied to %s\n", (double)bytes / 1e6, to);
    return verify_look("backup", to);
}

int cli_backup(int argc, char **argv)
{
    struct settings settings;
    int rc = cli_settings(&settings, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "logmill backup: name the folder for the copy, as in `logmill backup "
                        "/mnt/logmill-today`\n");
        rc = CLI_USAGE;
    } else
        rc = copy(settings.state_dir, argv[1]);
    settings_fini(&settings);
    return rc;
}
