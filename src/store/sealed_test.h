/* SPDX-License-Identifier: MIT
 *
 * sealed_test.h - records of a test as a chunk in memory.
 *
 * Included by each *_test.c once; everything here is static.
 */
#ifndef LM_STORE_SEALED_TEST_H
#define LM_STORE_SEALED_TEST_H

#include "store/seal_image.h"
#include "store/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEALED_EPOCH = 0x5f3a9c01, SEALED_SEG_AT = 4096, SEALED_IDX_AT = 64 };

static inline int sealed_memory_file(uint64_t at, struct str bytes)
{
    int fd = memfd_create("chunk", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes.p, bytes.n, (off_t)at), (ssize_t)bytes.n);
    return fd;
}

/* The chunk of an image; what chunk_open() says. */
static inline int sealed_open(const struct chunk_image *i, struct chunk **ret)
{
    struct chunk_files *files =
        chunk_files_new(sealed_memory_file(SEALED_SEG_AT, buf_str(&i->seg)),
                        sealed_memory_file(SEALED_IDX_AT, buf_str(&i->idx)));
    assert_non_null(files);
    int err = chunk_open(files, buf_str(&i->idx), SEALED_IDX_AT, ret);
    chunk_files_unref(files);
    return err;
}

/* Rows of records with rising ids; ids not mentioned are missing. */
static inline void sealed_rows(struct seal_rows *rows, const struct record *records, size_t n,
                               uint16_t (*class_of)(const struct record *))
{
    *rows = (struct seal_rows){.first_id = n ? records[0].id : 1};
    for (size_t i = 0; i < n; i++)
        assert_int_equal(seal_rows_add(rows, &records[i], class_of ? class_of(&records[i]) : 0,
                                       records[i].time_us),
                         0);
    rows->end_id = n ? records[n - 1].id + 1 : 1;
}

static inline void sealed_image(const struct record *records, size_t n, uint32_t block_text,
                                struct chunk_image *ret)
{
    const struct chunk_seal_opts opts = {.epoch = SEALED_EPOCH,
                                         .seg_at = SEALED_SEG_AT,
                                         .positions = STR("positions of origins"),
                                         .block_text = block_text};
    struct seal_rows rows;

    sealed_rows(&rows, records, n, NULL);
    assert_int_equal(seal_image(&rows, &opts, ret), 0);
    seal_rows_fini(&rows);
}

static inline struct chunk *sealed_chunk(const struct record *records, size_t n,
                                         uint32_t block_text)
{
    struct chunk_image image;
    struct chunk *c = NULL;

    sealed_image(records, n, block_text, &image);
    assert_int_equal(sealed_open(&image, &c), 0);
    chunk_image_fini(&image);
    return c;
}

/* A view of which all files but the last have been sealed. */
static inline struct store_view sealed_view(struct journal_view *journal)
{
    uint32_t files = journal_view_files(journal) - 1;
    struct store_view v = {.journal = journal, .chunk_count = files};

    v.chunks = calloc(files + 1, sizeof(struct chunk *));
    assert_non_null(v.chunks);
    for (uint32_t i = 0; i < files; i++) {
        const struct chunk_seal_opts opts = {.seg_at = SEALED_SEG_AT};
        struct chunk_image image;
        assert_int_equal(chunk_seal(journal, i, &opts, &image), 0);
        assert_int_equal(sealed_open(&image, &v.chunks[i]), 0);
        v.journal_from = image.end_id;
        chunk_image_fini(&image);
    }
    return v;
}

static inline void sealed_view_fini(struct store_view *v)
{
    for (uint32_t i = 0; i < v->chunk_count; i++)
        chunk_unref(v->chunks[i]);
    free(v->chunks);
}

#endif
