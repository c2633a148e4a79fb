/* SPDX-License-Identifier: MIT
 *
 * row_test.h - a journal in a folder of its own, for tests, and records that follow from their ids.
 *
 * Everything about a record is computed from its id, so a test need not remember what it wrote to
 * know what must come back: row_check_record() knows.
 *
 * Included by each *_test.c once; everything here is static.
 */
#ifndef LM_HUB_ROW_TEST_H
#define LM_HUB_ROW_TEST_H

#include "hub/journal_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef ROW_LONGEST /* of the one message in ten that is long */
#define ROW_LONGEST 60000
#endif

enum { ROW_SETS = 4, ROW_TEXT = 256 * 1024, ROW_NAME = 256, ROW_PATH = 512 };

struct row {
    char dir[48]; /* of the state; the journal lies in dir/journal */
    char journal_dir[64];
    struct loop loop;
    struct journal *journal;
    struct journal_opts opts;
    struct journal_report report;
    struct label_table table;
    struct labels *sets[ROW_SETS];
    struct batch batch;
    uint64_t random;
    uint32_t troubles;
    bool no_sealer; /* full files are not sealed */
};

/* --- chance, the same in every run --- */

static inline uint64_t row_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static inline uint32_t row_below(struct row *r, uint32_t n)
{
    r->random = row_mix(r->random);
    return (uint32_t)(r->random % n);
}

/* --- records --- */

static inline struct str row_message(uint64_t id)
{
    static char text[ROW_TEXT + 64 * 1024];
    uint64_t h = row_mix(id);
    uint32_t lengths[] = {120, 120, 120, 120, 120, 120, 120, 2000, 2000, ROW_LONGEST};

    if (!text[0])
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)(' ' + row_mix(i) % 90);
    return str_of(text + (h >> 8) % ROW_TEXT, (h >> 40) % lengths[h % 10]);
}

static inline struct record row_record(struct row *r, uint64_t id)
{
    static const char *const fields[] = {"", "", "{\"a\":1}", "{\"list\":[1,2,3],\"s\":\"x\"}"};
    uint64_t h = row_mix(~id);

    return (struct record){.id = id,
                           .time_us = (int64_t)(h >> 20),
                           .labels = r->sets[(id / 7) % ROW_SETS],
                           .message = row_message(id),
                           .fields = str_from(fields[h % 4]),
                           .level = (enum level)(1 + h % 6),
                           .stream = (enum stream)(1 + h / 6 % 3),
                           .flags = (uint16_t)(h / 18 % 16)};
}

/* Nothing torn, nothing changed. */
static inline void row_check_record(struct row *r, const struct record *got)
{
    struct record want = row_record(r, got->id);

    assert_int_equal(got->time_us, want.time_us);
    assert_true(str_eq(got->labels->wire, want.labels->wire));
    assert_true(str_eq(got->message, want.message));
    assert_true(str_eq(got->fields, want.fields));
    assert_int_equal(got->level, want.level);
    assert_int_equal(got->stream, want.stream);
    assert_int_equal(got->flags, want.flags);
}

/* Fills r->batch with `count` records from first_id on. */
static inline void row_fill(struct row *r, const struct origin *o, uint64_t first_id,
                            uint32_t count)
{
    batch_begin(&r->batch, o, 1700000000000000);
    for (uint32_t i = 0; i < count; i++) {
        struct record record = row_record(r, first_id + i);
        assert_int_equal(batch_add(&r->batch, &record), 0);
    }
    r->batch.first_id = first_id;
}

/* --- the journal --- */

/* A sealer that is never behind, and has its chunks in heaven. */
static inline void row_seal(struct row *r)
{
    struct journal_view *v;

    while (!r->no_sealer && (v = journal_take_full(r->journal)))
        journal_sealed(r->journal, v);
}

static inline void row_on_full(void *ctx)
{
    row_seal(ctx);
}

/* Files that were taken out of the row, to be used again or removed. */
static inline uint32_t row_retired(const struct row *r)
{
    return r->journal->last_number - r->journal->file_count;
}

static inline void row_on_trouble(const char *doing, int err, void *ctx)
{
    struct row *r = ctx;
    (void)doing;
    (void)err;
    r->troubles++;
}

static inline void row_ignore(void *ctx)
{
    (void)ctx;
}

static inline int row_try_open(struct row *r, struct errinfo *info)
{
    return journal_open(&r->journal, &r->opts, &r->report, info);
}

static inline void row_open(struct row *r)
{
    struct errinfo info = {0};

    if (row_try_open(r, &info) < 0)
        fail_msg("%s", info.text);
    row_seal(r);
}

/* Lets every job of the pool come to its end. */
static inline void row_settle(struct row *r)
{
    uv_run(&r->loop.uv, UV_RUN_DEFAULT);
}

static inline void row_close(struct row *r)
{
    row_settle(r);
    journal_close(r->journal);
    r->journal = NULL;
    row_settle(r);
}

/* A folder, a loop, label sets; the journal is not open yet. */
static inline void row_init(struct row *r)
{
    *r = (struct row){.dir = "/tmp/journal_test.XXXXXX", .random = 20260115};
    assert_non_null(mkdtemp(r->dir));
    snprintf(r->journal_dir, sizeof r->journal_dir, "%s/journal", r->dir);
    assert_int_equal(loop_init(&r->loop), 0);
    for (uint32_t i = 0; i < ROW_SETS; i++) {
        char job[2] = {(char)('a' + i), '\0'};
        struct label pair = {STR("job_run_id"), str_from(job)};
        assert_int_equal(labels_make(&r->table, STR("web"), &pair, i > 0, &r->sets[i]), 0);
    }
    r->opts = (struct journal_opts){.loop = &r->loop,
                                    .dir = r->journal_dir,
                                    .epoch = 0x5f3a9c01,
                                    .max_bytes = 4 * (uint64_t)JOURNAL_FILE_SIZE,
                                    .durability = DURABILITY_OS,
                                    .sync_interval_ms = 10,
                                    .on_full = row_on_full,
                                    .on_synced = row_ignore,
                                    .on_trouble = row_on_trouble,
                                    .ctx = r};
}

static inline int row_remove_entry(const char *path, const struct stat *st, int type,
                                   struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void row_remove_dir(const char *dir)
{
    nftw(dir, row_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void row_fini(struct row *r)
{
    if (r->journal)
        row_close(r);
    loop_fini(&r->loop);
    batch_fini(&r->batch);
    for (uint32_t i = 0; i < ROW_SETS; i++)
        labels_unref(r->sets[i]);
    label_table_fini(&r->table);
    row_remove_dir(r->dir);
}

/* --- its files --- */

static inline void row_path(const struct row *r, const char *name, char path[ROW_PATH])
{
    snprintf(path, ROW_PATH, "%s/%s", r->journal_dir, name);
}

/* How many files of the folder begin with `prefix`; the last of them by name in `last`. */
static inline uint32_t row_files(const struct row *r, const char *prefix, char last[ROW_NAME])
{
    DIR *d = opendir(r->journal_dir);
    uint32_t n = 0;

    last[0] = '\0';
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.' || strncmp(e->d_name, prefix, strlen(prefix)) != 0)
            continue;
        n++;
        if (strcmp(e->d_name, last) > 0)
            snprintf(last, ROW_NAME, "%s", e->d_name);
    }
    closedir(d);
    return n;
}

static inline void row_write_at(const struct row *r, const char *name, size_t at, const void *bytes,
                                size_t n)
{
    char path[ROW_PATH];

    row_path(r, name, path);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, (off_t)at), n);
    close(fd);
}

#endif
