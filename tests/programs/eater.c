/* SPDX-License-Identifier: MIT
 *
 * eater.c - says what it does, joins a control group (memory, version 1), and takes memory until the
 * kernel ends it.
 *
 *     eater FOLDER_OF_THE_GROUP
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char path[512];

    snprintf(path, sizeof path, "%s/cgroup.procs", argc > 1 ? argv[1] : ".");
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, "0", 1) != 1)
        return 3;
    if (write(1, "eating\n", 7) != 7 || write(2, "last words", 10) != 10)
        return 4;
    for (;;) {
        char *more = malloc(1 << 20);
        if (!more)
            return 5;
        memset(more, 1, 1 << 20);
    }
}
