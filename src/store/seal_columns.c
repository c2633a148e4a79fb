/* SPDX-License-Identifier: MIT
 *
 * seal_columns.c - one function per column (docs/store-format.md, "Columns").
 */
#include "store/seal_columns.h"

#include <errno.h>
#include <stdlib.h>

void seal_columns_fini(struct seal_columns *c)
{
    buf_fini(&c->scratch);
}

/* Packs what is in the scratch as one column. */
static int end_column(struct seal_columns *c, enum column_kind kind, uint64_t arg)
{
    char d[COLUMN_SIZE] = {0};
    uint8_t codec = CODEC_RAW;
    size_t at = c->seg->n;
    int err = buf_error(&c->scratch);

    if (err == 0)
        err = pack(c->packer, buf_str(&c->scratch), c->seg, &codec);
    if (err < 0)
        return err;
    format_put16(d + COLUMN_KIND, (uint16_t)kind);
    d[COLUMN_CODEC] = (char)codec;
    format_put32(d + COLUMN_AT, (uint32_t)at);
    format_put32(d + COLUMN_DISK_N, (uint32_t)(c->seg->n - at));
    format_put32(d + COLUMN_RAW_N, (uint32_t)c->scratch.n);
    format_put64(d + COLUMN_CHECK, format_check(c->seg->p + at, c->seg->n - at));
    format_put64(d + COLUMN_ARG, arg);
    buf_add(c->table, d, sizeof d);
    format_pad(c->seg);
    buf_clear(&c->scratch);
    c->count++;
    return buf_error(c->seg) ? buf_error(c->seg) : buf_error(c->table);
}

static int write_ids(struct seal_columns *c)
{
    const struct seal_rows *s = c->rows;
    uint64_t due = s->first_id;

    for (uint32_t i = 0; i < s->run_count; i++) {
        format_add_varint(&c->scratch, s->runs[i].first_id - due);
        format_add_varint(&c->scratch, s->runs[i].count);
        due = s->runs[i].first_id + s->runs[i].count;
    }
    return end_column(c, COLUMN_IDS, s->run_count);
}

/* The largest of 1 s, 1 ms, 1 µs that every time is a multiple of, counted from the first. */
static int64_t unit_of_times(const struct seal_rows *s)
{
    int64_t unit = 1000000, delta;

    for (uint32_t i = 1; i < s->count && unit > 1; i++) {
        if (__builtin_sub_overflow(s->rows[i].time_us, s->rows[i - 1].time_us, &delta))
            return 1;
        while (unit > 1 && delta % unit != 0)
            unit /= 1000;
    }
    return unit;
}

static int write_times(struct seal_columns *c)
{
    const struct seal_rows *s = c->rows;
    int64_t unit = unit_of_times(s), last = c->min_time_us;

    if (buf_reserve(&c->scratch, (size_t)s->count * 10) < 0)
        return -ENOMEM;
    char *at = c->scratch.p;
    for (uint32_t i = 0; i < s->count; i++) {
        int64_t delta = (int64_t)((uint64_t)s->rows[i].time_us - (uint64_t)last);
        at = format_put_varint(at, format_zigzag(unit == 1 ? delta : delta / unit));
        last = s->rows[i].time_us;
    }
    c->scratch.n = (size_t)(at - c->scratch.p);
    return end_column(c, COLUMN_TIMES, (uint64_t)unit);
}

static int write_kinds(struct seal_columns *c)
{
    const struct seal_rows *s = c->rows;
    unsigned flags = 0;
    int err;

    if (buf_reserve(&c->scratch, s->count) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct seal_row *r = &s->rows[i];
        flags |= r->flags;
        c->scratch.p[i] =
            (char)(r->level | r->stream << KIND_STREAM | (r->flags & 7) << KIND_FLAGS);
    }
    c->scratch.n = s->count;
    err = end_column(c, COLUMN_KINDS, 0);
    if (err < 0 || flags < 8)
        return err;
    for (uint32_t i = 0; i < s->count; i++)
        buf_add(&c->scratch, &s->rows[i].flags, sizeof s->rows[i].flags);
    return end_column(c, COLUMN_FLAGS, 0);
}

/* Rows of one set come in bursts: the set and the length of each. */
static int write_sets(struct seal_columns *c)
{
    const struct seal_rows *s = c->rows;
    uint32_t bursts = 0;

    if (s->set_count < 2)
        return 0;
    for (uint32_t i = 0, n; i < s->count; i += n, bursts++) {
        for (n = 1; i + n < s->count && s->rows[i + n].set == s->rows[i].set;)
            n++;
        format_add_varint(&c->scratch, n);
    }
    for (uint32_t i = 0; i < s->count; i++)
        if (i == 0 || s->rows[i].set != s->rows[i - 1].set)
            format_add_varint(&c->scratch, s->rows[i].set);
    return end_column(c, COLUMN_SETS, bursts);
}

