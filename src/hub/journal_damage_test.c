/* SPDX-License-Identifier: MIT
 *
 * journal_damage_test.c - what a damaged journal still gives, and what it never does.
 *
 * A small store is damaged in every way that fits into a test: cut at every length of its last 4
 * KiB, each byte of each frame changed, headers changed. Opening never fails; what lies before the
 * damage is there, what lies behind it too; nothing is torn; damage is reported whenever ids may
 * have been lost.
 *
 * A full file that is sealed asks for the next one, 8 MiB of disk at each of thousands of starts.
 * Nothing here writes that much, so there is no sealer, except where it matters.
 */
#include "hub/row_test.h"

#include <xxhash.h>

enum { FRAMES = 9, MESSAGE_MAX = 24, SEED_AT = 40 }; /* of the file's head */

/* The undamaged bytes, and where frames lie in them. */
struct original {
    char name[32];
    char *bytes;
    size_t used;
    struct {
        size_t at, length;
        uint64_t first_id;
        uint32_t count;
    } frames[FRAMES];
};

static struct original original;

static void remember(struct row *r)
{
    struct jfile *f = r->journal->current;
    size_t at = JFILE_HEAD;
    uint64_t next_id = 0;
    struct jframe frame;
    size_t skipped;

    snprintf(original.name, sizeof original.name, "%s", f->name);
    original.used = f->used;
    original.bytes = malloc(f->used);
    memcpy(original.bytes, f->map, f->used);
    for (size_t i = 0; i < FRAMES; i++) {
        assert_true(jfile_next_frame(f, f->used, &at, &next_id, &frame, &skipped));
        original.frames[i].at = at - frame.length;
        original.frames[i].length = frame.length;
        original.frames[i].first_id = frame.first_id;
        original.frames[i].count = frame.count;
    }
}

/* Records with short messages, so that a test may look at every byte. */
static void fill(struct row *r, const struct origin *o, uint64_t id, uint32_t count)
{
    batch_begin(&r->batch, o, 17);
    for (uint32_t i = 0; i < count; i++) {
        struct record record = row_record(r, id + i);
        if (record.message.n > MESSAGE_MAX)
            record.message.n = MESSAGE_MAX;
        assert_int_equal(batch_add(&r->batch, &record), 0);
    }
    r->batch.first_id = id;
}

static int setup(void **state)
{
    struct row *r = malloc(sizeof *r);
    uint64_t id = 1;

    row_init(r);
    r->no_sealer = true;
    row_open(r);
    for (uint32_t i = 0; i < FRAMES; i++) {
        const uint8_t run[16] = {(uint8_t)i};
        struct origin o = run_origin(run);
        uint32_t count = i % 5 == 3 ? 0 : 1 + i % 3;
        fill(r, &o, id, count);
        assert_int_equal(journal_append(r->journal, &r->batch), 0);
        id += count;
    }
    row_settle(r);
    remember(r);
    row_close(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    free(original.bytes);
    row_fini(*state);
    free(*state);
    return 0;
}

/* Puts everything back as it was: one file, its frames, zeros behind them. */
static void restore(struct row *r)
{
    char path[ROW_PATH], last[ROW_NAME];

    if (r->journal)
        row_close(r);
    while (row_files(r, "", last) > 0) {
        row_path(r, last, path);
        if (strcmp(last, original.name) == 0 && row_files(r, "", last) == 1)
            break;
        unlink(path);
    }
    row_path(r, original.name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, JOURNAL_FILE_SIZE), 0);
    assert_int_equal(pwrite(fd, original.bytes, original.used, 0), original.used);
    close(fd);
}

/* Which ids are served; each of them must be as it was written. */
static uint64_t served(struct row *r)
{
    struct journal_view *v = journal_view_take(r->journal, 0);
    struct journal_cursor c = journal_seek(v, 0);
    struct jframe_reader reader = {0};
    uint64_t ids = 0, last = 0;
    struct jframe f;
    struct record record;

    while (journal_next(&c, &f)) {
        assert_int_equal(jframe_open(&reader, &f, &r->table), 0);
        while (jframe_next(&reader, &record)) {
            struct record want = row_record(r, record.id);
            assert_true(record.id > last && record.id < 64);
            last = record.id;
            want.message.n = want.message.n > MESSAGE_MAX ? MESSAGE_MAX : want.message.n;
            assert_true(str_eq(record.message, want.message));
            assert_true(str_eq(record.fields, want.fields));
            assert_true(str_eq(record.labels->wire, want.labels->wire));
            ids |= UINT64_C(1) << record.id;
        }
    }
    jframe_close(&reader);
    journal_view_drop(r->journal, v);
    return ids;
}

