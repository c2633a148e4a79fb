/* SPDX-License-Identifier: MIT
 *
 * journal_golden_test.c - a state directory of version 1 opens for ever.
 *
 * tests/golden/journal-v1 is what a hub of version 1 left behind: the file `store` and three
 * journal files, kept without the zeros that follow their last frame. The first test compares its
 * bytes with what is written today; should the format move on, that test goes and the others stay.
 *
 *     journal_golden_test --write DIR     writes the files anew, always the same bytes
 */
#include "hub/publish.h"

#include "base/diag.h"
#include "hub/row_test.h"

#include <inttypes.h>
#include <xxhash.h>

static const char golden[] = GOLDEN_DIR "/journal-v1";

static const char store_text[] = "logmill-store 1\n"
                                 "epoch 5f3a9c01\n"
                                 "watermark 134217729\n"
                                 "boot 0b6f2a1e-8f0c-4f3e-9a51-0f9f3b8f6f2d\n";

/* --- what is in it --- */

struct expected {
    uint64_t id;
    int64_t time_us;
    enum level level;
    enum stream stream;
    uint16_t flags;
    const char *source, *job; /* job NULL: no such label */
    const char *message, *fields;
};

static const struct expected records[] = {
    {1, 1768473045000001, LEVEL_INFO, STREAM_SYSTEM, 0, "logmill", NULL, "Started", ""},
    {2, 1768473045100000, LEVEL_INFO, STREAM_STDOUT, 0, "web", "run-7", "listening on :80", ""},
    {3, 1768473045200000, LEVEL_ERROR, STREAM_STDERR, 0, "web", "run-7",
     "Error: b\xc3\xb6se \xf0\x9f\x98\x80", ""},
    {4, 1768473045200001, LEVEL_ERROR, STREAM_STDERR, RECORD_CONT | RECORD_UNTERMINATED, "web",
     "run-7", "", ""},
    {5, -1, LEVEL_WARN, STREAM_STDOUT, RECORD_PART, "app.log", NULL, "half a line",
     "{\"took_ms\":12,\"tags\":[\"a\"]}"},
    {6, 1768473046000000, LEVEL_TRACE, STREAM_STDOUT, 0, "api", "run-8", "one", ""},
    {7, 1768473046000000, LEVEL_DEBUG, STREAM_STDOUT, RECORD_TRUNCATED, "api", NULL, "two", ""},
    {8, 1768473047000000, LEVEL_FATAL, STREAM_SYSTEM, 0, "web", "run-7", "Killed by SIGSEGV", ""},
    {67108865, 1768473048000000, LEVEL_INFO, STREAM_STDOUT, 0, "logmill", NULL, "after a power cut",
     ""},
};

/* One frame: records [from, from + count) of the table. */
struct golden_frame {
    const char *file;
    uint64_t first_id;
    uint32_t from, count;
    enum origin_kind kind;
    uint8_t key_n, key_fill;
    uint8_t position_n;
    uint64_t position[3];
};

static const struct golden_frame frames[] = {
    {"0000000000000001", 1, 0, 1, ORIGIN_HUB, 0, 0, 0, {0}},
    {"0000000000000001", 2, 1, 3, ORIGIN_RUN, 16, 0xa0, 24, {120, 31, 0}},
    {"0000000000000001", 5, 4, 1, ORIGIN_FILE, 16, 0x10, 24, {4096, 0x1122334455667788, 1024}},
    {"0000000000000001", 6, 5, 2, ORIGIN_PUSH, 128, 'k', 8, {2}},
    {"0000000000000008", 8, 7, 0, ORIGIN_RUN, 16, 0xb0, 24, {7, 0, RUN_EXIT_WRITTEN}},
    {"0000000000000008-00000001", 8, 7, 1, ORIGIN_RUN, 16, 0xa0, 24, {120, 31, 3}},
    {"0000000000000008-00000001", 67108865, 8, 1, ORIGIN_HUB, 0, 0, 0, {0}},
};
enum { FRAMES = sizeof frames / sizeof frames[0], RECORDS = sizeof records / sizeof records[0] };

static const char *const files[] = {"0000000000000001", "0000000000000008",
                                    "0000000000000008-00000001"};

static struct origin origin_of(const struct golden_frame *f)
{
    struct origin o = {.kind = f->kind, .key_n = f->key_n};

    for (uint8_t i = 0; i < f->key_n; i++)
        o.key[i] = (uint8_t)(f->key_fill + i % 16);
    return o;
}

