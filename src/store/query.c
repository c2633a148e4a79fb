/* SPDX-License-Identifier: MIT
 *
 * query.c - the window over what was found.
 *
 * Parts come in the order of the query with their numbers of matches, so that what lies before the
 * window is counted and not looked at, and behind it only counts are asked for, which label sets,
 * levels and tables often answer alone.
 */
#include "store/query.h"

#include "store/query_exec.h"
#include "store/query_impl.h"

void query_init(struct query *q, const struct filter *filter)
{
    *q = (struct query){.filter = filter,
                        .max_id = UINT64_MAX,
                        .from_us = INT64_MIN,
                        .to_us = INT64_MAX,
                        .count_cap = QUERY_COUNT_CAP,
                        .limit = 100};
}

struct window {
    const struct query *q;
    query_emit_fn *emit;
    void *ctx;
    uint64_t passed; /* matches so far, in the order of the query */
    uint32_t emitted;
    bool at_least;
};

/* Nobody wants to know of further matches. */
static bool is_enough(const struct window *w)
{
    uint64_t end = w->q->offset + w->q->limit;

    if (w->emitted < w->q->limit || w->q->count == QUERY_COUNT_EXACT)
        return false;
    return w->q->count == QUERY_COUNT_NONE ||
           (end >= w->q->offset && w->passed >= end && w->passed - end >= w->q->count_cap);
}

static int take_part(struct searcher *s, const struct part *p, const struct found *f,
                     bool *ret_rows, void *ctx)
{
    struct window *w = ctx;
    const struct part_window part = {.skip =
                                         w->q->offset > w->passed ? w->q->offset - w->passed : 0,
                                     .limit = w->q->limit - w->emitted,
                                     .order = w->q->order,
                                     .texts = true};
    int err = part_emit(s, p, f, &part, w->emit, w->ctx, &w->emitted);

    w->passed += f->count;
    *ret_rows = w->emitted < w->q->limit;
    if (err == 0 && is_enough(w)) {
        w->at_least = true;
        return 1;
    }
    return err;
}

int query_run(const struct query *q, const struct store_view *v, query_emit_fn *emit, void *ctx,
              struct query_result *ret)
{
    struct window w = {.q = q, .emit = emit, .ctx = ctx};
    int err = exec_rows(q, v, take_part, &w);

    if (err == 0)
        *ret = (struct query_result){w.passed, w.at_least, w.emitted};
    return err;
}

/* --- the range of time --- */

struct span {
    int64_t min_us, max_us;
    bool any;
};

static void widen(struct span *s, const struct query *q, int64_t min_us, int64_t max_us)
{
    min_us = min_us < q->from_us ? q->from_us : min_us;
    max_us = max_us >= q->to_us ? q->to_us - 1 : max_us;
    if (min_us > max_us)
        return;
    s->min_us = !s->any || min_us < s->min_us ? min_us : s->min_us;
    s->max_us = !s->any || max_us > s->max_us ? max_us : s->max_us;
    s->any = true;
}

static void widen_by_frame(struct span *s, const struct query *q, uint64_t min_id,
                           const struct jframe *f)
{
    int64_t time_us;

    for (uint32_t i = 0; i < f->count; i++) {
        memcpy(&time_us, f->heads.p + (size_t)i * JFRAME_RECORD, sizeof time_us);
        if (f->first_id + i >= min_id && f->first_id + i <= q->max_id)
            widen(s, q, time_us, time_us);
    }
}

bool query_time_range(const struct query *q, const struct store_view *v, int64_t *ret_min_us,
                      int64_t *ret_max_us)
{
    uint64_t min_id = q->min_id > v->journal_from ? q->min_id : v->journal_from;
    struct journal_cursor c = journal_seek(v->journal, min_id);
    struct span span = {0};
    struct jframe f;

    for (uint32_t i = 0; i < v->chunk_count; i++) {
        const struct chunk *k = v->chunks[i];
        if (k->count && k->end_id > q->min_id && k->first_id <= q->max_id)
            widen(&span, q, k->min_time_us, k->max_time_us);
    }
    while (journal_next(&c, &f) && f.first_id <= q->max_id)
        widen_by_frame(&span, q, min_id, &f);
    if (span.any) {
        *ret_min_us = span.min_us;
        *ret_max_us = span.max_us;
    }
    return span.any;
}