/* The ids of all frames but those that the bytes [from, to) touch. */
static uint64_t untouched(size_t from, size_t to)
{
    uint64_t ids = 0;

    for (size_t i = 0; i < FRAMES; i++) {
        size_t at = original.frames[i].at;
        if (from < at + original.frames[i].length && to > at)
            continue;
        for (uint32_t k = 0; k < original.frames[i].count; k++)
            ids |= UINT64_C(1) << (original.frames[i].first_id + k);
    }
    return ids;
}

static bool reported(const struct row *r)
{
    return r->report.damaged_files + r->report.damaged_places > 0;
}

static void cut_to(const struct row *r, size_t size)
{
    char path[ROW_PATH];
    row_path(r, original.name, path);
    assert_int_equal(truncate(path, (off_t)size), 0);
}

/* A file that ends early holds what was whole before its end; numbering must not trust it. */
static void every_cut_of_the_end_keeps_what_was_before_it(void **state)
{
    struct row *r = *state;
    size_t from = original.used > 4096 ? original.used - 4096 : 0;

    for (size_t size = from; size <= original.used; size++) {
        restore(r);
        cut_to(r, size);
        row_open(r);
        assert_true(reported(r));
        assert_int_equal(served(r), size < JFILE_HEAD ? 0 : untouched(size, original.used));
    }
    for (size_t size = JOURNAL_FILE_SIZE - 4096; size < JOURNAL_FILE_SIZE; size += 511) {
        restore(r);
        cut_to(r, size);
        row_open(r);
        assert_true(reported(r));
        assert_int_equal(served(r), untouched(0, 0));
    }
}

/* The same, but with zeros, or with other bytes, where the end was. */
static void an_end_that_was_overwritten_is_cut_where_it_begins(void **state)
{
    struct row *r = *state;
    static char other[4096];

    for (int round = 0; round < 2; round++) {
        for (size_t at = JFILE_HEAD; at < original.used; at += 1 + row_below(r, 20)) {
            restore(r);
            for (size_t i = 0; i < sizeof other; i++)
                other[i] = (char)(round ? row_mix(at + i) : 0);
            row_write_at(r, original.name, at, other, sizeof other);
            row_open(r);
            size_t from = at; /* a pad that was zero before has not changed */
            while (from < original.used && original.bytes[from] == other[from - at])
                from++;
            assert_int_equal(served(r), untouched(from, at + sizeof other));
            assert_true(round == 0 || reported(r));
        }
    }
}

static void check_after_change(struct row *r, size_t at)
{
    uint64_t all = untouched(0, 0), ids;

    row_open(r);
    ids = served(r);
    assert_int_equal(ids, untouched(at, at + 1));
    /* Ids are lost only with a report; then numbering goes on at the watermark. */
    if (ids != all)
        assert_true(reported(r));
}

static void every_changed_byte_of_a_frame_costs_that_frame_only(void **state)
{
    struct row *r = *state;

    for (size_t at = JFILE_HEAD; at < original.used; at++) {
        char changed = (char)(original.bytes[at] ^ 0xff);
        restore(r);
        row_write_at(r, original.name, at, &changed, 1);
        check_after_change(r, at);
    }
}

struct told {
    uint32_t count;
    uint64_t at, records;
};

static void note_damage(const char *file, uint64_t at, const char *what, uint64_t records,
                        void *ctx)
{
    struct told *t = ctx;
    char want[64];

    snprintf(want, sizeof want, "journal/%s", original.name);
    assert_string_equal(file, want);
    assert_true(strlen(what) > 0);
    *t = (struct told){t->count + 1, at, records};
}

