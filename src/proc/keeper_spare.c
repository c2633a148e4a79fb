/* SPDX-License-Identifier: MIT
 *
 * keeper_spare.c - what a keeper in reserve does: it waits, and becomes what it is told.
 */
#include "proc/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* All of it; false at an early end of file. */
static bool read_whole(void *to, size_t n)
{
    for (char *at = to; n > 0;) {
        ssize_t got = read(STDIN_FILENO, at, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

/* The next text, up to its zero byte; "" at the end. */
static char *next_text(struct str *rest)
{
    static char nothing[1];
    union {
        const char *in;
        char *out;
    } at = {.in = rest->p}; /* main() has its arguments without const, too */
    size_t n = rest->n ? strlen(rest->p) + 1 : 0;

    *rest = str_of(rest->p + n, rest->n - n);
    return n ? at.out : nothing;
}

/* `count` of them as a list that ends with NULL. */
static char **list_texts(struct str *rest, size_t count)
{
    char **list = calloc(count + 1, sizeof *list);

    for (size_t i = 0; list && i < count; i++)
        list[i] = next_text(rest);
    return list;
}

static size_t count_texts(struct str texts)
{
    size_t n = 0;

    while (texts.n > 0) {
        next_text(&texts);
        n++;
    }
    return n;
}

bool spare_wait(int *ret_argc, char ***ret_argv)
{
    uint64_t n;

    if (!read_whole(&n, sizeof n) || n == 0 || n > SPARE_MESSAGE_MAX)
        return false;
    char *bytes = malloc(n); /* for ever */
    if (!bytes || !read_whole(bytes, n) || bytes[n - 1] != '\0')
        return false;
    struct str rest = str_of(bytes, n);
    const char *directory = next_text(&rest);
    size_t words = strtoul(next_text(&rest), NULL, 10);
    if (words == 0 || words > count_texts(rest) || (*directory && chdir(directory) < 0))
        return false;
    *ret_argv = list_texts(&rest, words);
    environ = list_texts(&rest, count_texts(rest));
    *ret_argc = (int)words;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return *ret_argv && environ && null >= 0 && dup2(null, STDIN_FILENO) == 0;
}
