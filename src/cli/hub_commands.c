/* SPDX-License-Identifier: MIT
 *
 * hub_commands.c - `logmill reload` and `logmill upgrade`.
 */
#include "cli/hub_call.h"

#include <stdio.h>
#include <unistd.h>

enum { ANSWER_MS = 30 * 1000, AGAIN_US = 20 * 1000, AGAIN_TIMES = 500 };

static int ask(struct hub_call *c, const char *path)
{
    json_t *answer = NULL;
    int rc = hub_call_json(c, "POST", path, NULL, ANSWER_MS, &answer);

    if (rc == CLI_OK) {
        printf("%s\n", json_text(answer, "message"));
        json_decref(answer);
    }
    return rc;
}

static int open_call(struct hub_call *c, int argc, char **argv)
{
    static const char *const own[] = {"--url", "--ca", "--insecure", NULL};
    int rc = hub_call_open(c, &argc, argv);

    if (rc != CLI_OK)
        return rc;
    rc = cli_refuse_rest(argc, argv, own);
    if (rc != CLI_OK)
        hub_call_close(c);
    return rc;
}

int cli_reload(int argc, char **argv)
{
    struct hub_call call;
    int rc = open_call(&call, argc, argv);

    if (rc != CLI_OK)
        return rc;
    rc = ask(&call, "/api/v1/hub/reload");
    hub_call_close(&call);
    return rc;
}

/* The new program answers on the same door; connections that come too early wait in its queue, or
 * are the last that the old one cuts. */
static int await_answer(struct hub_call *c)
{
    for (int i = 0; i < AGAIN_TIMES; i++) {
        struct errinfo info = {0};
        struct buf body = {0};
        struct http_get get = {.path = "/readyz", .silence_ms = ANSWER_MS};
        int status = http_client_get(&c->target, &get, &body, &info);
        buf_fini(&body);
        if (status == 200) {
            puts("the hub is ready");
            return CLI_OK;
        }
        usleep(AGAIN_US);
    }
    fputs("logmill upgrade: the hub does not answer; its log says why\n", stderr);
    return CLI_FAILED;
}

int cli_upgrade(int argc, char **argv)
{
    struct hub_call call;
    int rc = open_call(&call, argc, argv);

    if (rc != CLI_OK)
        return rc;
    rc = ask(&call, "/api/v1/hub/upgrade");
    if (rc == CLI_OK)
        rc = await_answer(&call);
    hub_call_close(&call);
    return rc;
}
