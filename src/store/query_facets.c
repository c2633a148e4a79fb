/* SPDX-License-Identifier: MIT
 *
 * query_facets.c - the most frequent values of a key.
 *
 * All records of a label set have the same labels. So where a chunk's answer lies in labels, level
 * or stream, its rows are summed up by these numbers, which takes no texts, and the few sums are
 * counted under their texts.
 */
#include "record/fields.h"
#include "store/query_impl.h"

struct facets {
    struct tally_map map;
    struct str key; /* of a field: its path */
    enum term_kind kind;
    const struct record *record;
    bool found; /* this record has the key */
    bool bytes;
    struct found rows;
    struct buf sums_at; /* of each label set, level or stream of a chunk */
    int err;
};

static void count_value(struct facets *f, struct str text)
{
    f->found = true;
    if (f->err == 0)
        f->err = tally_add(&f->map, text, f->record);
}

/* Goes on to the next value in any case. */
static bool each_field(struct str text, bool is_number, const void *ctx)
{
    struct facets *f = *(struct facets *const *)ctx;

    (void)is_number;
    count_value(f, text);
    return false;
}

static void count_label_or_field(struct facets *f)
{
    struct str label = f->kind == TERM_FIELD ? STR_NONE : labels_get(f->record->labels, f->key);

    if (label.p)
        count_value(f, label);
    else if (f->kind != TERM_LABEL)
        (void)fields_any(f->record->fields, f->key, each_field, &f);
}

static int count_record(const struct record *r, void *ctx)
{
    struct facets *f = ctx;

    f->record = r;
    f->found = false;
    if (f->kind == TERM_LEVEL)
        count_value(f, str_from(level_name(r->level)));
    else if (f->kind == TERM_STREAM)
        count_value(f, str_from(stream_name(r->stream)));
    else
        count_label_or_field(f);
    f->map.sums.records++;
    f->map.sums.with_key += f->found;
    return f->err;
}

/* --- by numbers --- */

/* How many different numbers there are; 0: the chunk has to be read. */
static uint32_t numbers_of(const struct facets *f, const struct chunk_reader *r)
{
    if (f->bytes || f->kind == TERM_FIELD)
        return 0;
    if (f->kind == TERM_LEVEL || f->kind == TERM_STREAM)
        return f->kind == TERM_LEVEL ? LEVEL_COUNT : STREAM_SYSTEM + 1;
    for (uint32_t i = 0; i < r->chunk->set_count && f->kind == TERM_KEY; i++)
        if (!labels_get(r->sets[i].labels, f->key).p)
            return 0;
    return r->chunk->set_count;
}

static uint32_t number_of(const struct facets *f, const struct chunk_reader *r, uint32_t row)
{
    if (f->kind == TERM_LEVEL)
        return reader_level(r, row) < LEVEL_COUNT ? reader_level(r, row) : LEVEL_NONE;
    return f->kind == TERM_STREAM ? reader_stream(r, row) : r->row_sets[row];
}

static struct str text_of(const struct facets *f, const struct chunk_reader *r, uint32_t number)
{
    if (f->kind == TERM_LEVEL)
        return str_from(level_name((enum level)number));
    if (f->kind == TERM_STREAM)
        return str_from(stream_name((enum stream)number));
    return labels_get(r->sets[number].labels, f->key);
}

static void add_row(struct tally *t, const struct chunk_reader *r, uint32_t row)
{
    uint8_t level = reader_level(r, row);
    int64_t time_us = r->times[row];

    if (t->count == 0)
        t->first_id = row; /* ids are looked up at the end */
    t->last_id = row;
    t->count++;
    t->levels[level < LEVEL_COUNT ? level : LEVEL_NONE]++;
    t->min_time_us = time_us < t->min_time_us ? time_us : t->min_time_us;
    t->max_time_us = time_us > t->max_time_us ? time_us : t->max_time_us;
}

static int count_sums(struct facets *f, const struct chunk_reader *r, struct tally *sums,
                      uint32_t numbers)
{
    int err = 0;

    for (uint32_t i = 0; i < numbers && err == 0; i++) {
        struct str text = sums[i].count ? text_of(f, r, i) : STR_NONE;
        f->map.sums.records += sums[i].count;
        if (!text.p)
            continue;
        f->map.sums.with_key += sums[i].count;
        sums[i].first_id = reader_id(r, (uint32_t)sums[i].first_id);
        sums[i].last_id = reader_id(r, (uint32_t)sums[i].last_id);
        err = tally_add_sums(&f->map, text, &sums[i]);
    }
    return err;
}

static int count_by_numbers(struct facets *f, struct chunk_reader *r, uint32_t numbers)
{
    int err = reader_need(r, NEED_IDS | NEED_TIMES | NEED_KINDS | NEED_ROW_SETS);

    buf_clear(&f->sums_at);
    if (err == 0)
        err = buf_reserve(&f->sums_at, numbers * sizeof(struct tally));
    if (err < 0)
        return err;
    struct tally *sums = (struct tally *)(void *)f->sums_at.p;
    for (uint32_t i = 0; i < numbers; i++)
        sums[i] = tally_none();
    for (uint32_t row = 0; row < r->chunk->count; row++)
        if (found_has(&f->rows, row))
            add_row(&sums[number_of(f, r, row)], r, row);
    return count_sums(f, r, sums, numbers);
}

/* 1: it cannot be told by numbers. */
static int count_chunk(struct facets *f, struct searcher *s, struct chunk *c)
{
    struct chunk_reader *r = &s->finder.reader;
    int err = r->chunk == c ? 0 : reader_open(r, c);

    if (err == 0)
        err = reader_need(r, NEED_SETS);
    uint32_t numbers = err == 0 ? numbers_of(f, r) : 0;
    if (err < 0 || numbers == 0)
        return err < 0 ? err : 1;
    return count_by_numbers(f, r, numbers);
}

static int count_part(struct searcher *s, const struct part *p, void *sums)
{
    struct facets *f = sums;
    const struct part_window all = {.limit = UINT32_MAX, .texts = true};
    uint32_t n = 0;
    int err = part_find(s, p, false, &f->rows);

    if (err < 0 || f->rows.count == 0)
        return err;
    err = p->chunk ? count_chunk(f, s, p->chunk) : 1;
    return err == 1 ? part_emit(s, p, &f->rows, &all, count_record, f, &n) : err;
}

int query_facets(const struct query *q, const struct store_view *v, struct str key, uint32_t top_n,
                 query_tally_fn *emit, void *ctx, struct query_tallies *ret)
{
    struct facets f[EXEC_THREADS] = {{.kind = term_kind_of(key), .key = key, .bytes = q->bytes}};
    int err;

    if (f->kind == TERM_ID || f->kind == TERM_TIME || f->kind == TERM_TEXT)
        return -LM_E_INVALID;
    if (f->kind == TERM_FIELD)
        f->key = str_of(key.p + strlen("fields."), key.n - strlen("fields."));
    f[1] = f[0];
    err = exec_each(q, v, count_part, (void *[]){&f[0], &f[1]});
    if (err == 0)
        err = tally_merge(&f[0].map, &f[1].map);
    if (err == 0)
        err = tally_top(&f[0].map, top_n, emit, ctx);
    if (err == 0)
        *ret = f[0].map.sums;
    for (int i = 0; i < EXEC_THREADS; i++) {
        tally_fini(&f[i].map);
        found_fini(&f[i].rows);
        buf_fini(&f[i].sums_at);
    }
    return err;
}
