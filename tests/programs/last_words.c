/* SPDX-License-Identifier: MIT
 *
 * last_words.c - LINES numbered lines on each pipe, an unterminated one on each, and sudden death.
 *
 *     last_words exit|abort|segv|kill LINES
 *
 * Everything is written with write(2): what a process keeps in its own buffers dies with it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_CODE = 7, AT_ONCE = 64 };

static void put(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, text, n);
        if (done < 0)
            _exit(3);
        text += done;
        n -= (size_t)done;
    }
}

/* Lines first .. last of one pipe in one write. */
static void put_lines(int fd, const char *pipe, long first, long last)
{
    char text[AT_ONCE * 64];
    size_t n = 0;

    for (long i = first; i <= last; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s %ld of many\n", pipe, i);
    put(fd, text, n);
}

static void die(const char *how)
{
    if (strcmp(how, "exit") == 0)
        _exit(EXIT_CODE);
    if (strcmp(how, "abort") == 0)
        abort();
    raise(strcmp(how, "segv") == 0 ? SIGSEGV : SIGKILL);
}

int main(int argc, char **argv)
{
    long lines = argc > 2 ? atol(argv[2]) : 10000;

    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    for (long i = 1; i <= lines; i += AT_ONCE) {
        long last = i + AT_ONCE - 1 < lines ? i + AT_ONCE - 1 : lines;
        put_lines(1, "out", i, last);
        put_lines(2, "err", i, last);
    }
    put(1, "last words on stdout", 20);
    put(2, "last words on stderr", 20);
    die(argc > 1 ? argv[1] : "exit");
    return 0;
}
