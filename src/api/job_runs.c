/* SPDX-License-Identifier: MIT
 *
 * job_runs.c - GET /api/v1/job-runs: which runs there are, the one that spoke last first.
 *
 * What was logged says when a run was first and last heard and how grave it was; the processes of
 * the hub say which run lives; the last exit record of a run says how it ended.
 */
#include "api/search.h"

#include "api/tally_json.h"
#include "record/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { LIMIT = 100, LIMIT_MAX = 10000 };

struct job_run {
    struct query_tally tally; /* its text is in the arena */
    bool running;
    uint64_t exit_id; /* 0: no exit record */
    struct str exit;  /* its fields, in the arena */
};

struct runs_search {
    struct search search; /* first */
    struct filter *exits; /* the same records, exit records only */
    struct map alive;     /* ids of runs with a process that lives */
    struct map by_id;     /* → struct job_run */
    struct arena texts;
    struct job_run *runs;
    size_t count, cap;
    struct query_tallies sums;
    uint64_t limit;
    int active; /* 0: all, 1: only those that run, 2: only those that do not */
};

static struct runs_search *runs_of(struct search *s)
{
    return LIST_ITEM(s, struct runs_search, search);
}

static void runs_fini(struct search *s)
{
    struct runs_search *r = runs_of(s);

    params_filter_free(r->exits);
    map_fini(&r->alive);
    map_fini(&r->by_id);
    arena_fini(&r->texts);
    free(r->runs);
}

/* --- in the pool --- */

static int add_run(const struct query_tally *t, void *ctx)
{
    struct runs_search *r = ctx;

    if (r->count == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 256;
        struct job_run *runs = realloc(r->runs, cap * sizeof *runs);
        if (!runs)
            return -ENOMEM;
        r->runs = runs;
        r->cap = cap;
    }
    struct job_run *run = &r->runs[r->count];
    *run = (struct job_run){.tally = *t, .running = map_find(&r->alive, t->text) != NULL};
    run->tally.text = arena_copy(&r->texts, t->text);
    if (!run->tally.text.p)
        return -ENOMEM;
    if (r->active == 0 || run->running == (r->active == 1))
        r->count++;
    return 0;
}

static int latest_first(const void *a, const void *b)
{
    const struct job_run *left = a, *right = b;
    return left->tally.last_id < right->tally.last_id ? 1 : -1;
}

/* The exit record with the highest id counts. */
static int note_exit(const struct record *rec, void *ctx)
{
    struct runs_search *r = ctx;
    struct job_run *run = map_find(&r->by_id, labels_get(rec->labels, STR("job_run_id")));

    if (!run || rec->id < run->exit_id)
        return 0;
    run->exit_id = rec->id;
    run->exit = arena_copy(&r->texts, rec->fields);
    return run->exit.p ? 0 : -ENOMEM;
}

static int find_exits(struct runs_search *r)
{
    struct query q = r->search.query;
    struct query_result result;

    q.filter = r->exits;
    q.limit = UINT32_MAX;
    q.count = QUERY_COUNT_NONE;
    for (size_t i = 0; i < r->count; i++)
        if (map_put(&r->by_id, r->runs[i].tally.text, &r->runs[i]) < 0)
            return -ENOMEM;
    return query_run(&q, r->search.view, note_exit, r, &result);
}

static int runs_work(struct search *s)
{
    struct runs_search *r = runs_of(s);
    int err = query_facets(&s->query, s->view, STR("job_run_id"), QUERY_TALLIES_MAX, add_run, r,
                           &r->sums);

    if (err < 0)
        return err;
    if (r->count)
        qsort(r->runs, r->count, sizeof *r->runs, latest_first);
    return find_exits(r);
}

/* --- the answer --- */