static struct told look(struct row *r, uint64_t sealed_end)
{
    struct journal_look look = {r->journal_dir, r->opts.epoch, sealed_end};
    struct journal_report report;
    struct told told = {0};

    assert_int_equal(journal_verify(&look, note_damage, &told, &report), 0);
    assert_int_equal(told.count, report.damaged_files + report.damaged_places);
    return told;
}

static void a_look_names_every_changed_byte_and_changes_nothing(void **state)
{
    struct row *r = *state;

    restore(r);
    assert_int_equal(look(r, 0).count, 0);
    for (size_t i = 0; i < FRAMES; i++)
        for (size_t at = original.frames[i].at;
             at < original.frames[i].at + original.frames[i].length; at += 7) {
            char changed = (char)(original.bytes[at] ^ 0x20);
            restore(r);
            row_write_at(r, original.name, at, &changed, 1);
            struct told told = look(r, 0);
            assert_int_equal(told.count, 1);
            assert_int_equal(told.at, original.frames[i].at);
            if (i + 1 < FRAMES)
                assert_int_equal(told.records, original.frames[i].count);
            assert_int_equal(look(r, 0).count, 1); /* the first one has mended nothing */
            assert_int_equal(look(r, original.frames[0].first_id + 1).count, 0); /* it is sealed */
        }
    restore(r);
    row_write_at(r, original.name, 20, "x", 1);
    assert_int_equal(look(r, 0).count, 1);
    assert_int_equal(look(r, 0).at, 0);
}

static void what_is_settled_ends_behind_the_last_frame(void **state)
{
    struct row *r = *state;
    struct journal_look look = {r->journal_dir, r->opts.epoch, 0};
    uint64_t n;

    restore(r);
    assert_int_equal(journal_settled(&look, original.name, &n), 0);
    assert_int_equal(n, original.used);
    row_write_at(r, original.name, original.used + 8, "half of the next frame", 22);
    assert_int_equal(journal_settled(&look, original.name, &n), 0);
    assert_int_equal(n, original.used);
    row_write_at(r, original.name, original.frames[FRAMES - 1].at, "\0\0\0\0\0\0\0", 8);
    assert_int_equal(journal_settled(&look, original.name, &n), 0);
    assert_int_equal(n, original.frames[FRAMES - 1].at);
    assert_int_equal(journal_settled(&look, "0000000000000000", &n), -ENOENT);
    row_write_at(r, original.name, 20, "x", 1);
    assert_int_equal(journal_settled(&look, original.name, &n), -LM_E_DAMAGED);
}

/* Length, magic and check: what the check itself does not cover. A lost length looks as if nothing
 * had been written. */
static void every_word_that_became_zero_costs_that_frame_only(void **state)
{
    struct row *r = *state;

    for (size_t i = 0; i < FRAMES; i++)
        for (size_t word = 0; word < 16; word += 4) {
            size_t at = original.frames[i].at + word;
            restore(r);
            row_write_at(r, original.name, at, "\0\0\0", 4);
            check_after_change(r, at);
        }
}

static void a_changed_byte_of_the_header_sets_the_file_aside(void **state)
{
    struct row *r = *state;
    char last[ROW_NAME];

    for (size_t at = 0; at < JFILE_HEAD; at++) {
        char changed = (char)(original.bytes[at] ^ 1);
        restore(r);
        row_write_at(r, original.name, at, &changed, 1);
        row_open(r);
        assert_int_equal(r->report.damaged_files, 1);
        assert_int_equal(served(r), 0);
        assert_int_equal(row_files(r, "damaged-0", last), 1);
        assert_int_equal(row_files(r, "0", last), 0);
    }
}

/* --- what other versions write --- */

static void change_header(struct row *r, size_t at, char value)
{
    char head[JFILE_HEAD];

    restore(r);
    memcpy(head, original.bytes, sizeof head);
    head[at] = value;
    uint64_t check = XXH3_64bits(head, 56);
    memcpy(head + 56, &check, sizeof check);
    row_write_at(r, original.name, 0, head, sizeof head);
}

