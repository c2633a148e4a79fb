/* SPDX-License-Identifier: MIT
 *
 * auth.c - tickets, sessions, and the three questions asked of every request.
 *
 * Secrets are kept as SHA-256 only and looked up by comparing against every slot in constant time,
 * so that neither memory nor timing gives one away. Both tables are small and of fixed size; when one
 * is full the oldest entry makes room.
 */
#include "net/auth.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum { SLOTS = 64, SECRET_BYTES = 16, SECRET_DIGITS = 2 * SECRET_BYTES };

static const int64_t TICKET_LIFE_US = 3600 * (int64_t)1000000;

struct secret {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    int64_t made_us; /* 0: free */
};

struct auth {
    enum scope loopback;
    struct secret tickets[SLOTS], sessions[SLOTS];
    char cookie[SECRET_DIGITS + 80];
};

int auth_new(struct auth **ret, enum scope loopback)
{
    struct auth *a = calloc(1, sizeof *a);

    if (!a)
        return -ENOMEM;
    a->loopback = loopback;
    *ret = a;
    return 0;
}

void auth_free(struct auth *a)
{
    if (!a)
        return;
    OPENSSL_cleanse(a, sizeof *a);
    free(a);
}

/* A new secret as 32 hex digits; its hash goes into the slot of the oldest. */
static int secret_make(struct secret slots[SLOTS], char out[SECRET_DIGITS + 1])
{
    unsigned char random[SECRET_BYTES];
    struct secret *oldest = slots;

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return -EIO;
    for (size_t i = 0; i < SECRET_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", random[i]);
    for (size_t i = 1; i < SLOTS; i++)
        if (slots[i].made_us < oldest->made_us)
            oldest = &slots[i];
    SHA256((const unsigned char *)out, SECRET_DIGITS, oldest->hash);
    oldest->made_us = clock_mono_us();
    return 0;
}

/* The slot that holds this secret, or NULL. Looks at all of them whatever is found. */
static struct secret *secret_find(struct secret slots[SLOTS], struct str text)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct secret *found = NULL;

    if (text.n != SECRET_DIGITS)
        return NULL;
    SHA256((const unsigned char *)text.p, text.n, hash);
    for (size_t i = 0; i < SLOTS; i++)
        if (CRYPTO_memcmp(slots[i].hash, hash, sizeof hash) == 0 && slots[i].made_us)
            found = &slots[i];
    return found;
}

int auth_ticket(struct auth *a, char out[33])
{
    return secret_make(a->tickets, out);
}

int auth_redeem(struct auth *a, struct str ticket, const char **ret_cookie)
{
    struct secret *slot = secret_find(a->tickets, ticket);
    char session[SECRET_DIGITS + 1];

    if (!slot)
        return -LM_E_REFUSED;
    bool too_old = clock_mono_us() - slot->made_us > TICKET_LIFE_US;
    *slot = (struct secret){0};
    if (too_old)
        return -LM_E_REFUSED;
    int r = secret_make(a->sessions, session);
    if (r < 0)
        return r;
    snprintf(a->cookie, sizeof a->cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict", AUTH_COOKIE,
             session);
    *ret_cookie = a->cookie;
    return 0;
}

/* Splits "name:port", "[v6]:port" or either without a port. False: neither. */
static bool split_host(struct str host, struct str *ret_name)
{
    struct str port;
    uint64_t number;

    if (host.n && host.p[0] == '[') {
        struct str name = str_cut(str_of(host.p + 1, host.n - 1), ']', &port);
        *ret_name = name;
        if (!port.p)
            return false;
        if (port.n == 0)
            return true;
        if (port.p[0] != ':')
            return false;
        port = str_of(port.p + 1, port.n - 1);
    } else {
        *ret_name = str_cut(host, ':', &port);
        if (!port.p)
            return true;
    }
    return str_to_u64(port, &number) && number <= 65535;
}

/* An IP literal or localhost: names that no foreign DNS server can point at us. */
static bool is_safe_host(struct str host)
{
    struct str name;
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];

    if (!split_host(host, &name) || name.n == 0 || name.n >= sizeof text)
        return false;
    if (str_eq_nocase(name, STR("localhost")))
        return true;
    snprintf(text, sizeof text, "%.*s", STR_FMT(name));
    return inet_pton(host.p[0] == '[' ? AF_INET6 : AF_INET, text, address) == 1;
}

/* Same scheme, host and port as the address this request was sent to. */
static bool is_own_origin(struct str origin, struct str host)
{
    static const size_t scheme_n = sizeof "http://" - 1;

    return origin.n > scheme_n && memcmp(origin.p, "http://", scheme_n) == 0 &&
           str_eq_nocase(str_of(origin.p + scheme_n, origin.n - scheme_n), host);
}

static enum scope scope_of(struct auth *a, const struct http_req *req)
{
    const struct conn *c = req->conn;

    if (c->is_local)
        return c->peer_uid == geteuid() || c->peer_uid == 0 ? SCOPE_ADMIN : SCOPE_NONE;
    if (secret_find(a->sessions, http_cookie(req, AUTH_COOKIE)))
        return SCOPE_ADMIN;
    return a->loopback;
}

int auth_check(struct auth *a, struct http_req *req)
{
    struct str host = http_header(req, "host"), origin = http_header(req, "origin");

    /* Only HTTP/1.0 gets here without a Host, and no browser speaks that. */
    if (host.p && !is_safe_host(host)) {
        http_reply_error(req, 421, "wrong_host", NULL,
                         "This hub answers to IP addresses and localhost only, not to the name "
                         "\"%.*s\": use http://127.0.0.1 and its port",
                         STR_FMT(host));
        return -LM_E_REFUSED;
    }
    if (origin.p && !is_own_origin(origin, host)) {
        http_reply_error(req, 403, "wrong_origin", NULL,
                         "Pages of %.*s may not ask this hub: open the hub's own page",
                         STR_FMT(origin));
        return -LM_E_REFUSED;
    }
    req->scope = scope_of(a, req);
    return 0;
}
