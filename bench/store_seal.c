/* SPDX-License-Identifier: MIT
 *
 * store_seal.c - how fast journal files become chunks, and how small they are.
 *
 *     store_seal plain.log out-dir [lines]
 *
 * Reads a corpus of gencorpus, writes it through a journal, seals each file as soon as it is full,
 * and leaves out-dir/1.seg and out-dir/1.idx for store_query. Prints lines per second of processor
 * time spent in chunk_seal() and the bytes each part takes.
 */
#include "base/clock.h"
#include "store/chunk_format.h"
#include "store/chunk_seal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 500, JOURNAL_FILES = 4 };

struct bench {
    struct loop loop;
    struct journal *journal;
    struct label_table table;
    struct map sets; /* "source job" → struct labels */
    struct batch batch;
    uint64_t next_id, sealed_to;
    int seg, idx;
    uint64_t seg_n, idx_n, lines, raw_n, chunks, blocks;
    double seal_s;
    uint64_t parts[16]; /* bytes by column, then texts, fields, labels, grams, blooms */
};

enum { TEXTS = COLUMN_KIND_END, FIELDS, META, GRAMS, BLOOMS, PARTS };

static const char *const part_names[PARTS] = {"",      "ids",       "times",  "kinds",   "flags",
                                              "sets",  "set table", "counts", "minutes", "holes",
                                              "texts", "fields",    "meta",   "grams",   "blooms"};

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count_parts(struct bench *b, const struct chunk_image *i)
{
    const char *head = i->seg.p, *meta = i->seg.p + i->seg.n - format_u32(head + CHUNK_META_N);
    uint32_t columns = format_u32(meta + META_COLUMN_COUNT);
    uint32_t blocks = format_u32(meta + META_BLOCK_COUNT);

    for (uint32_t k = 0; k < columns; k++) {
        const char *d = meta + META_HEAD + (size_t)k * COLUMN_SIZE;
        b->parts[format_u16(d)] += format_u32(d + COLUMN_DISK_N);
    }
    for (uint32_t k = 0; k < blocks; k++) {
        const char *d = meta + META_HEAD + (size_t)columns * COLUMN_SIZE + (size_t)k * BLOCK_SIZE;
        b->parts[TEXTS] += format_u32(d + BLOCK_TEXT_N);
        b->parts[FIELDS] += format_u32(d + BLOCK_FIELDS_N);
    }
    b->parts[META] += format_u32(head + CHUNK_META_N) * 2;
    b->parts[GRAMS] += format_u32(i->idx.p + INDEX_GRAMS_N);
    b->parts[BLOOMS] += format_u32(i->idx.p + INDEX_BLOOMS_N);
    b->blocks += blocks;
}

static void write_out(struct bench *b, const struct chunk_image *i)
{
    if (write(b->seg, i->seg.p, i->seg.n) != (ssize_t)i->seg.n ||
        write(b->idx, i->idx.p, i->idx.n) != (ssize_t)i->idx.n)
        abort();
    b->seg_n += i->seg.n;
    b->idx_n += i->idx.n;
}

static void seal(struct bench *b, const struct journal_view *v, uint32_t file)
{
    struct chunk_image image;
    double from = cpu_s();
    int err =
        chunk_seal(v, file, &(struct chunk_seal_opts){.epoch = 1, .seg_at = b->seg_n}, &image);

    if (err < 0)
        abort();
    b->seal_s += cpu_s() - from;
    b->sealed_to = image.end_id;
    b->lines += image.count;
    b->chunks++;
    count_parts(b, &image);
    write_out(b, &image);
    chunk_image_fini(&image);
}

static void seal_full_files(struct bench *b)
{
    struct journal_view *v;

    while ((v = journal_take_full(b->journal))) {
        seal(b, v, 0);
        journal_sealed(b->journal, v);
    }
}

/* What is in the file that is not full. */
static void seal_rest(struct bench *b)
{
    struct journal_view *v = journal_view_take(b->journal, b->sealed_to);

    seal(b, v, journal_view_files(v) - 1);
    journal_view_drop(b->journal, v);
}

static struct labels *set_of(struct bench *b, struct str source, struct str job)
{
    struct str key = str_of(source.p, (size_t)(job.p + job.n - source.p));
    struct labels *l = map_find(&b->sets, key);
    struct label pair = {STR("job_run_id"), job};

    if (!l && (labels_make(&b->table, source, &pair, 1, &l) < 0 || map_put(&b->sets, key, l) < 0))
        abort();
    return l;
}

