/* SPDX-License-Identifier: MIT
 *
 * query_command.c - `logmill query`: grep for everything that was ever logged.
 *
 * Records come oldest first as the hub finds them, so that a pipe may stop reading at any time. With --last or
 * --context they come as lists. Exit status as grep: 0 found, 1 nothing, 2 trouble, which is also when nothing
 * was found where not everything could be read.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"
#include "cli/ask_hub.h"
#include "record/show.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LAST_MAX = 10000, CONTEXT_MAX = 1000, HITS_MAX = 1000, ENOUGH = 100 };

enum { OPT_LIMIT = ASK_OWN, OPT_LAST, OPT_CONTEXT, OPT_GROUP, OPT_COUNT, OPT_JSON, OPT_RAW };

struct query_run {
    struct ask ask;
    uint64_t limit, last, context; /* 0: not asked for */
    bool group, count, json, raw, unread;
    struct buf line; /* the piece of a line that has come; then one line on its way out */
    struct buf out;
    uint64_t shown;
    struct map shown_ids; /* with --context: source → the highest id that was shown of it */
    struct arena ids;
    bool gone; /* stdout is */
};

static const struct option own[] = {
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"last", required_argument, NULL, OPT_LAST},
    {"context", required_argument, NULL, OPT_CONTEXT},
    {"group", no_argument, NULL, OPT_GROUP},
    {"count", no_argument, NULL, OPT_COUNT},
    {"json", no_argument, NULL, OPT_JSON},
    {"raw", no_argument, NULL, OPT_RAW},
    {0},
};

static int set_number(const char *flag, const char *text, uint64_t max, uint64_t *ret)
{
    if (str_to_u64(str_from(text), ret) && *ret > 0 && *ret <= max)
        return 0;
    return cli_usage("query", "%s is a whole number from 1 to %" PRIu64, flag, max);
}

static int set_own(void *ctx, int id, const char *value)
{
    struct query_run *q = ctx;

    switch (id) {
    case OPT_LIMIT:
    case 'n':
        return set_number("--limit", value, UINT32_MAX, &q->limit);
    case OPT_LAST:
        return set_number("--last", value, LAST_MAX, &q->last);
    case OPT_CONTEXT:
        return set_number("--context", value, CONTEXT_MAX, &q->context);
    case OPT_GROUP:
        q->group = true;
        return 0;
    case OPT_COUNT:
        q->count = true;
        return 0;
    case OPT_JSON:
    case 'j':
        q->json = true;
        return 0;
    case OPT_RAW:
        q->raw = true;
        return 0;
    default:
        return cli_usage("query", "-%c is not a flag of query", id);
    }
}

static struct str member(const json_t *record, const char *name)
{
    const json_t *v = json_object_get(record, name);
    return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : STR_NONE;
}

static uint64_t id_of(const json_t *record)
{
    return (uint64_t)json_integer_value(json_object_get(record, "id"));
}

static int flush(struct query_run *q)
{
    bool fine = fwrite(q->out.p, 1, q->out.n, stdout) == q->out.n;

    buf_clear(&q->out);
    q->gone = !fine;
    return fine ? 0 : ENOUGH;
}

/* With the day in front: history is not only today's. */
static void add_shown(struct query_run *q, const json_t *record)
{
    struct buf *out = &q->out;
    char day[16];
    int64_t time_us = 0;
    struct tm tm;

    if (!clock_parse(member(record, "timestamp"), &time_us))
        time_us = 0;
    time_t second = (time_t)(time_us / 1000000);
    localtime_r(&second, &tm);
    strftime(day, sizeof day, "%Y-%m-%d ", &tm);
    buf_add_str(out, str_from(day));
    show_line(out, time_us, level_from_text(member(record, "level")),
              q->ask.one_source ? STR_NONE : member(record, "source"), member(record, "message"),
              q->ask.colours ? SHOW_COLOURS : SHOW_PLAIN);
}

static int show_record(struct query_run *q, json_t *record)
{
    q->shown++;
    if (q->json) {
        char *text = json_dumps(record, JSON_COMPACT);
        buf_add_str(&q->out, str_from(text ? text : "{}"));
        free(text);
        buf_add_char(&q->out, '\n');
    } else if (q->raw) {
        buf_add_str(&q->out, member(record, "message"));
        buf_add_char(&q->out, '\n');
    } else {
        add_shown(q, record);
    }
    return flush(q);
}

/* --- all of them, as they come --- */

