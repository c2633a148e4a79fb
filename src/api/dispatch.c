/* SPDX-License-Identifier: MIT
 *
 * dispatch.c - matching paths segment by segment.
 *
 * The table is short and a request is rare beside a line, so every request walks it. Among routes
 * of the same shape the one whose first differing segment is literal wins: /api/v1/logs/{id} never
 * hides /api/v1/logs/latest, wherever the two stand in the table.
 */
#include "api/dispatch.h"

#include <stdio.h>
#include <string.h>

static bool is_param(struct str segment)
{
    return segment.n > 2 && segment.p[0] == '{';
}

/* The next segment of an absolute path; false at its end. "/" has one segment, the empty one. */
static bool next_segment(struct str *path, struct str *ret)
{
    if (path->n == 0)
        return false;
    struct str rest, after_slash = str_of(path->p + 1, path->n - 1);
    *ret = str_cut(after_slash, '/', &rest);
    *path = rest.p ? str_of(rest.p - 1, rest.n + 1) : STR_NONE;
    return true;
}

static bool matches(const struct route *r, struct str path)
{
    struct str pattern = str_from(r->path), want, have;

    while (next_segment(&pattern, &want)) {
        if (!next_segment(&path, &have))
            return false;
        if (is_param(want) ? have.n == 0 : !str_eq(want, have))
            return false;
    }
    return path.n == 0;
}

/* Does a name its path more literally than b? Both match the same path. */
static bool goes_before(const struct route *a, const struct route *b)
{
    struct str path_a = str_from(a->path), path_b = str_from(b->path), in_a, in_b;

    while (next_segment(&path_a, &in_a) && next_segment(&path_b, &in_b))
        if (is_param(in_a) != is_param(in_b))
            return is_param(in_b);
    return false;
}

/* The route whose path fits best, of any method. */
static const struct route *find_path(const struct route *routes, size_t n, struct str path)
{
    const struct route *best = NULL;

    for (size_t i = 0; i < n; i++)
        if (matches(&routes[i], path) && (!best || goes_before(&routes[i], best)))
            best = &routes[i];
    return best;
}

/* The route of the same path for this method; HEAD is served by GET. */
static const struct route *find_method(const struct route *routes, size_t n,
                                       const struct route *path, enum http_method method)
{
    if (method == HTTP_HEAD_M)
        method = HTTP_GET_M;
    for (size_t i = 0; i < n; i++)
        if (routes[i].method == method && strcmp(routes[i].path, path->path) == 0)
            return &routes[i];
    return NULL;
}

static void add_allow(struct http_req *req, const struct route *routes, size_t n,
                      const struct route *path)
{
    static const char *const names[] = {
        [HTTP_GET_M] = "GET, HEAD, ",
        [HTTP_POST_M] = "POST, ",
        [HTTP_PUT_M] = "PUT, ",
        [HTTP_DELETE_M] = "DELETE, ",
    };
    char allow[64] = "";

    for (size_t i = 0; i < n; i++)
        if (strcmp(routes[i].path, path->path) == 0)
            strcat(allow, names[routes[i].method]);
    strcat(allow, "OPTIONS");
    http_add_header(req, "Allow", allow);
}

static void reply_not_found(struct http_req *req, const struct route *routes, size_t n)
{
    const char *paths[128];
    char asked[128];

    lm_assert(n <= sizeof paths / sizeof *paths);
    for (size_t i = 0; i < n; i++)
        paths[i] = routes[i].path;
    snprintf(asked, sizeof asked, "%.*s", STR_FMT(req->path));
    const char *near = err_nearest(asked, paths, n);
    if (near)
        http_reply_error(req, 404, "not_found", NULL, "There is nothing at %s: did you mean %s?",
                         asked, near);
    else
        http_reply_error(req, 404, "not_found", NULL,
                         "There is nothing at %s: the page is at /, the API below /api/v1/", asked);
}

static const char *const scope_names[] = {"none", "read", "write", "admin"};

/* The caller has shown nothing: 401. It has, and that is not enough: 403. */
static void reply_unauthorized(struct http_req *req, enum scope needed)
{
    if (req->grant && req->grant->kind == GRANT_TOKEN) {
        http_add_header(req, "WWW-Authenticate",
                        "Bearer realm=\"logmill\", error=\"insufficient_scope\"");
        http_reply_error(req, 403, "insufficient_scope", NULL,
                         "This needs the scope \"%s\", and the token \"%s\" has \"%s\"",
                         scope_names[needed], req->grant->name, scope_names[req->scope]);
        return;
    }
    http_add_header(req, "WWW-Authenticate", "Bearer realm=\"logmill\"");
    http_reply_error(req, 401, "unauthorized", NULL,
                     "This needs the scope \"%s\": open the URL that `logmill serve` printed, send "
                     "a token that has it (Authorization: Bearer ...; `logmill token create` makes "
                     "one), or ask over the Unix socket",
                     scope_names[needed]);
}

