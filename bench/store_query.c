/* SPDX-License-Identifier: MIT
 *
 * store_query.c - how long questions take, asked of the chunks that store_seal left.
 *
 *     store_query out-dir [rounds [part of the names of the questions to ask]]
 *
 * Prints for each question the median wall-clock time, the processor time, and the answer, which
 * the other programs of store_compare.py must give, too.
 */
#include "base/clock.h"
#include "store/chunk.h"
#include "store/query.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 7 };

struct question {
    const char *name;
    const char *q;
    enum query_count count;
    uint32_t limit;
    int64_t minutes; /* of the range, which begins at noon; 0: everything */
    enum { ROWS, HISTOGRAM, FACETS, PATTERNS } kind;
};

static const struct question questions[] = {
    {"rare id", "zq7xneedle0fk3", QUERY_COUNT_EXACT, 100, 0, ROWS},
    {"absent word", "nosuchwordanywhere", QUERY_COUNT_EXACT, 100, 0, ROWS},
    {"absent long id", "\"550e8400-e29b-41d4-a716-446655440000\"", QUERY_COUNT_EXACT, 100, 0, ROWS},
    {"rare word (664)", "quasarflux", QUERY_COUNT_EXACT, 100, 0, ROWS},
    {"rare substring (3)", "7xneedle0f", QUERY_COUNT_EXACT, 100, 0, ROWS},
    {"rare substring (664)", "sarflu", QUERY_COUNT_EXACT, 100, 0, ROWS},
    {"unprunable", "7.1", QUERY_COUNT_EXACT, 0, 0, ROWS},
    {"regex with literal", "/time(d)? out/", QUERY_COUNT_EXACT, 0, 0, ROWS},
    {"regex without", "/[0-9]{3}ms|[a-f]{7}[0-9]z/", QUERY_COUNT_EXACT, 0, 0, ROWS},
    {"common phrase", "\"authentication failure\"", QUERY_COUNT_EXACT, 100, 0, ROWS},
    {"common word", "connection", QUERY_COUNT_EXACT, 100, 0, ROWS},
    {"negation", "-error", QUERY_COUNT_EXACT, 0, 0, ROWS},
    {"job + level, newest 100", "job_run_id:run-800fcfe18423 level>=warn", QUERY_COUNT_NONE, 100, 0,
     ROWS},
    {"the same, exact count", "job_run_id:run-800fcfe18423 level>=warn", QUERY_COUNT_EXACT, 100, 0,
     ROWS},
    {"10 minutes, count", "", QUERY_COUNT_EXACT, 0, 10, ROWS},
    {"10 minutes, newest 100", "", QUERY_COUNT_NONE, 100, 10, ROWS},
    {"newest 100", "", QUERY_COUNT_EXACT, 100, 0, ROWS},
    {"errors, newest 100", "level>=error", QUERY_COUNT_EXACT, 100, 0, ROWS},
    {"level per minute", "", QUERY_COUNT_NONE, 0, 0, HISTOGRAM},
    {"sources, by records", "", QUERY_COUNT_NONE, 10, 0, FACETS},
    {"shapes of messages", "", QUERY_COUNT_NONE, 10, 0, PATTERNS},
};

static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct store_view load(const char *dir)
{
    struct store_view v = {.journal_from = UINT64_MAX};
    char path[512];

    snprintf(path, sizeof path, "%s/1.seg", dir);
    int seg = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "%s/1.idx", dir);
    int idx = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (seg < 0 || idx < 0 || fstat(idx, &st) < 0) {
        perror(dir);
        exit(2);
    }
    struct chunk_files *files = chunk_files_new(seg, idx);
    char *bytes = malloc((size_t)st.st_size);
    if (!files || read(idx, bytes, (size_t)st.st_size) != st.st_size)
        exit(2);
    for (off_t at = 0; at < st.st_size;) {
        struct chunk_idx record;
        struct str rest = str_of(bytes + at, (size_t)(st.st_size - at));
        v.chunks = realloc(v.chunks, (v.chunk_count + 1) * sizeof *v.chunks);
        if (chunk_idx_read(rest, &record) < 0 ||
            chunk_open(files, rest, (uint64_t)at, &v.chunks[v.chunk_count]) < 0)
            exit(2);
        v.chunk_count++;
        at += record.size;
    }
    free(bytes);
    return v;
}

