/* SPDX-License-Identifier: MIT
 *
 * keeper_main.c - the executable `keeper`. See keeper.h.
 */
#include "proc/keeper.h"
#include "proc/spare.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    static struct keeper k;
    struct errinfo info = {0};

    if (argc > 1 && strcmp(argv[1], "--spare") == 0 && !spare_wait(&argc, &argv))
        return 0;
    int rc = keeper_open(&k, argc, argv, &info);
    if (rc == 0)
        keeper_loop(&k);
    else
        fprintf(stderr, "logmill: %s\n", info.text);
    keeper_close(&k);
    return rc < 0 ? 125 : keeper_end_like_child(&k);
}