/* What shows more than the records that a limited token may see, and has no filter to add to. */
static void reply_not_limitable(struct http_req *req)
{
    http_reply_error(req, 403, "token_is_limited", NULL,
                     "This shows what belongs to everybody, and the token \"%s\" is limited to the "
                     "label %.*s: use a token without labels",
                     req->grant->name, STR_FMT(req->grant->labels[0].name));
}

/* Then params_filter() knows more about what may be there. */
static bool takes_filters(const struct route *route)
{
    return route->params && route->params[0] && strcmp(route->params[0], PARAMS_FILTERS) == 0;
}

/* Behind another server every route has a prefix, which is taken off here. False: it is not
 * there. */
static bool strip_base(const struct api *api, struct str *path)
{
    struct str prefix = str_from(api->base_path ? api->base_path : "");

    if (!str_starts(*path, prefix) || path->n == prefix.n || path->p[prefix.n] != '/')
        return false;
    *path = str_of(path->p + prefix.n, path->n - prefix.n);
    return true;
}

/* The address without the prefix, or without the slash behind it, from which the page could not
 * find what belongs to it. */
static void reply_outside(struct http_req *req, const struct api *api)
{
    char place[SETTING_PREFIX_MAX + 2];

    if (!str_is(req->path, api->base_path)) {
        http_reply_error(req, 404, "not_found", NULL, "this hub is at %s/", api->base_path);
        return;
    }
    snprintf(place, sizeof place, "%s/", api->base_path);
    http_add_header(req, "Location", place);
    http_reply(req, 303, NULL, STR_NONE);
}

/* With http_logs: off, TCP is for those who watch the hub itself. */
static bool is_switched_off(const struct http_req *req, const struct api *api)
{
    static const char *const open[] = {"/healthz", "/readyz", "/metrics"};

    if (!api->settings || api->settings->http_logs == SETTING_ON || req->conn->is_local)
        return false;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (str_is(req->path, open[i]))
            return false;
    return true;
}

void route_dispatch(struct http_req *req, struct api *api, const struct route *routes, size_t n)
{
    if (auth_check(api->auth, req) < 0)
        return;
    if (!strip_base(api, &req->path)) {
        reply_outside(req, api);
        return;
    }
    if (is_switched_off(req, api)) {
        http_reply_error(
            req, 404, "not_found", NULL,
            "http_logs is off: over TCP there are only /healthz, /readyz and /metrics; "
            "ask over the Unix socket");
        return;
    }
    const struct route *path = find_path(routes, n, req->path);
    if (!path) {
        reply_not_found(req, routes, n);
        return;
    }
    if (req->method == HTTP_OPTIONS_M) {
        add_allow(req, routes, n, path);
        http_reply(req, 204, NULL, STR_NONE);
        return;
    }
    const struct route *route = find_method(routes, n, path, req->method);
    if (!route) {
        add_allow(req, routes, n, path);
        http_reply_error(req, 405, "method_not_allowed", NULL, "%s takes no %.*s", path->path,
                         STR_FMT(req->method_name));
        return;
    }
    if (req->scope < route->scope) {
        reply_unauthorized(req, route->scope);
        return;
    }
    if (route->scope > SCOPE_NONE && !route->filtered && !takes_filters(route) &&
        grant_is_limited(req->grant)) {
        reply_not_limitable(req);
        return;
    }
    req->route = route;
    if (takes_filters(route) || params_check(req, route->params))
        route->handler(req, api);
}

bool route_streams(const struct http_req *req, const struct api *api, const struct route *routes,
                   size_t n)
{
    struct str asked = req->path;
    const struct route *path = strip_base(api, &asked) ? find_path(routes, n, asked) : NULL;
    const struct route *route = path ? find_method(routes, n, path, req->method) : NULL;
    return route && route->streams;
}

struct str api_param(const struct http_req *req, const char *name)
{
    const struct route *route = req->route;
    struct str pattern = str_from(route->path), path = req->path, want, have;

    while (next_segment(&pattern, &want) && next_segment(&path, &have))
        if (is_param(want) && str_is(str_of(want.p + 1, want.n - 2), name))
            return have;
    return STR_NONE;
}

const char *const *api_params(const struct http_req *req)
{
    return ((const struct route *)req->route)->params;
}
