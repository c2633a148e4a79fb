/* SPDX-License-Identifier: MIT
 *
 * ipc_follow.c - logs:subscribe and logs:register (live records as a stream without end), and
 * logs:scan (what is stored, oldest first, with progress).
 *
 * A subscriber reads from the store in steps until it has everything, then takes what is published
 * as it comes. While it reads slowly what comes waits in `items`; beyond ITEMS_MAX it stops taking
 * and goes on from the store by id, so it loses nothing, whatever its pace. What is live only
 * (`store: false`) is not in the store and is then missing.
 *
 *     [store, step by step] ─ nothing newer ─▶ [live] ─ items full, and drained ─▶ [store …]
 */
#include "api/ipc_impl.h"

#include "record/encode.h"
#include "record/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { STEP_ROWS = 1000, TAIL_MAX = 10000, ITEMS_MAX = 256 * 1024, STEP_BYTES = 2 * 1024 * 1024 };

struct item {
    uint32_t start, n;
};

struct items {
    struct buf json, index; /* texts; struct item */
    size_t at;              /* next to send */
};

struct step;

struct follow {
    struct list link;
    struct ipc *ipc;
    struct lm_call call;
    struct filter *filter;
    struct items items;
    uint64_t next_id;          /* the first that is not in items */
    uint64_t end_id, begin_id; /* of a scan; end_id 0: none */
    uint32_t tail;
    struct step *step; /* in the pool; NULL: none */
    bool live, ended;
    int err;
};

/* --- items --- */

static size_t items_count(const struct items *i)
{
    return i->index.n / sizeof(struct item);
}

static void items_clear(struct items *i)
{
    buf_clear(&i->json);
    buf_clear(&i->index);
    i->at = 0;
}

static void items_fini(struct items *i)
{
    buf_fini(&i->json);
    buf_fini(&i->index);
}

static bool items_close(struct items *i, size_t start)
{
    struct item item = {(uint32_t)start, (uint32_t)(i->json.n - start)};

    buf_add(&i->index, &item, sizeof item);
    return !i->json.failed && !i->index.failed;
}

static bool items_add(struct items *i, const struct record *r)
{
    size_t start = i->json.n;

    encode_json(&i->json, r, ENCODE_LIVE_MAX);
    return items_close(i, start);
}

static void items_turn(struct items *i)
{
    struct item *at = (struct item *)(void *)i->index.p;
    size_t n = items_count(i);

    for (size_t k = 0; k < n / 2; k++) {
        struct item first = at[k];
        at[k] = at[n - 1 - k];
        at[n - 1 - k] = first;
    }
}

/* --- a step from the store --- */

struct step {
    struct job job;
    struct follow *follow; /* NULL: the subscriber has gone */
    struct ipc *ipc;
    struct filter *filter;
    struct store_view *view;
    struct query query;
    struct query_result result;
    struct items items;
    uint64_t last_id;
    bool full;
    int err;
};

static int add_row(const struct record *r, void *ctx)
{
    struct step *s = ctx;

    if (!items_add(&s->items, r))
        return -ENOMEM;
    if (s->query.order == QUERY_OLDEST_FIRST)
        s->last_id = r->id;
    s->full = s->items.json.n > STEP_BYTES;
    return s->full ? 1 : 0;
}

static void step_work(struct job *job)
{
    struct step *s = LIST_ITEM(job, struct step, job);

    s->err = query_run(&s->query, s->view, add_row, s, &s->result);
}

static void give_up(struct follow *f, int err)
{
    f->err = err;
    (void)lm_stream_wake(f->call);
}

/* What the step found is what comes next; where it ended early the next one goes on. */
static void step_take(struct follow *f, struct step *s)
{
    bool whole = !s->full && items_count(&s->items) < s->query.limit;

    items_fini(&f->items);
    f->items = s->items;
    s->items = (struct items){0};
    if (s->query.order == QUERY_NEWEST_FIRST) {
        items_turn(&f->items);
        whole = true;
    }
    f->next_id = whole ? s->query.max_id + 1 : s->last_id + 1;
    if (f->end_id)
        f->ended = f->next_id > f->end_id;
    else
        f->live = f->next_id > hub_last_id(f->ipc->api->hub);
    (void)lm_stream_wake(f->call);
}

