/* SPDX-License-Identifier: MIT
 *
 * chunk.c - the two files, records of the index, and opening.
 */
#include "store/chunk.h"

#include "store/chunk_format.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* --- files --- */

struct chunk_files *chunk_files_new(int seg_fd, int idx_fd)
{
    struct chunk_files *f = malloc(sizeof *f);

    if (!f)
        return NULL;
    f->seg_fd = seg_fd;
    f->idx_fd = idx_fd;
    atomic_init(&f->refs, 1);
    return f;
}

struct chunk_files *chunk_files_ref(struct chunk_files *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void chunk_files_unref(struct chunk_files *f)
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) > 1)
        return;
    close(f->seg_fd);
    close(f->idx_fd);
    free(f);
}

/* --- records of the index --- */

static uint64_t padded(const char *head, int n_at)
{
    return ((uint64_t)format_u32(head + n_at) + 7) & ~UINT64_C(7);
}

/* Bytes of the head and of the sections up to this one, which is included. */
static uint64_t end_of(const char *head, int n_at)
{
    static const int order[] = {INDEX_META_N, INDEX_LABELS_N, INDEX_POSITIONS_N, INDEX_GRAMS_N,
                                INDEX_BLOOMS_N};
    uint64_t at = INDEX_HEAD;

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        at += padded(head, order[i]);
        if (order[i] == n_at)
            break;
    }
    return at;
}

static bool section_holds(struct str bytes, uint64_t end, uint32_t n, int check_at)
{
    uint64_t at = end - (((uint64_t)n + 7) & ~UINT64_C(7));
    return format_check(bytes.p + at, n) == format_u64(bytes.p + check_at);
}

static int check_index_head(struct str bytes)
{
    const char *h = bytes.p;

    int err = bytes.n < INDEX_HEAD
                  ? -LM_E_DAMAGED
                  : format_check_head(h, INDEX_MAGIC, INDEX_CHECK, INDEX_INCOMPATIBLE);

    if (err < 0)
        return err;
    if (end_of(h, INDEX_BLOOMS_N) != format_u32(h + INDEX_SIZE) || format_u32(h + INDEX_SIZE) % 8 ||
        format_u64(h + INDEX_SEG_AT) % 8 || format_u32(h + INDEX_SEG_N) > CHUNK_BYTES_MAX ||
        format_u32(h + INDEX_META_N) < META_HEAD)
        return -LM_E_DAMAGED;
    return 0;
}

int chunk_idx_read(struct str bytes, struct chunk_idx *ret)
{
    int err = check_index_head(bytes);

    if (err < 0)
        return err;
    const char *h = bytes.p;
    struct chunk_idx idx = {.size = format_u32(h + INDEX_SIZE),
                            .open_n = (uint32_t)end_of(h, INDEX_POSITIONS_N),
                            .epoch = format_u32(h + INDEX_EPOCH),
                            .seg_at = format_u64(h + INDEX_SEG_AT),
                            .seg_n = format_u32(h + INDEX_SEG_N),
                            .first_id = format_u64(h + INDEX_FIRST_ID),
                            .end_id = format_u64(h + INDEX_END_ID)};
    uint32_t positions_n = format_u32(h + INDEX_POSITIONS_N);
    if (bytes.n >= idx.open_n) {
        if (!section_holds(bytes, idx.open_n, positions_n, INDEX_POSITIONS_CHECK))
            return -LM_E_DAMAGED;
        idx.positions = str_of(h + end_of(h, INDEX_LABELS_N), positions_n);
    }
    *ret = idx;
    return 0;
}

/* --- chunks --- */

