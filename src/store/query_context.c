/* SPDX-License-Identifier: MIT
 *
 * query_context.c - what stands around one record.
 */
#include "store/query_impl.h"

static int note_id(const struct record *r, void *ctx)
{
    *(uint64_t *)ctx = r->id;
    return 0;
}

/* The id of the record from which `before` matching ones lead up to id; id when there are none. */
static int find_start(const struct query *q, const struct store_view *v, uint64_t id,
                      uint32_t before, uint64_t *ret_start)
{
    struct query back = *q;
    struct query_result result;

    *ret_start = id;
    if (before == 0 || id <= q->min_id)
        return 0;
    back.max_id = id - 1 < q->max_id ? id - 1 : q->max_id;
    back.order = QUERY_NEWEST_FIRST;
    back.count = QUERY_COUNT_NONE;
    back.offset = 0;
    back.limit = before;
    return query_run(&back, v, note_id, ret_start, &result);
}

int query_context(const struct query *q, const struct store_view *v, uint64_t id, uint32_t before,
                  uint32_t after, query_emit_fn *emit, void *ctx, uint32_t *ret_n)
{
    struct query part = *q;
    struct query_result result = {0};
    uint32_t n = 0;
    uint64_t start;
    int err = find_start(q, v, id, before, &start);

    part.order = QUERY_OLDEST_FIRST;
    part.count = QUERY_COUNT_NONE;
    part.offset = 0;
    if (err == 0 && start < id) {
        part.min_id = start;
        part.max_id = id - 1 < q->max_id ? id - 1 : q->max_id;
        part.limit = before;
        err = query_run(&part, v, emit, ctx, &result);
        n = result.emitted;
    }
    if (err == 0 && after > 0) {
        part.min_id = id > q->min_id ? id : q->min_id;
        part.max_id = q->max_id;
        part.limit = after;
        err = query_run(&part, v, emit, ctx, &result);
        n += result.emitted;
    }
    if (err == 0)
        *ret_n = n;
    return err;
}
