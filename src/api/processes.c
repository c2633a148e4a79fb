/* SPDX-License-Identifier: MIT
 *
 * processes.c - what there is, and starting, stopping, restarting and signalling it.
 *
 * A verb is answered when it has been begun, with the process as it is then; the answer to `stop`
 * may say "stopping". What comes of it is seen in the list, or in the stream of changes.
 */
#include "api/audit.h"
#include "api/dispatch.h"
#include "api/process_wait.h"
#include "conf/choice.h"
#include "conf/process_conf.h"
#include "conf/units.h"
#include "proc/process_json.h"
#include "proc/signal_name.h"
#include "proc/spawn.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

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

/* wait=30s in milliseconds; false: it has been refused. */
static bool read_wait(struct http_req *req, uint32_t *ret_ms)
{
    struct str text = http_query(req, "wait");
    uint64_t ms = 0;

    if (text.p && (!duration_parse(text, &ms) || ms > PROCESS_WAIT_MAX_MS)) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "wait is a duration such as 10s, at most 10m, not '%s'", quote(text).text);
        return false;
    }
    *ret_ms = (uint32_t)ms;
    return true;
}

static void ask(struct http_req *req, struct api *api, enum process_verb verb)
{
    struct str name = api_param(req, "name");
    const struct process *p = supervise_find(api->supervise, name);
    uint8_t before[FRAME_RUN_ID] = {0};
    struct errinfo info = {0};
    uint32_t wait_ms;

    if (!read_wait(req, &wait_ms))
        return;
    if (p)
        memcpy(before, p->run, sizeof before);
    bool is_up = p && (p->state == PROCESS_RUNNING || p->state == PROCESS_STARTING);
    bool anew = verb == PROCESS_RESTART || !is_up;
    int rc = supervise_ask(api->supervise, name, verb, &info);
    api_audit(req, api, process_verb_word(verb), name, rc < 0 ? info.text : NULL);
    if (rc < 0)
        reply_refusal(req, rc, &info);
    else
        process_wait(req, api, p, verb == PROCESS_STOP ? GOAL_DOWN : GOAL_UP, anew ? before : NULL,
                     wait_ms);
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

/* ---- jobs ---- */

/* The body once more, without the escapes that JSON allows and YAML does not know. */
static char *as_yaml(struct http_req *req, struct str *ret_job)
{
    json_error_t why;
    json_t *body =
        json_loadb(req->body.p ? req->body.p : "", req->body.n, JSON_REJECT_DUPLICATES, &why);
    const char *job = json_string_value(json_object_get(body, "job_run_id"));
    char *text = NULL;

    if (!json_is_object(body)) {
        http_reply_error(req, 400, "bad_json", NULL,
                         "the body is a JSON object such as {\"command\":[\"make\"]}: %s",
                         body ? "it is something else" : why.text);
    } else {
        *ret_job = job ? arena_copy(&req->arena, str_from(job)) : STR_NONE;
        json_object_del(body, "job_run_id");
        text = json_dumps(body, JSON_COMPACT);
    }
    json_decref(body);
    return text;
}

/* Every job has a job_run_id: the caller's, else its own name. */
static int add_job_label(struct process_conf *conf, struct str job, struct errinfo *info)
{
    struct conf_label *labels;

    for (size_t i = 0; i < conf->label_count; i++)
        if (strcmp(conf->labels[i].name, "job_run_id") == 0 && !job.p)
            return 0;
    if (conf->label_count == LABEL_COUNT_MAX || job.n > LABEL_VALUE_MAX)
        return err_set(info, -LM_E_INVALID, "at most 32 labels, and 256 bytes for job_run_id");
    labels = realloc(conf->labels, (conf->label_count + 1) * sizeof *labels);
    if (!labels)
        return err_set(info, -ENOMEM, "memory is short");
    conf->labels = labels;
    labels[conf->label_count++] = (struct conf_label){
        .name = strdup("job_run_id"), .value = job.p ? strndup(job.p, job.n) : strdup(conf->name)};
    return 0;
}

static void name_job(char out[PROCESS_NAME_MAX])
{
    uint8_t random[RUN_ID];
    char hex[RUN_HEX] = "0";

    if (spawn_new_run(random) == 0)
        run_to_hex(random, hex);
    snprintf(out, PROCESS_NAME_MAX, "job-%.12s", hex);
}

void process_spawn(struct http_req *req, struct api *api)
{
    struct process_conf conf = {0};
    struct errinfo info = {0};
    const struct process *p;
    char name[PROCESS_NAME_MAX], *text = NULL;
    struct str job = STR_NONE;
    uint32_t wait_ms;

    if (!req->conn->is_local && api->settings->allow_spawn == SPAWN_REFUSED) {
        http_reply_error(req, 403, "spawn_not_allowed", NULL,
                         "starting commands over TCP is off; set allow_spawn: true, or use the "
                         "local socket");
        return;
    }
    if (!read_wait(req, &wait_ms) || !(text = as_yaml(req, &job)))
        return;
    name_job(name);
    int rc = process_conf_parse(&conf, str_from(text), str_from(name), &info);
    if (rc == 0)
        rc = add_job_label(&conf, job, &info);
    bool bad = rc < 0;
    if (!bad)
        rc = supervise_spawn(api->supervise, &conf, &p, &info);
    api_audit(req, api, "start job", str_from(name), rc < 0 ? info.text : NULL);
    if (bad)
        http_reply_error(req, 400, "bad_process", NULL, "%s", info.text);
    else if (rc < 0)
        reply_refusal(req, rc, &info);
    else
        process_wait(req, api, p, GOAL_UP, NULL, wait_ms);
    process_conf_fini(&conf);
    free(text);
}

/* ---- signals ---- */

/* "HUP", "SIGHUP" or 1; 0 when it is none of them. */
static int signal_of(const json_t *value)
{
    return json_is_integer(value) ? signal_of_number(json_integer_value(value))
                                  : signal_of_name(json_string_value(value));
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
    api_audit(req, api, "signal", name, rc < 0 ? info.text : NULL);
    if (rc < 0)
        reply_refusal(req, rc, &info);
    else
        reply_process(req, 202, supervise_find(api->supervise, name));
}
