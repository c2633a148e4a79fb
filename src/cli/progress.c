/* SPDX-License-Identifier: MIT
 *
 * progress.c - one line that is written over and over, five times a second.
 */
#include "cli/progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { EVERY_US = 200000, BAR = 24 };

void progress_begin(struct progress *p, const char *what, uint64_t all, bool wanted)
{
    *p = (struct progress){.what = what,
                           .all = all,
                           .began_us = clock_mono_us(),
                           .shown = wanted && isatty(STDERR_FILENO)};
}

static void print_bar(const struct progress *p)
{
    char bar[BAR + 1];
    uint64_t part = p->done < p->all ? p->done * BAR / p->all : BAR;

    for (int i = 0; i < BAR; i++)
        bar[i] = (uint64_t)i < part ? '=' : ' ';
    bar[BAR] = '\0';
    fprintf(stderr, " %3" PRIu64 "%% [%s]", p->done < p->all ? p->done * 100 / p->all : 100, bar);
}

static void print(struct progress *p)
{
    int64_t took_us = clock_mono_us() - p->began_us + 1;

    fprintf(stderr, "\r%s:", p->what);
    if (p->all)
        print_bar(p);
    fprintf(stderr, " %.1f MB", (double)p->done / 1e6);
    if (p->records)
        fprintf(stderr, ", %" PRIu64 " records", p->records);
    fprintf(stderr, ", %.1f MB/s\x1b[K", (double)p->done / (double)took_us);
    p->said_us = clock_mono_us();
}

void progress_add(struct progress *p, uint64_t bytes)
{
    p->done += bytes;
    if (p->shown && clock_mono_us() - p->said_us > EVERY_US)
        print(p);
}

void progress_end(struct progress *p)
{
    if (!p->shown)
        return;
    print(p);
    fputc('\n', stderr);
}
