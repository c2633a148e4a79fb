/* SPDX-License-Identifier: MIT
 *
 * auth_tickets.c - what stands for a grant for a while: tickets and sessions.
 */
#include "net/auth_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

static const int64_t SECOND_US = 1000000, URL_LIFE_US = 3600 * (int64_t)1000000;

static bool is_revoked(const struct secret *slot)
{
    return slot->grant->revoked;
}

/* --- the printed URL and sessions --- */

int auth_ticket(struct auth *a, char out[33])
{
    return secret_make(&a->tickets, a->owner, is_revoked, true, out, NULL);
}

static int begin_session(struct auth *a, struct grant *g, bool secure, const char **ret_cookie)
{
    char session[SECRET_DIGITS + 1];
    int err = secret_make(&a->sessions, g, is_revoked, true, session, NULL);

    if (err < 0)
        return err;
    snprintf(a->cookie, sizeof a->cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s", AUTH_COOKIE,
             session, secure ? "; Secure" : "");
    *ret_cookie = a->cookie;
    return 0;
}

int auth_redeem(struct auth *a, struct str ticket, bool secure, const char **ret_cookie)
{
    struct secret *slot = secret_find(&a->tickets, ticket);

    if (!slot)
        return -LM_E_REFUSED;
    bool too_old = clock_mono_us() - slot->made_us > URL_LIFE_US;
    secret_forget(slot);
    return too_old ? -LM_E_REFUSED : begin_session(a, a->owner, secure, ret_cookie);
}

int auth_begin_session(struct auth *a, const struct http_req *req, const char **ret_cookie)
{
    return begin_session(a, req->grant, req->conn->is_tls, ret_cookie);
}

static struct secret *find_session(struct auth *a, const struct http_req *req)
{
    struct secret *slot = secret_find(&a->sessions, http_cookie(req, AUTH_COOKIE));

    return slot && !slot->grant->revoked ? slot : NULL;
}

const char *auth_end_session(struct auth *a, const struct http_req *req)
{
    struct secret *slot = find_session(a, req);

    if (slot)
        secret_forget(slot);
    return AUTH_COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0";
}

struct grant *auth_find_session(struct auth *a, const struct http_req *req)
{
    const struct secret *slot = find_session(a, req);

    return slot ? slot->grant : NULL;
}

/* --- tickets for streams --- */

static bool is_over(const struct secret *slot)
{
    int64_t now = clock_mono_us();

    if (slot->grant->revoked)
        return true;
    if (!slot->used)
        return now - slot->made_us > AUTH_TICKET_FIRST_S * SECOND_US;
    return slot->live == 0 && now - slot->ended_us > AUTH_TICKET_AGAIN_S * SECOND_US;
}

int auth_stream_ticket(struct auth *a, const struct http_req *req, struct str path, char out[33])
{
    struct secret *slot;

    if (path.n >= SECRET_PATH_MAX)
        return -LM_E_INVALID;
    int err = secret_make(&a->stream_tickets, req->grant, is_over, false, out, &slot);
    if (err == 0)
        memcpy(slot->path, path.p ? path.p : "", path.n);
    return err;
}

/* One connection that came with a ticket. The slot may have been given to another ticket
 * meanwhile. */
struct ticket_use {
    struct conn_watch watch;
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct secret *slot;
};

static bool is_still_there(const struct ticket_use *use)
{
    return memcmp(use->slot->hash, use->hash, sizeof use->hash) == 0;
}

static void on_use_over(struct conn_watch *watch)
{
    struct ticket_use *use = LIST_ITEM(watch, struct ticket_use, watch);

    if (is_still_there(use)) {
        use->slot->live--;
        use->slot->ended_us = clock_mono_us();
    }
    free(use);
}

/* Further requests on the same connection do not count again. */
static bool is_known(const struct conn *c, const struct secret *slot)
{
    LIST_FOR_EACH (link, &c->watches) {
        struct conn_watch *watch = LIST_ITEM(link, struct conn_watch, link);
        if (watch->gone == on_use_over && LIST_ITEM(watch, struct ticket_use, watch)->slot == slot)
            return true;
    }
    return false;
}

static bool use_ticket(struct secret *slot, const struct http_req *req)
{
    struct ticket_use *use;

    if (is_over(slot) || req->path.n >= SECRET_PATH_MAX)
        return false;
    if (slot->path[0] && !str_is(req->path, slot->path))
        return false;
    if (is_known(req->conn, slot))
        return true;
    use = malloc(sizeof *use);
    if (!use)
        return false;
    *use = (struct ticket_use){.watch.gone = on_use_over, .slot = slot};
    memcpy(use->hash, slot->hash, sizeof use->hash);
    conn_watch(req->conn, &use->watch);
    snprintf(slot->path, sizeof slot->path, "%.*s", STR_FMT(req->path));
    slot->used = true;
    slot->live++;
    return true;
}

struct grant *auth_find_stream_ticket(struct auth *a, struct http_req *req, bool *wrong)
{
    struct str text =
        str_starts(req->path, STR("/api/")) ? http_query(req, AUTH_TICKET_PARAM) : STR_NONE;
    struct secret *slot = secret_find(&a->stream_tickets, text);

    if (!text.p)
        return NULL;
    *wrong = req->method != HTTP_GET_M || !slot || !use_ticket(slot, req);
    return *wrong ? NULL : slot->grant;
}
