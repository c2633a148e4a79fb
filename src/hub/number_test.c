/* SPDX-License-Identifier: MIT
 *
 * number_test.c - ids are given once, whatever happened in between.
 *
 * A crash is played by forgetting the numbers without closing them; another boot, damage and other
 * versions by editing the file `store`.
 */
#include "hub/number.h"

#include "base/buf.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cmocka.h>

#define STEP (UINT64_C(1) << 26)

struct fixture {
    struct loop loop;
    struct numbers n;
    char dir[32], path[48];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    snprintf(f->dir, sizeof f->dir, "/tmp/number_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/store", f->dir);
    assert_int_equal(loop_init(&f->loop), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    chmod(f->dir, 0700);
    loop_fini(&f->loop);
    free(f->n.path);
    unlink(f->path);
    char tmp[64];
    snprintf(tmp, sizeof tmp, "%s.new", f->path);
    unlink(tmp);
    rmdir(f->dir);
    free(f);
    return 0;
}

static void start(struct fixture *f, uint64_t journal_end, bool whole)
{
    struct errinfo info = {0};

    if (numbers_open(&f->n, &f->loop, f->dir, &info) < 0)
        fail_msg("%s", info.text);
    assert_int_equal(numbers_start(&f->n, journal_end, whole), 0);
}

static uint64_t take(struct fixture *f, uint32_t count)
{
    uint64_t first = 0;
    assert_int_equal(numbers_take(&f->n, count, &first), 0);
    return first;
}

static void crash(struct fixture *f)
{
    uv_run(&f->loop.uv, UV_RUN_DEFAULT);
    free(f->n.path);
    f->n.path = NULL;
}

static size_t read_store(const struct fixture *f, char text[1024])
{
    FILE *in = fopen(f->path, "re");

    assert_non_null(in);
    size_t n = fread(text, 1, 1023, in);
    text[n] = '\0';
    fclose(in);
    return n;
}

static void write_store(const struct fixture *f, const char *text, size_t n)
{
    FILE *out = fopen(f->path, "we");

    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, n, out), n);
    fclose(out);
}

/* Replaces `from` by `to` in the text above the check, and makes the check right again. */
static void edit_store(const struct fixture *f, const char *from, const char *to)
{
    char text[1024];
    struct buf out = {0};

    read_store(f, text);
    char *at = strstr(text, from), *check = strstr(text, "check ");
    assert_true(at && check && at < check);
    buf_add(&out, text, (size_t)(at - text));
    buf_add_str(&out, str_from(to));
    buf_add(&out, at + strlen(from), (size_t)(check - at) - strlen(from));
    buf_printf(&out, "check %016" PRIx64 "\n", (uint64_t)XXH3_64bits(out.p, out.n));
    write_store(f, out.p, out.n);
    buf_fini(&out);
}

static void a_new_store_begins_at_one_with_an_epoch_of_its_own(void **state)
{
    struct fixture *f = *state;

    start(f, 1, true);
    assert_int_not_equal(f->n.epoch, 0);
    assert_int_equal(take(f, 3), 1);
    assert_int_equal(take(f, 1), 4);
    assert_int_equal(f->n.watermark, 1 + STEP);
}

static void a_clean_stop_goes_on_exactly_there(void **state)
{
    struct fixture *f = *state;
    uint32_t epoch;

    start(f, 1, true);
    epoch = f->n.epoch;
    take(f, 41);
    numbers_close(&f->n);
    start(f, 42, true);
    assert_int_equal(f->n.epoch, epoch);
    assert_int_equal(take(f, 1), 42);
    numbers_close(&f->n);
    /* Even when nothing of it can be found in the journal, or some of it is damaged. */
    start(f, 1, true);
    assert_int_equal(take(f, 1), 43);
    numbers_close(&f->n);
    start(f, 20, false);
    assert_int_equal(take(f, 1), 44);
}

static void a_clean_stop_counts_once(void **state)
{
    struct fixture *f = *state;

    start(f, 1, true);
    take(f, 9);
    numbers_close(&f->n);
    start(f, 10, true);
    take(f, 10); /* the journal lost them, and its end looks fine */
    crash(f);
    edit_store(f, f->n.boot, "00000000-0000-0000-0000-000000000000");
    start(f, 10, true);
    assert_true(take(f, 1) >= 20);
}

static void after_a_crash_on_a_running_machine_the_journal_tells(void **state)
{
    struct fixture *f = *state;

    start(f, 1, true);
    take(f, 100);
    crash(f);
    start(f, 101, true);
    assert_int_equal(take(f, 1), 101);
}

