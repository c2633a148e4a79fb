/* SPDX-License-Identifier: MIT
 *
 * self.c - /proc/self.
 */
#include "proc/self.h"

#include "base/buf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, CMDLINE_MAX = 1024 * 1024 };

char *self_path(struct arena *arena)
{
    static const char gone[] = " (deleted)";
    char path[PATH_BYTES];

    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = '\0';
    size_t tail = sizeof gone - 1;
    if ((size_t)n > tail && strcmp(path + n - tail, gone) == 0)
        path[n - (ssize_t)tail] = '\0';
    char *copy = arena_alloc(arena, strlen(path) + 1);
    return copy ? strcpy(copy, path) : NULL;
}

static int read_cmdline(struct buf *b)
{
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;

    while (n > 0 && b->n < CMDLINE_MAX && buf_reserve(b, PATH_BYTES) == 0) {
        n = read(fd, b->p + b->n, PATH_BYTES);
        b->n += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : buf_error(b);
}

char **self_argv(struct arena *arena, int *ret_argc)
{
    struct buf text = {0};
    char **argv = NULL;
    int argc = 0;

    if (read_cmdline(&text) == 0) {
        char *copy = arena_alloc(arena, text.n + 1);
        for (size_t i = 0; i < text.n; i++)
            argc += text.p[i] == '\0';
        argv = copy ? arena_alloc(arena, ((size_t)argc + 1) * sizeof *argv) : NULL;
        if (argv) {
            memcpy(copy, text.p, text.n);
            copy[text.n] = '\0';
            for (int i = 0; i < argc; i++, copy += strlen(copy) + 1)
                argv[i] = copy;
            argv[argc] = NULL;
        }
    }
    buf_fini(&text);
    *ret_argc = argc;
    return argv;
}
