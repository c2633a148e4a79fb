/* SPDX-License-Identifier: MIT
 *
 * keeper_writer.c - the child in bench/keeper_vs_supervisord.py.
 *
 *     keeper_writer DIR SIZE TOTAL
 *
 * Waits until DIR/go exists, writes TOTAL bytes to stdout in writes of SIZE bytes (each ends with a
 * line end), makes DIR/written and stays until DIR/stop exists.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void wait_for(const char *dir, const char *name)
{
    char path[4096];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    while (stat(path, &st) < 0)
        usleep(2000);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    size_t size = strtoul(argv[2], NULL, 10), total = strtoul(argv[3], NULL, 10);
    char *block = malloc(size), path[4096];

    if (!block || size == 0)
        return 2;
    for (size_t i = 0; i < size; i++)
        block[i] = (i + 1) % 150 == 0 ? '\n' : (char)('a' + i % 26);
    block[size - 1] = '\n';
    wait_for(argv[1], "go");
    for (size_t done = 0; done < total;) {
        size_t n = total - done < size ? total - done : size;
        ssize_t w = write(STDOUT_FILENO, block + size - n, n);
        if (w < 0)
            return 1;
        done += (size_t)w;
    }
    snprintf(path, sizeof path, "%s/written", argv[1]);
    FILE *f = fopen(path, "w");
    if (f)
        fclose(f);
    wait_for(argv[1], "stop");
    return 0;
}
