/* SPDX-License-Identifier: MIT
 *
 * parse_lines.c - lines per second through splitting and parsing, on one core.
 *
 *     parse_lines FILE [rounds]          speed, and what was recognised
 *     parse_lines --shares FILE...       a table: level and time recognised per file, in percent
 *
 * Pieces of 64 KiB, as a pipe delivers them, go through line_next(), parse_line() and batch_add(),
 * exactly as a source does it. --shares counts lines that name their level, lines whose time is
 * complete, and lines whose time is complete once the source's zone is configured.
 */
#include "base/clock.h"
#include "record/line.h"
#include "record/parse.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

enum { PIECE = 64 * 1024 };

/* Processor time of this process: what others do on the machine does not count. */
static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct counts {
    uint64_t lines, levels, times, fields, conts, replaced;
};

static struct str map_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
        perror(path);
        exit(2);
    }
    char *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (p == MAP_FAILED) {
        perror(path);
        exit(2);
    }
    return str_of(p, (size_t)st.st_size);
}

struct run {
    struct parser parser;
    struct parse_rules rules;
    struct labels *labels;
    struct batch batch;
    struct line_splitter splitter;
    struct counts counts;
    int64_t read_us;
};

/* The group knows of its head what the record does not tell: was it said, or a fallback? */
static void count(struct run *run, const struct record *r, bool replaced)
{
    const struct group *g = &run->parser.groups[r->stream];
    struct counts *c = &run->counts;

    c->lines++;
    c->levels += g->level_said;
    c->times += g->timed;
    c->fields += r->fields.n > 0;
    c->conts += (r->flags & RECORD_CONT) != 0;
    c->replaced += replaced;
}

static void one_line(struct run *run, const struct line *line)
{
    struct record r = {.time_us = run->read_us, .labels = run->labels, .stream = STREAM_STDOUT};
    bool replaced;

    if (parse_line(&run->parser, &r, line->text, &run->batch.scratch, &replaced) < 0 ||
        batch_add(&run->batch, &r) < 0)
        abort();
    count(run, &r, replaced);
}

static void one_piece(struct run *run, struct str piece)
{
    struct origin origin = {.kind = ORIGIN_FILE};
    struct line line;

    batch_begin(&run->batch, &origin, run->read_us);
    while (line_next(&run->splitter, &piece, &line) > 0)
        one_line(run, &line);
}

static struct counts run_file(struct str text, const char *zone)
{
    struct label_table table = {0};
    struct run run = {.read_us = clock_wall_us()};

    if ((zone && parse_rules_zone(&run.rules, zone) < 0) ||
        labels_make(&table, STR("bench"), NULL, 0, &run.labels) < 0)
        abort();
    run.parser.rules = &run.rules;
    for (size_t at = 0; at < text.n; at += PIECE)
        one_piece(&run, str_of(text.p + at, text.n - at < PIECE ? text.n - at : PIECE));
    struct line last;
    if (line_finish(&run.splitter, &last) > 0)
        one_line(&run, &last);
    batch_fini(&run.batch);
    parser_fini(&run.parser);
    parse_rules_fini(&run.rules);
    line_fini(&run.splitter);
    labels_unref(run.labels);
    label_table_fini(&table);
    return run.counts;
}

static void speed(const char *path, int rounds)
{
    struct str text = map_file(path);
    struct counts c = {0};
    int64_t best = INT64_MAX;

    for (; rounds > 0; rounds--) {
        int64_t start = cpu_us();
        c = run_file(text, NULL);
        int64_t us = cpu_us() - start;
        best = us < best ? us : best;
    }
    printf("%s: %.2f M lines/s, %.0f MB/s (%llu lines, %llu with their own time, %llu with fields, "
           "%llu replaced)\n",
           path, (double)c.lines / (double)best, (double)text.n / (double)best,
           (unsigned long long)c.lines, (unsigned long long)c.times, (unsigned long long)c.fields,
           (unsigned long long)c.replaced);
}

static double percent(uint64_t part, uint64_t of)
{
    return of ? 100.0 * (double)part / (double)of : 0;
}

static void shares(const char *path)
{
    struct str text = map_file(path);
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    struct counts plain = run_file(text, NULL), zoned = run_file(text, "UTC");

    printf(
        "%-24s %6llu lines  level %5.1f %%  time %5.1f %%  with a zone %5.1f %%  cont %4.1f %%\n",
        name, (unsigned long long)plain.lines, percent(plain.levels, plain.lines),
        percent(plain.times, plain.lines), percent(zoned.times, zoned.lines),
        percent(plain.conts, plain.lines));
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--shares") == 0) {
        for (int i = 2; i < argc; i++)
            shares(argv[i]);
        return 0;
    }
    if (argc < 2) {
        fprintf(stderr, "usage: parse_lines FILE [rounds] | parse_lines --shares FILE...\n");
        return 2;
    }
    speed(argv[1], argc > 2 ? atoi(argv[2]) : 3);
    return 0;
}