/* "2026-11-19T00:00:00.002Z WARN  hadoop run-7b29 stdout text" */
static void add_line(struct bench *b, struct str line)
{
    struct record r = {0};
    struct str rest, word = str_cut(line, ' ', &rest);

    clock_parse(word, &r.time_us);
    r.level = level_from_text(str_cut(rest, ' ', &rest));
    while (rest.n && rest.p[0] == ' ')
        rest = str_of(rest.p + 1, rest.n - 1);
    struct str source = str_cut(rest, ' ', &rest), job = str_cut(rest, ' ', &rest);
    r.stream = stream_from_text(str_cut(rest, ' ', &rest));
    r.labels = set_of(b, source, job);
    r.message = rest;
    if (batch_add(&b->batch, &r) < 0)
        abort();
    b->raw_n += line.n + 1;
}

static void publish(struct bench *b)
{
    b->batch.first_id = b->next_id;
    b->next_id += b->batch.count;
    if (journal_append(b->journal, &b->batch) < 0)
        abort();
    batch_begin(&b->batch, &(struct origin){.kind = ORIGIN_HUB}, clock_wall_us());
}

static void on_trouble(const char *doing, int err, void *ctx)
{
    (void)ctx;
    fprintf(stderr, "%s: %s\n", doing, err_text(err));
}

static void on_synced(void *ctx)
{
    (void)ctx;
}

static void open_journal(struct bench *b, const char *dir)
{
    struct journal_report report;
    struct errinfo info;
    const struct journal_opts opts = {.loop = &b->loop,
                                      .dir = dir,
                                      .epoch = 1,
                                      .max_bytes = JOURNAL_FILES * (uint64_t)JOURNAL_FILE_SIZE,
                                      .durability = DURABILITY_OS,
                                      .sync_interval_ms = 1000,

                                      .on_synced = on_synced,
                                      .on_trouble = on_trouble};

    if (loop_init(&b->loop) < 0 || journal_open(&b->journal, &opts, &report, &info) < 0) {
        fprintf(stderr, "%s\n", info.text);
        exit(1);
    }
}

static void report(const struct bench *b)
{
    double n = (double)b->lines;

    printf("lines %lu chunks %lu blocks %lu, %.1f raw bytes a line\n", b->lines, b->chunks,
           b->blocks, (double)b->raw_n / n);
    printf("seal: %.2f M lines/s, %.0f MB/s of raw text, %.3f CPU s per M lines\n",
           n / b->seal_s / 1e6, (double)b->raw_n / b->seal_s / 1e6, b->seal_s / n * 1e6);
    printf("disk: %.2f bytes a line: seg %.2f idx %.2f\n", (double)(b->seg_n + b->idx_n) / n,
           (double)b->seg_n / n, (double)b->idx_n / n);
    for (int i = 1; i < PARTS; i++)
        printf("  %-9s %6.3f\n", part_names[i], (double)b->parts[i] / n);
}

int main(int argc, char **argv)
{
    struct bench b = {.next_id = 1};
    char path[512], *line = NULL;
    size_t cap = 0;
    ssize_t n;
    long left = argc > 3 ? atol(argv[3]) : 0;
    /* Texts must stay where they are until the batch is published. */
    struct arena texts = {0};

    FILE *in = argc > 2 ? fopen(argv[1], "r") : NULL;
    if (!in) {
        fprintf(stderr, "usage: store_seal plain.log out-dir [lines]\n");
        return 2;
    }
    mkdir(argv[2], 0700);
    snprintf(path, sizeof path, "%s/1.seg", argv[2]);
    b.seg = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    snprintf(path, sizeof path, "%s/1.idx", argv[2]);
    b.idx = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    snprintf(path, sizeof path, "%s/journal.%d", argv[2], (int)getpid());
    open_journal(&b, path);
    batch_begin(&b.batch, &(struct origin){.kind = ORIGIN_HUB}, clock_wall_us());
    while ((n = getline(&line, &cap, in)) > 0) {
        add_line(&b, arena_copy(&texts, str_of(line, (size_t)n - 1)));
        if (b.batch.count == BATCH) {
            publish(&b);
            arena_reset(&texts);
            uv_run(&b.loop.uv, UV_RUN_NOWAIT);
            seal_full_files(&b);
        }
        if (--left == 0)
            break;
    }
    publish(&b);
    seal_full_files(&b);
    seal_rest(&b);
    report(&b);
    char command[600];
    snprintf(command, sizeof command, "rm -r '%s'", path);
    return system(command) != 0;
}
