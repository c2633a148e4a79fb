/* SPDX-License-Identifier: MIT
 *
 * chunk_fuzz.c - an idx record and a chunk of any content: opened, searched, scanned, checked,
 * indexed anew.
 *
 * Input: u32 length of the idx record, the record, the chunk. Checksums would stop nearly every
 * change at the door, so the checks of heads and metas are put right first; those of sections stay
 * as they are.
 */
#include "store/chunk.h"
#include "store/chunk_format.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int memory_file(const char *p, size_t n)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd >= 0 && write(fd, p, n) != (ssize_t)n) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Makes the heads valid as far as checks go. */
static void put_checks_right(char *idx, size_t idx_n, char *seg, size_t seg_n)
{
    uint64_t meta_check = 0;

    if (seg_n >= CHUNK_HEAD) {
        uint32_t chunk_n = format_u32(seg + CHUNK_SIZE), meta_n = format_u32(seg + CHUNK_META_N);
        if (chunk_n <= seg_n && meta_n <= chunk_n)
            meta_check = format_check(seg + chunk_n - meta_n, meta_n);
        format_put64(seg + CHUNK_META_CHECK, meta_check);
        format_put64(seg + CHUNK_CHECK, format_check(seg, CHUNK_CHECK));
    }
    if (idx_n >= INDEX_HEAD) {
        uint32_t meta_n = format_u32(idx + INDEX_META_N);
        if (meta_n <= idx_n - INDEX_HEAD)
            format_put64(idx + INDEX_META_CHECK, format_check(idx + INDEX_HEAD, meta_n));
        format_put64(idx + INDEX_CHECK, format_check(idx, INDEX_CHECK));
    }
}

static int see(const struct record *r, void *ctx)
{
    *(size_t *)ctx += r->message.n + r->fields.n + r->labels->count;
    return 0;
}

static int see_hole(const struct chunk_hole *h, void *ctx)
{
    *(size_t *)ctx += h->set_count;
    return 0;
}

static void see_damage(const struct chunk_damage *d, void *ctx)
{
    *(size_t *)ctx += d->n;
}

static void use(struct chunk *c)
{
    struct filter f;
    size_t sum = 0;
    struct chunk_scan s = {.max_id = UINT64_MAX, .emit = see, .hole = see_hole, .ctx = &sum};
    uint64_t alive;

    filter_init(&f);
    (void)!chunk_scan(c, &s);
    if (filter_add(&f, STR("q"), STR("timeout OR a:anna OR /ab+c/ OR level:warn"), NULL) == 0) {
        s.filter = &f;
        (void)!chunk_scan(c, &s);
    }
    (void)!chunk_verify(c, NULL, 0, see_damage, &sum);
    (void)!chunk_alive(c, NULL, 0, &alive);
    filter_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf idx = {0}, seg = {0}, again = {0};
    struct chunk *c = NULL;
    uint32_t idx_n;

    if (size < 4 || size > 1024 * 1024)
        return 0;
    memcpy(&idx_n, data, 4);
    idx_n = idx_n < size - 4 ? idx_n : (uint32_t)(size - 4);
    buf_add(&idx, data + 4, idx_n);
    buf_add(&seg, data + 4 + idx_n, size - 4 - idx_n);
    put_checks_right(idx.p, idx.n, seg.p, seg.n);
    int seg_fd = memory_file(seg.p, seg.n), idx_fd = memory_file(idx.p, idx.n);
    struct chunk_files *files = chunk_files_new(seg_fd, idx_fd);
    if (files && chunk_open(files, buf_str(&idx), 0, &c) == 0)
        use(c);
    (void)!chunk_rebuild_idx(seg_fd, 0, STR("positions"), &again);
    chunk_unref(c);
    chunk_files_unref(files);
    buf_fini(&idx);
    buf_fini(&seg);
    buf_fini(&again);
    return 0;
}
