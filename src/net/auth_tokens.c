/* SPDX-License-Identifier: MIT
 *
 * auth_tokens.c - bearer tokens: from the configuration, and out of a request.
 *
 * A browser's WebSocket cannot send headers but can offer subprotocols, so a token may ride along
 * as bearer.<token>, or bearer.<base64url of the token>. It is never echoed.
 */
#include "net/auth_impl.h"

#include <errno.h>
#include <stdlib.h>

void auth_free_tokens(struct auth_token *tokens, size_t n)
{
    for (size_t i = 0; i < n; i++)
        grant_unref(tokens[i].grant);
    free(tokens);
}

/* --- the configuration --- */

static const enum scope scopes[] = {
    [TOKEN_READ] = SCOPE_READ, [TOKEN_WRITE] = SCOPE_WRITE, [TOKEN_ADMIN] = SCOPE_ADMIN};

static bool is_same(const struct auth_token *t, const struct token_conf *conf,
                    const struct token_hash *hash)
{
    const struct grant *g = t->grant;

    if (strcmp(g->name, conf->name) != 0 || g->scope != scopes[conf->scope] ||
        g->label_count != conf->label_count || memcmp(&t->hash, hash, sizeof *hash) != 0)
        return false;
    for (uint32_t i = 0; i < g->label_count; i++)
        if (!str_is(g->labels[i].name, conf->labels[i].name) ||
            !str_is(g->labels[i].value, conf->labels[i].value))
            return false;
    return true;
}

static int take_token(const struct auth *a, const struct token_conf *conf, struct auth_token *ret)
{
    lm_assert(token_hash_parse(str_from(conf->hash), &ret->hash));
    for (size_t i = 0; i < a->token_count; i++)
        if (is_same(&a->tokens[i], conf, &ret->hash)) {
            ret->grant = grant_ref(a->tokens[i].grant);
            return 0;
        }
    return grant_new(&ret->grant, GRANT_TOKEN, scopes[conf->scope], conf->name, conf->labels,
                     conf->label_count);
}

static void revoke_old(struct auth *a, const struct auth_token *tokens, size_t n)
{
    for (size_t i = 0; i < a->token_count; i++) {
        struct grant *old = a->tokens[i].grant;
        bool stays = false;
        for (size_t k = 0; k < n; k++)
            stays |= tokens[k].grant == old;
        if (!stays)
            grant_revoke(old);
    }
}

int auth_configure(struct auth *a, const struct settings *s)
{
    static const enum scope loopback[] = {[LOOPBACK_NONE] = SCOPE_NONE,
                                          [LOOPBACK_READ] = SCOPE_WRITE,
                                          [LOOPBACK_ADMIN] = SCOPE_ADMIN};
    struct auth_token *tokens = calloc(s->token_count + 1, sizeof *tokens);
    int err = tokens ? 0 : -ENOMEM;
    size_t n = 0;

    for (; n < s->token_count && err == 0; n++)
        err = take_token(a, &s->tokens[n], &tokens[n]);
    if (err < 0) {
        auth_free_tokens(tokens, tokens ? n : 0);
        return err;
    }
    revoke_old(a, tokens, n);
    auth_free_tokens(a->tokens, a->token_count);
    a->tokens = tokens;
    a->token_count = n;
    a->hosts = s->hosts;
    a->origins = s->cors_origins;
    a->loopback->scope = loopback[s->auth_loopback];
    return 0;
}

/* --- a request --- */

/* Looks at every token whatever is found. */
static struct grant *find_token(const struct auth *a, struct str text)
{
    struct grant *found = NULL;

    for (size_t i = 0; i < a->token_count; i++)
        if (token_hash_matches(&a->tokens[i].hash, text))
            found = a->tokens[i].grant;
    return found;
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Without padding. Empty when it is no base64url or does not fit. */
static struct str decode_base64url(struct str text, char *out, size_t room)
{
    unsigned bits = 0, count = 0;
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        int value = base64url_value(text.p[i]);
        if (value < 0)
            return STR_NONE;
        bits = bits << 6 | (unsigned)value;
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        if (n == room)
            return STR_NONE;
        out[n++] = (char)(bits >> count & 0xff);
    }
    return str_of(out, n);
}

static struct str strip_prefix(struct str text, struct str prefix)
{
    if (text.n <= prefix.n || !str_eq_nocase(str_of(text.p, prefix.n), prefix))
        return STR_NONE;
    return str_of(text.p + prefix.n, text.n - prefix.n);
}

/* The first offer bearer.…, over all fields of that name. */
static struct str find_offer(const struct http_req *req)
{
    for (uint32_t i = 0; i < req->field_count; i++) {
        struct str rest = req->fields[i].value;
        if (!str_eq_nocase(req->fields[i].name, STR("sec-websocket-protocol")))
            continue;
        while (rest.p) {
            struct str token = strip_prefix(str_trim(str_cut(rest, ',', &rest)), STR("bearer."));
            if (token.p)
                return token;
        }
    }
    return STR_NONE;
}

struct grant *auth_find_bearer(const struct auth *a, const struct http_req *req, bool *wrong)
{
    struct str token = strip_prefix(http_header(req, "authorization"), STR("Bearer "));
    char decoded[256];
    struct grant *g;

    if (token.p) {
        g = find_token(a, str_trim(token));
    } else {
        token = find_offer(req);
        if (!token.p)
            return NULL;
        g = find_token(a, token);
        if (!g)
            g = find_token(a, decode_base64url(token, decoded, sizeof decoded));
    }
    *wrong = !g;
    return g;
}
