/* SPDX-License-Identifier: MIT
 *
 * corpus_writer.c - log lines as servers write them.
 *
 *     corpus_writer LINES [BATCH]
 *
 * Deterministic: the same lines for the same count. BATCH lines go into one write (default: as many
 * as fit 64 KiB; 1 = line by line). Lines are 60 to 260 bytes, 155 on average: time stamp, level, a
 * sentence with numbers, paths and ids.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t state = 42;

static uint32_t random_below(uint32_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % n);
}

static const char *const levels[] = {"INFO",  "INFO",  "INFO", "INFO",
                                     "DEBUG", "DEBUG", "WARN", "ERROR"};
static const char *const parts[] = {
    "request %u of user %u took %u ms and touched %u rows",
    "GET /api/v1/items/%u?page=%u&limit=%u answered 200 to 10.4.%u.17, cache miss",
    "worker %u took job %u from the queue, %u are waiting, deadline in %u s",
    "connection %u to 192.168.%u.%u closed after %u bytes: peer reset it",
    "block blk_%u%u replicated to %u nodes, pipeline of %u acknowledged",
    "compaction of level %u ended: %u files of %u MB became %u",
};

static size_t make_line(char *at, uint32_t number)
{
    int n = sprintf(at, "2026-01-%02u %02u:%02u:%02u,%03u %s [service-%u] ", 1 + number % 28,
                    number / 3600 % 24, number / 60 % 60, number % 60, random_below(1000),
                    levels[random_below(8)], random_below(20));
    uint32_t sentences = 1 + random_below(3);

    for (uint32_t i = 0; i < sentences; i++) {
        n += sprintf(at + n, parts[random_below(6)], random_below(100000), random_below(256),
                     random_below(256), random_below(1000));
        at[n++] = i + 1 < sentences ? ';' : '\n';
        if (i + 1 < sentences)
            at[n++] = ' ';
    }
    return (size_t)n;
}

static void write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(1, p, n);
        if (k < 0)
            exit(1);
        p += k;
        n -= (size_t)k;
    }
}

int main(int argc, char **argv)
{
    static char out[128 * 1024];
    uint32_t lines = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
    uint32_t batch = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : UINT32_MAX;
    size_t n = 0;
    uint32_t in_batch = 0;

    for (uint32_t i = 0; i < lines; i++) {
        n += make_line(out + n, i);
        if (++in_batch == batch || n > 64 * 1024) {
            write_all(out, n);
            n = in_batch = 0;
        }
    }
    write_all(out, n);
    return 0;
}
