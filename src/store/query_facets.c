/* SPDX-License-Identifier: MIT
 *
 * query_facets.c - the most frequent values of a key.
 */
#include "record/fields.h"
#include "store/query_impl.h"

struct facets {
    struct tally_map map;
    struct str key; /* of a field: its path */
    enum term_kind kind;
    const struct record *record;
    bool found; /* this record has the key */
    struct found rows;
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

static int count_part(struct searcher *s, const struct part *p, void *sums)
{
    struct facets *f = sums;
    const struct part_window all = {.limit = UINT32_MAX, .texts = true};
    uint32_t n = 0;
    int err = part_find(s, p, false, &f->rows);

    return err < 0 ? err : part_emit(s, p, &f->rows, &all, count_record, f, &n);
}

int query_facets(const struct query *q, const struct store_view *v, struct str key, uint32_t top_n,
                 query_tally_fn *emit, void *ctx, struct query_tallies *ret)
{
    struct facets f[EXEC_THREADS] = {{.kind = term_kind_of(key), .key = key}};
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
    }
    return err;
}
