/* SPDX-License-Identifier: MIT
 *
 * stamper.c - a child that says when it did what, by the monotonic clock.
 *
 *     stamper start FIFO          writes "PID NS\n" to the FIFO at once, then waits for ever
 *     stamper lines RATE SECONDS  writes RATE lines of 150 bytes a second, each with its time, one write each
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 150 };

static long long now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int start(const char *fifo)
{
    char text[64];
    int n = snprintf(text, sizeof text, "%d %lld\n", getpid(), now_ns());
    int fd = open(fifo, O_WRONLY);

    if (fd < 0 || write(fd, text, (size_t)n) != n)
        return 1;
    close(fd);
    for (;;)
        pause();
}

static void sleep_until(long long ns)
{
    struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
        continue;
}

static int lines(long rate, long seconds)
{
    long long begin = now_ns(), step = 1000000000ll / rate;
    char line[LINE + 1];

    for (long i = 0; i < rate * seconds; i++) {
        sleep_until(begin + i * step);
        int n = snprintf(line, sizeof line, "stamp %lld ", now_ns());
        memset(line + n, 'x', (size_t)(LINE - 1 - n));
        line[LINE - 1] = '\n';
        if (write(1, line, LINE) != LINE)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "start") == 0)
        return start(argv[2]);
    if (argc == 4 && strcmp(argv[1], "lines") == 0)
        return lines(atol(argv[2]), atol(argv[3]));
    return 2;
}
