/* SPDX-License-Identifier: MIT
 *
 * query.c - scanning a view, forwards or backwards.
 *
 * Frames whose label sets cannot match are not opened record by record. Backwards means: file by
 * file from the newest, each scanned forwards once to find its hits, which are then taken from the end.
 */
#include "store/query.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

/* Where a matching record lies. */
struct hit {
    struct journal_cursor before; /* a cursor in front of its frame */
    uint32_t index;               /* within the frame */
    size_t text_at;
};

struct scan {
    const struct query *q;
    query_emit_fn *emit;
    void *ctx;
    struct label_table table;
    struct jframe_reader reader;
    const struct labels
        *decided; /* the set of the open frame that `verdict` is about; NULL: none */
    struct filter_verdict verdict;
    struct query_result result;
    uint64_t passed; /* matches so far, in the order of the query */
    struct hit *hits;
    size_t hit_count, hit_cap;
    int64_t end_us; /* monotonic: a costly filter is given up then */
    size_t open_at; /* backwards: where the open frame begins in its file; 0 = none is open */
};

void query_init(struct query *q, const struct filter *filter)
{
    *q = (struct query){.filter = filter,
                        .max_id = UINT64_MAX,
                        .from_us = INT64_MIN,
                        .to_us = INT64_MAX,
                        .limit = 100};
}

static bool matches(struct scan *s, const struct record *r)
{
    const struct query *q = s->q;

    if (r->id < q->min_id || r->id > q->max_id || r->time_us < q->from_us || r->time_us >= q->to_us)
        return false;
    if (s->decided != r->labels)
        filter_decide(q->filter, r->labels, &s->verdict);
    s->decided = r->labels;
    return filter_match_rest(q->filter, &s->verdict, r);
}

static bool frame_may_match(struct scan *s, const struct jframe *f)
{
    s->decided = NULL;
    if (f->first_id > s->q->max_id || f->first_id + f->count <= s->q->min_id)
        return false;
    for (uint32_t i = 0; i < f->set_count; i++) {
        filter_decide(s->q->filter, s->reader.sets[i], &s->verdict);
        if (s->verdict.truth != TRUTH_NO)
            return true;
    }
    return false;
}

static bool window_full(const struct scan *s)
{
    return s->result.emitted == s->q->limit && s->q->count == QUERY_COUNT_NONE;
}

/* Asked once a frame. */
static int cancelled(const struct scan *s)
{
    if (s->q->cancel && atomic_load_explicit(s->q->cancel, memory_order_relaxed))
        return -ECANCELED;
    return s->q->filter->costly && clock_mono_us() > s->end_us ? -LM_E_EXPENSIVE : 0;
}

/* Counts a match and emits it when it lies in the window. */
static int take(struct scan *s, const struct record *r)
{
    uint64_t nth = s->passed++;

    if (nth < s->q->offset || s->result.emitted == s->q->limit)
        return 0;
    s->result.emitted++;
    return s->emit(r, s->ctx);
}

static int scan_forwards(struct scan *s, const struct journal_view *v)
{
    struct journal_cursor c = journal_seek(v, s->q->min_id);
    struct jframe f;
    struct record r;
    int err = 0;

    while (err == 0 && !window_full(s) && journal_next(&c, &f) && f.first_id <= s->q->max_id) {
        err = cancelled(s);
        if (err == 0)
            err = jframe_open(&s->reader, &f, &s->table);
        if (err < 0 || !frame_may_match(s, &f))
            continue;
        while (err == 0 && jframe_next(&s->reader, &r))
            if (matches(s, &r))
                err = take(s, &r);
    }
    return err;
}

static int add_hit(struct scan *s, const struct journal_cursor *before, const struct record *r)
{
    if (s->hit_count == s->hit_cap) {
        size_t cap = s->hit_cap ? s->hit_cap * 2 : 256;
        struct hit *hits = realloc(s->hits, cap * sizeof *hits);
        if (!hits)
            return -ENOMEM;
        s->hits = hits;
        s->hit_cap = cap;
    }
    s->hits[s->hit_count++] =
        (struct hit){*before, s->reader.at - 1, s->reader.text_at - r->message.n - r->fields.n};
    return 0;
}

static int find_hits(struct scan *s, const struct journal_view *v, uint32_t file)
{
    struct journal_cursor c = journal_file_start(v, file), before = c;
    struct jframe f;
    struct record r;
    int err = 0;

    s->hit_count = 0;
    for (; err == 0 && journal_next_in_file(&c, &f); before = c) {
        err = cancelled(s);
        if (err == 0)
            err = jframe_open(&s->reader, &f, &s->table);
        if (err < 0 || !frame_may_match(s, &f))
            continue;
        while (err == 0 && jframe_next(&s->reader, &r))
            if (matches(s, &r))
                err = add_hit(s, &before, &r);
    }
    return err;
}

/* Opens the frame of a hit, unless it is the one that is open. It was there a moment ago and cannot
 * have changed. */
static int open_hit(struct scan *s, const struct hit *h)
{
    struct journal_cursor c = h->before;
    struct jframe f;

    if (s->open_at == h->before.at)
        return 0;
    bool found = journal_next_in_file(&c, &f);
    lm_assert(found);
    s->open_at = h->before.at;
    return jframe_open(&s->reader, &f, &s->table);
}

static int take_hit(struct scan *s, const struct hit *h)
{
    struct record r;
    int err = open_hit(s, h);

    if (err < 0)
        return err;
    s->reader.at = h->index;
    s->reader.text_at = h->text_at;
    bool there = jframe_next(&s->reader, &r);
    lm_assert(there);
    return take(s, &r);
}

static int scan_backwards(struct scan *s, const struct journal_view *v)
{
    int err = 0;

    for (uint32_t file = journal_view_files(v); file-- > 0 && err == 0 && !window_full(s);) {
        s->open_at = 0;
        err = find_hits(s, v, file);
        for (size_t i = s->hit_count; i-- > 0 && err == 0;) {
            bool wanted = s->passed >= s->q->offset && s->result.emitted < s->q->limit;
            if (wanted)
                err = take_hit(s, &s->hits[i]);
            else
                s->passed++;
        }
    }
    return err;
}

int query_run(const struct query *q, const struct store_view *v, query_emit_fn *emit, void *ctx,
              struct query_result *ret)
{
    struct scan s = {
        .q = q, .emit = emit, .ctx = ctx, .end_us = clock_mono_us() + QUERY_REGEX_MAX_US};
    int err = q->order == QUERY_OLDEST_FIRST ? scan_forwards(&s, v->journal)
                                             : scan_backwards(&s, v->journal);

    jframe_close(&s.reader);
    label_table_fini(&s.table);
    free(s.hits);
    s.result.total = s.passed;
    if (err == 0 && filter_overruns(q->filter) > 0)
        err = -LM_E_EXPENSIVE;
    if (err == 0)
        *ret = s.result;
    return err;
}