static void a_later_version_is_refused_with_a_sentence(void **state)
{
    static const struct {
        size_t at;
        char value;
    } changes[] = {{12, 1}, {15, (char)0x80}, {6, '2'}};
    struct row *r = *state;
    char last[ROW_NAME];

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct errinfo info = {0};
        change_header(r, changes[i].at, changes[i].value);
        assert_int_equal(row_try_open(r, &info), -LM_E_VERSION);
        row_settle(r);
        assert_non_null(strstr(info.text, "later version"));
        assert_non_null(strstr(info.text, original.name));
        assert_int_equal(row_files(r, "0", last), 1); /* left alone */
    }
}

static void flags_that_may_be_ignored_are(void **state)
{
    struct row *r = *state;

    change_header(r, 8, 5);
    row_open(r);
    assert_false(reported(r));
    assert_int_equal(served(r), untouched(0, 0));
}

static void a_file_of_another_store_or_another_name_is_set_aside(void **state)
{
    struct row *r = *state;
    char path[ROW_PATH], other[ROW_PATH], last[ROW_NAME];

    change_header(r, 16, 2); /* epoch */
    row_open(r);
    assert_int_equal(r->report.damaged_files, 1);
    restore(r);
    row_path(r, original.name, path);
    row_path(r, "0000000000000099", other);
    assert_int_equal(rename(path, other), 0);
    row_open(r);
    assert_int_equal(r->report.damaged_files, 1);
    assert_int_equal(row_files(r, "damaged-0000000000000099", last), 1);
}

static void files_that_are_none_of_ours_are_left_alone(void **state)
{
    static const char *const names[] = {"notes.txt", "000000000000000", "0000000000000001x",
                                        "0000000000000001-1", "damaged-0000000000000001"};
    struct row *r = *state;
    char path[ROW_PATH], last[ROW_NAME];

    restore(r);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        row_path(r, names[i], path);
        close(open(path, O_WRONLY | O_CREAT, 0600));
    }
    row_open(r);
    assert_false(reported(r));
    assert_int_equal(row_files(r, "", last), 6);
}

