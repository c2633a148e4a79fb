/* SPDX-License-Identifier: MIT
 *
 * web_names.c - what may stand in the lists of hosts and origins.
 */
#include "conf/web_names.h"

enum { HOST_MAX = 253 };

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-';
}

bool web_host_ok(struct str text)
{
    if (text.n == 0 || text.n > HOST_MAX || text.p[0] == '.' || text.p[0] == '-')
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (!is_word(text.p[i]) && text.p[i] != '_' && text.p[i] != '.')
            return false;
    return true;
}

/* Hexadecimal digits, colons and dots between brackets. */
static bool is_v6(struct str text)
{
    if (text.n < 4 || text.p[0] != '[' || text.p[text.n - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < text.n; i++) {
        char c = text.p[i];
        bool hex = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
        if (!hex && c != ':' && c != '.')
            return false;
    }
    return true;
}

static bool port_ok(struct str text)
{
    uint64_t port;

    return str_to_u64(text, &port) && port > 0 && port <= 65535;
}

/* Cuts the port off "host:port" or "[v6]:port"; p NULL when there is none. */
static struct str take_port(struct str *host)
{
    const char *colon = memrchr(host->p, ':', host->n);

    if (!colon || memchr(colon, ']', host->n - (size_t)(colon - host->p)))
        return STR_NONE;
    struct str port = str_of(colon + 1, host->n - (size_t)(colon + 1 - host->p));
    host->n = (size_t)(colon - host->p);
    return port;
}

bool web_origin_ok(struct str text)
{
    struct str after_colon, scheme = str_cut(text, ':', &after_colon);

    if (str_is(text, "*"))
        return true;
    if (scheme.n == 0 || scheme.p[0] < 'a' || scheme.p[0] > 'z' ||
        !str_starts(after_colon, STR("//")) || after_colon.n == 2)
        return false;
    for (size_t i = 0; i < scheme.n; i++)
        if (!is_word(scheme.p[i]) && scheme.p[i] != '+' && scheme.p[i] != '.')
            return false;
    struct str host = str_of(after_colon.p + 2, after_colon.n - 2), port = take_port(&host);
    return (!port.p || port_ok(port)) && (web_host_ok(host) || is_v6(host));
}
