/* SPDX-License-Identifier: MIT
 *
 * session.c - from the URL on the console to a browser that may do everything.
 *
 * The printed URL carries a one-time ticket. Opening it sets the session's cookie and leads to the
 * same page without the ticket, so that the ticket stays neither in the address bar nor in a bookmark.
 */
#include "api/dispatch.h"
#include "api/webpage.h"

#include <stdio.h>

static const char *const scope_names[] = {"none", "read", "write", "admin"};

static void reply_bad_ticket(struct http_req *req)
{
    static const char page[] =
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>logmill</title>\n"
        "<h1>This link has been used or is too old</h1>\n"
        "<p>Take the URL from the console again: each one that <code>logmill serve</code> prints "
        "opens one session, within an hour.</p>\n"
        "<p><a href=\"/\">Go on without a session</a></p>\n</html>\n";

    http_add_header(req, "Content-Security-Policy", "default-src 'none'");
    http_reply(req, 403, "text/html; charset=utf-8", STR(page));
}

void session_enter(struct http_req *req, struct api *api)
{
    struct str ticket = http_query(req, "ticket");
    const char *cookie;
    char place[SETTING_PREFIX_MAX + 6];

    if (!ticket.p) {
        page_get(req, api);
        return;
    }
    /* A HEAD request, as link checkers send, must not use the ticket up. */
    if (req->method == HTTP_HEAD_M || auth_redeem(api->auth, ticket, &cookie) < 0) {
        reply_bad_ticket(req);
        return;
    }
    http_add_header(req, "Set-Cookie", cookie);
    snprintf(place, sizeof place, "%s%s", api->base_path ? api->base_path : "",
             str_is(req->path, "/logs") ? "/logs" : "/");
    http_add_header(req, "Location", place);
    http_reply(req, 303, NULL, STR_NONE);
}

void session_get(struct http_req *req, struct api *api)
{
    char text[32];

    (void)api;
    snprintf(text, sizeof text, "{\"scope\":\"%s\"}\n", scope_names[req->scope]);
    http_reply(req, 200, "application/json", str_from(text));
}