static int ignore(const struct record *r, void *ctx)
{
    *(uint64_t *)ctx += r->message.n;
    return 0;
}

static int ignore_tally(const struct query_tally *t, void *ctx)
{
    *(uint64_t *)ctx += t->count;
    return 0;
}

static uint64_t ask(const struct question *k, const struct store_view *v, const struct filter *f)
{
    static struct query_bucket buckets[1440];
    struct query_result result = {0};
    uint64_t bytes = 0;
    struct query q;
    int err;

    query_init(&q, f);
    q.order = QUERY_NEWEST_FIRST;
    q.count = k->count;
    q.limit = k->limit;
    if (k->minutes) {
        clock_parse(STR("2026-11-19T12:00:00.5Z"), &q.from_us);
        q.to_us = q.from_us + k->minutes * 60 * 1000000;
    }
    struct query_tallies tallies = {0};
    if (k->kind == FACETS) {
        err = query_facets(&q, v, STR("source"), k->limit, ignore_tally, &result.total, &tallies);
    } else if (k->kind == PATTERNS) {
        err = query_patterns(&q, v, k->limit, ignore_tally, &result.total, &tallies);
    } else if (k->kind == HISTOGRAM) {
        int64_t start = 0;
        clock_parse(STR("2026-11-19T00:00:00Z"), &start);
        err = query_histogram(&q, v, start, 60 * 1000000, buckets, 1440);
        for (int i = 0; i < 1440; i++)
            result.total += buckets[i].levels[LEVEL_ERROR];
    } else {
        err = query_run(&q, v, ignore, &bytes, &result);
    }
    if (err < 0)
        printf("%s: %s\n", k->name, err_text(err));
    return result.total;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void measure(const struct question *k, const struct store_view *v, int rounds)
{
    int64_t walls[100], cpus[100];
    struct errinfo info;
    struct filter f;
    uint64_t answer = 0;

    filter_init(&f);
    if (filter_add(&f, STR("q"), str_from(k->q), &info) < 0) {
        printf("%s: %s\n", k->name, info.text);
        return;
    }
    for (int i = 0; i < rounds; i++) {
        int64_t wall = clock_mono_us(), cpu = cpu_us();
        answer = ask(k, v, &f);
        walls[i] = clock_mono_us() - wall;
        cpus[i] = cpu_us() - cpu;
    }
    qsort(walls, (size_t)rounds, sizeof walls[0], by_number);
    qsort(cpus, (size_t)rounds, sizeof cpus[0], by_number);
    printf("%-26s %9.2f ms  best %8.2f  cpu %8.2f ms  %lu\n", k->name,
           (double)walls[rounds / 2] / 1e3, (double)walls[0] / 1e3, (double)cpus[rounds / 2] / 1e3,
           answer);
    filter_fini(&f);
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[2]) : ROUNDS;

    if (argc < 2 || rounds < 1 || rounds > 100) {
        fprintf(stderr, "usage: store_query out-dir [rounds, up to 100 [part of a name]]\n");
        return 2;
    }
    struct store_view v = load(argv[1]);
    uint64_t lines = 0;
    for (uint32_t i = 0; i < v.chunk_count; i++)
        lines += v.chunks[i]->count;
    printf("%lu lines in %u chunks\n", lines, v.chunk_count);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        if (argc < 4 || strstr(questions[i].name, argv[3]))
            measure(&questions[i], &v, rounds);
    return 0;
}
