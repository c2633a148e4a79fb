/* SPDX-License-Identifier: MIT
 *
 * chunk_columns.c - from the bytes of a column to an array with an element for each row.
 *
 * Nothing is believed that is not checked: each decoder finds exactly as many rows as the chunk has
 * and uses up all bytes, or the chunk is damaged.
 *
 * Threads: the reader's. Owns: nothing; arrays are in the reader's buffers.
 */
#include "store/chunk_reader_impl.h"

#include <errno.h>
#include <stdlib.h>

int reader_column(struct chunk_reader *r, enum column_kind kind, struct str *ret, uint64_t *ret_arg)
{
    const struct chunk *c = r->chunk;
    const char *d = r->meta.p + META_HEAD;
    uint32_t i = 0;

    while (i < c->column_count && format_u16(d + COLUMN_KIND) != kind) {
        d += COLUMN_SIZE;
        i++;
    }
    *ret = STR_NONE;
    *ret_arg = 0;
    if (i == c->column_count)
        return 0;
    uint32_t at = format_u32(d + COLUMN_AT), disk_n = format_u32(d + COLUMN_DISK_N);
    uint32_t raw_n = format_u32(d + COLUMN_RAW_N);
    if (!reader_inside(c, at, disk_n) || raw_n > CHUNK_BYTES_MAX)
        return -LM_E_DAMAGED;
    r->read_at = c->seg_at + at;
    int err = read_buf(c->files->seg_fd, r->read_at, disk_n, &r->disk);
    if (err == 0 && format_check(r->disk.p, disk_n) != format_u64(d + COLUMN_CHECK))
        err = -LM_E_DAMAGED;
    if (err == 0 && !reader_array(&r->raw, raw_n, 1))
        err = -ENOMEM;
    if (err == 0)
        err = unpack(&r->unpacker, (uint8_t)d[COLUMN_CODEC], buf_str(&r->disk), r->raw.p, raw_n);
    if (err < 0)
        return err;
    *ret = buf_str(&r->raw);
    *ret_arg = format_u64(d + COLUMN_ARG);
    return 0;
}

static int decode_ids(struct chunk_reader *r, struct str raw, uint64_t n)
{
    const struct chunk *c = r->chunk;
    struct reader_run *runs = n <= c->count ? reader_array(&r->runs_at, n, sizeof *runs) : NULL;
    uint64_t due = c->first_id, row = 0, gap, count;

    if (!runs)
        return n <= c->count ? -ENOMEM : -LM_E_DAMAGED;
    for (uint64_t i = 0; i < n; i++) {
        if (!format_varint(&raw, &gap) || !format_varint(&raw, &count) || gap > c->end_id - due ||
            count > c->end_id - due - gap || count > c->count - row)
            return -LM_E_DAMAGED;
        runs[i] = (struct reader_run){due + gap, (uint32_t)row, (uint32_t)count};
        due += gap + count;
        row += count;
    }
    r->runs = runs;
    r->run_count = (uint32_t)n;
    return row == c->count && raw.n == 0 ? 0 : -LM_E_DAMAGED;
}

static int decode_times(struct chunk_reader *r, struct str raw, uint64_t unit)
{
    const struct chunk *c = r->chunk;
    int64_t *times = reader_array(&r->times_at, c->count, sizeof *times);
    uint64_t last = (uint64_t)c->min_time_us, delta;

    if (!times)
        return -ENOMEM;
    for (uint32_t i = 0; i < c->count; i++) {
        if (!format_varint(&raw, &delta))
            return -LM_E_DAMAGED;
        last += (uint64_t)format_unzigzag(delta) * unit;
        times[i] = (int64_t)last;
        if (times[i] < c->min_time_us || times[i] > c->max_time_us)
            return -LM_E_DAMAGED;
    }
    r->times = times;
    return raw.n == 0 ? 0 : -LM_E_DAMAGED;
}

static int decode_kinds(struct chunk_reader *r, struct str raw, uint64_t arg)
{
    uint8_t *kinds = reader_array(&r->kinds_at, r->chunk->count, 1);
    struct str flags;
    int err;

    if (!kinds || raw.n != r->chunk->count)
        return kinds ? -LM_E_DAMAGED : -ENOMEM;
    memcpy(kinds, raw.p, raw.n);
    err = reader_column(r, COLUMN_FLAGS, &flags, &arg);
    if (err < 0)
        return err;
    if (flags.n) {
        if (flags.n != (size_t)r->chunk->count * sizeof *r->flags)
            return -LM_E_DAMAGED;
        uint16_t *copy = reader_array(&r->flags_at, r->chunk->count, sizeof *copy);
        if (!copy)
            return -ENOMEM;
        memcpy(copy, flags.p, flags.n);
        r->flags = copy;
    }
    r->kinds = kinds;
    return 0;
}

/* One set: class, whether a lane begins, wire form. */
static int decode_set(struct chunk_reader *r, struct str *raw, struct reader_set *ret)
{
    size_t n = raw->n >= 5 ? 2 + (size_t)format_u16(raw->p + 3) : 0;

    if (n == 0 || n > raw->n - 3)
        return -LM_E_DAMAGED;
    ret->class = format_u16(raw->p);
    ret->lane = (unsigned char)raw->p[2];
    int err = labels_from_wire(&r->table, str_of(raw->p + 3, n), &ret->labels);
    *raw = str_of(raw->p + 3 + n, raw->n - 3 - n);
    return err;
}