static void after_a_crash_a_damaged_or_empty_journal_is_not_trusted(void **state)
{
    struct fixture *f = *state;

    start(f, 1, true);
    take(f, 100);
    crash(f);
    start(f, 50, false);
    assert_int_equal(take(f, 1), 1 + STEP);
    crash(f);
    start(f, 1, true); /* its files are gone */
    assert_int_equal(take(f, 1), 1 + 2 * STEP);
}

static void after_another_boot_numbering_goes_on_at_the_watermark(void **state)
{
    struct fixture *f = *state;

    start(f, 1, true);
    take(f, 100);
    crash(f);
    edit_store(f, f->n.boot, "11111111-2222-3333-4444-555555555555");
    start(f, 101, true);
    assert_int_equal(take(f, 1), 1 + STEP);
    assert_int_equal(f->n.watermark, 1 + 2 * STEP);
    crash(f);
    start(f, 2 + STEP, true); /* this boot again */
    assert_int_equal(take(f, 1), 2 + STEP);
}

static void an_unknown_boot_is_never_the_same_one(void **state)
{
    struct fixture *f = *state;
    struct errinfo info;

    start(f, 1, true);
    take(f, 100);
    crash(f);
    edit_store(f, f->n.boot, "unknown");
    assert_int_equal(numbers_open(&f->n, &f->loop, f->dir, &info), 0);
    assert_false(f->n.same_boot);
}

static void a_journal_ahead_of_the_file_is_believed(void **state)
{
    struct fixture *f = *state;

    start(f, 1, true);
    take(f, 9);
    numbers_close(&f->n); /* and this file comes back from a backup */
    start(f, 3 * STEP, true);
    assert_int_equal(take(f, 1), 3 * STEP);
    crash(f);
    start(f, 9 * STEP, false);
    assert_int_equal(take(f, 1), 9 * STEP);
}

static void the_watermark_is_raised_on_disk_before_ids_beyond_it_are_given(void **state)
{
    struct fixture *f = *state;
    uint64_t first = 0;
    char text[1024], line[64];

    start(f, 1, true);
    f->n.next = f->n.watermark - 5;
    assert_int_equal(numbers_take(&f->n, 10, &first), -EAGAIN);
    assert_int_equal(first, 0);
    assert_int_equal(f->n.next, f->n.watermark - 5); /* nothing is lost by trying */
    assert_int_equal(take(f, 5), 1 + STEP - 5);
    uv_run(&f->loop.uv, UV_RUN_DEFAULT);
    assert_int_equal(f->n.watermark, 1 + 2 * STEP);
    read_store(f, text);
    snprintf(line, sizeof line, "\nwatermark %" PRIu64 "\n", 1 + 2 * STEP);
    assert_non_null(strstr(text, line));
    assert_int_equal(take(f, 10), 1 + STEP);
}

static void ids_are_raised_ahead_so_that_nobody_waits(void **state)
{
    struct fixture *f = *state;

    start(f, 1, true);
    f->n.next = f->n.watermark - (1 << 24);
    take(f, 1);
    assert_true(f->n.raising);
    uv_run(&f->loop.uv, UV_RUN_DEFAULT);
    assert_int_equal(f->n.watermark, 1 + 2 * STEP);
}

static void a_disk_that_cannot_keep_the_watermark_stops_numbering_only_at_it(void **state)
{
    struct fixture *f = *state;
    uint64_t first = 0;

    start(f, 1, true);
    char *path = f->n.path;
    f->n.path = strdup("/nonexistent/store");
    f->n.next = f->n.watermark - 5;
    assert_int_equal(take(f, 5), 1 + STEP - 5);
    uv_run(&f->loop.uv, UV_RUN_DEFAULT);
    assert_int_equal(numbers_take(&f->n, 1, &first), -ENOENT);
    uv_run(&f->loop.uv, UV_RUN_DEFAULT);
    free(f->n.path);
    f->n.path = path; /* the disk is back */
    assert_int_equal(numbers_take(&f->n, 1, &first), -ENOENT);
    uv_run(&f->loop.uv, UV_RUN_DEFAULT);
    assert_int_equal(take(f, 1), 1 + STEP);
}

static void ids_end_below_two_to_the_53(void **state)
{
    struct fixture *f = *state;
    uint64_t first = 0;

    start(f, 1, true);
    f->n.next = (UINT64_C(1) << 53) - 3;
    f->n.watermark = UINT64_C(1) << 54;
    assert_int_equal(numbers_take(&f->n, 4, &first), -LM_E_FULL);
    assert_int_equal(take(f, 3), (UINT64_C(1) << 53) - 3);
    assert_int_equal(numbers_take(&f->n, 1, &first), -LM_E_FULL);
    crash(f);
}

