/* SPDX-License-Identifier: MIT
 *
 * target.c - flags, environment, and the parts of a URL.
 */
#include "cli/target.h"

#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

/* --url U and --url=U; *i moves over a value of its own. NULL: another flag. */
static const char *value_of(const char *flag, int argc, char **argv, int *i)
{
    size_t n = strlen(flag);

    if (strncmp(argv[*i], flag, n) != 0)
        return NULL;
    if (argv[*i][n] == '=')
        return argv[*i] + n + 1;
    if (argv[*i][n] != '\0')
        return NULL;
    ++*i;
    return *i < argc ? argv[*i] : "";
}

static const char *not_empty(const char *text)
{
    return text && *text ? text : NULL;
}

int target_take(struct target *t, const char *command, int *argc, char **argv)
{
    const char *url = getenv("LOGMILL_URL"), *ca = getenv("LOGMILL_CA"), *value;
    int i, kept = 1;

    for (i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++) {
        if ((value = value_of("--url", *argc, argv, &i)))
            url = value;
        else if ((value = value_of("--ca", *argc, argv, &i)))
            ca = value;
        else if (strcmp(argv[i], "--insecure") == 0)
            t->insecure = true;
        else
            argv[kept++] = argv[i];
        if (value && !*value)
            return cli_usage(command, "%s needs a value", value == url ? "--url" : "--ca");
    }
    for (; i < *argc; i++)
        argv[kept++] = argv[i];
    argv[kept] = NULL;
    *argc = kept;
    t->url = not_empty(url);
    t->ca = not_empty(ca);
    t->token = getenv("LOGMILL_TOKEN");
    return CLI_OK;
}

/* "host:port", "[::1]:port", "host" */
static void split_authority(struct target_place *p)
{
    struct str rest = p->authority;
    const char *colon = rest.n ? memrchr(rest.p, ':', rest.n) : NULL;

    if (colon && memchr(colon, ']', rest.n - (size_t)(colon - rest.p)))
        colon = NULL; /* one of an IPv6 address without a port */
    size_t host_n = colon ? (size_t)(colon - rest.p) : rest.n;
    if (colon)
        snprintf(p->port, sizeof p->port, "%.*s", (int)(rest.n - host_n - 1), colon + 1);
    else
        snprintf(p->port, sizeof p->port, "%s", p->tls ? "443" : "80");
    if (host_n > 2 && rest.p[0] == '[' && rest.p[host_n - 1] == ']') {
        rest.p++;
        host_n -= 2;
    }
    snprintf(p->host, sizeof p->host, "%.*s", (int)host_n, rest.p);
}

int target_read_url(const struct target *t, struct target_place *ret, struct errinfo *info)
{
    struct str url = str_from(t->url), plain = STR("http://"), tls = STR("https://"), tail;
    struct target_place p = {.tls = str_starts(url, tls)};
    size_t scheme_n = p.tls ? tls.n : plain.n;

    if (!p.tls && !str_starts(url, plain))
        return err_set(info, -LM_E_INVALID,
                       "%s is not a URL of a hub: it should look like http://127.0.0.1:8514",
                       t->url);
    url = str_of(url.p + scheme_n, url.n - scheme_n);
    p.authority = str_cut(url, '/', &tail);
    while (tail.n && tail.p[tail.n - 1] == '/')
        tail.n--;
    p.prefix = tail.n ? str_of(tail.p - 1, tail.n + 1) : STR("");
    split_authority(&p);
    if (!*p.host)
        return err_set(info, -LM_E_INVALID,
                       "%s names no host: it should look like http://127.0.0.1:8514", t->url);
    *ret = p;
    return 0;
}
