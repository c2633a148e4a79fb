/* SPDX-License-Identifier: MIT
 *
 * processes.c - what there is, and starting, stopping, restarting and signalling it.
 *
 * A verb is answered when it has been begun, with the process as it is then; the answer to `stop` may
 * say "stopping". What comes of it is seen in the list, or in the stream of changes.
 */
#include "api/processes.h"

#include "api/dispatch.h"
#include "conf/choice.h"
#include "proc/process_json.h"

#include <jansson.h>

static void reply_process(struct http_req *req, int status, const struct process *p)
{
    struct buf out = {0};

    process_add_json(&out, p);
    buf_add_char(&out, '\n');
    http_reply(req, status, "application/json", buf_str(&out));
    buf_fini(&out);
}

static void reply_refusal(struct http_req *req, int rc, const struct errinfo *info)
{
    if (rc == -LM_E_UNKNOWN)
        http_reply_error(req, 404, "unknown_process", NULL, "%s", info->text);
    else
        http_reply_error(req, 409, "refused", NULL, "%s", info->text);
}

void processes_get(struct http_req *req, struct api *api)
{
    struct buf out = {0};
    const struct process *p;

    BUF_LIT(&out, "{\"processes\":[");
    for (size_t i = 0; (p = supervise_at(api->supervise, i)); i++) {
        if (i > 0)
            buf_add_char(&out, ',');
        process_add_json(&out, p);
    }
    BUF_LIT(&out, "]}\n");
    http_reply(req, 200, "application/json", buf_str(&out));
    buf_fini(&out);
}

void process_get(struct http_req *req, struct api *api)
{
    struct str name = api_param(req, "name");
    const struct process *p = supervise_find(api->supervise, name);

    if (p)
        reply_process(req, 200, p);
    else
        http_reply_error(req, 404, "unknown_process", NULL, "there is no process '%s'",
                         quote(name).text);
}

static void ask(struct http_req *req, struct api *api, enum process_verb verb)
{
    struct str name = api_param(req, "name");
    struct errinfo info = {0};
    int rc = supervise_ask(api->supervise, name, verb, &info);

    if (rc < 0)
        reply_refusal(req, rc, &info);
    else
        reply_process(req, 202, supervise_find(api->supervise, name));
}

void process_start(struct http_req *req, struct api *api)
{
    ask(req, api, PROCESS_START);
}

void process_stop(struct http_req *req, struct api *api)
{
    ask(req, api, PROCESS_STOP);
}

void process_restart(struct http_req *req, struct api *api)
{
    ask(req, api, PROCESS_RESTART);
}

/* "HUP", "SIGHUP" or 1; 0 when it is none of them. */
static int signal_of(const json_t *value)
{
    const char *text = json_string_value(value);

    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);
        return number > 0 && number <= 64 ? (int)number : 0;
    }
    if (text && strncmp(text, "SIG", 3) == 0)
        text += 3;
    for (int number = 1; text && number <= 64; number++) {
        const char *name = sigabbrev_np(number);
        if (name && strcmp(name, text) == 0)
            return number;
    }
    return 0;
}

void process_signal(struct http_req *req, struct api *api)
{
    json_t *body = json_loadb(req->body.p ? req->body.p : "", req->body.n, 0, NULL);
    int number = signal_of(json_object_get(body, "signal"));
    struct str name = api_param(req, "name");
    struct errinfo info = {0};

    json_decref(body);
    if (number == 0) {
        http_reply_error(req, 400, "bad_signal", NULL,
                         "say which signal, as in {\"signal\":\"HUP\"} or {\"signal\":1}");
        return;
    }
    int rc = supervise_signal(api->supervise, name, number, &info);
    if (rc < 0)
        reply_refusal(req, rc, &info);
    else
        reply_process(req, 202, supervise_find(api->supervise, name));
}

/* ---- for Prometheus ---- */

static uint64_t metric_of(const struct process *p, enum process_metric metric,
                          const struct process_usage *usage)
{
    switch (metric) {
    case METRIC_process_up:
        return p->state == PROCESS_RUNNING;
    case METRIC_process_restarts_total:
        return p->restarts;
    case METRIC_process_lines_total:
        return p->counts.lines;
    case METRIC_process_bytes_total:
        return p->counts.bytes;
    case METRIC_process_errors_total:
        return p->counts.errors;
    case METRIC_process_suppressed_total:
        return p->counts.suppressed;
    case METRIC_process_cpu_milliseconds_total:
        return usage->cpu_ms;
    default:
        return usage->rss_kb;
    }
}

static bool asks_kernel(enum process_metric metric)
{
    return metric == METRIC_process_cpu_milliseconds_total ||
           metric == METRIC_process_resident_kilobytes;
}

void processes_add_metrics(const struct supervise *supervise, struct buf *out)
{
    const struct process *p;

    for (enum process_metric metric = 0; metric < PROCESS_METRIC_COUNT; metric++) {
        metrics_process_head(out, metric);
        for (size_t i = 0; (p = supervise_at(supervise, i)); i++) {
            struct process_usage usage = {0};
            if (supervise_find(supervise, str_from(p->name)) != p)
                continue; /* another run of the name; a sample may stand there once */
            if (asks_kernel(metric))
                (void)process_usage(p->child_pid, &usage);
            metrics_process_value(out, metric, p->name, metric_of(p, metric, &usage));
        }
    }
}
