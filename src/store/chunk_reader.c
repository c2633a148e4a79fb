/* SPDX-License-Identifier: MIT
 *
 * chunk_reader.c - a chunk is opened: its meta is read and checked. What is asked of rows is
 * answered from the columns that chunk_columns.c has decoded.
 *
 * Threads: the reader's. Owns: see chunk_reader.h.
 */
#include "store/chunk_reader_impl.h"

#include <errno.h>
#include <unistd.h>

int read_fully(int fd, uint64_t at, char *to, size_t n)
{
    while (n) {
        ssize_t got = pread(fd, to, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return -LM_E_DAMAGED;
        to += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

int read_buf(int fd, uint64_t at, size_t n, struct buf *to)
{
    buf_clear(to);
    if (buf_reserve(to, n + 1) < 0)
        return -ENOMEM;
    int err = read_fully(fd, at, to->p, n);
    to->n = err < 0 ? 0 : n;
    return err;
}

void *reader_array(struct buf *b, size_t n, size_t size)
{
    buf_clear(b);
    if (buf_reserve(b, n * size + 1) < 0)
        return NULL;
    b->n = n * size;
    return b->p;
}

void reader_drop_old_sets(struct chunk_reader *r)
{
    const struct reader_set *sets = (const struct reader_set *)(const void *)r->old_sets_at.p;

    for (uint32_t i = 0; i < r->old_set_count; i++)
        labels_unref(sets[i].labels);
    r->old_set_count = 0;
}

/* They stay in the label table until the next chunk has its own. */
static void put_sets_aside(struct chunk_reader *r)
{
    struct buf free_at = r->old_sets_at;

    reader_drop_old_sets(r);
    r->old_sets_at = r->sets_at;
    r->old_set_count = r->chunk->set_count;
    r->sets_at = free_at;
}

static void forget(struct chunk_reader *r)
{
    if (r->sets)
        put_sets_aside(r);
    chunk_unref(r->chunk);
    r->chunk = NULL;
    r->have = 0;
    r->blocks = NULL;
    r->runs = NULL;
    r->times = NULL;
    r->kinds = NULL;
    r->flags = NULL;
    r->sets = NULL;
    r->row_sets = NULL;
    r->bursts = NULL;
    r->order = NULL;
    r->places = NULL;
}

void reader_close(struct chunk_reader *r)
{
    struct buf *const all[] = {&r->old_sets_at, &r->meta,     &r->disk,        &r->raw,
                               &r->sets_at,     &r->runs_at,  &r->blocks_at,   &r->times_at,
                               &r->kinds_at,    &r->flags_at, &r->row_sets_at, &r->bursts_at,
                               &r->order_at,    &r->places_at};

    forget(r);
    reader_drop_old_sets(r);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_fini(all[i]);
    label_table_fini(&r->table);
    unpacker_fini(&r->unpacker);
    *r = (struct chunk_reader){0};
}

/* --- meta --- */

bool reader_inside(const struct chunk *c, uint64_t at, uint64_t n)
{
    return at >= CHUNK_HEAD && at + n <= c->seg_n - c->meta_n;
}

static bool block_makes_sense(const struct chunk *c, const char *d)
{
    uint64_t disk_n = (uint64_t)format_u32(d + BLOCK_TEXT_N) + format_u32(d + BLOCK_FIELDS_N);

    return reader_inside(c, format_u32(d + BLOCK_AT), disk_n) && format_u32(d + BLOCK_ROWS) > 0 &&
           format_u32(d + BLOCK_TEXT_RAW_N) <= BLOCK_RAW_MAX &&
           format_u32(d + BLOCK_FIELDS_RAW_N) <= BLOCK_RAW_MAX &&
           format_u32(d + BLOCK_FIRST_SET) <= format_u32(d + BLOCK_LAST_SET) &&
           format_u32(d + BLOCK_LAST_SET) < c->set_count;
}

static int take_blocks(struct chunk_reader *r)
{
    const struct chunk *c = r->chunk;
    const char *d = r->meta.p + META_HEAD + (size_t)c->column_count * COLUMN_SIZE;
    struct reader_block *blocks = reader_array(&r->blocks_at, c->block_count, sizeof *blocks);
    uint64_t place = 0;

    if (!blocks)
        return -ENOMEM;
    for (uint32_t i = 0; i < c->block_count; i++, d += BLOCK_SIZE) {
        if (!block_makes_sense(c, d))
            return -LM_E_DAMAGED;
        blocks[i] = (struct reader_block){(uint32_t)place, format_u32(d + BLOCK_ROWS), d};
        place += blocks[i].rows;
        if (place > c->count)
            return -LM_E_DAMAGED;
    }
    r->blocks = blocks;
    return place == c->count ? 0 : -LM_E_DAMAGED;
}

/* The meta is there twice: in the chunk and in its idx record. */
static int read_meta(struct chunk_reader *r, int fd, uint64_t at)
{
    int err = read_buf(fd, at, r->chunk->meta_n, &r->meta);

    return err == 0 && format_check(r->meta.p, r->meta.n) != r->chunk->meta_check ? -LM_E_DAMAGED
                                                                                  : err;
}

int reader_open(struct chunk_reader *r, struct chunk *c)
{
    int err;

    chunk_ref(c);
    forget(r);
    r->chunk = c;
    r->read_at = c->seg_at + c->seg_n - c->meta_n;
    err = read_meta(r, c->files->seg_fd, c->seg_at + c->seg_n - c->meta_n);
    if (err < 0 && err != -ENOMEM)
        err = read_meta(r, c->files->idx_fd, c->idx_at + CHUNK_IDX_HEAD);
    return err < 0 ? err : take_blocks(r);
}

/* --- questions --- */

/* The last run that begins at or before `row`. */
static const struct reader_run *run_of_row(const struct chunk_reader *r, uint32_t row)
{
    uint32_t low = 0, high = r->run_count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (r->runs[middle].first_row <= row)
            low = middle;
        else
            high = middle;
    }
    return &r->runs[low];
}

uint64_t reader_id(const struct chunk_reader *r, uint32_t row)
{
    const struct reader_run *run = run_of_row(r, row);
    return run->first_id + (row - run->first_row);
}

uint32_t reader_row(const struct chunk_reader *r, uint64_t id)
{
    uint32_t low = 0, high = r->run_count; /* the first run that ends behind id */

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (r->runs[middle].first_id + r->runs[middle].count <= id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == r->run_count)
        return r->chunk->count;
    const struct reader_run *run = &r->runs[low];
    return run->first_row + (id > run->first_id ? (uint32_t)(id - run->first_id) : 0);
}

void reader_record(const struct chunk_reader *r, uint32_t row, struct record *ret)
{
    uint8_t kind = r->kinds[row];

    *ret = (struct record){.id = reader_id(r, row),
                           .time_us = r->times[row],
                           .labels = r->sets[r->row_sets[row]].labels,
                           .level = (enum level)(kind & 7),
                           .stream = (enum stream)(kind >> KIND_STREAM & 3),
                           .class = r->sets[r->row_sets[row]].class,
                           .flags = r->flags ? r->flags[row] : (uint16_t)(kind >> KIND_FLAGS)};
}
