/* SPDX-License-Identifier: MIT
 *
 * compact_command.c - `logmill compact`: asks the hub, and waits as long as it takes.
 */
#include "cli/hub_call.h"

#include <stdio.h>

static double number(const json_t *answer, const char *name)
{
    return (double)json_integer_value(json_object_get(answer, name));
}

static void print_result(const json_t *answer)
{
    if (number(answer, "pairs") == 0)
        puts("nothing to do: no record on the disk is cleared or expired");
    else
        printf("%.0f pairs of files made anew: %.0f records gone, %.1f MB became %.1f MB\n",
               number(answer, "pairs"), number(answer, "records"),
               number(answer, "bytes_before") / 1e6, number(answer, "bytes_after") / 1e6);
}

int cli_compact(int argc, char **argv)
{
    static const char *const own[] = {"--url", NULL};
    struct hub_call call;
    json_t *answer = NULL;
    int rc = hub_call_open(&call, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    rc = cli_refuse_rest(argc, argv, own);
    if (rc == CLI_OK)
        rc = hub_call_json(&call, "POST", "/api/v1/hub/compact", NULL, 0, &answer);
    if (rc == CLI_OK)
        print_result(answer);
    json_decref(answer);
    hub_call_close(&call);
    return rc;
}
