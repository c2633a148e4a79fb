/* SPDX-License-Identifier: MIT
 *
 * chunk_golden_test.c - a chunk that version 1 wrote opens for ever, and the document tells the
 * truth.
 *
 * With LOGMILL_WRITE_GOLDEN set the files are written anew: only for a new version of the format,
 * beside the old ones.
 */
#include "base/clock.h"
#include "record/random_test.h"
#include "store/chunk_format.h"
#include "store/sealed_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { RECORDS = 200, BLOCK = 2000 };

static struct record records[RECORDS];
static struct buf texts[RECORDS][2];

static uint16_t class_of(const struct record *r)
{
    return r->id % 10 == 0 ? 24 : 0;
}

static int setup(void **state)
{
    (void)state;
    clock_fake(1768473045000000);
    for (uint32_t i = 0; i < RECORDS; i++) {
        add_random_message(&texts[i][0]);
        buf_printf(&texts[i][0], "%u%s", below(100000), i % 50 == 0 ? " two\nlines" : "");
        if (i % 3 == 0)
            add_random_object(&texts[i][1], 0);
        records[i] = (struct record){.id = i ? records[i - 1].id + (i % 40 ? 1 : 4) : 1000,
                                     .time_us = clock_wall_us() + (int64_t)i * 700000,
                                     .labels = random_labels(),
                                     .message = buf_str(&texts[i][0]),
                                     .fields = buf_str(&texts[i][1]),
                                     .level = (enum level)(i % 7),
                                     .stream = (enum stream)(1 + i % 3),
                                     .flags = (uint16_t)(i % 16)};
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    random_records_free(records, texts, RECORDS);
    return 0;
}

/* --- the golden chunk --- */

static void write_file(const char *path, struct str bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
    close(fd);
}

static void write_golden(void)
{
    const struct label job = {STR("job_run_id"), STR("live-only")};
    struct labels *live = NULL;
    struct seal_rows rows;
    struct chunk_image image;

    assert_int_equal(labels_make(&random_table, STR("web"), &job, 1, &live), 0);
    sealed_rows(&rows, records, RECORDS, class_of);
    const struct chunk_hole hole = {.first_id = rows.end_id,
                                    .end_id = rows.end_id + 5,
                                    .reason = HOLE_UNSTORED,
                                    .sets = &live,
                                    .set_count = 1};
    assert_int_equal(seal_rows_add_hole(&rows, &hole), 0);
    rows.end_id += 5;
    const struct chunk_seal_opts opts = {
        .epoch = SEALED_EPOCH, .positions = STR("positions"), .block_text = BLOCK};
    assert_int_equal(seal_image(&rows, &opts, &image), 0);
    write_file(GOLDEN_DIR "/chunk-v1.seg", buf_str(&image.seg));
    write_file(GOLDEN_DIR "/chunk-v1.idx", buf_str(&image.idx));
    chunk_image_fini(&image);
    seal_rows_fini(&rows);
    labels_unref(live);
}

static struct str read_file(const char *path, struct buf *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(buf_reserve(to, (size_t)st.st_size + 1), 0);
    assert_int_equal(read(fd, to->p, (size_t)st.st_size), (ssize_t)st.st_size);
    to->n = (size_t)st.st_size;
    close(fd);
    return buf_str(to);
}

struct seen {
    uint32_t records, unstored, missing;
};

static int see_record(const struct record *r, void *ctx)
{
    struct seen *seen = ctx;
    const struct record *want = &records[seen->records++];

    assert_int_equal(r->id, want->id);
    assert_int_equal(r->time_us, want->time_us);
    assert_int_equal(r->level, want->level);
    assert_int_equal(r->stream, want->stream);
    assert_int_equal(r->flags, want->flags);
    assert_true(str_eq(r->message, want->message));
    assert_true(str_eq(r->fields, want->fields));
    assert_true(str_eq(r->labels->wire, want->labels->wire));
    return 0;
}

static int see_hole(const struct chunk_hole *h, void *ctx)
{
    struct seen *seen = ctx;

    if (h->reason == HOLE_UNSTORED) {
        assert_int_equal(h->end_id - h->first_id, 5);
        assert_true(str_is(labels_get(h->sets[0], STR("job_run_id")), "live-only"));
        seen->unstored++;
    } else {
        assert_int_equal(h->end_id - h->first_id, 3);
        seen->missing++;
    }
    return 0;
}

static void fail_on_damage(const struct chunk_damage *d, void *ctx)
{
    (void)ctx;
    fail_msg("%s at %lu", d->what, d->at);
}

static void a_chunk_of_version_1_opens(void **state)
{
    struct buf seg = {0}, idx = {0};
    struct chunk_image image;
    struct chunk *c = NULL;
    struct seen seen = {0};

    (void)state;
    if (getenv("LOGMILL_WRITE_GOLDEN"))
        write_golden();
    read_file(GOLDEN_DIR "/chunk-v1.seg", &seg);
    read_file(GOLDEN_DIR "/chunk-v1.idx", &idx);
    image = (struct chunk_image){.seg = seg, .idx = idx};
    int seg_fd = sealed_memory_file(0, buf_str(&image.seg));
    struct chunk_files *files = chunk_files_new(seg_fd, sealed_memory_file(0, buf_str(&image.idx)));
    assert_int_equal(chunk_open(files, buf_str(&idx), 0, &c), 0);
    const struct chunk_scan s = {
        .max_id = UINT64_MAX, .emit = see_record, .hole = see_hole, .ctx = &seen};
    assert_int_equal(chunk_scan(c, &s), 0);
    assert_int_equal(seen.records, RECORDS);
    assert_int_equal(seen.unstored, 1);
    assert_int_equal(seen.missing, 4);
    assert_int_equal(chunk_verify(c, NULL, 0, fail_on_damage, NULL), 0);
    struct buf again = {0};
    assert_int_equal(chunk_rebuild_idx(seg_fd, 0, STR("positions"), &again), 0);
    assert_true(str_eq(buf_str(&again), buf_str(&idx)));
    buf_fini(&again);
    chunk_unref(c);
    chunk_files_unref(files);
    chunk_image_fini(&image);
}

static void a_chunk_of_the_future_is_left_alone(void **state)
{
    struct buf idx = {0};
    struct chunk_idx ret;

    (void)state;
    read_file(GOLDEN_DIR "/chunk-v1.idx", &idx);
    format_put32(idx.p + INDEX_COMPATIBLE, 1);
    format_put64(idx.p + INDEX_CHECK, format_check(idx.p, INDEX_CHECK));
    assert_int_equal(chunk_idx_read(buf_str(&idx), &ret), 0);
    format_put32(idx.p + INDEX_INCOMPATIBLE, 1);
    format_put64(idx.p + INDEX_CHECK, format_check(idx.p, INDEX_CHECK));
    assert_int_equal(chunk_idx_read(buf_str(&idx), &ret), -LM_E_VERSION);
    buf_fini(&idx);
}

/* --- the document --- */

struct member {
    const char *section, *name;
    int offset;
};

#define MEMBER(section, name, offset)                                                              \
    {                                                                                              \
        section, name, offset                                                                      \
    }

static const struct member members[] = {
    MEMBER("## Chunk", "magic", 0),
    MEMBER("## Chunk", "compatible", CHUNK_COMPATIBLE),
    MEMBER("## Chunk", "incompatible", CHUNK_INCOMPATIBLE),
    MEMBER("## Chunk", "size", CHUNK_SIZE),
    MEMBER("## Chunk", "meta_n", CHUNK_META_N),
    MEMBER("## Chunk", "meta_check", CHUNK_META_CHECK),
    MEMBER("## Chunk", "first_id", CHUNK_FIRST_ID),
    MEMBER("## Chunk", "end_id", CHUNK_END_ID),
    MEMBER("## Chunk", "epoch", CHUNK_EPOCH),
    MEMBER("## Chunk", "check", CHUNK_CHECK),
    MEMBER("### Meta", "first_id", META_FIRST_ID),
    MEMBER("### Meta", "end_id", META_END_ID),
    MEMBER("### Meta", "min_time", META_MIN_TIME),
    MEMBER("### Meta", "max_time", META_MAX_TIME),
    MEMBER("### Meta", "min_arrival", META_MIN_ARRIVAL),
    MEMBER("### Meta", "max_arrival", META_MAX_ARRIVAL),
    MEMBER("### Meta", "raw_n", META_RAW_N),
    MEMBER("### Meta", "count", META_COUNT),
    MEMBER("### Meta", "set_count", META_SET_COUNT),
    MEMBER("### Meta", "block_count", META_BLOCK_COUNT),
    MEMBER("### Meta", "column_count", META_COLUMN_COUNT),
    MEMBER("### Meta", "levels", META_LEVELS),
    MEMBER("### Meta", "flags", META_FLAGS),
    MEMBER("### Meta", "columns", META_HEAD),
    MEMBER("### Column descriptor", "kind", COLUMN_KIND),
    MEMBER("### Column descriptor", "codec", COLUMN_CODEC),
    MEMBER("### Column descriptor", "at", COLUMN_AT),
    MEMBER("### Column descriptor", "disk_n", COLUMN_DISK_N),
    MEMBER("### Column descriptor", "raw_n", COLUMN_RAW_N),
    MEMBER("### Column descriptor", "check", COLUMN_CHECK),
    MEMBER("### Column descriptor", "arg", COLUMN_ARG),
    MEMBER("### Block descriptor", "at", BLOCK_AT),
    MEMBER("### Block descriptor", "text_n", BLOCK_TEXT_N),
    MEMBER("### Block descriptor", "text_raw_n", BLOCK_TEXT_RAW_N),
    MEMBER("### Block descriptor", "fields_n", BLOCK_FIELDS_N),
    MEMBER("### Block descriptor", "fields_raw_n", BLOCK_FIELDS_RAW_N),
    MEMBER("### Block descriptor", "rows", BLOCK_ROWS),
    MEMBER("### Block descriptor", "class", BLOCK_CLASS),
    MEMBER("### Block descriptor", "text_codec", BLOCK_TEXT_CODEC),
    MEMBER("### Block descriptor", "fields_codec", BLOCK_FIELDS_CODEC),
    MEMBER("### Block descriptor", "levels", BLOCK_LEVELS),
    MEMBER("### Block descriptor", "streams", BLOCK_STREAMS),
    MEMBER("### Block descriptor", "flags", BLOCK_FLAGS),
    MEMBER("### Block descriptor", "text_check", BLOCK_TEXT_CHECK),
    MEMBER("### Block descriptor", "fields_check", BLOCK_FIELDS_CHECK),
    MEMBER("### Block descriptor", "min_time", BLOCK_MIN_TIME),
    MEMBER("### Block descriptor", "max_time", BLOCK_MAX_TIME),
    MEMBER("### Block descriptor", "first_set", BLOCK_FIRST_SET),
    MEMBER("### Block descriptor", "last_set", BLOCK_LAST_SET),
    MEMBER("### Block descriptor", "longest", BLOCK_LONGEST),
    MEMBER("## Index record", "compatible", INDEX_COMPATIBLE),
    MEMBER("## Index record", "incompatible", INDEX_INCOMPATIBLE),
    MEMBER("## Index record", "size", INDEX_SIZE),
    MEMBER("## Index record", "epoch", INDEX_EPOCH),
    MEMBER("## Index record", "seg_at", INDEX_SEG_AT),
    MEMBER("## Index record", "seg_n", INDEX_SEG_N),
    MEMBER("## Index record", "meta_n", INDEX_META_N),
    MEMBER("## Index record", "labels_n", INDEX_LABELS_N),
    MEMBER("## Index record", "positions_n", INDEX_POSITIONS_N),
    MEMBER("## Index record", "grams_n", INDEX_GRAMS_N),
    MEMBER("## Index record", "blooms_n", INDEX_BLOOMS_N),
    MEMBER("## Index record", "first_id", INDEX_FIRST_ID),
    MEMBER("## Index record", "end_id", INDEX_END_ID),
    MEMBER("## Index record", "meta_check", INDEX_META_CHECK),
    MEMBER("## Index record", "labels_check", INDEX_LABELS_CHECK),
    MEMBER("## Index record", "positions_check", INDEX_POSITIONS_CHECK),
    MEMBER("## Index record", "grams_check", INDEX_GRAMS_CHECK),
    MEMBER("## Index record", "blooms_check", INDEX_BLOOMS_CHECK),
    MEMBER("## Index record", "check", INDEX_CHECK),
};

static void the_document_has_every_member_where_it_lies(void **state)
{
    struct buf document = {0};
    char row[96], heading[64];

    (void)state;
    read_file(GOLDEN_DIR "/../../docs/store-format.md", &document);
    buf_add_char(&document, '\0');
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        snprintf(heading, sizeof heading, "\n%s\n", members[i].section);
        const char *section = strstr(document.p, heading);
        assert_non_null(section);
        const char *next = strstr(section + 4, "\n#");
        snprintf(row, sizeof row, "\n| %d | ", members[i].offset);
        const char *at = strstr(section, row);
        if (!at || (next && at > next))
            fail_msg("%s: nothing at %d", members[i].section, members[i].offset);
        snprintf(row, sizeof row, "`%s`", members[i].name);
        const char *name = strstr(at, row), *end = strchr(at + 1, '\n');
        if (!name || name > end)
            fail_msg("%s: %s is not at %d", members[i].section, members[i].name, members[i].offset);
    }
    buf_fini(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_of_version_1_opens),
        cmocka_unit_test(a_chunk_of_the_future_is_left_alone),
        cmocka_unit_test(the_document_has_every_member_where_it_lies),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