/* --- the file --- */

static void the_file_is_the_documented_text(void **state)
{
    struct fixture *f = *state;
    char text[1024], expected[1024];

    start(f, 1, true);
    take(f, 6);
    numbers_close(&f->n);
    read_store(f, text);
    int n =
        snprintf(expected, sizeof expected,
                 "logmill-store 1\nepoch %08" PRIx32 "\nwatermark %" PRIu64 "\nboot %s\nfloor 1\n"
                 "next 7\n",
                 f->n.epoch, 1 + STEP, f->n.boot);
    snprintf(expected + n, sizeof expected - (size_t)n, "check %016" PRIx64 "\n",
             (uint64_t)XXH3_64bits(expected, (size_t)n));
    assert_string_equal(text, expected);
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void assert_refused(struct fixture *f, int code, const char *part)
{
    struct errinfo info = {0};

    assert_int_equal(numbers_open(&f->n, &f->loop, f->dir, &info), code);
    assert_non_null(strstr(info.text, f->path));
    assert_non_null(strstr(info.text, part));
    numbers_close(&f->n); /* must not write over it */
}

static void every_cut_and_every_changed_byte_of_the_file_is_refused(void **state)
{
    struct fixture *f = *state;
    char text[1024], changed[1026], after[1024];

    start(f, 1, true);
    take(f, 6);
    numbers_close(&f->n);
    size_t size = read_store(f, text);
    for (size_t n = 0; n < size; n++) {
        write_store(f, text, n);
        assert_refused(f, -LM_E_DAMAGED, "damaged");
    }
    for (size_t i = 0; i < size; i++) {
        memcpy(changed, text, size);
        changed[i] = (char)(changed[i] ^ 1);
        write_store(f, changed, size);
        bool version = i == strlen("logmill-store "); /* 1 becomes 0, still refused by its check */
        assert_refused(f, -LM_E_DAMAGED, version ? "damaged" : "backup");
        assert_int_equal(read_store(f, after), size);
        assert_memory_equal(after, changed, size);
    }
    snprintf(changed, sizeof changed, "%sx", text);
    write_store(f, changed, size + 1);
    assert_refused(f, -LM_E_DAMAGED, "damaged");
    write_store(f, text, size);
    start(f, 7, true);
    assert_int_equal(take(f, 1), 7);
}

static void a_later_version_is_refused_with_a_sentence(void **state)
{
    static const char text[] = "logmill-store 2\nsomething else\n";
    struct fixture *f = *state;

    write_store(f, text, sizeof text - 1);
    assert_refused(f, -LM_E_VERSION, "later version");
}

static void a_file_that_cannot_be_read_is_refused_too(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_refused(f, -EISDIR, "cannot read");
    rmdir(f->path);
    assert_int_equal(symlink("/etc/hostname", f->path), 0);
    assert_refused(f, -ELOOP, "cannot read");
    unlink(f->path);
}

#define NUMBER_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NUMBER_TEST(a_new_store_begins_at_one_with_an_epoch_of_its_own),
        NUMBER_TEST(a_clean_stop_goes_on_exactly_there),
        NUMBER_TEST(a_clean_stop_counts_once),
        NUMBER_TEST(after_a_crash_on_a_running_machine_the_journal_tells),
        NUMBER_TEST(after_a_crash_a_damaged_or_empty_journal_is_not_trusted),
        NUMBER_TEST(after_another_boot_numbering_goes_on_at_the_watermark),
        NUMBER_TEST(an_unknown_boot_is_never_the_same_one),
        NUMBER_TEST(a_journal_ahead_of_the_file_is_believed),
        NUMBER_TEST(the_watermark_is_raised_on_disk_before_ids_beyond_it_are_given),
        NUMBER_TEST(ids_are_raised_ahead_so_that_nobody_waits),
        NUMBER_TEST(a_disk_that_cannot_keep_the_watermark_stops_numbering_only_at_it),
        NUMBER_TEST(ids_end_below_two_to_the_53),
        NUMBER_TEST(the_file_is_the_documented_text),
        NUMBER_TEST(every_cut_and_every_changed_byte_of_the_file_is_refused),
        NUMBER_TEST(a_later_version_is_refused_with_a_sentence),
        NUMBER_TEST(a_file_that_cannot_be_read_is_refused_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