static void step_done(struct job *job)
{
    struct step *s = LIST_ITEM(job, struct step, job);
    struct follow *f = s->follow;

    store_view_drop(s->ipc->api->store, s->view);
    if (f) {
        f->step = NULL;
        if (s->err < 0)
            give_up(f, s->err);
        else
            step_take(f, s);
    }
    if (!f) /* nobody else has the filter now */
        params_filter_free(s->filter);
    items_fini(&s->items);
    free(s);
}

static int step_start(struct follow *f)
{
    struct ipc *ipc = f->ipc;
    struct step *s = calloc(1, sizeof *s);
    uint64_t last = f->end_id ? f->end_id : hub_last_id(ipc->api->hub);

    if (!s)
        return -ENOMEM;
    s->follow = f;
    s->ipc = ipc;
    s->filter = f->filter;
    query_init(&s->query, f->filter);
    s->query.min_id = f->next_id;
    s->query.max_id = last;
    s->query.count = QUERY_COUNT_NONE;
    s->query.limit = STEP_ROWS;
    if (f->tail) {
        s->query.min_id = 1;
        s->query.order = QUERY_NEWEST_FIRST;
        s->query.limit = f->tail;
        f->tail = 0;
    }
    s->view = store_view_take(ipc->api->store, s->query.min_id);
    enum job_kind kind = s->filter->costly ? JOB_COSTLY : JOB_SHORT;
    int err = s->view ? job_ask(ipc->api->loop, &s->job, kind, step_work, step_done) : -ENOMEM;
    if (err < 0) {
        store_view_drop(ipc->api->store, s->view);
        free(s);
        return err;
    }
    f->step = s;
    return 0;
}

/* --- the stream --- */

static bool revoked(const struct follow *f)
{
    const struct grant *g = ipc_grant(f->call);
    return !g || g->revoked;
}

static enum lm_next follow_next(struct lm_call call, void *state)
{
    struct follow *f = state;
    struct items *i = &f->items;

    if (f->err < 0 || revoked(f)) {
        if (f->err < 0)
            question_fail(call, f->err);
        else
            lm_fail(call, LM_FORBIDDEN, "this caller may not see these records any more",
                    LM_STR(""));
        return LM_NEXT_END;
    }
    for (; i->at < items_count(i); i->at++) {
        struct item item;
        memcpy(&item, i->index.p + i->at * sizeof item, sizeof item);
        if (lm_stream_item(call, (struct lm_str){i->json.p + item.start, item.n}) == -ENOBUFS)
            return LM_NEXT_MORE;
    }
    items_clear(i);
    if (f->end_id) {
        lm_stream_progress(call, f->next_id - f->begin_id, f->end_id + 1 - f->begin_id);
        if (f->ended)
            return LM_NEXT_END;
    }
    if (!f->live && f->next_id > hub_last_id(f->ipc->api->hub) && !f->end_id && !f->tail)
        f->live = true;
    if (!f->live && !f->step && (f->err = step_start(f)) < 0)
        return LM_NEXT_MORE;
    return LM_NEXT_WAIT;
}

/* The pool may be at work for it: then the step frees the filter. */
static void follow_close(void *state)
{
    struct follow *f = state;

    list_remove(&f->link);
    items_fini(&f->items);
    if (f->step)
        f->step->follow = NULL;
    else
        params_filter_free(f->filter);
    free(f);
}

void follow_sink(struct ipc *ipc, const struct batch *b)
{
    LIST_FOR_EACH_SAFE (link, &ipc->follows) {
        struct follow *f = LIST_ITEM(link, struct follow, link);
        bool added = false;
        if (!f->live)
            continue;
        for (uint32_t i = 0; i < b->count && f->live; i++) {
            if (f->items.json.n > ITEMS_MAX) {
                f->live = false; /* goes on from the store, from here */
                break;
            }
            f->next_id = b->records[i].id + 1;
            if (!filter_match(f->filter, &b->records[i]))
                continue;
            if (!items_add(&f->items, &b->records[i]))
                f->err = -ENOMEM;
            added = true;
        }
        if (added)
            (void)lm_stream_wake(f->call);
    }
}

