/* SPDX-License-Identifier: MIT
 *
 * writer.c - a process that talks a lot: numbered lines on both pipes, at a steady rate.
 *
 *     writer RATE [LINES]      lines a second on both pipes together; 0 = as fast as it can
 *
 * Every line is one write(2), "out 17 ..." or "err 17 ...", in turns. It ends after LINES lines, or at
 * SIGTERM after the line it is writing; the last line on stdout says how many there were:
 * "total 170 169". An alarm ends it should everybody have forgotten it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { FORGOTTEN_S = 900 };

static volatile sig_atomic_t asked;

static void on_term(int number)
{
    (void)number;
    asked = 1;
}

static void say(int fd, const char *pipe, long number)
{
    char line[128];
    int n = snprintf(line, sizeof line,
                     "%s %ld the quick brown fox jumps over the lazy dog and comes back\n", pipe,
                     number);
    if (write(fd, line, (size_t)n) != n)
        _exit(3);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    double rate = argc > 1 ? atof(argv[1]) : 1000, start = now();
    long lines = argc > 2 ? atol(argv[2]) : 0, written = 0, count[2] = {0, 0};
    const struct timespec pause = {0, 1000000};

    signal(SIGTERM, on_term);
    alarm(FORGOTTEN_S);
    while (!asked && (lines == 0 || written < lines)) {
        long due = rate > 0 ? (long)((now() - start) * rate) : written + 1000;
        for (; written < due && !asked && (lines == 0 || written < lines); written++) {
            int side = (int)(written & 1);
            say(side + 1, side ? "err" : "out", ++count[side]);
        }
        if (rate > 0)
            nanosleep(&pause, NULL);
    }
    printf("total %ld %ld\n", count[0], count[1]);
    return 0;
}
