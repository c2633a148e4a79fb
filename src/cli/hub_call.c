/* SPDX-License-Identifier: MIT
 *
 * hub_call.c - the way of a question to the hub, and its refusals in words.
 */
#include "cli/hub_call.h"

#include <stdio.h>
#include <stdlib.h>

int hub_call_open(struct hub_call *c, int *argc, char **argv)
{
    *c = (struct hub_call){.command = argv[0]};
    int status = target_take(&c->target, argv[0], argc, argv);
    if (status == CLI_OK)
        status = cli_settings(&c->settings, argc, argv);
    if (status == CLI_OK)
        c->target.socket = c->settings.socket;
    return status;
}

void hub_call_close(struct hub_call *c)
{
    settings_fini(&c->settings);
}

const char *json_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int judge(const struct hub_call *c, int status, const json_t *answer, struct str body)
{
    const char *message = json_text(json_object_get(answer, "error"), "message");
    struct str why = *message ? str_from(message) : answer ? STR_NONE : str_trim(body), rest;

    if (status >= 200 && status < 300)
        return CLI_OK;
    why = str_cut(why, '\n', &rest);
    if (why.n == 0)
        why = STR("the hub gave no reason");
    fprintf(stderr, "logmill %s: %.*s\n", c->command, STR_FMT(why));
    if (status == 401)
        fputs("Over TCP a token with the scope admin is needed (LOGMILL_TOKEN); the local socket "
              "needs none.\n",
              stderr);
    return CLI_FAILED;
}

int hub_call_json(struct hub_call *c, const char *method, const char *path, const json_t *body,
                  int timeout_ms, json_t **ret_answer)
{
    struct errinfo info = {0};
    struct buf got = {0};
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct http_get get = {.method = method,
                           .path = path,
                           .body = text     ? str_from(text)
                                   : method ? STR("")
                                            : STR_NONE,
                           .headers = text ? "Content-Type: application/json\r\n" : NULL,
                           .silence_ms = timeout_ms};
    int status = http_client_get(&c->target, &get, &got, &info), rc = CLI_FAILED;

    if (status < 0) {
        fprintf(stderr, "logmill %s: %s\n", c->command, info.text);
    } else {
        json_t *answer = json_loadb(got.p ? got.p : "", got.n, JSON_ALLOW_NUL, NULL);
        rc = judge(c, status, answer, buf_str(&got));
        if (rc == CLI_OK && !answer) {
            fprintf(stderr, "logmill %s: the hub's answer is no JSON\n", c->command);
            rc = CLI_FAILED;
        }
        if (rc == CLI_OK)
            *ret_answer = answer;
        else
            json_decref(answer);
    }
    free(text);
    buf_fini(&got);
    return rc;
}

int hub_call_process_path(struct buf *ret_path, const char *name, const char *rest)
{
    BUF_LIT(ret_path, "/api/v1/processes/");
    http_add_query_value(ret_path, str_from(name));
    buf_add_str(ret_path, str_from(rest));
    buf_add_char(ret_path, '\0');
    return buf_error(ret_path);
}