static int show_line_of_json(struct query_run *q, struct str line)
{
    json_t *record;
    int rc = 0;

    if (q->json) {
        q->shown++;
        buf_add_str(&q->out, line);
        buf_add_char(&q->out, '\n');
        rc = flush(q);
    } else {
        record = json_loadb(line.p, line.n, JSON_ALLOW_NUL, NULL);
        rc = record ? show_record(q, record) : -LM_E_PROTOCOL;
        json_decref(record);
    }
    return rc == 0 && q->shown == q->limit ? ENOUGH : rc;
}

static int on_rows(struct str piece, void *ctx)
{
    struct query_run *q = ctx;
    struct str rest = piece;
    int rc = 0;

    while (rc == 0) {
        struct str line = str_cut(rest, '\n', &rest);
        buf_add_str(&q->line, line);
        if (!rest.p)
            break;
        rc = show_line_of_json(q, buf_str(&q->line));
        buf_clear(&q->line);
    }
    return rc ? rc : buf_error(&q->line);
}

static int all_rows(struct query_run *q, struct buf *path)
{
    ask_path(&q->ask, "/api/v1/logs/export", "format=ndjson", path);
    int rc = ask_get(&q->ask, path->p, on_rows, q);
    return rc == ENOUGH ? 0 : rc;
}

/* --- lists --- */

/* An answer that goes without records that cannot be read. */
static void look_for_unread(struct query_run *q, const json_t *answer)
{
    uint64_t n = (uint64_t)json_integer_value(json_object_get(answer, "unread"));

    if (n > 0 && !q->unread)
        fprintf(stderr,
                "logmill query: %" PRIu64 " records could not be looked at, because a file of the "
                "history is damaged: logmill verify names it\n",
                n);
    q->unread = q->unread || n > 0;
}

/* The array `logs` of the answer to path; NULL: has been said. */
static json_t *get_list(struct query_run *q, const char *path)
{
    struct buf body = {0};
    json_t *answer = NULL, *logs = NULL;

    if (ask_get(&q->ask, path, ask_collect, &body) == 0) {
        answer = json_loadb(body.p ? body.p : "", body.n, JSON_ALLOW_NUL, NULL);
        logs = json_incref(json_object_get(answer, "logs"));
        look_for_unread(q, answer);
        if (!logs)
            fprintf(stderr, "logmill query: the hub's answer is not understood\n");
    }
    json_decref(answer);
    buf_fini(&body);
    return logs;
}

static int show_list(struct query_run *q, json_t *logs, bool newest_first)
{
    size_t n = json_array_size(logs);
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = show_record(q, json_array_get(logs, newest_first ? n - 1 - i : i));
    return rc == ENOUGH ? 0 : rc;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = id_of(*(json_t *const *)a), y = id_of(*(json_t *const *)b);
    return x < y ? -1 : x > y;
}

/* The hub gives the newest trace first, and its lines from the head on. */
static void sort_by_id(json_t *logs)
{
    size_t n = json_array_size(logs);
    json_t **rows = n ? malloc(n * sizeof(json_t *)) : NULL;

    for (size_t i = 0; rows && i < n; i++)
        rows[i] = json_incref(json_array_get(logs, i));
    if (rows)
        qsort(rows, n, sizeof(json_t *), by_id);
    for (size_t i = 0; rows && i < n; i++)
        json_array_set_new(logs, i, rows[i]);
    free(rows);
}

static int newest_rows(struct query_run *q, struct buf *path)
{
    char more[96];

    bool newest = q->last || !q->limit;
    uint64_t limit = q->last ? q->last : q->limit ? q->limit : LAST_MAX;
    snprintf(more, sizeof more, "order=%s&count=none&limit=%" PRIu64, newest ? "desc" : "asc",
             limit < LAST_MAX ? limit : LAST_MAX);
    ask_path(&q->ask, "/api/v1/logs", more, path);
    json_t *logs = get_list(q, path->p);
    if (q->group)
        sort_by_id(logs);
    int rc = logs ? show_list(q, logs, newest && !q->group) : -LM_E_REFUSED;
    json_decref(logs);
    return rc;
}

/* --- with what stands around them --- */

/* The highest id that was shown of a source; NULL when memory is short. */
static uint64_t *shown_of(struct query_run *q, struct str source)
{
    uint64_t *id = map_find(&q->shown_ids, source);

    if (id)
        return id;
    id = arena_alloc(&q->ids, sizeof *id);
    if (!id || map_put(&q->shown_ids, source, id) < 0)
        return NULL;
    *id = 0;
    return id;
}