/* {"code":0} or {"signal":"SIGKILL"} of an exit record's fields. Returns whether it ended well. */
static bool add_exit(struct buf *out, struct str fields)
{
    struct json_walk w = json_walk(fields);
    struct json_member m;
    bool well = false, any = false;

    BUF_LIT(out, ",\"exit\":{");
    while (json_next(&w, &m)) {
        if (!str_is(m.key, "code") && !str_is(m.key, "signal"))
            continue;
        if (any)
            buf_add_char(out, ',');
        buf_add_str(out, json_member_raw(&m));
        any = true;
        well |= str_is(m.key, "code") && str_is(m.value, "0");
    }
    buf_add_char(out, '}');
    return well;
}

static void add_job_run(struct buf *out, const struct job_run *run)
{
    const char *state = run->running ? "running" : "unknown";

    BUF_LIT(out, "{");
    tally_add_members(out, "job_run_id", &run->tally);
    if (run->exit_id && add_exit(out, run->exit))
        state = run->running ? state : "exited";
    else if (run->exit_id)
        state = run->running ? state : "disconnected";
    buf_printf(out, ",\"state\":\"%s\"}", state);
}

static void runs_reply(struct search *s)
{
    struct runs_search *r = runs_of(s);
    uint64_t first = s->query.offset < r->count ? s->query.offset : r->count;
    uint64_t end = r->count - first < r->limit ? r->count : first + r->limit;
    char cursor[CURSOR_MAX];

    BUF_LIT(&s->out, "{\"job_runs\":[");
    for (uint64_t i = first; i < end; i++) {
        if (i > first)
            buf_add_char(&s->out, ',');
        add_job_run(&s->out, &r->runs[i]);
    }
    hub_cursor(s->api->hub, s->query.max_id, cursor);
    buf_printf(&s->out,
               "],\"pagination\":{\"total\":%zu,\"at_least\":%s,\"limit\":%" PRIu64
               ",\"offset\":%" PRIu64 ",\"count\":%" PRIu64 ",\"cursor\":\"%s\"}}\n",
               r->count, r->sums.other ? "true" : "false", r->limit, s->query.offset, end - first,
               cursor);
    search_reply_json(s);
}

/* --- the request --- */

static bool lives(const struct process *p)
{
    return p->state == PROCESS_STARTING || p->state == PROCESS_RUNNING ||
           p->state == PROCESS_STOPPING;
}

/* The ids of runs that live, as the supervisor knows them now. */
static int note_alive(struct runs_search *r)
{
    const struct process *p;
    int err = 0;

    for (size_t i = 0; (p = supervise_at(r->search.api->supervise, i)) && err == 0; i++)
        for (size_t k = 0; lives(p) && k < p->label_count && err == 0; k++)
            if (strcmp(p->labels[k].name, "job_run_id") == 0)
                err = map_put(&r->alive, str_from(p->labels[k].value), r);
    return err;
}

static int filter_exits(struct runs_search *r)
{
    struct errinfo info;
    int err;

    r->exits = params_filter(r->search.req, api_params(r->search.req));
    if (!r->exits)
        return 1;
    err = filter_add(r->exits, STR("stream"), STR("system"), &info);
    return err < 0 ? err : filter_add(r->exits, STR("q"), STR("event:exit"), &info);
}

void job_runs_get(struct http_req *req, struct api *api)
{
    static const char *const choices[] = {"all", "1", "0"};
    struct runs_search *r = search_new(req, api, sizeof *r);

    if (!r)
        return;
    r->search.fini = runs_fini;
    r->limit = LIMIT;
    if (!params_choice(req, "active", choices, 3, &r->active) ||
        !params_number(req, "limit", LIMIT_MAX, &r->limit) ||
        !params_number(req, "offset", UINT32_MAX, &r->search.query.offset) ||
        !search_read_range(&r->search)) {
        search_free(&r->search);
        return;
    }
    int err = filter_exits(r);
    if (err == 0)
        err = note_alive(r);
    if (err < 0)
        search_reply_failure(req, err);
    if (err != 0)
        search_free(&r->search);
    else
        search_start(&r->search, runs_work, runs_reply);
}