static int write_set_table(struct seal_columns *c)
{
    const struct seal_rows *s = c->rows;
    char class[2];

    for (uint32_t i = 0; i < s->set_count; i++) {
        bool opens = i == 0 || s->sets[i].lane != s->sets[i - 1].lane;
        format_put16(class, s->sets[i].class);
        buf_add(&c->scratch, class, sizeof class);
        buf_add_char(&c->scratch, (char)opens);
        buf_add_str(&c->scratch, s->sets[i].labels->wire);
    }
    return end_column(c, COLUMN_SET_TABLE, 0);
}

/* How many rows each set has of each level and stream. */
static int write_counts(struct seal_columns *c)
{
    const struct seal_rows *s = c->rows;
    uint32_t(*counts)[32] = calloc((size_t)s->set_count + 1, sizeof *counts);

    if (!counts)
        return -ENOMEM;
    for (uint32_t i = 0; i < s->count; i++)
        counts[s->rows[i].set][(s->rows[i].level | s->rows[i].stream << KIND_STREAM) & 31]++;
    for (uint32_t set = 0; set < s->set_count; set++) {
        unsigned kinds = 0;
        for (unsigned kind = 0; kind < 32; kind++)
            kinds += counts[set][kind] > 0;
        buf_add_char(&c->scratch, (char)kinds);
        for (unsigned kind = 0; kind < 32; kind++)
            if (counts[set][kind]) {
                buf_add_char(&c->scratch, (char)kind);
                format_add_varint(&c->scratch, counts[set][kind]);
            }
    }
    free(counts);
    return end_column(c, COLUMN_COUNTS, 0);
}

static int64_t minute_of(int64_t time_us)
{
    return time_us / MINUTE_US - (time_us % MINUTE_US < 0);
}

/* False: nothing was in it. */
static bool add_minute(struct seal_columns *c, uint64_t step, const uint32_t counts[8])
{
    unsigned mask = 0;

    for (unsigned level = 0; level < 8; level++)
        mask |= (unsigned)(counts[level] > 0) << level;
    if (mask == 0)
        return false;
    format_add_varint(&c->scratch, step);
    buf_add_char(&c->scratch, (char)mask);
    for (unsigned level = 0; level < 8; level++)
        if (counts[level])
            format_add_varint(&c->scratch, counts[level]);
    return true;
}

/* Rows of each minute by level; no column when the minutes are too many. */
static int write_minutes(struct seal_columns *c)
{
    const struct seal_rows *s = c->rows;
    int64_t first = minute_of(c->min_time_us), last = first;
    uint64_t span = (uint64_t)(minute_of(c->max_time_us) - first) + 1;
    uint32_t minutes = 0;

    if (s->count == 0 || span > MINUTES_MAX)
        return 0;
    uint32_t(*counts)[8] = calloc(span, sizeof *counts);
    if (!counts)
        return -ENOMEM;
    for (uint32_t i = 0; i < s->count; i++)
        counts[minute_of(s->rows[i].time_us) - first][s->rows[i].level & 7]++;
    for (int64_t minute = first; minute < first + (int64_t)span; minute++)
        if (add_minute(c, (uint64_t)(minute - last), counts[minute - first])) {
            last = minute;
            minutes++;
        }
    free(counts);
    return end_column(c, COLUMN_MINUTES, minutes);
}

static int write_holes(struct seal_columns *c)
{
    const struct seal_rows *s = c->rows;
    uint64_t due = s->first_id;

    if (s->hole_count == 0)
        return 0;
    for (uint32_t i = 0; i < s->hole_count; i++) {
        const struct seal_hole *h = &s->holes[i];
        format_add_varint(&c->scratch, h->first_id - due);
        format_add_varint(&c->scratch, h->end_id - h->first_id);
        buf_add_char(&c->scratch, (char)h->reason);
        format_add_varint(&c->scratch, h->set_count);
        for (uint32_t k = 0; k < h->set_count; k++)
            format_add_varint(&c->scratch, s->hole_sets[h->sets_at + k]);
        due = h->end_id;
    }
    return end_column(c, COLUMN_UNSTORED, s->hole_count);
}

static void find_time_range(struct seal_columns *c)
{
    const struct seal_rows *s = c->rows;

    for (uint32_t i = 0; i < s->count; i++) {
        int64_t t = s->rows[i].time_us;
        c->min_time_us = i == 0 || t < c->min_time_us ? t : c->min_time_us;
        c->max_time_us = i == 0 || t > c->max_time_us ? t : c->max_time_us;
    }
}

int seal_columns_write(struct seal_columns *c)
{
    static int (*const writers[])(struct seal_columns *) = {
        write_ids,       write_times,  write_kinds,   write_sets,
        write_set_table, write_counts, write_minutes, write_holes};
    int err = 0;

    find_time_range(c);
    for (size_t i = 0; i < sizeof writers / sizeof writers[0] && err == 0; i++)
        err = writers[i](c);
    return err;
}