static void take_index(struct chunk *c, const char *head)
{
    c->seg_at = format_u64(head + INDEX_SEG_AT);
    c->seg_n = format_u32(head + INDEX_SEG_N);
    c->idx_n = format_u32(head + INDEX_SIZE);
    c->meta_n = format_u32(head + INDEX_META_N);
    c->meta_check = format_u64(head + INDEX_META_CHECK);
    c->labels_n = format_u32(head + INDEX_LABELS_N);
    c->grams_at = (uint32_t)end_of(head, INDEX_POSITIONS_N);
    c->grams_n = format_u32(head + INDEX_GRAMS_N);
    c->grams_check = format_u64(head + INDEX_GRAMS_CHECK);
    c->blooms_at = (uint32_t)end_of(head, INDEX_GRAMS_N);
    c->blooms_n = format_u32(head + INDEX_BLOOMS_N);
    c->blooms_check = format_u64(head + INDEX_BLOOMS_CHECK);
}

static void take_meta(struct chunk *c, const char *meta)
{
    c->first_id = format_u64(meta + META_FIRST_ID);
    c->end_id = format_u64(meta + META_END_ID);
    c->count = format_u32(meta + META_COUNT);
    c->min_time_us = (int64_t)format_u64(meta + META_MIN_TIME);
    c->max_time_us = (int64_t)format_u64(meta + META_MAX_TIME);
    c->min_arrival_us = (int64_t)format_u64(meta + META_MIN_ARRIVAL);
    c->max_arrival_us = (int64_t)format_u64(meta + META_MAX_ARRIVAL);
    c->raw_n = format_u64(meta + META_RAW_N);
    c->set_count = format_u32(meta + META_SET_COUNT);
    c->block_count = format_u32(meta + META_BLOCK_COUNT);
    c->column_count = format_u32(meta + META_COLUMN_COUNT);
    c->meta_flags = format_u32(meta + META_FLAGS);
    for (int i = 0; i < 8; i++)
        c->levels[i] = format_u32(meta + META_LEVELS + i * 4);
}

/* What a damaged or hostile file might say, and readers rely on. */
static bool makes_sense(const struct chunk *c)
{
    uint64_t table =
        (uint64_t)c->column_count * COLUMN_SIZE + (uint64_t)c->block_count * BLOCK_SIZE;

    return c->first_id <= c->end_id && c->end_id - c->first_id >= c->count &&
           c->count <= CHUNK_ROWS_MAX && c->block_count <= c->count &&
           (c->count == 0 || c->set_count > 0) && c->meta_n == META_HEAD + table &&
           (uint64_t)CHUNK_HEAD + c->meta_n <= c->seg_n;
}

int chunk_open(struct chunk_files *files, struct str bytes, uint64_t idx_at, struct chunk **ret)
{
    struct chunk_idx idx;
    int err = chunk_idx_read(bytes, &idx);

    if (err < 0)
        return err;
    if (bytes.n < idx.open_n)
        return -LM_E_DAMAGED;
    uint32_t labels_n = format_u32(bytes.p + INDEX_LABELS_N);
    if (!section_holds(bytes, end_of(bytes.p, INDEX_META_N), format_u32(bytes.p + INDEX_META_N),
                       INDEX_META_CHECK) ||
        !section_holds(bytes, end_of(bytes.p, INDEX_LABELS_N), labels_n, INDEX_LABELS_CHECK))
        return -LM_E_DAMAGED;
    struct chunk *c = malloc(sizeof *c + labels_n);
    if (!c)
        return -ENOMEM;
    *c = (struct chunk){.idx_at = idx_at};
    take_index(c, bytes.p);
    take_meta(c, bytes.p + INDEX_HEAD);
    memcpy(c->label_bits, bytes.p + end_of(bytes.p, INDEX_META_N), labels_n);
    if (!makes_sense(c) || c->first_id != idx.first_id || c->end_id != idx.end_id) {
        free(c);
        return -LM_E_DAMAGED;
    }
    c->files = chunk_files_ref(files);
    atomic_init(&c->refs, 1);
    *ret = c;
    return 0;
}

struct chunk *chunk_ref(struct chunk *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void chunk_unref(struct chunk *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) > 1)
        return;
    chunk_files_unref(c->files);
    free(c);
}
