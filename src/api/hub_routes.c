/* SPDX-License-Identifier: MIT
 *
 * hub_routes.c - what is asked of the hub as a whole: read the configuration again, become the new
 * program.
 */
#include "api/audit.h"
#include "api/dispatch.h"
#include "record/json.h"

static void reply_said(struct http_req *req, int status, struct str said)
{
    struct buf out = {0};

    BUF_LIT(&out, "{\"message\":");
    json_add_string(&out, said);
    BUF_LIT(&out, "}\n");
    http_reply(req, status, "application/json", buf_str(&out));
    buf_fini(&out);
}

void hub_reload(struct http_req *req, struct api *api)
{
    struct errinfo info = {0};
    struct buf said = {0};
    int rc = api->control.reload(api->control.daemon, &said, &info);

    api_audit(req, api, "reload", STR("the configuration"), rc < 0 ? info.text : NULL);
    if (rc < 0)
        http_reply_error(req, 409, "not_reloaded", NULL, "%s; the old configuration holds",
                         info.text);
    else
        reply_said(req, 200, buf_str(&said));
    buf_fini(&said);
}

static void on_checked(void *ctx, const char *why)
{
    struct http_req *req = ctx;

    if (why)
        http_reply_error(req, 409, "not_upgraded", NULL,
                         "the new program refuses: %s; the old one goes on", why);
    else
        reply_said(req, 202, STR("the new program takes over"));
}

void hub_upgrade(struct http_req *req, struct api *api)
{
    struct errinfo info = {0};

    http_hold(req, NULL);
    api_audit(req, api, "upgrade", STR("the hub"), NULL); /* the answer may end this process */
    if (api->control.upgrade(api->control.daemon, on_checked, req, &info) < 0)
        http_reply_error(req, 409, "not_upgraded", NULL, "%s", info.text);
}
