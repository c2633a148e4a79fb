/* SPDX-License-Identifier: MIT
 *
 * groups.c - from a hit back to its head, and from the head to the end.
 *
 * Both ways are queries for the labels of the hit. They look at a bounded neighbourhood: a trace is
 * at most GROUP_LINES long, but other sources may have written between its lines.
 */
#include "api/groups.h"

#include "record/group.h"

#include <errno.h>
#include <stdlib.h>

enum { NEAR_IDS = 100000, ENOUGH = 2 };

/* One walk. */
struct walk {
    struct groups *g;
    struct str wire; /* of the label set of the hit */
    enum stream stream;
    uint64_t head; /* found, or given */
    uint32_t lines;
};

void groups_fini(struct groups *g)
{
    free(g->heads);
}

/* Of a line longer than RECORD_MESSAGE_MAX, and not its beginning? */
static bool is_further_part(const struct record *r)
{
    static const char member[] = "{\"part\":";
    size_t n = sizeof member - 1;
    uint64_t part;

    if (!(r->flags & RECORD_PART) || r->fields.n <= n || memcmp(r->fields.p, member, n) != 0)
        return false;
    struct str rest, number = str_cut(str_of(r->fields.p + n, r->fields.n - n), ',', &rest);
    return str_to_u64(number, &part) && part > 1;
}

static bool continues(const struct record *r)
{
    return (r->flags & RECORD_CONT) || is_further_part(r);
}

static bool is_of(const struct walk *w, const struct record *r)
{
    return r->stream == w->stream && str_eq(r->labels->wire, w->wire);
}

/* Backwards: the first that continues nothing is the head. */
static int look_for_head(const struct record *r, void *ctx)
{
    struct walk *w = ctx;

    if (!is_of(w, r))
        return 0;
    w->head = r->id;
    return continues(r) && ++w->lines < GROUP_LINES ? 0 : ENOUGH;
}

/* Forwards: the head and all that continues it. */
static int emit_line(const struct record *r, void *ctx)
{
    struct walk *w = ctx;

    if (!is_of(w, r))
        return 0;
    if (r->id != w->head && (!continues(r) || ++w->lines > GROUP_LINES))
        return ENOUGH;
    return w->g->emit(r, w->g->ctx);
}

/* A filter for the labels of the hit, as far as filters know them by name. */
static int filter_of(const struct record *hit, struct filter *f)
{
    struct errinfo info;
    int err = 0;

    filter_init(f);
    for (uint16_t i = 0; i < hit->labels->count && err == 0; i++) {
        const struct label *l = &hit->labels->pairs[i];
        if (filter_is_label(l->name) && l->value.n)
            err = filter_add(f, l->name, l->value, &info);
    }
    return err;
}

static int run(struct query *q, const struct groups *g, query_emit_fn *fn, struct walk *w)
{
    struct query_result result;

    q->count = QUERY_COUNT_NONE;
    q->limit = UINT32_MAX;
    q->cancel = g->query->cancel;
    int err = query_run(q, g->view, fn, w, &result);
    return err == ENOUGH ? 0 : err;
}

static int find_head(struct groups *g, const struct filter *f, const struct record *hit,
                     struct walk *w)
{
    struct query q;

    w->head = hit->id;
    if (!continues(hit))
        return 0;
    query_init(&q, f);
    q.order = QUERY_NEWEST_FIRST;
    q.max_id = hit->id - 1;
    q.min_id = hit->id > NEAR_IDS ? hit->id - NEAR_IDS : 0;
    return run(&q, g, look_for_head, w);
}

static bool was_given(const struct groups *g, uint64_t head)
{
    for (size_t i = g->count; i-- > 0;)
        if (g->heads[i] == head)
            return true;
    return false;
}

static int remember(struct groups *g, uint64_t head)
{
    if (g->count == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 64;
        uint64_t *heads = realloc(g->heads, cap * sizeof *heads);
        if (!heads)
            return -ENOMEM;
        g->heads = heads;
        g->cap = cap;
    }
    g->heads[g->count++] = head;
    return 0;
}

int groups_emit(struct groups *g, const struct record *hit)
{
    struct walk w = {.g = g, .wire = hit->labels->wire, .stream = hit->stream};
    struct filter f;
    struct query q;
    int err = filter_of(hit, &f);

    if (err == 0)
        err = find_head(g, &f, hit, &w);
    bool given = err == 0 && was_given(g, w.head);
    if (err == 0 && !given)
        err = remember(g, w.head);
    if (err == 0 && !given) {
        w.lines = 0;
        query_init(&q, &f);
        q.min_id = w.head;
        q.max_id = w.head + NEAR_IDS < g->query->max_id ? w.head + NEAR_IDS : g->query->max_id;
        err = run(&q, g, emit_line, &w);
    }
    filter_fini(&f);
    return err;
}
