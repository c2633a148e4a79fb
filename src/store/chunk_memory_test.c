/* SPDX-License-Identifier: MIT
 *
 * chunk_memory_test.c - memory runs out at the n-th allocation, for every n until all goes well.
 *
 * Sealing, opening, searching, checking and mending a chunk end with -ENOMEM, or as they should;
 * nothing leaks, and nothing is served that is not right. Sanitizers bring allocators of their own:
 * there only the case without failure is looked at.
 */
#include "base/clock.h"
#include "record/random_test.h"
#include "store/sealed_test.h"

#include <errno.h>

enum { RECORDS = 40, BLOCK = 600 };

static struct record records[RECORDS];
static struct buf texts[RECORDS][2];

/* --- an allocator that fails once --- */

static long countdown = -1; /* allocations until one fails; below 0: none does */
static long live;           /* allocations that were not freed */

#ifndef __SANITIZE_ADDRESS__
#ifndef __SANITIZE_THREAD__
#define TORTURE 1

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static bool fails(void)
{
    return countdown >= 0 && countdown-- == 0;
}

static void *counted(void *p)
{
    live += p != NULL;
    return p;
}

void *malloc(size_t n)
{
    return fails() ? NULL : counted(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
    if (fails())
        return NULL;
    return p ? __libc_realloc(p, n) : counted(__libc_realloc(p, n));
}

void free(void *p)
{
    live -= p != NULL;
    __libc_free(p);
}
#endif
#endif

/* --- what is tried --- */

static int check_record(const struct record *r, void *ctx)
{
    uint32_t *n = ctx;
    const struct record *want = &records[r->id - 1];

    assert_true(str_eq(r->message, want->message));
    assert_true(str_eq(r->fields, want->fields));
    (*n)++;
    return 0;
}

static void note_damage(const struct chunk_damage *d, void *ctx)
{
    (void)ctx;
    fail_msg("%s is said to be damaged", d->what);
}

static int seal_records(struct chunk_image *ret)
{
    const struct chunk_seal_opts opts = {.seg_at = SEALED_SEG_AT, .block_text = BLOCK};
    struct seal_rows rows = {.first_id = 1, .end_id = RECORDS + 1};
    int err = 0;

    *ret = (struct chunk_image){0};
    for (uint32_t i = 0; i < RECORDS && err == 0; i++)
        err = seal_rows_add(&rows, &records[i], 0, 1);
    if (err == 0)
        err = seal_image(&rows, &opts, ret);
    seal_rows_fini(&rows);
    return err;
}

static int scan(struct chunk *c, const char *text)
{
    struct errinfo info;
    struct filter f;
    uint32_t n = 0;
    const struct chunk_scan s = {
        .filter = &f, .max_id = UINT64_MAX, .emit = check_record, .ctx = &n};
    int err;

    filter_init(&f);
    err = filter_add(&f, STR("q"), str_from(text), &info);
    if (err == 0)
        err = chunk_scan(c, &s);
    filter_fini(&f);
    if (err == 0 && !*text)
        assert_int_equal(n, RECORDS);
    return err;
}

static int use(struct chunk *c, int seg_fd)
{
    struct chunk_image smaller = {0};
    struct buf idx = {0};
    int err = scan(c, "");

    if (err == 0)
        err = scan(c, "timeout OR a:anna level>=info");
    if (err == 0)
        err = chunk_verify(c, NULL, 0, note_damage, NULL);
    if (err == 0)
        err = chunk_rebuild_idx(seg_fd, SEALED_SEG_AT, STR("x"), &idx);
    if (err == 0)
        err = chunk_reseal(c, &(struct chunk_seal_opts){.block_text = BLOCK}, &smaller);
    chunk_image_fini(&smaller);
    buf_fini(&idx);
    return err;
}

static int try_all(void)
{
    struct chunk_image image;
    struct chunk *c = NULL;
    int err = seal_records(&image);

    if (err == 0) {
        int seg_fd = sealed_memory_file(SEALED_SEG_AT, buf_str(&image.seg));
        int idx_fd = sealed_memory_file(SEALED_IDX_AT, buf_str(&image.idx));
        struct chunk_files *files = chunk_files_new(seg_fd, idx_fd);
        err = files ? chunk_open(files, buf_str(&image.idx), SEALED_IDX_AT, &c) : -ENOMEM;
        if (err == 0)
            err = use(c, seg_fd);
        chunk_unref(c);
        chunk_files_unref(files);
        if (!files) {
            close(seg_fd);
            close(idx_fd);
        }
    }
    chunk_image_fini(&image);
    return err;
}

static void memory_that_runs_out_is_said(void **state)
{
    long n = 0, failed = 0;

    (void)state;
    assert_int_equal(try_all(), 0); /* what a thread keeps for good is made now */
    for (; n < 100000; n++) {
        long before = live;
        countdown = n;
        int err = try_all();
        bool over = countdown >= 0;
        countdown = -1;
        if (live != before)
            fail_msg("%ld allocations were not freed when the %ldth failed", live - before, n);
        assert_true(err == 0 || err == -ENOMEM);
        failed += err < 0;
        if (over)
            break;
    }
    assert_int_equal(try_all(), 0);
#ifdef TORTURE
    assert_true(failed > 100);
#endif
}

static int setup(void **state)
{
    (void)state;
    clock_fake(1768473045000000);
    for (uint32_t i = 0; i < RECORDS; i++) {
        add_random_message(&texts[i][0]);
        if (i % 2)
            add_random_object(&texts[i][1], 0);
        records[i] = (struct record){.id = i + 1,
                                     .time_us = clock_wall_us() + i,
                                     .labels = random_labels(),
                                     .message = buf_str(&texts[i][0]),
                                     .fields = buf_str(&texts[i][1]),
                                     .level = LEVEL_INFO,
                                     .stream = STREAM_STDOUT};
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    random_records_free(records, texts, RECORDS);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_that_runs_out_is_said)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
