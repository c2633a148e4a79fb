/* SPDX-License-Identifier: MIT
 *
 * query.c - scanning a view, forwards or backwards.
 *
 * Frames whose label sets cannot match are not opened record by record. Backwards means: file by
 * file from the newest, each scanned forwards once to find its hits, which are then taken from the end.
 */
#include "store/query_impl.h"

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
    uint64_t dead_to; /* of the same set: what was cleared */
    const struct tombs *tombs;
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
                        .count_cap = QUERY_COUNT_CAP,
                        .limit = 100};
}

static bool matches(struct scan *s, const struct record *r)
{
    const struct query *q = s->q;

    if (r->id < q->min_id || r->id > q->max_id || r->time_us < q->from_us || r->time_us >= q->to_us)
        return false;
    if (s->decided != r->labels) {
        filter_decide(q->filter, r->labels, &s->verdict);
        s->dead_to = tombs_dead_to(s->tombs, r->labels);
    }
    s->decided = r->labels;
    if (r->id <= s->dead_to)
        return false;
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

/* Nobody wants to know of further matches. */
static bool window_full(const struct scan *s)
{
    if (s->result.emitted < s->q->limit)
        return false;
    return s->q->count == QUERY_COUNT_NONE ||
           (s->q->count == QUERY_COUNT_CAPPED &&
            s->passed >= s->q->offset + s->q->limit + s->q->count_cap);
}

static void note_progress(struct scan *s, uint64_t records)
{
    if (s->q->progress)
        atomic_fetch_add_explicit(&s->q->progress->done, records, memory_order_relaxed);
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
        note_progress(s, f.count);
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
        note_progress(s, f.count);
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

/* Ids of the journal alone: what lies below is in chunks. */
static struct query journal_part(const struct query *q, const struct store_view *v)
{
    struct query part = *q;

    part.min_id = q->min_id > v->journal_from ? q->min_id : v->journal_from;
    return part;
}

static void begin_progress(const struct query *q, const struct store_view *v)
{
    uint64_t end = journal_view_end(v->journal), last = q->max_id < end ? q->max_id + 1 : end;

    if (!q->progress)
        return;
    atomic_store_explicit(&q->progress->done, 0, memory_order_relaxed);
    atomic_store_explicit(&q->progress->all, last > q->min_id ? last - q->min_id : 0,
                          memory_order_relaxed);
}

int query_run(const struct query *q, const struct store_view *v, query_emit_fn *emit, void *ctx,
              struct query_result *ret)
{
    struct query part = journal_part(q, v);
    struct scan s = {.q = &part,
                     .emit = emit,
                     .ctx = ctx,
                     .tombs = v->tombs,
                     .end_us = clock_mono_us() + QUERY_REGEX_MAX_US};

    begin_progress(&part, v);
    int err = q->order == QUERY_OLDEST_FIRST ? scan_forwards(&s, v->journal)
                                             : scan_backwards(&s, v->journal);
    s.result.at_least = window_full(&s);
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

int query_each(const struct query *q, const struct store_view *v, query_emit_fn *fn, void *ctx)
{
    struct query all = *q;
    struct query_result result;

    all.order = QUERY_OLDEST_FIRST;
    all.count = QUERY_COUNT_NONE;
    all.offset = 0;
    all.limit = UINT32_MAX;
    return query_run(&all, v, fn, ctx, &result);
}

/* --- the range of time --- */

struct span {
    int64_t min_us, max_us;
    bool any;
};

static void widen(struct span *s, const struct query *q, const struct jframe *f)
{
    int64_t time_us;

    for (uint32_t i = 0; i < f->count; i++) {
        memcpy(&time_us, f->heads.p + (size_t)i * JFRAME_RECORD, sizeof time_us);
        if (f->first_id + i < q->min_id || f->first_id + i > q->max_id || time_us < q->from_us ||
            time_us >= q->to_us)
            continue;
        s->min_us = !s->any || time_us < s->min_us ? time_us : s->min_us;
        s->max_us = !s->any || time_us > s->max_us ? time_us : s->max_us;
        s->any = true;
    }
}

bool query_time_range(const struct query *q, const struct store_view *v, int64_t *ret_min_us,
                      int64_t *ret_max_us)
{
    struct query part = journal_part(q, v);
    struct journal_cursor c = journal_seek(v->journal, part.min_id);
    struct span span = {0};
    struct jframe f;

    while (journal_next(&c, &f) && f.first_id <= part.max_id)
        widen(&span, &part, &f);
    if (span.any) {
        *ret_min_us = span.min_us;
        *ret_max_us = span.max_us;
    }
    return span.any;
}
