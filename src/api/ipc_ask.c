/* SPDX-License-Identifier: MIT
 *
 * ipc_ask.c - arguments become a filter and a query; a question goes to the pool and comes back.
 *
 * Names are those of query parameters, in snake_case or camelCase. An argument that nobody knows is
 * an error with the nearest name: a misspelt filter that is ignored would show everything.
 */
#include "api/ipc_impl.h"

#include "base/clock.h"
#include "conf/units.h"
#include "record/json.h"

#include <errno.h>
#include <stdlib.h>

enum { NAME_MAX_N = 64, TEXT_MAX = 5000 };

static void snake(struct str name, char out[NAME_MAX_N])
{
    size_t n = 0;

    for (size_t i = 0; i < name.n && n + 2 < NAME_MAX_N; i++) {
        bool upper = name.p[i] >= 'A' && name.p[i] <= 'Z';
        if (upper && i > 0)
            out[n++] = '_';
        out[n++] = upper ? (char)(name.p[i] + 'a' - 'A') : name.p[i];
    }
    out[n] = '\0';
}

static bool read_number(struct lm_call call, const struct json_member *m, const char *name,
                        uint64_t *ret)
{
    return (m->type == JSON_IS_NUMBER && str_to_u64(m->value, ret)) ||
           ipc_refuse(call, name, "must be a whole number that is not negative");
}

static bool read_time(struct lm_call call, struct str text, const char *name, int64_t *ret)
{
    uint64_t ago_ms;

    if (clock_parse(text, ret))
        return true;
    if (!duration_parse(text, &ago_ms))
        return ipc_refuse(
            call, name,
            "must be a time such as 2026-01-15T10:30:45Z, a date, or how long ago as in 15m");
    *ret = clock_wall_us() - (int64_t)ago_ms * 1000;
    return true;
}

static bool read_cursor(struct lm_call call, struct ipc *ipc, struct str text, const char *name,
                        uint64_t *id, bool *foreign)
{
    return hub_cursor_parse(ipc->api->hub, text, id, foreign) ||
           ipc_refuse(call, name, "must be the cursor of an earlier answer, or the id of a record");
}

static bool read_word(struct lm_call call, struct str text, const char *name, struct query *q)
{
    if (str_is(text, "asc"))
        q->order = QUERY_OLDEST_FIRST;
    else if (str_is(text, "desc"))
        q->order = QUERY_NEWEST_FIRST;
    else if (str_is(text, "exact"))
        q->count = QUERY_COUNT_EXACT;
    else if (str_is(text, "capped"))
        q->count = QUERY_COUNT_CAPPED;
    else if (str_is(text, "none"))
        q->count = QUERY_COUNT_NONE;
    else
        return ipc_refuse(call, name, "must be asc or desc (order), exact, capped or none (count)");
    return true;
}

static bool read_own(struct lm_call call, struct ipc *ipc, const struct json_member *m,
                     const char *name, struct str text, struct ipc_args *a)
{
    bool foreign = false;

    if (strcmp(name, "limit") == 0)
        return read_number(call, m, name, &a->limit);
    if (strcmp(name, "offset") == 0)
        return read_number(call, m, name, &a->offset);
    if (strcmp(name, "tail") == 0)
        return read_number(call, m, name, &a->tail);
    if (strcmp(name, "from") == 0)
        return read_time(call, text, name, &a->query.from_us);
    if (strcmp(name, "to") == 0)
        return read_time(call, text, name, &a->query.to_us);
    if (strcmp(name, "cursor") == 0)
        return read_cursor(call, ipc, text, name, &a->query.max_id, &foreign) &&
               (!foreign || ipc_refuse(call, name, "belongs to another store"));
    if (strcmp(name, "after") == 0) {
        a->has_after = true;
        return read_cursor(call, ipc, text, name, &a->after, &a->foreign_after);
    }
    return read_word(call, text, name, &a->query);
}

static bool is_own(const char *name, const char *const *own)
{
    for (; *own; own++)
        if (strcmp(name, *own) == 0)
            return true;
    return false;
}

static bool read_member(struct lm_call call, struct ipc *ipc, const struct json_member *m,
                        const char *const *own, struct ipc_args *a)
{
    struct buf text = {0};
    struct errinfo info = {0};
    char name[NAME_MAX_N];
    bool good = true;

    snake(m->key, name);
    if (m->type == JSON_IS_NULL || (strcmp(name, "text") == 0 && is_own(name, own)))
        return true; /* a text is for the handler */
    if (m->type == JSON_IS_STRING)
        json_add_unescaped(&text, m->value);
    else
        buf_add_str(&text, m->value);
    if (text.failed || text.n > TEXT_MAX)
        good = ipc_refuse(call, name, "is too long");
    else if (is_own(name, own))
        good = read_own(call, ipc, m, name, buf_str(&text), a);
    else if (m->type == JSON_IS_OBJECT || m->type == JSON_IS_ARRAY)
        good = ipc_refuse(call, name, "must be a text");
    else if (filter_add(a->filter, str_from(name), buf_str(&text), &info) < 0)
        good = ipc_refuse(call, name, info.text[0] ? info.text : "is not known here");
    buf_fini(&text);
    return good;
}

