/* SPDX-License-Identifier: MIT
 *
 * auth.c - the three questions asked of every request.
 */
#include "net/auth_impl.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

static int make_grants(struct auth *a, enum scope loopback)
{
    int err = grant_new(&a->owner, GRANT_OWNER, SCOPE_ADMIN, "owner", NULL, 0);

    if (err == 0)
        err = grant_new(&a->loopback, GRANT_LOOPBACK, loopback, "loopback", NULL, 0);
    return err == 0 ? grant_new(&a->nobody, GRANT_NOBODY, SCOPE_NONE, "nobody", NULL, 0) : err;
}

int auth_new(struct auth **ret, enum scope loopback)
{
    struct auth *a = calloc(1, sizeof *a);
    int err = a ? make_grants(a, loopback) : -ENOMEM;

    if (err == 0)
        err = secrets_init(&a->tickets, AUTH_TICKETS_MAX);
    if (err == 0)
        err = secrets_init(&a->sessions, AUTH_SESSIONS_MAX);
    if (err == 0)
        err = secrets_init(&a->stream_tickets, AUTH_STREAM_TICKETS_MAX);
    if (err < 0) {
        auth_free(a);
        return err;
    }
    *ret = a;
    return 0;
}

void auth_free(struct auth *a)
{
    if (!a)
        return;
    secrets_fini(&a->tickets);
    secrets_fini(&a->sessions);
    secrets_fini(&a->stream_tickets);
    auth_free_tokens(a->tokens, a->token_count);
    grant_unref(a->owner);
    grant_unref(a->loopback);
    grant_unref(a->nobody);
    OPENSSL_cleanse(a, sizeof *a);
    free(a);
}

void auth_listen(struct auth *a, auth_wrong_fn *fn, void *ctx)
{
    a->on_wrong = fn;
    a->wrong_ctx = ctx;
}

/* --- the page that asks --- */

static bool check_host(const struct auth *a, struct http_req *req, struct str host)
{
    /* Only HTTP/1.0 gets here without a Host, and no browser speaks that. */
    if (!host.p || web_host_allowed(host, a->hosts))
        return true;
    http_reply_error(req, 421, "wrong_host", NULL,
                     "This hub answers to IP addresses and localhost only, not to the name "
                     "\"%.*s\": use http%s://127.0.0.1 and its port, or add the name to `hosts` in "
                     "the configuration",
                     STR_FMT(host), req->conn->is_tls ? "s" : "");
    return false;
}

/* Sets what the answer says of CORS. False: answered. */
static bool check_origin(const struct auth *a, struct http_req *req, struct str host,
                         enum web_origin *ret)
{
    struct str origin = http_header(req, "origin");

    *ret = web_origin_of(origin, host, req->conn->is_tls, a->hosts, a->origins);
    req->vary_origin = a->origins && *a->origins;
    if (*ret == WEB_ORIGIN_LISTED)
        req->cors_origin = origin;
    else if (*ret == WEB_ORIGIN_ANY)
        req->cors_origin = STR("*");
    bool hidden = *ret == WEB_ORIGIN_NONE && web_is_cross_site(http_header(req, "sec-fetch-site"),
                                                               http_header(req, "sec-fetch-mode"));
    if (*ret != WEB_ORIGIN_FOREIGN && !hidden)
        return true;
    http_reply_error(req, 403, "wrong_origin", NULL,
                     "Pages of %.*s may not ask this hub: open the hub's own page, or add the "
                     "origin to `cors.origins` in the configuration",
                     STR_FMT(hidden ? STR("other sites") : origin));
    return false;
}

/* What a browser asks before a request that a page could not have made by itself. */
static bool answer_preflight(struct http_req *req)
{
    if (req->method != HTTP_OPTIONS_M || !req->cors_origin.p ||
        !http_header(req, "access-control-request-method").p)
        return false;
    http_add_header(req, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE");
    http_add_header(req, "Access-Control-Allow-Headers",
                    "Authorization, Content-Type, Last-Event-ID, X-Logmill-Source, "
                    "X-Logmill-Batch");
    http_add_header(req, "Access-Control-Max-Age", "600");
    http_reply(req, 204, NULL, STR_NONE);
    return true;
}

/* --- who asks --- */

static bool is_tried_too_often(struct auth *a, struct http_req *req)
{
    const struct conn *c = req->conn;
    uint32_t tries = c->is_local ? 0 : throttle_count(&a->throttle, c->address);

    if (a->on_wrong && (tries <= 1 || tries == THROTTLE_TRIES))
        a->on_wrong(req, tries ? tries : 1, a->wrong_ctx);
    return tries > THROTTLE_TRIES;
}

/* Something was shown and it is wrong. */
static void refuse_wrong(struct auth *a, struct http_req *req, const char *code, const char *what)
{
    char seconds[16];

    req->keep_alive = false;
    if (is_tried_too_often(a, req)) {
        snprintf(seconds, sizeof seconds, "%u", throttle_wait_s(&a->throttle, req->conn->address));
        http_add_header(req, "Retry-After", seconds);
        http_reply_error(req, 429, "too_many_requests", NULL,
                         "Too many wrong tokens came from this address: try again in %s s",
                         seconds);
        return;
    }
    http_add_header(req, "WWW-Authenticate", "Bearer realm=\"logmill\", error=\"invalid_token\"");
    http_reply_error(req, 401, code, NULL, "%s", what);
}

static struct grant *grant_of_address(const struct auth *a, const struct conn *c)
{
    if (c->is_local)
        return c->peer_uid == geteuid() || c->peer_uid == 0 ? a->owner : a->nobody;
    return c->is_loopback ? a->loopback : a->nobody;
}

/* NULL: answered. A cookie counts only for pages that are named: one of the same site but another
 * origin, such as another port of this machine, sends it along. */
static struct grant *find_grant(struct auth *a, struct http_req *req, enum web_origin origin)
{
    bool wrong = false;
    struct grant *g = auth_find_bearer(a, req, &wrong);

    if (wrong) {
        refuse_wrong(a, req, "invalid_token",
                     "This token is not known (any more): `logmill token create` makes a new one "
                     "and prints the line for the configuration");
        return NULL;
    }
    if (!g)
        g = auth_find_stream_ticket(a, req, &wrong);
    if (wrong) {
        refuse_wrong(a, req, "invalid_ticket",
                     "This ticket is not known, is for another path, or is too old: get a new one "
                     "with POST /api/v1/tickets and use it within 30 s");
        return NULL;
    }
    if (!g && origin != WEB_ORIGIN_ANY)
        g = auth_find_session(a, req);
    return g ? g : grant_of_address(a, req->conn);
}

int auth_check(struct auth *a, struct http_req *req)
{
    struct str host = http_header(req, "host");
    enum web_origin origin;

    if (!check_host(a, req, host) || !check_origin(a, req, host, &origin) || answer_preflight(req))
        return -LM_E_REFUSED;
    struct grant *g = find_grant(a, req, origin);
    if (!g)
        return -LM_E_REFUSED;
    if (g->kind == GRANT_TOKEN)
        grant_hold(g, req->conn);
    req->grant = grant_ref(g);
    req->scope = g->scope;
    return 0;
}