static struct position position_of(const struct golden_frame *f)
{
    struct position p = {.n = f->position_n};
    memcpy(p.bytes, f->position, f->position_n);
    return p;
}

/* --- the bytes of today --- */

static void put(char *at, uint64_t value, size_t n)
{
    memcpy(at, &value, n);
}

static void add_header(struct buf *out, uint64_t first_id, uint64_t seed)
{
    char head[64] = "LMJRNL1\n";

    put(head + 16, 0x5f3a9c01, 4);
    put(head + 20, JOURNAL_FILE_SIZE, 4);
    put(head + 24, first_id, 8);
    put(head + 32, 1768473045000000, 8);
    put(head + 40, seed, 8);
    put(head + 56, XXH3_64bits(head, 56), 8);
    buf_add(out, head, sizeof head);
}

static void add_frame(struct buf *out, const struct golden_frame *f, uint64_t seed,
                      struct label_table *t)
{
    struct batch b = {0};
    struct origin o = origin_of(f);
    struct jframe_layout layout;

    batch_begin(&b, &o, 1768473049000000 + (int64_t)f->first_id);
    for (uint32_t i = f->from; i < f->from + f->count; i++) {
        const struct expected *e = &records[i];
        struct label job = {STR("job_run_id"), str_from(e->job ? e->job : "")};
        struct record r = {.time_us = e->time_us,
                           .message = str_from(e->message),
                           .fields = str_from(e->fields),
                           .level = e->level,
                           .stream = e->stream,
                           .flags = e->flags};
        assert_int_equal(labels_make(t, str_from(e->source), &job, e->job != NULL, &r.labels), 0);
        assert_int_equal(batch_add(&b, &r), 0);
        labels_unref(r.labels);
    }
    b.first_id = f->first_id;
    b.position = position_of(f);
    jframe_measure(&b, &layout);
    assert_int_equal(buf_reserve(out, layout.length), 0);
    memset(out->p + out->n, 0, 8);
    jframe_write(out->p + out->n, &b, &layout, seed, false);
    jframe_commit(out->p + out->n, &layout);
    out->n += layout.length;
    batch_fini(&b);
}

static void build(const char *name, uint64_t seed, struct buf *out)
{
    struct label_table t = {0};

    add_header(out, strtoull(name, NULL, 10), seed);
    for (size_t i = 0; i < FRAMES; i++)
        if (strcmp(frames[i].file, name) == 0)
            add_frame(out, &frames[i], seed, &t);
    label_table_fini(&t);
}

static void build_store(struct buf *out)
{
    BUF_LIT(out, store_text);
    buf_printf(out, "check %016" PRIx64 "\n", (uint64_t)XXH3_64bits(out->p, out->n));
}

static void write_file(const char *dir, const char *name, struct str bytes, off_t size)
{
    char path[ROW_PATH];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n ||
        (size && ftruncate(fd, size) < 0) || close(fd) < 0)
        fail_msg("cannot write %s", path);
}

static void read_file(const char *name, struct buf *out)
{
    char path[ROW_PATH];

    snprintf(path, sizeof path, "%s/%s", golden, name);
    FILE *in = fopen(path, "re");
    if (!in)
        fail_msg("cannot read %s", path);
    assert_int_equal(buf_reserve(out, 65536), 0);
    out->n = fread(out->p, 1, 65536, in);
    fclose(in);
}

static void the_same_records_give_the_same_bytes_today(void **state)
{
    struct buf kept = {0}, today = {0};
    char name[64];
    uint64_t seed;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(name, sizeof name, "journal/%s", files[i]);
        read_file(name, &kept);
        assert_true(kept.n > JFILE_HEAD);
        memcpy(&seed, kept.p + 40, 8);
        buf_clear(&today);
        build(files[i], seed, &today);
        assert_int_equal(kept.n, today.n);
        assert_memory_equal(kept.p, today.p, kept.n);
    }
    buf_clear(&today);
    build_store(&today);
    read_file("store", &kept);
    assert_true(str_eq(buf_str(&kept), buf_str(&today)));
    buf_fini(&kept);
    buf_fini(&today);
}

/* --- opening it --- */

/* A copy with the zeros put back, as row.dir. */
static void copy_golden(struct row *r)
{
    struct buf bytes = {0};
    char name[64];

    assert_int_equal(mkdir(r->journal_dir, 0700), 0);
    read_file("store", &bytes);
    write_file(r->dir, "store", buf_str(&bytes), 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(name, sizeof name, "journal/%s", files[i]);
        read_file(name, &bytes);
        write_file(r->dir, name, buf_str(&bytes), JOURNAL_FILE_SIZE);
    }
    buf_fini(&bytes);
}