static int decode_sets(struct chunk_reader *r, struct str raw, uint64_t arg)
{
    uint32_t n = r->chunk->set_count, i = 0, lane = 0;
    int err = 0;

    (void)arg;
    if (n > raw.n) /* a set takes more than a byte */
        return -LM_E_DAMAGED;
    struct reader_set *sets = reader_array(&r->sets_at, n, sizeof *sets);
    if (!sets)
        return -ENOMEM;
    for (; i < n && err == 0; i++) {
        err = decode_set(r, &raw, &sets[i]);
        if (err == 0) {
            lane += i > 0 && sets[i].lane;
            sets[i].lane = lane;
        }
    }
    if (err == 0 && raw.n == 0) {
        r->sets = sets;
        reader_drop_old_sets(r);
        return 0;
    }
    if (err < 0)
        i--; /* the one that failed has nothing */
    while (i > 0)
        labels_unref(sets[--i].labels);
    return err < 0 ? err : -LM_E_DAMAGED;
}

/* The bursts: all lengths, then all sets. */
static int decode_row_sets(struct chunk_reader *r, struct str raw, uint64_t bursts)
{
    const struct chunk *c = r->chunk;
    bool alike = raw.n == 0 && c->set_count < 2;
    uint32_t *rows = reader_array(&r->row_sets_at, c->count, sizeof *rows);
    struct reader_burst *list =
        bursts <= c->count ? reader_array(&r->bursts_at, bursts + 1, sizeof *list) : NULL;
    struct str lengths = raw;
    uint64_t n, set, row = 0;

    if (!rows || !list)
        return bursts <= c->count ? -ENOMEM : -LM_E_DAMAGED;
    r->row_sets = rows;
    r->bursts = list;
    r->burst_count = alike ? 1 : (uint32_t)bursts;
    if (alike) {
        memset(rows, 0, c->count * sizeof *rows);
        list[0] = (struct reader_burst){c->count, 0};
        return 0;
    }
    for (uint64_t i = 0; i < bursts; i++)
        if (!format_varint(&raw, &n))
            return -LM_E_DAMAGED;
    for (uint64_t i = 0; i < bursts; i++) {
        if (!format_varint(&lengths, &n) || !format_varint(&raw, &set) || n > c->count - row ||
            set >= c->set_count)
            return -LM_E_DAMAGED;
        for (uint64_t end = row + n; row < end; row++)
            rows[row] = (uint32_t)set;
        list[i] = (struct reader_burst){(uint32_t)row, (uint32_t)set};
    }
    return row == c->count && raw.n == 0 ? 0 : -LM_E_DAMAGED;
}

/* --- the order of texts follows from the sets of the rows --- */

/* Calls for each burst in the order of rows: where its texts begin. */
typedef void burst_fn(struct chunk_reader *r, uint32_t row, uint32_t end, uint32_t place);

static int each_burst(struct chunk_reader *r, burst_fn *fn)
{
    const struct chunk *c = r->chunk;
    uint32_t *next = calloc((size_t)c->set_count + 2, sizeof *next);

    if (!next)
        return -ENOMEM;
    for (uint32_t i = 0, row = 0; i < r->burst_count; row = r->bursts[i++].end)
        next[r->sets[r->bursts[i].set].lane + 1] += r->bursts[i].end - row;
    for (uint32_t lane = 0; lane < c->set_count; lane++)
        next[lane + 1] += next[lane];
    for (uint32_t i = 0, row = 0; i < r->burst_count; row = r->bursts[i++].end) {
        uint32_t *place = &next[r->sets[r->bursts[i].set].lane];
        fn(r, row, r->bursts[i].end, *place);
        *place += r->bursts[i].end - row;
    }
    free(next);
    return 0;
}

static void put_order(struct chunk_reader *r, uint32_t row, uint32_t end, uint32_t place)
{
    uint32_t *order = (uint32_t *)(void *)r->order_at.p + place;

    for (; row < end; row++)
        *order++ = row;
}

static int find_order(struct chunk_reader *r)
{
    uint32_t *order = reader_array(&r->order_at, r->chunk->count, sizeof *order);
    int err = order ? each_burst(r, put_order) : -ENOMEM;

    r->order = err < 0 ? NULL : order;
    return err;
}

static void put_places(struct chunk_reader *r, uint32_t row, uint32_t end, uint32_t place)
{
    uint32_t *places = (uint32_t *)(void *)r->places_at.p;

    for (; row < end; row++)
        places[row] = place++;
}

static int find_places(struct chunk_reader *r)
{
    uint32_t *places = reader_array(&r->places_at, r->chunk->count, sizeof *places);
    int err = places ? each_burst(r, put_places) : -ENOMEM;

    r->places = err < 0 ? NULL : places;
    return err;
}

/* --- all of it --- */

int reader_need(struct chunk_reader *r, unsigned what)
{
    static const struct {
        unsigned need;
        enum column_kind column;
        int (*decode)(struct chunk_reader *r, struct str raw, uint64_t arg);
    } steps[] = {{NEED_IDS, COLUMN_IDS, decode_ids},
                 {NEED_TIMES, COLUMN_TIMES, decode_times},
                 {NEED_KINDS, COLUMN_KINDS, decode_kinds},
                 {NEED_SETS, COLUMN_SET_TABLE, decode_sets},
                 {NEED_ROW_SETS, COLUMN_SETS, decode_row_sets}};
    struct str raw;
    uint64_t arg;
    int err = 0;

    what |= what & (NEED_ORDER | NEED_PLACES) ? NEED_SETS | NEED_ROW_SETS : 0;
    what &= ~r->have;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && err == 0; i++) {
        if (!(what & steps[i].need))
            continue;
        err = reader_column(r, steps[i].column, &raw, &arg);
        if (err == 0)
            err = steps[i].decode(r, raw, arg);
    }
    if (err == 0 && (what & NEED_ORDER))
        err = find_order(r);
    if (err == 0 && (what & NEED_PLACES))
        err = find_places(r);
    if (err == 0)
        r->have |= what;
    return err;
}
