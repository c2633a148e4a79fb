/* SPDX-License-Identifier: MIT
 *
 * ipc_hub.c - processes and the hub itself: for callers that may see everything.
 */
#include "api/ipc_impl.h"

#include "base/clock.h"
#include "proc/process_json.h"
#include "record/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_SCHEMA                                                                                \
    "{\"type\":\"object\",\"required\":[\"name\"],\"additionalProperties\":false,"                 \
    "\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":64}}}"
#define NOTHING_SCHEMA "{\"type\":[\"object\",\"null\"],\"additionalProperties\":false}"

/* --- processes --- */

static void processes_list(struct lm_call call, void *ctx)
{
    const struct ipc *ipc = ctx;
    const struct process *p;
    struct buf out = {0};

    if (!ipc_unlimited(call))
        return;
    BUF_LIT(&out, "{\"processes\":[");
    for (size_t i = 0; (p = supervise_at(ipc->api->supervise, i)); i++) {
        if (i > 0)
            buf_add_char(&out, ',');
        process_add_json(&out, p);
    }
    BUF_LIT(&out, "]}");
    ipc_reply(call, &out);
    buf_fini(&out);
}

/* The process that the arguments name. NULL: answered. */
static const struct process *named(struct lm_call call, const struct ipc *ipc)
{
    char name[260];
    const struct process *p = NULL;

    if (!ipc_unlimited(call))
        return NULL;
    int n = lm_json_get_text(lm_call_args(call), "name", name, sizeof name);
    if (n > 0)
        p = supervise_find(ipc->api->supervise, str_of(name, (size_t)n));
    if (!p)
        lm_fail(call, LM_VALIDATION_ERROR, "there is no process of that name",
                LM_STR("{\"path\":\"name\",\"reason\":\"there is no process of that name\"}"));
    return p;
}

static void reply_process(struct lm_call call, const struct process *p)
{
    struct buf out = {0};

    process_add_json(&out, p);
    ipc_reply(call, &out);
    buf_fini(&out);
}

static void processes_get(struct lm_call call, void *ctx)
{
    const struct process *p = named(call, ctx);

    if (p)
        reply_process(call, p);
}

static void verb(struct lm_call call, struct ipc *ipc, enum process_verb what)
{
    const struct process *p = named(call, ipc);
    struct errinfo info = {0};

    if (!p)
        return;
    int err = supervise_ask(ipc->api->supervise, str_from(p->name), what, &info);
    ipc_audit(call, ipc, process_verb_word(what), p->name, err < 0 ? info.text : NULL);
    if (err < 0)
        lm_fail(call, LM_HANDLER_ERROR, info.text, LM_STR(""));
    else
        reply_process(call, p);
}

static void processes_start(struct lm_call call, void *ctx)
{
    verb(call, ctx, PROCESS_START);
}

static void processes_stop(struct lm_call call, void *ctx)
{
    verb(call, ctx, PROCESS_STOP);
}

static void processes_restart(struct lm_call call, void *ctx)
{
    verb(call, ctx, PROCESS_RESTART);
}

/* Each change of a process, the present state of all first. */
struct process_watch {
    struct process_observer observer;
    struct lm_call call;
    struct buf waiting; /* names with a terminator, each once */
    const struct supervise *supervise;
};

static void note_name(struct process_watch *w, const char *name)
{
    for (size_t at = 0; at < w->waiting.n; at += strlen(w->waiting.p + at) + 1)
        if (strcmp(w->waiting.p + at, name) == 0)
            return;
    buf_add(&w->waiting, name, strlen(name) + 1);
}

static void process_changed(struct process_observer *o, const struct process *p)
{
    struct process_watch *w = LIST_ITEM(o, struct process_watch, observer);

    note_name(w, p->name);
    (void)lm_stream_wake(w->call);
}

static int watch_open(struct lm_call call, void *ctx, void **ret_state)
{
    struct ipc *ipc = ctx;
    const struct process *p;
    struct process_watch *w;

    if (!ipc_unlimited(call))
        return -1;
    w = calloc(1, sizeof *w);
    if (!w)
        return -1;
    w->call = call;
    w->supervise = ipc->api->supervise;
    w->observer.changed = process_changed;
    supervise_observe(ipc->api->supervise, &w->observer);
    for (size_t i = 0; (p = supervise_at(ipc->api->supervise, i)); i++)
        note_name(w, p->name);
    *ret_state = w;
    return 0;
}

static enum lm_next watch_next(struct lm_call call, void *state)
{
    struct process_watch *w = state;
    struct buf json = {0};
    enum lm_next next = LM_NEXT_WAIT;

