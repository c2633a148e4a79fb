/* SPDX-License-Identifier: MIT
 *
 * params.c - query parameters to filters, numbers, times.
 */
#include "api/params.h"

#include "base/clock.h"
#include "net/auth.h"
#include "conf/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const filter_names[] = {
#define PARAM_FILTER(name, schema, sentence) name,
#define PARAM(name, schema, sentence)
#include "api/params.def"
#undef PARAM_FILTER
#undef PARAM
};
enum { FILTER_NAMES = sizeof filter_names / sizeof filter_names[0], OWN_MAX = 16 };

static bool is_own(struct str name, const char *const *own)
{
    for (; *own; own++)
        if (str_is(name, *own))
            return true;
    return false;
}

static void refuse_unknown(struct http_req *req, struct str name, const char *const *own,
                           bool filters)
{
    const char *names[FILTER_NAMES + OWN_MAX];
    char text[65];
    size_t n = 0;

    for (; filters && n < FILTER_NAMES; n++)
        names[n] = filter_names[n];
    for (; *own && n < FILTER_NAMES + OWN_MAX; own++)
        names[n++] = *own;
    snprintf(text, sizeof text, "%.*s", STR_FMT(name));
    const char *nearest = err_nearest(text, names, n);
    http_reply_error(req, 400, "unknown_parameter", NULL, "unknown parameter '%s'%s%s%s", text,
                     nearest ? ": did you mean '"
                             : "; see docs/http-api.md for what this route takes",
                     nearest ? nearest : "", nearest ? "'?" : "");
}

/* A filter text also has a place where it goes wrong. */
static void refuse_value(struct http_req *req, const struct errinfo *info)
{
    char details[32];

    snprintf(details, sizeof details, "{\"column\":%d}", info->column);
    http_reply_error(req, 400, info->column ? "bad_filter" : "bad_parameter",
                     info->column ? details : NULL, "%s", info->text);
}

/* One of two values would win and the other be ignored without a word. */
static bool refuse_repeated(struct http_req *req, size_t i, struct str name)
{
    struct http_field earlier;
    bool repeated = false;

    for (size_t k = 0; k < i && http_query_at(req, k, &earlier); k++)
        repeated |= str_eq(earlier.name, name);
    if (repeated)
        http_reply_error(req, 400, "bad_parameter", NULL, "%.*s is given more than once",
                         STR_FMT(name));
    return repeated;
}

bool params_check(struct http_req *req, const char *const *own)
{
    struct http_field field;

    if (!own || (*own && strcmp(*own, PARAMS_ANY) == 0))
        return true;
    for (size_t i = 0; http_query_at(req, i, &field); i++) {
        if (refuse_repeated(req, i, field.name))
            return false;
        if (is_own(field.name, own) || str_is(field.name, AUTH_TICKET_PARAM))
            continue;
        refuse_unknown(req, field.name, own, false);
        return false;
    }
    return true;
}

void params_filter_free(struct filter *f)
{
    if (f)
        filter_fini(f);
    free(f);
}

struct filter *params_filter(struct http_req *req, const char *const *own)
{
    struct filter *f = malloc(sizeof *f);
    struct http_field field;
    struct errinfo info;

    if (!f) {
        http_reply_error(req, 503, "no_memory", NULL, "the hub is short of memory; try again");
        return NULL;
    }
    filter_init(f);
    for (size_t i = 0; http_query_at(req, i, &field); i++) {
        if (refuse_repeated(req, i, field.name)) {
            params_filter_free(f);
            return NULL;
        }
        if (is_own(field.name, own) || str_is(field.name, AUTH_TICKET_PARAM))
            continue;
        int err = filter_add(f, field.name, field.value, &info);
        if (err == 0)
            continue;
        params_filter_free(f);
        if (err == -LM_E_UNKNOWN)
            refuse_unknown(req, field.name, own, true);
        else
            refuse_value(req, &info);
        return NULL;
    }
    if (grant_limit(req->grant, f, &info) < 0) {
        params_filter_free(f);
        refuse_value(req, &info);
        return NULL;
    }
    return f;
}

bool params_number(struct http_req *req, const char *name, uint64_t max, uint64_t *value)
{
    struct str text = http_query(req, name);
    uint64_t number;

    if (!text.p)
        return true;
    if (!str_to_u64(text, &number) || number > max) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "%s must be a whole number from 0 to %" PRIu64, name, max);
        return false;
    }
    *value = number;
    return true;
}

bool params_time(struct http_req *req, const char *name, int64_t *value_us)
{
    struct str text = http_query(req, name);

    uint64_t ago_ms;

    if (!text.p || clock_parse(text, value_us))
        return true;
    if (duration_parse(text, &ago_ms)) {
        *value_us = clock_wall_us() - (int64_t)ago_ms * 1000;
        return true;
    }
    http_reply_error(
        req, 400, "bad_parameter", NULL,
        "%s must be a time such as 2026-01-15T10:30:45Z, a date, or how long ago as in "
        "15m",
        name);
    return false;
}

bool params_range(struct http_req *req, int64_t *from_us, int64_t *to_us)
{
    if (!params_time(req, "from", from_us) || !params_time(req, "to", to_us))
        return false;
    if (*from_us <= *to_us)
        return true;
    http_reply_error(req, 400, "bad_parameter", NULL,
                     "from is later than to: nothing lies between");
    return false;
}

bool params_choice(struct http_req *req, const char *name, const char *const *words, size_t n,
                   int *choice)
{
    struct str text = http_query(req, name);
    char list[128] = "";

    if (!text.p)
        return true;
    for (size_t i = 0; i < n; i++) {
        if (str_is(text, words[i])) {
            *choice = (int)i;
            return true;
        }
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", words[i]);
    }
    http_reply_error(req, 400, "bad_parameter", NULL, "%s must be one of %s", name, list);
    return false;
}
