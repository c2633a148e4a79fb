/* SPDX-License-Identifier: MIT
 *
 * find_columns.c - rows whose texts nobody asks for.
 *
 * What is alike in label set, level and stream has one answer, and a small table says how many
 * records of each kind a chunk has: that often is the answer, or that there is none.
 */
#include "store/find_texts.h"

#include <errno.h>

/* --- by the table of counts, without looking at rows --- */

/* Does every record of this set, level and stream match? Only where nothing else is asked. */
static bool kind_matches(const struct finder *f, uint32_t set, unsigned kind)
{
    const struct record r = {.labels = f->reader.sets[set].labels,
                             .level = (enum level)(kind & 7),
                             .stream = (enum stream)(kind >> KIND_STREAM & 3)};

    return find_set_alive(f, set) && filter_match_rest(f->plan->filter, &f->sets[set].verdict, &r);
}

static int count_by_table(struct finder *f)
{
    struct str raw;
    uint64_t arg, n, total = 0;
    int err = reader_column(&f->reader, COLUMN_COUNTS, &raw, &arg);

    for (uint32_t set = 0; set < f->reader.chunk->set_count && err == 0; set++) {
        unsigned kinds = raw.n ? (unsigned char)*raw.p : 0;
        raw = raw.n ? str_of(raw.p + 1, raw.n - 1) : raw;
        for (; kinds > 0; kinds--) {
            unsigned kind = raw.n ? (unsigned char)*raw.p : 0;
            raw = raw.n ? str_of(raw.p + 1, raw.n - 1) : raw;
            if (!format_varint(&raw, &n))
                return -LM_E_DAMAGED;
            total += kind_matches(f, set, kind) ? n : 0;
        }
    }
    if (err == 0 && (raw.n || total > f->reader.chunk->count))
        err = -LM_E_DAMAGED;
    if (err == 0)
        f->found->count = (uint32_t)total;
    return err;
}

/* --- by columns --- */

bool find_row_alive(const struct finder *f, uint32_t row)
{
    const struct chunk_reader *r = &f->reader;
    const struct find_set *set = &f->sets[r->row_sets[row]];

    if (row < f->row_from || row >= f->row_to || set->verdict.truth == TRUTH_NO)
        return false;
    if (!f->cut)
        return find_set_alive(f, r->row_sets[row]);
    return reader_id(r, row) > set->dead_to && r->times[row] >= f->range->from_us &&
           r->times[row] < f->range->to_us;
}

enum { MEMO_UNKNOWN, MEMO_NO, MEMO_YES };

/* Rows whose set, level and stream are alike have the same answer. */
static int match_kinds(struct finder *f)
{
    const struct chunk_reader *r = &f->reader;
    size_t n = (size_t)r->chunk->set_count * 32;

    buf_clear(&f->memo);
    if (buf_reserve(&f->memo, n + 1) < 0)
        return -ENOMEM;
    memset(f->memo.p, MEMO_UNKNOWN, n);
    for (uint32_t row = f->row_from; row < f->row_to; row++) {
        char *memo = &f->memo.p[r->row_sets[row] * 32 + (r->kinds[row] & 31)];
        if (*memo == MEMO_UNKNOWN)
            *memo = kind_matches(f, r->row_sets[row], r->kinds[row] & 31) ? MEMO_YES : MEMO_NO;
        if (*memo == MEMO_YES && (!f->cut || find_row_alive(f, row)))
            found_add(f->found, row);
    }
    return 0;
}

static int match_records(struct finder *f)
{
    const struct chunk_reader *r = &f->reader;
    struct record record;

    for (uint32_t row = f->row_from; row < f->row_to; row++) {
        if (!find_row_alive(f, row))
            continue;
        reader_record(r, row, &record);
        if (filter_match_rest(f->plan->filter, &f->sets[r->row_sets[row]].verdict, &record))
            found_add(f->found, row);
    }
    return 0;
}

/* Nothing is asked but when a record was. */
static bool asks_times_only(const struct finder *f)
{
    bool all = !f->plan->by_kind && f->reader.chunk->first_id >= f->range->min_id &&
               f->reader.chunk->end_id - 1 <= f->range->max_id;

    for (uint32_t i = 0; i < f->reader.chunk->set_count && all; i++)
        all =
            f->sets[i].verdict.truth == TRUTH_YES && f->sets[i].dead_to < f->reader.chunk->first_id;
    return all;
}

static int match_times(struct finder *f)
{
    int err = reader_need(&f->reader, NEED_TIMES);

    for (uint32_t row = 0; row < f->reader.chunk->count && err == 0; row++)
        if (f->reader.times[row] >= f->range->from_us && f->reader.times[row] < f->range->to_us)
            found_add(f->found, row);
    return err;
}

static int match_columns(struct finder *f)
{
    bool place = f->plan->by_place;
    int err = found_none(f->found, f->reader.chunk->count);

    if (err == 0 && !place && asks_times_only(f))
        return match_times(f);
    if (err == 0)
        err = reader_need(&f->reader, NEED_ROW_SETS | NEED_KINDS |
                                          (place || f->cut ? NEED_TIMES | NEED_IDS : 0));
    if (err < 0)
        return err;
    return place ? match_records(f) : match_kinds(f);
}

/* The table knows of no id and no time: where these cut, it says how many there are at most. */
int find_by_columns(struct finder *f, bool count_only)
{
    if (!f->plan->by_place) {
        int err = count_by_table(f);
        if (err == 0 && (f->found->count == 0 || (count_only && !f->cut)))
            return 0;
        if (err < 0 && unread_pass_table(f->range->unread, &f->reader, err) < 0)
            return err;
    }
    return match_columns(f);
}