static struct follow *follow_new(struct lm_call call, struct ipc *ipc, struct ipc_args *a)
{
    struct follow *f = calloc(1, sizeof *f);

    if (!f) {
        params_filter_free(a->filter);
        question_fail(call, -ENOMEM);
        return NULL;
    }
    f->ipc = ipc;
    f->call = call;
    f->filter = a->filter;
    list_push(&ipc->follows, &f->link);
    return f;
}

/* The first item says where the stream begins; a cursor of another store begins at the present, and
 * the gap is said. */
static void say_begin(struct follow *f, bool foreign)
{
    char cursor[CURSOR_MAX];
    struct buf *out = &f->items.json;
    size_t start = out->n;

    hub_cursor(f->ipc->api->hub, f->next_id ? f->next_id - 1 : 0, cursor);
    buf_printf(out, "{\"type\":\"subscribed\",\"cursor\":\"%s\"}", cursor);
    (void)items_close(&f->items, start);
    if (!foreign)
        return;
    start = out->n;
    buf_printf(
        out,
        "{\"type\":\"gap\",\"reason\":\"epoch\",\"after\":null,\"next\":%" PRIu64
        ",\"count\":null,\"level\":\"warn\",\"stream\":\"system\",\"message\":\"the cursor is "
        "of another store: what came before is not known\"}",
        f->next_id);
    (void)items_close(&f->items, start);
}

/* From the arguments of the call, which besides filters may have `own`. NULL: answered. */
static struct follow *follow_asked(struct lm_call call, struct ipc *ipc, const char *const *own,
                                   struct ipc_args *a)
{
    return ipc_args_read(call, ipc, own, a) ? follow_new(call, ipc, a) : NULL;
}

static int subscribe_open(struct lm_call call, void *ctx, void **ret_state)
{
    static const char *const own[] = {"tail", "after", NULL};
    struct ipc *ipc = ctx;
    struct ipc_args a;
    struct follow *f = follow_asked(call, ipc, own, &a);

    if (!f)
        return -1;
    uint64_t last = hub_last_id(ipc->api->hub);
    bool resumes = a.has_after && !a.foreign_after && a.after <= last;
    f->next_id = resumes ? a.after + 1 : last + 1;
    f->tail = a.has_after ? 0 : (uint32_t)(a.tail < TAIL_MAX ? a.tail : TAIL_MAX);
    say_begin(f, a.has_after && !resumes);
    *ret_state = f;
    return 0;
}

static int scan_open(struct lm_call call, void *ctx, void **ret_state)
{
    static const char *const own[] = {"after", NULL};
    struct ipc *ipc = ctx;
    struct ipc_args a;
    struct follow *f = follow_asked(call, ipc, own, &a);

    if (!f)
        return -1;
    f->begin_id = f->next_id = a.has_after ? a.after + 1 : 1;
    f->end_id = hub_last_id(ipc->api->hub);
    f->ended = f->next_id > f->end_id;
    f->end_id = f->end_id ? f->end_id : 1;
    *ret_state = f;
    return 0;
}

int ipc_register_follow(struct ipc *ipc)
{
    static const struct lm_stream_ops subscribe = {subscribe_open, follow_next, follow_close},
                                      scan = {scan_open, follow_next, follow_close};
    struct lm_handler live = {.stream = &subscribe,
                              .schema = "{\"type\":[\"object\",\"null\"]}",
                              .stream_timeout_ms = UINT32_MAX,
                              .access = LM_ACCESS_READ};
    struct lm_handler stored = live;
    int err = ipc_register(ipc, "logs:subscribe", &live);

    if (err == 0)
        err = ipc_register(ipc, "logs:register", &live);
    stored.stream = &scan;
    stored.stream_timeout_ms = 0;
    return err < 0 ? err : ipc_register(ipc, "logs:scan", &stored);
}
