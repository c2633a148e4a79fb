/* SPDX-License-Identifier: MIT
 *
 * gencorpus.c - a corpus of log lines, the same in every run, made from templates of the public
 * loghub samples.
 *
 *     gencorpus templates.txt seed lines plain.log json.jsonl
 *
 * A line of templates.txt: system, level, name and text of a template, separated by tabs; what
 * varies in the text stands between the bytes 1 and 2. 300 jobs of 16 systems write in bursts;
 * numbers, ids and addresses come from small pools with some that are new, so that the text
 * compresses as real logs do. Three lines have zq7xneedle0fk3 in them, one in ten thousand has
 * quasarflux. Prints what is in it.
 *
 * The order in which random numbers are drawn is part of the format: figures of old runs rest on
 * it.
 *
 * Threads: one. Owns: everything.
 */
#include "gencorpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { JOBS = 300 };
#define DAY_MS   86400000.0
#define BEGIN_MS 1795046400000.0 /* 2026-11-19T00:00:00Z */

static const char *const levels[] = {"debug", "info", "warn", "error"};
static const char *const upper_levels[] = {"DEBUG", "INFO", "WARN", "ERROR"};

static struct job jobs[JOBS];

struct corpus {
    FILE *plain, *json;
    long lines, written;
    double now_ms;
    uint64_t bytes;
    long needles, rare, by_level[4], by_system[SYSTEMS_MAX];
    struct buf message, line;
};

/* The line that comes next in the job's system; sometimes it jumps. */
static const struct line *next_line(struct job *j)
{
    const struct system *s = &systems[j->system];
    const struct line *l = &s->lines[j->at];

    j->at = (j->at + 1) % s->line_count;
    if (random_below(50) == 0)
        j->at = (int)random_below((uint32_t)s->line_count);
    return l;
}

static void make_message(struct corpus *c, struct job *j, const struct line *l)
{
    long i = c->written;

    buf_clear(&c->message);
    for (int k = 0; k < l->piece_count; k++)
        if (l->pieces[k].varies)
            vary(j, value_for(&systems[j->system], l, k), &c->message);
        else
            buf_add_str(&c->message, str_from(l->pieces[k].text));
    if (i == c->lines / 10 || i == c->lines / 2 || i == c->lines * 9 / 10) {
        buf_printf(&c->message, " ref=zq7xneedle0fk3");
        c->needles++;
    }
    if (random_below(10000) == 0) {
        buf_printf(&c->message, " quasarflux detected");
        c->rare++;
    }
}

static void add_json_text(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char byte = (unsigned char)text.p[i];
        if (byte < 32) {
            buf_printf(out, "\\u%04x", byte);
            continue;
        }
        if (byte == '"' || byte == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, (char)byte);
    }
}

static void write_line(struct corpus *c, const struct job *j, const struct line *l)
{
    const char *stream = l->level >= 2 && random_below(10) < 8 ? "stderr" : "stdout";
    const char *system = systems[j->system].name;
    char second[32], now[40];
    time_t seconds = (time_t)c->now_ms / 1000;

    strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", gmtime(&seconds));
    snprintf(now, sizeof now, "%s.%03dZ", second, (int)((long)c->now_ms % 1000));
    buf_clear(&c->line);
    buf_printf(&c->line, "%s %-5s %s %s %s %.*s\n", now, upper_levels[l->level], system, j->id,
               stream, STR_FMT(c->message));
    fwrite(c->line.p, 1, c->line.n, c->plain);
    c->bytes += c->line.n;
    buf_clear(&c->line);
    buf_printf(&c->line,
               "{\"timestamp\":\"%s\",\"level\":\"%s\",\"stream\":\"%s\",\"source\":\"%s\","
               "\"job_run_id\":\"%s\",\"message\":\"",
               now, levels[l->level], stream, system, j->id);
    add_json_text(&c->line, buf_str(&c->message));
    buf_printf(&c->line, "\"}\n");
    fwrite(c->line.p, 1, c->line.n, c->json);
}

/* Quickly within a burst; before the next one time catches up with what the whole day has to
 * become. */
static void pass_time(struct corpus *c, long burst)
{
    double step = DAY_MS / (double)c->lines, due = BEGIN_MS + step * (double)c->written;

    c->now_ms += step * (burst ? 0.2 + 1.0 * random_below(1000) / 1000.0 * 0.2 : 1.0) * 1.0;
    if (!burst && c->now_ms < due)
        c->now_ms += (due - c->now_ms) * random_below(1000) / 1000.0;
}

static void make_jobs(void)
{
    for (int i = 0; i < JOBS; i++) {
        struct job *j = &jobs[i];
        j->system = i < system_count ? i : (int)random_below((uint32_t)system_count);
        j->at = (int)random_below((uint32_t)systems[j->system].line_count);
        snprintf(j->id, sizeof j->id, "run-%012lx", (unsigned long)(random_64() >> 16));
    }
}

/* Jobs with small numbers write more. */
static struct job *choose_job(void)
{
    uint32_t k = random_below(JOBS);

    return &jobs[k * k / JOBS];
}

static void write_corpus(struct corpus *c)
{
    struct job *j = NULL;
    long burst = 0;

    for (; c->written < c->lines; c->written++) {
        if (burst == 0) {
            j = choose_job();
            burst = 1 + random_below(random_below(4) ? 6 : 40);
        }
        burst--;
        pass_time(c, burst);
        const struct line *l = next_line(j);
        make_message(c, j, l);
        write_line(c, j, l);
        c->by_level[l->level]++;
        c->by_system[j->system]++;
    }
}

static FILE *open_large(const char *path)
{
    FILE *f = fopen(path, "w");

    if (!f) {
        perror(path);
        exit(1);
    }
    setvbuf(f, NULL, _IOFBF, 1 << 20);
    return f;
}

static void print_contents(const struct corpus *c)
{
    printf("lines %ld plain_bytes %lu rare(zq7xneedle0fk3) %ld rarish(quasarflux) %ld debug %ld "
           "info %ld warn %ld error %ld\n",
           c->lines, c->bytes, c->needles, c->rare, c->by_level[0], c->by_level[1], c->by_level[2],
           c->by_level[3]);
    for (int i = 0; i < system_count; i++)
        printf("%s %ld\n", systems[i].name, c->by_system[i]);
    for (int i = 0; i < JOBS; i += 60)
        printf("job[%d] %s %s\n", i, jobs[i].id, systems[jobs[i].system].name);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("gencorpus templates.txt seed lines plain.log json.jsonl\n", stderr);
        return 2;
    }
    seed_with(strtoull(argv[2], NULL, 10));
    read_templates(argv[1]);
    struct corpus c = {.plain = open_large(argv[4]),
                       .json = open_large(argv[5]),
                       .lines = atol(argv[3]),
                       .now_ms = BEGIN_MS};
    make_jobs();
    write_corpus(&c);
    fclose(c.plain);
    fclose(c.json);
    print_contents(&c);
    return 0;
}