/* The neighbours of one hit in its own source, without those that were shown already. */
static int show_around(struct query_run *q, const json_t *hit, struct buf *path)
{
    uint64_t id = id_of(hit), *shown_id = shown_of(q, member(hit, "source"));
    int rc = 0;

    if (!shown_id || id <= *shown_id)
        return shown_id ? 0 : -ENOMEM;
    buf_clear(path);
    buf_printf(path,
               "/api/v1/logs?around=%" PRIu64 "&before=%" PRIu64 "&after=%" PRIu64 "&source=", id,
               q->context, q->context);
    http_add_query_value(path, member(hit, "source"));
    buf_add_char(path, '\0');
    json_t *logs = get_list(q, path->p);
    if (logs && q->shown && !q->json)
        BUF_LIT(&q->out, "--\n");
    for (size_t i = 0; logs && i < json_array_size(logs) && rc == 0; i++) {
        json_t *record = json_array_get(logs, i);
        if (id_of(record) <= *shown_id)
            continue;
        *shown_id = id_of(record);
        rc = show_record(q, record);
    }
    if (!logs)
        rc = -LM_E_REFUSED;
    json_decref(logs);
    return rc;
}

static int rows_in_context(struct query_run *q, struct buf *path)
{
    char more[96];
    uint64_t hits = q->last ? q->last : q->limit ? q->limit : HITS_MAX;

    hits = hits < HITS_MAX ? hits : HITS_MAX;
    snprintf(more, sizeof more, "order=%s&count=none&limit=%" PRIu64, q->last ? "desc" : "asc",
             hits);
    ask_path(&q->ask, "/api/v1/logs", more, path);
    json_t *logs = get_list(q, path->p);
    size_t n = json_array_size(logs);
    int rc = logs ? 0 : -LM_E_REFUSED;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = show_around(q, json_array_get(logs, q->last ? n - 1 - i : i), path);
    if (rc == 0 && n == HITS_MAX && !q->limit)
        fprintf(stderr,
                "logmill query: these are the first %d hits; --from, --last or --limit "
                "choose others\n",
                HITS_MAX);
    json_decref(logs);
    return rc == ENOUGH ? 0 : rc;
}

/* --- how many --- */

static int count_rows(struct query_run *q, struct buf *path)
{
    struct buf body = {0};

    ask_path(&q->ask, "/api/v1/logs/count", "", path);
    int rc = ask_get(&q->ask, path->p, ask_collect, &body);
    if (rc == 0) {
        json_t *answer = json_loadb(body.p ? body.p : "", body.n, 0, NULL);
        q->shown = (uint64_t)json_integer_value(json_object_get(answer, "count"));
        printf("%" PRIu64 "\n", q->shown);
        look_for_unread(q, answer);
        json_decref(answer);
    }
    buf_fini(&body);
    return rc;
}

static int run_query(struct query_run *q)
{
    struct buf path = {0};
    int rc;

    if (q->group)
        ask_param(&q->ask, "group", STR("1"));
    if (q->count)
        rc = count_rows(q, &path);
    else if (q->context)
        rc = rows_in_context(q, &path);
    else if (q->last || q->group)
        rc = newest_rows(q, &path);
    else
        rc = all_rows(q, &path);
    buf_fini(&path);
    if (rc == 0 && fflush(stdout) != 0 && !q->gone)
        rc = -LM_E_REFUSED;
    if (rc < 0)
        return ASK_TROUBLE;
    if (q->shown == 0 && q->unread)
        return ASK_TROUBLE;
    return q->shown ? ASK_FOUND : ASK_NOTHING;
}

static int check(const struct query_run *q)
{
    if (q->json && q->raw)
        return cli_usage("query", "--json and --raw do not go together");
    if (q->count && (q->last || q->limit || q->context || q->group))
        return cli_usage("query", "--count goes alone: it counts everything that matches");
    if (q->last && q->limit)
        return cli_usage("query", "--last is from the end, --limit from the beginning: take one");
    if (q->group && q->context)
        return cli_usage("query", "--group and --context do not go together");
    return 0;
}

int cli_query(int argc, char **argv)
{
    struct query_run q = {0};
    int status = ask_begin(&q.ask, "query", &argc, argv);

    if (status == 0)
        status = ask_options(&q.ask, argc, argv, own, set_own, &q, NULL);
    if (status == 0)
        status = check(&q);
    if (status == 0)
        status = run_query(&q);
    buf_fini(&q.line);
    buf_fini(&q.out);
    map_fini(&q.shown_ids);
    arena_fini(&q.ids);
    ask_end(&q.ask);
    return status;
}
