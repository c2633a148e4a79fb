/* SPDX-License-Identifier: MIT
 *
 * session.c - from the URL on the console, or from a token, to a browser that may ask by itself.
 *
 * The printed URL carries a one-time ticket. Opening it sets the session's cookie and leads to the
 * same page without the ticket, so that the ticket stays neither in the address bar nor in a
 * bookmark.
 */
#include "api/dispatch.h"
#include "api/webpage.h"
#include "record/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

enum { TICKET_PATH_MAX = 128 };

static const char *const scope_names[] = {"none", "read", "write", "admin"};

static void reply_bad_ticket(struct http_req *req)
{
    static const char page[] =
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>logmill</title>\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n"
        "<meta name=\"color-scheme\" content=\"dark light\">\n"
        "<main><h1>This link has been used or is too old</h1>\n"
        "<p>Take the URL from the console again: each one that <code>logmill serve</code> prints "
        "opens one session, within an hour.</p>\n"
        "<p><a href=\".\">Go on without a session</a></p></main>\n</html>\n";

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
    if (req->method == HTTP_HEAD_M ||
        auth_redeem(api->auth, ticket, req->conn->is_tls, &cookie) < 0) {
        reply_bad_ticket(req);
        return;
    }
    http_add_header(req, "Set-Cookie", cookie);
    snprintf(place, sizeof place, "%s%s", api->base_path ? api->base_path : "",
             str_is(req->path, "/logs") ? "/logs" : "/");
    http_add_header(req, "Location", place);
    http_reply(req, 303, NULL, STR_NONE);
}

static void reply_session(struct http_req *req, bool has_session)
{
    const struct grant *g = req->grant;
    struct buf out = {0};

    buf_printf(&out, "{\"scope\":\"%s\",\"session\":%s", scope_names[req->scope],
               has_session ? "true" : "false");
    if (g->kind == GRANT_TOKEN)
        buf_printf(&out, ",\"token\":\"%s\"", g->name);
    if (grant_is_limited(g))
        BUF_LIT(&out, ",\"labels\":{");
    for (uint32_t i = 0; i < g->label_count; i++) {
        buf_printf(&out, "%s\"%.*s\":", i ? "," : "", STR_FMT(g->labels[i].name));
        json_add_string(&out, g->labels[i].value);
    }
    if (grant_is_limited(g))
        buf_add_char(&out, '}');
    BUF_LIT(&out, "}\n");
    http_reply(req, 200, "application/json", buf_str(&out));
    buf_fini(&out);
}

void session_get(struct http_req *req, struct api *api)
{
    reply_session(req, auth_find_session(api->auth, req) != NULL);
}

void session_post(struct http_req *req, struct api *api)
{
    const char *cookie;

    if (req->grant->kind != GRANT_TOKEN) {
        http_reply_error(
            req, 401, "unauthorized", NULL,
            "A session begins with a token (Authorization: Bearer ...) or with the URL "
            "that `logmill serve` printed");
        return;
    }
    if (auth_begin_session(api->auth, req, &cookie) < 0) {
        http_reply_error(req, 503, "unavailable", NULL, "the system has no randomness to give");
        return;
    }
    http_add_header(req, "Set-Cookie", cookie);
    reply_session(req, true);
}

void session_delete(struct http_req *req, struct api *api)
{
    http_add_header(req, "Set-Cookie", auth_end_session(api->auth, req));
    http_reply(req, 204, NULL, STR_NONE);
}

/* {"path":"/api/v1/…"} or nothing. False: answered. */
static bool read_path(struct http_req *req, char path[TICKET_PATH_MAX])
{
    json_t *body = req->body.n ? json_loadb(req->body.p, req->body.n, 0, NULL) : json_object();
    const json_t *value = json_object_get(body, "path");
    const char *text = value ? json_string_value(value) : "";
    bool ok = json_is_object(body) && text && strlen(text) < TICKET_PATH_MAX &&
              (!*text || (strncmp(text, "/api/", 5) == 0 && !strchr(text, '?')));

    if (ok)
        snprintf(path, TICKET_PATH_MAX, "%s", text);
    else
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "the body of a ticket is {\"path\":\"/api/v1/logs/stream/sse\"}, a path "
                         "without its query, or nothing");
    json_decref(body);
    return ok;
}

void tickets_post(struct http_req *req, struct api *api)
{
    char path[TICKET_PATH_MAX], ticket[33], text[128];

    if (!read_path(req, path))
        return;
    int err = auth_stream_ticket(api->auth, req, str_from(path), ticket);
    if (err < 0) {
        http_add_header(req, "Retry-After", "30");
        http_reply_error(req, err == -LM_E_FULL ? 429 : 503, "too_many_tickets", NULL,
                         "too many tickets are waiting to be used: try again in half a minute");
        return;
    }
    snprintf(text, sizeof text, "{\"ticket\":\"%s\",\"expires_in\":%d}\n", ticket,
             AUTH_TICKET_FIRST_S);
    http_reply(req, 201, "application/json", str_from(text));
}
