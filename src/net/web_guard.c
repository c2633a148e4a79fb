/* SPDX-License-Identifier: MIT
 *
 * web_guard.c - hosts and origins, taken apart strictly.
 */
#include "net/web_guard.h"

#include <arpa/inet.h>
#include <stdio.h>

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

static bool is_listed(struct str name, char *const *names)
{
    for (; names && *names; names++)
        if (str_eq_nocase(name, str_from(*names)))
            return true;
    return false;
}

static bool is_named(struct str host, char *const *names)
{
    struct str name;

    return host.n && host.p[0] != '[' && split_host(host, &name) && is_listed(name, names);
}

bool web_host_allowed(struct str host, char *const *names)
{
    struct str name;
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];

    if (is_named(host, names))
        return true;
    if (!split_host(host, &name) || name.n == 0 || name.n >= sizeof text)
        return false;
    if (str_eq_nocase(name, STR("localhost")))
        return true;
    snprintf(text, sizeof text, "%.*s", STR_FMT(name));
    return inet_pton(host.p[0] == '[' ? AF_INET6 : AF_INET, text, address) == 1;
}

static bool is_at(struct str origin, struct str scheme, struct str host)
{
    return str_starts(origin, scheme) &&
           str_eq_nocase(str_of(origin.p + scheme.n, origin.n - scheme.n), host);
}

static bool is_own(struct str origin, struct str host, bool is_tls, char *const *names)
{
    bool either = is_named(host, names);

    return ((either || !is_tls) && is_at(origin, STR("http://"), host)) ||
           ((either || is_tls) && is_at(origin, STR("https://"), host));
}

enum web_origin web_origin_of(struct str origin, struct str host, bool is_tls, char *const *names,
                              char *const *origins)
{
    bool any = false;

    if (!origin.p)
        return WEB_ORIGIN_NONE;
    if (is_own(origin, host, is_tls, names))
        return WEB_ORIGIN_OWN;
    for (; origins && *origins; origins++) {
        if (str_is(origin, *origins))
            return WEB_ORIGIN_LISTED;
        any |= strcmp(*origins, "*") == 0;
    }
    return any && origin.n && !str_is(origin, "null") && !str_is(origin, "*") ? WEB_ORIGIN_ANY
                                                                              : WEB_ORIGIN_FOREIGN;
}

bool web_is_cross_site(struct str site, struct str mode)
{
    return site.p && !str_is(site, "same-origin") && !str_is(site, "none") &&
           !str_is(mode, "navigate");
}