static void check_record(const struct expected *e, const struct record *r)
{
    struct str job = labels_get(r->labels, STR("job_run_id"));

    assert_int_equal(r->id, e->id);
    assert_int_equal(r->time_us, e->time_us);
    assert_int_equal(r->level, e->level);
    assert_int_equal(r->stream, e->stream);
    assert_int_equal(r->flags, e->flags);
    assert_true(str_is(r->labels->source, e->source));
    assert_true(e->job ? str_is(job, e->job) : job.p == NULL);
    assert_true(str_is(r->message, e->message));
    assert_true(str_is(r->fields, e->fields));
}

static void check_records(struct hub *h)
{
    struct journal_view *v = journal_view_take(h->journal, 0);
    struct journal_cursor c = journal_seek(v, 0);
    struct jframe_reader reader = {0};
    struct record r;
    struct jframe f;
    uint32_t n = 0;

    while (journal_next(&c, &f)) {
        assert_int_equal(f.arrival_us, 1768473049000000 + (int64_t)f.first_id);
        assert_int_equal(jframe_open(&reader, &f, &h->labels), 0);
        while (n < RECORDS && jframe_next(&reader, &r))
            check_record(&records[n++], &r);
    }
    assert_int_equal(n, RECORDS);
    jframe_close(&reader);
    journal_view_drop(h->journal, v);
}

/* The position of the last frame of each origin. */
static void check_positions(struct hub *h)
{
    for (size_t i = 0; i < FRAMES; i++) {
        struct origin o = origin_of(&frames[i]);
        bool last = true;
        for (size_t k = i + 1; k < FRAMES; k++)
            last =
                last && !(frames[k].kind == frames[i].kind && frames[k].key_n == frames[i].key_n &&
                          frames[k].key_fill == frames[i].key_fill);
        const struct position *p = positions_get(&h->positions, &o);
        struct position want = position_of(&frames[i]);
        assert_true((p != NULL) == (frames[i].kind != ORIGIN_HUB));
        if (last && p) {
            assert_int_equal(p->n, want.n);
            assert_memory_equal(p->bytes, want.bytes, want.n);
        }
    }
}

static void a_state_directory_of_version_1_opens_with_everything_in_it(void **state)
{
    struct row r;
    struct hub h;
    struct errinfo info = {0};
    char last[ROW_NAME];

    (void)state;
    row_init(&r);
    copy_golden(&r);
    struct hub_opts opts = {
        .loop = &r.loop, .state_dir = r.dir, .journal_max = 32 << 20, .durability = DURABILITY_OS};
    diag_min_level(DIAG_ERROR);
    if (hub_open(&h, &opts, &info) < 0)
        fail_msg("%s", info.text);
    assert_int_equal(h.recovered.files, 3);
    assert_int_equal(h.recovered.frames, FRAMES);
    assert_int_equal(h.recovered.damaged_files + h.recovered.damaged_places, 0);
    assert_int_equal(h.numbers.epoch, 0x5f3a9c01);
    assert_int_equal(hub_last_id(&h) + 1, 134217729); /* another boot: the watermark */
    check_records(&h);
    check_positions(&h);
    /* And it can be written on, in the same file. */
    row_fill(&r, &(struct origin){0}, 0, 3);
    assert_int_equal(hub_publish(&h, &r.batch), 0);
    assert_int_equal(r.batch.first_id, 134217729);
    row_settle(&r);
    hub_close(&h);
    row_settle(&r);
    assert_int_equal(row_files(&r, "0", last), 3);
    assert_int_equal(row_files(&r, "damaged", last), 0);
    row_fini(&r);
}

static int write_golden(const char *dir)
{
    struct buf bytes = {0};
    char journal[ROW_PATH - 64];

    snprintf(journal, sizeof journal, "%s/journal", dir);
    mkdir(dir, 0755);
    mkdir(journal, 0755);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        buf_clear(&bytes);
        build(files[i], 0x7365656420303030 + i, &bytes);
        write_file(journal, files[i], buf_str(&bytes), 0);
    }
    buf_clear(&bytes);
    build_store(&bytes);
    write_file(dir, "store", buf_str(&bytes), 0);
    buf_fini(&bytes);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_records_give_the_same_bytes_today),
        cmocka_unit_test(a_state_directory_of_version_1_opens_with_everything_in_it),
    };

    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_golden(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