    while (w->waiting.n && next == LM_NEXT_WAIT) {
        const struct process *p = supervise_find(w->supervise, str_from(w->waiting.p));
        buf_clear(&json);
        if (p)
            process_add_json(&json, p);
        if (p && lm_stream_item(call, to_lm(buf_str(&json))) < 0)
            next = LM_NEXT_MORE;
        else
            buf_consume(&w->waiting, strlen(w->waiting.p) + 1);
    }
    buf_fini(&json);
    return next;
}

static void watch_close(void *state)
{
    struct process_watch *w = state;

    supervise_unobserve(&w->observer);
    buf_fini(&w->waiting);
    free(w);
}

/* --- the hub --- */

static int64_t uptime_ms(const struct ipc *ipc)
{
    return (clock_mono_us() - ipc->started_mono_us) / 1000;
}

static void system_info(struct lm_call call, void *ctx)
{
    const struct ipc *ipc = ctx;
    const struct api *api = ipc->api;
    char started[27], cursor[CURSOR_MAX];
    struct buf out = {0};

    size_t n = clock_rfc3339(ipc->started_us, started);
    hub_cursor(api->hub, hub_last_id(api->hub), cursor);
    BUF_LIT(&out, "{\"name\":");
    json_add_string(&out, str_from(api->settings->hub_name));
    buf_printf(&out,
               ",\"version\":\"%s\",\"pid\":%d,\"started_at\":\"%.*s\",\"uptime_ms\":%" PRId64
               ",\"cursor\":\"%s\"",
               LOGMILL_VERSION, getpid(), (int)n, started, uptime_ms(ipc), cursor);
    buf_printf(&out, ",\"connections\":%u,\"socket\":", api->loop->conns);
    json_add_string(&out, str_from(api->settings->socket));
    buf_add_char(&out, '}');
    ipc_reply(call, &out);
    buf_fini(&out);
}

/* The counters of metrics.def, and the figures of the manager. */
static void system_metrics(struct lm_call call, void *ctx)
{
    struct ipc *ipc = ctx;
    const struct metrics *m = ipc->api->metrics;
    char *figures;
    struct buf out = {0};

    if (!ipc_unlimited(call))
        return;
    figures = lm_manager_metrics(ipc->manager);
    BUF_LIT(&out, "{\"hub\":{");
#define METRIC(name, type, sentence) buf_printf(&out, "\"" #name "\":%" PRIu64 ",", m->name);
#define METRIC_BY_LEVEL(name, type, sentence)
#include "metrics/metrics.def"
    buf_printf(&out, "\"uptime_ms\":%" PRId64 "},\"ipc\":", uptime_ms(ipc));
    buf_add_str(&out, str_from(figures ? figures : "null"));
    buf_add_char(&out, '}');
    free(figures);
    ipc_reply(call, &out);
    buf_fini(&out);
}

int ipc_register_hub(struct ipc *ipc)
{
    static const struct lm_stream_ops watch = {watch_open, watch_next, watch_close};
    static const struct {
        const char *channel;
        lm_call_fn *call;
        const char *schema;
        enum lm_access access;
    } table[] = {{"processes:list", processes_list, NOTHING_SCHEMA, LM_ACCESS_ADMIN},
                 {"processes:get", processes_get, NAME_SCHEMA, LM_ACCESS_ADMIN},
                 {"processes:start", processes_start, NAME_SCHEMA, LM_ACCESS_ADMIN},
                 {"processes:stop", processes_stop, NAME_SCHEMA, LM_ACCESS_ADMIN},
                 {"processes:restart", processes_restart, NAME_SCHEMA, LM_ACCESS_ADMIN},
                 {"system:info", system_info, NOTHING_SCHEMA, LM_ACCESS_READ},
                 {"system:metrics", system_metrics, NOTHING_SCHEMA, LM_ACCESS_READ}};
    int err = 0;

    for (size_t i = 0; err == 0 && i < sizeof table / sizeof *table; i++)
        err = ipc_register(ipc, table[i].channel,
                           &(struct lm_handler){.call = table[i].call,
                                                .schema = table[i].schema,
                                                .access = table[i].access});
    if (err < 0)
        return err;
    return ipc_register(ipc, "processes:watch",
                        &(struct lm_handler){.stream = &watch,
                                             .schema = NOTHING_SCHEMA,
                                             .stream_timeout_ms = UINT32_MAX,
                                             .access = LM_ACCESS_ADMIN});
}
