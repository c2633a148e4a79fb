/* SPDX-License-Identifier: MIT
 *
 * json_scan.c - how fast is the scanner that reads JSON lines, UTF-8 check included?
 *
 *     json_scan FILE [rounds]
 *
 * FILE holds one JSON object a line (a corpus of log lines). Each round checks every line as UTF-8
 * and walks its members; the best round counts. jansson parses the first lines for comparison.
 */
#include "record/json.h"
#include "record/utf8.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

enum { JSON_LINES = 200000 };

/* Processor time of this process: what others do on the machine does not count. */
static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct sums {
    uint64_t lines, members, bad;
};

static void scan_line(struct str line, struct sums *s)
{
    struct json_member m;
    struct json_walk w = json_walk(line);

    while (json_next(&w, &m))
        s->members++;
    s->bad += !w.ok || utf8_valid_prefix(line) < line.n;
}

static void jansson_line(struct str line, struct sums *s)
{
    json_t *object = json_loadb(line.p, line.n, 0, NULL);

    s->members += json_object_size(object);
    s->bad += !object;
    json_decref(object);
}

static struct sums run(struct str text, uint64_t max, void (*one)(struct str, struct sums *),
                       size_t *ret_bytes)
{
    struct sums s = {0};
    const char *start = text.p;

    while (text.n && s.lines < max) {
        struct str rest, line = str_cut(text, '\n', &rest);
        one(line, &s);
        s.lines++;
        text = rest;
    }
    *ret_bytes = text.n ? (size_t)(text.p - start) : *ret_bytes;
    return s;
}

static void say(const char *who, struct sums s, size_t bytes, int64_t us)
{
    printf("%-8s %8.0f MB/s  %6.2f M lines/s  (%llu lines, %llu members, %llu refused)\n", who,
           (double)bytes / (double)us, (double)s.lines / (double)us, (unsigned long long)s.lines,
           (unsigned long long)s.members, (unsigned long long)s.bad);
}

int main(int argc, char **argv)
{
    struct stat st;
    int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
    int64_t best = INT64_MAX;
    struct sums s = {0};

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
        fprintf(stderr, "usage: json_scan FILE [rounds]\n");
        return 2;
    }
    char *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    struct str text = str_of(p, p == MAP_FAILED ? 0 : (size_t)st.st_size);
    size_t bytes = text.n;
    for (int i = argc > 2 ? atoi(argv[2]) : 3; i > 0; i--) {
        int64_t start = cpu_us();
        s = run(text, UINT64_MAX, scan_line, &bytes);
        int64_t us = cpu_us() - start;
        best = us < best ? us : best;
    }
    say("own", s, bytes, best);
    int64_t start = cpu_us();
    s = run(text, JSON_LINES, jansson_line, &bytes);
    say("jansson", s, bytes, cpu_us() - start);
    return 0;
}