static void empty_and_odd_files_are_set_aside(void **state)
{
    struct row *r = *state;
    char path[ROW_PATH], last[ROW_NAME];

    restore(r);
    row_path(r, "0000000000000900", path);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    row_path(r, "0000000000000901", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    row_open(r);
    assert_int_equal(r->report.damaged_files, 2);
    assert_int_equal(row_files(r, "damaged-", last), 2);
    assert_int_equal(served(r), untouched(0, 0));
}

static void of_the_files_that_were_set_aside_only_the_newest_are_kept(void **state)
{
    struct row *r = *state;
    char path[ROW_PATH], name[64], last[ROW_NAME];

    restore(r);
    for (int i = 0; i < JOURNAL_SET_ASIDE + 3; i++) {
        snprintf(name, sizeof name, "damaged-00000000000001%02d", i);
        row_path(r, name, path);
        close(open(path, O_WRONLY | O_CREAT, 0600));
    }
    row_open(r);
    assert_false(reported(r));
    assert_int_equal(row_files(r, "damaged-", last), JOURNAL_SET_ASIDE);
    assert_string_equal(last, name);
}

/* --- going on --- */

static void append_three(struct row *r, uint64_t first_id)
{
    fill(r, &(struct origin){0}, first_id, 3);
    assert_int_equal(journal_append(r->journal, &r->batch), 0);
}

static void writing_goes_on_in_a_new_file_after_a_torn_one(void **state)
{
    struct row *r = *state;
    char last[ROW_NAME];
    char changed = (char)(original.bytes[original.frames[FRAMES - 1].at + 20] ^ 1);

    restore(r);
    row_write_at(r, original.name, original.frames[FRAMES - 1].at + 20, &changed, 1);
    row_open(r);
    uint64_t before = served(r);
    append_three(r, 50);
    row_close(r);
    assert_int_equal(row_files(r, "0", last), 2);
    assert_string_equal(last, "0000000000000050");
    row_open(r);
    assert_int_equal(r->report.damaged_files, 0);
    assert_int_equal(r->report.damaged_places, 1);
    assert_int_equal(journal_end_id(r->journal), 53);
    struct journal_view *v = journal_view_take(r->journal, 50);
    assert_int_equal(journal_view_end(v), 53);
    journal_view_drop(r->journal, v);
    assert_int_equal(before, untouched(original.frames[FRAMES - 1].at, original.used));
}

/* The first frame of the newest file is torn and a position comes first: its new file begins with
 * the same id and must not replace the torn one. */
static void a_torn_file_without_frames_keeps_its_name(void **state)
{
    struct row *r = *state;
    char last[ROW_NAME], changed = 'X';

    restore(r);
    for (size_t i = 0; i < FRAMES; i++)
        row_write_at(r, original.name, original.frames[i].at + 4, &changed, 1);
    row_open(r);
    assert_int_equal(served(r), 0);
    assert_int_equal(journal_end_id(r->journal), 1);
    row_fill(r, &(struct origin){.kind = ORIGIN_FILE}, 1, 0);
    assert_int_equal(journal_append(r->journal, &r->batch), 0);
    append_three(r, 1000);
    row_close(r);
    assert_int_equal(row_files(r, "0", last), 2);
    assert_string_equal(last, "0000000000000001-00000001");
    row_open(r);
    assert_int_equal(journal_end_id(r->journal), 1003);
    assert_int_equal(r->report.files, 2);
}

static void a_killed_append_leaves_no_trace_and_is_no_damage(void **state)
{
    struct row *r = *state;
    static char half[500];

    memset(half, 0x55, sizeof half);
    memset(half, 0, 4);
    memcpy(half + 4, "RFRM", 4);
    for (size_t n = 8; n <= sizeof half; n += 41) {
        restore(r);
        row_write_at(r, original.name, original.used, half, n);
        row_open(r);
        assert_false(reported(r));
        assert_int_equal(served(r), untouched(0, 0));
        append_three(r, 60); /* over it */
        row_close(r);
        row_open(r);
        assert_false(reported(r));
        assert_int_equal(served(r), untouched(0, 0) | UINT64_C(7) << 60);
    }
}

/* The hub was killed with everything written, the check included, but before the one store that
 * makes the frame exist. */
static void a_frame_whose_commit_never_came_is_no_damage(void **state)
{
    struct row *r = *state;
    struct jframe_layout layout;
    static char frame[600] __attribute__((aligned(8)));
    uint64_t seed;

    restore(r);
    memcpy(&seed, original.bytes + SEED_AT, sizeof seed);
    fill(r, &(struct origin){0}, 60, 3);
    jframe_measure(&r->batch, &layout);
    assert_true(layout.length <= sizeof frame);
    jframe_write(frame, &r->batch, &layout, seed, false);
    row_write_at(r, original.name, original.used, frame, layout.length);
    row_open(r);
    assert_false(reported(r));
    assert_int_equal(served(r), untouched(0, 0));
    row_close(r);
    restore(r);
    jframe_commit(frame, &layout);
    row_write_at(r, original.name, original.used, frame, layout.length);
    row_open(r);
    assert_false(reported(r));
    assert_int_equal(served(r), untouched(0, 0) | UINT64_C(7) << 60);
}

/* A record's text holds a whole frame with the highest ids, and comes to lie where recovery looks
 * for frames: in a damaged place, and behind the end of what was written. */
static void a_text_that_looks_like_a_frame_is_never_taken_for_one(void **state)
{
    struct row *r = *state;
    struct jframe_layout layout;
    static char forged[600] __attribute__((aligned(8)));
    struct jframe f;

    restore(r);
    row_fill(r, &(struct origin){0}, UINT64_C(1) << 52, 0);
    jframe_measure(&r->batch, &layout);
    jframe_write(forged, &r->batch, &layout, r->opts.epoch, true); /* all that an outsider knows */
    jframe_commit(forged, &layout);
    assert_int_equal(jframe_check(str_of(forged, layout.length), r->opts.epoch, &f), 1);
    row_write_at(r, original.name, original.used + 64, forged, sizeof forged);
    row_write_at(r, original.name, original.frames[4].at + 56, forged, 56);
    row_open(r);
    assert_int_equal(served(r), untouched(original.frames[4].at + 56, original.frames[4].at + 112));
    assert_true(journal_end_id(r->journal) < 64);
}

static void older_files_that_were_put_back_are_set_aside(void **state)
{
    struct row *r = *state;
    char path[ROW_PATH], copy[ROW_PATH], last[ROW_NAME];

    restore(r);
    row_open(r);
    uint64_t end = journal_end_id(r->journal);
    row_close(r);
    /* A file that begins inside the one before it. */
    row_path(r, "0000000000000005", copy);
    row_path(r, original.name, path);
    int fd = open(copy, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, JOURNAL_FILE_SIZE), 0);
    char head[JFILE_HEAD];
    memcpy(head, original.bytes, sizeof head);
    head[24] = 5;
    uint64_t check = XXH3_64bits(head, 56);
    memcpy(head + 56, &check, sizeof check);
    assert_int_equal(pwrite(fd, head, sizeof head, 0), sizeof head);
    close(fd);
    row_open(r);
    assert_int_equal(r->report.damaged_files, 1);
    assert_int_equal(row_files(r, "damaged-0000000000000005", last), 1);
    assert_int_equal(journal_end_id(r->journal), end);
}