bool ipc_args_read(struct lm_call call, struct ipc *ipc, const char *const *own,
                   struct ipc_args *ret)
{
    const struct grant *g = ipc_grant(call);
    struct json_walk w = json_walk(from_lm(lm_call_args(call)));
    struct errinfo info = {0};
    struct json_member m;
    bool good = true;

    *ret = (struct ipc_args){.filter = malloc(sizeof(struct filter)), .limit = UINT64_MAX};
    if (!ret->filter || !g) {
        lm_fail(call, LM_HANDLER_ERROR, "the hub is short of memory; try again", LM_STR(""));
        free(ret->filter);
        return false;
    }
    filter_init(ret->filter);
    query_init(&ret->query, ret->filter);
    ret->query.max_id = hub_last_id(ipc->api->hub);
    while (good && json_next(&w, &m))
        good = read_member(call, ipc, &m, own, ret);
    if (good && (g->revoked || grant_limit(g, ret->filter, &info) < 0)) {
        lm_fail(call, LM_FORBIDDEN, "this caller may not see these records", LM_STR(""));
        good = false;
    }
    if (!good)
        params_filter_free(ret->filter);
    return good;
}

bool ipc_args_only_labels(struct lm_call call)
{
    struct json_walk w = json_walk(from_lm(lm_call_args(call)));
    struct json_member m;
    char name[NAME_MAX_N];

    while (json_next(&w, &m)) {
        snake(m.key, name);
        if (m.type != JSON_IS_NULL && !filter_is_label(str_from(name)))
            return ipc_refuse(call, name, "is no label; only labels can be cleared by");
    }
    return true;
}

/* --- questions --- */

void question_free(struct question *q)
{
    if (q->fini)
        q->fini(q);
    list_remove(&q->link);
    q->ipc->api->questions -= q->counted;
    store_view_drop(q->ipc->api->store, q->view);
    params_filter_free(q->filter);
    buf_fini(&q->out);
    free(q);
}

void *question_new(struct lm_call call, struct ipc *ipc, struct ipc_args *ask, size_t size)
{
    struct question *q = calloc(1, size);

    if (!q) {
        params_filter_free(ask->filter);
        question_fail(call, -ENOMEM);
        return NULL;
    }
    q->ipc = ipc;
    q->call = call;
    q->filter = ask->filter;
    q->query = ask->query;
    q->query.filter = q->filter;
    q->query.cancel = &q->cancel;
    list_init(&q->link);
    return q;
}

void question_fail(struct lm_call call, int err)
{
    if (err == -LM_E_FULL)
        lm_fail(call, LM_TOO_LARGE, "the answer would be too large: ask for a smaller limit",
                LM_STR(""));
    else if (err == -LM_E_EXPENSIVE)
        lm_fail(
            call, LM_VALIDATION_ERROR,
            "the regular expression takes too long: make it simpler, narrow the search, or add a "
            "word that must be there",
            LM_STR(""));
    else
        lm_failf(call, LM_HANDLER_ERROR, "the question failed: %s", err_text(err));
}

static void work_in_pool(struct job *job)
{
    struct question *q = LIST_ITEM(job, struct question, job);

    q->err = q->work(q);
}

static void done(struct job *job)
{
    struct question *q = LIST_ITEM(job, struct question, job);

    if (lm_call_alive(q->call)) {
        if (q->err < 0)
            question_fail(q->call, q->err);
        else
            q->reply(q);
    }
    question_free(q);
}

void question_start(struct question *q, int (*work)(struct question *),
                    void (*reply)(struct question *))
{
    struct api *api = q->ipc->api;

    if (api->questions >= api->settings->queries_max) {
        lm_fail(q->call, LM_RATE_LIMITED,
                "too many questions are being worked on; come again later", LM_STR(""));
        question_free(q);
        return;
    }
    api->questions++;
    q->counted = true;
    q->work = work;
    q->reply = reply;
    if (!q->view)
        q->view = store_view_take(api->store, q->query.min_id);
    list_push(&q->ipc->questions, &q->link);
    enum job_kind kind = q->filter->costly ? JOB_COSTLY : JOB_SHORT;
    int err = q->view ? job_ask(api->loop, &q->job, kind, work_in_pool, done) : -ENOMEM;
    if (err < 0) {
        question_fail(q->call, err);
        question_free(q);
    }
}

void question_cancel(struct lm_call call, void *ctx)
{
    struct ipc *ipc = ctx;

    LIST_FOR_EACH (link, &ipc->questions) {
        struct question *q = LIST_ITEM(link, struct question, link);
        if (q->call.id == call.id)
            atomic_store(&q->cancel, true);
    }
}
