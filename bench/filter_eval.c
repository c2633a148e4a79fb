/* SPDX-License-Identifier: MIT
 *
 * filter_eval.c - what a filter costs per record.
 *
 *     filter_eval FILE [records]
 *
 * FILE is a `gencorpus` plain log: time, level, source, job, stream and the message on each line.
 * The records lie in memory; each filter is asked about all of them as a live stream would (labels
 * once per label set in a row, the rest per record), three times, and the best time counts. Every
 * record also carries a few fields, for the filters that look at them.
 */
#include "record/filter.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS_DEFAULT = 500 * 1000, ROUNDS = 3, FIELDS_MAX = 128 };

static struct label_table table;

struct corpus {
    struct record *records;
    uint32_t count;
    uint64_t bytes;
    char *fields;
};

static struct str next_word(struct str *rest)
{
    *rest = str_trim(*rest);
    return str_cut(*rest, ' ', rest);
}

static bool read_record(struct record *r, struct str line, uint32_t n, char *fields)
{
    struct str rest = line, job;
    struct label label = {STR("job_run_id"), STR_NONE};

    *r = (struct record){.id = n + 1};
    bool ok = clock_parse(next_word(&rest), &r->time_us);
    r->level = level_from_text(next_word(&rest));
    struct str source = next_word(&rest);
    label.value = job = next_word(&rest);
    r->stream = stream_from_text(next_word(&rest));
    r->message = str_trim(rest);
    r->fields = str_of(fields, (size_t)snprintf(fields, FIELDS_MAX,
                                                "{\"pid\":%u,\"http\":{\"method\":\"GET\","
                                                "\"status\":%u},\"duration\":%u.5}",
                                                n % 900, 200 + n % 4 * 100, n % 300));
    return ok && r->level && r->stream && job.n &&
           labels_make(&table, source, &label, 1, &r->labels) == 0;
}

static void read_corpus(struct corpus *c, const char *path, uint32_t max)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0) {
        fprintf(stderr, "filter_eval: cannot read %s\n", path);
        exit(1);
    }
    char *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    lm_assert(p != MAP_FAILED);
    struct str rest = str_of(p, (size_t)st.st_size);
    c->records = calloc(max, sizeof *c->records);
    c->fields = malloc((size_t)max * FIELDS_MAX);
    lm_assert(c->records && c->fields);
    while (rest.n && c->count < max) {
        struct str line = str_cut(rest, '\n', &rest);
        struct record *r = &c->records[c->count];
        if (read_record(r, line, c->count, c->fields + (size_t)c->count * FIELDS_MAX)) {
            c->bytes += r->message.n;
            c->count++;
        }
    }
    close(fd);
}

static uint32_t ask_all(const struct filter *f, const struct corpus *c)
{
    const struct labels *last = NULL;
    struct filter_verdict v;
    uint32_t hits = 0;

    for (uint32_t i = 0; i < c->count; i++) {
        const struct record *r = &c->records[i];
        if (r->labels != last)
            filter_decide(f, r->labels, &v);
        last = r->labels;
        hits += filter_match_rest(f, &v, r);
    }
    return hits;
}

static void measure(const char *what, const char *q, const struct corpus *c)
{
    struct filter f;
    struct errinfo info;
    int64_t best = INT64_MAX;
    uint32_t hits = 0;

    filter_init(&f);
    if (filter_add(&f, STR("q"), str_from(q), &info) < 0) {
        fprintf(stderr, "filter_eval: %s: %s\n", q, info.text);
        exit(1);
    }
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start = clock_mono_us();
        hits = ask_all(&f, c);
        int64_t took = clock_mono_us() - start;
        best = took < best ? took : best;
    }
    printf("%-28s %-44s %8.1f ns  %9u hits\n", what, q, (double)best * 1000 / c->count, hits);
    filter_fini(&f);
}

int main(int argc, char **argv)
{
    struct corpus c = {0};

    if (argc < 2) {
        fprintf(stderr, "usage: filter_eval FILE [records]\n");
        return 1;
    }
    read_corpus(&c, argv[1], argc > 2 ? (uint32_t)atoi(argv[2]) : RECORDS_DEFAULT);
    lm_assert(c.count > 0);
    printf("%u records, %.0f bytes of message each, %zu label sets\n", c.count,
           (double)c.bytes / c.count, table.by_wire.count);
    measure("everything", "", &c);
    measure("label, another", "source:nobody", &c);
    measure("label", "source:hadoop", &c);
    measure("level", "level>=warn", &c);
    measure("text, rare", "zookeeper", &c);
    measure("text, frequent", "block", &c);
    measure("text, common letters", "\"in the inner\"", &c);
    measure("text, one letter", "z", &c);
    measure("three texts", "block -terminating replica", &c);
    measure("regex, with a literal", "/time(d)? out/", &c);
    measure("regex, literal is frequent", "/block.*size \\d{5}/", &c);
    measure("regex, without case", "/exception: \\w+/i", &c);
    measure("regex, no literal", "/[45]\\d\\d /", &c);
    measure("regex, alternatives", "/error|fail|denied/i", &c);
    measure("field, number", "duration>250", &c);
    measure("field, path", "http.status:500", &c);
    measure("field, missing", "nothing:1", &c);
    measure("the specification's",
            "level>=warn source:hadoop \"connection\" -healthcheck "
            "/time(d)? out/ duration>250",
            &c);
    return 0;
}