/* A restored copy may have holes; writing into one on a full disk would be a SIGBUS. */
static void holes_in_the_last_file_are_filled_before_writing_goes_on(void **state)
{
    struct row *r = *state;
    char path[ROW_PATH];
    struct stat st;

    restore(r);
    row_path(r, original.name, path);
    unlink(path);
    restore(r); /* by ftruncate(): nothing but holes behind the frames */
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_blocks * 512 < JOURNAL_FILE_SIZE);
    row_open(r);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_blocks * 512 >= JOURNAL_FILE_SIZE);
    assert_int_equal(served(r), untouched(0, 0));
}

static void a_short_file_does_not_keep_the_row_from_shrinking(void **state)
{
    struct row *r = *state;
    char path[ROW_PATH], last[ROW_NAME];
    uint64_t id = 100;

    restore(r);
    cut_to(r, original.used);
    r->no_sealer = false;
    row_open(r);
    while (r->journal->last_number < 8) {
        row_fill(r, &(struct origin){0}, id, 500);
        assert_int_equal(journal_append(r->journal, &r->batch), 0);
        id += 500;
        row_settle(r);
    }
    row_path(r, original.name, path);
    assert_int_equal(access(path, F_OK), -1);
    row_close(r);
    assert_true(row_files(r, "", last) <= 4);
}

#define DAMAGE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAMAGE_TEST(every_cut_of_the_end_keeps_what_was_before_it),
        DAMAGE_TEST(an_end_that_was_overwritten_is_cut_where_it_begins),
        DAMAGE_TEST(every_changed_byte_of_a_frame_costs_that_frame_only),
        DAMAGE_TEST(a_look_names_every_changed_byte_and_changes_nothing),
        DAMAGE_TEST(what_is_settled_ends_behind_the_last_frame),
        DAMAGE_TEST(every_word_that_became_zero_costs_that_frame_only),
        DAMAGE_TEST(a_changed_byte_of_the_header_sets_the_file_aside),
        DAMAGE_TEST(a_later_version_is_refused_with_a_sentence),
        DAMAGE_TEST(flags_that_may_be_ignored_are),
        DAMAGE_TEST(a_file_of_another_store_or_another_name_is_set_aside),
        DAMAGE_TEST(files_that_are_none_of_ours_are_left_alone),
        DAMAGE_TEST(empty_and_odd_files_are_set_aside),
        DAMAGE_TEST(of_the_files_that_were_set_aside_only_the_newest_are_kept),
        DAMAGE_TEST(writing_goes_on_in_a_new_file_after_a_torn_one),
        DAMAGE_TEST(a_torn_file_without_frames_keeps_its_name),
        DAMAGE_TEST(a_killed_append_leaves_no_trace_and_is_no_damage),
        DAMAGE_TEST(a_frame_whose_commit_never_came_is_no_damage),
        DAMAGE_TEST(a_text_that_looks_like_a_frame_is_never_taken_for_one),
        DAMAGE_TEST(older_files_that_were_put_back_are_set_aside),
        DAMAGE_TEST(holes_in_the_last_file_are_filled_before_writing_goes_on),
        DAMAGE_TEST(a_short_file_does_not_keep_the_row_from_shrinking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
