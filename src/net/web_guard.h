/* SPDX-License-Identifier: MIT
 *
 * web_guard.h - which web pages may ask: the headers Host and Origin (docs/security.md).
 *
 * Lists end with NULL; an empty list may be NULL.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_NET_WEB_GUARD_H
#define LM_NET_WEB_GUARD_H

#include "base/str.h"

/* Is the header Host an IP address, localhost, or one of `names`, with any port or none? No foreign
 * DNS server can point the first two at us. */
bool web_host_allowed(struct str host, char *const *names);

enum web_origin {
    WEB_ORIGIN_NONE,    /* not a page that browsers tell of */
    WEB_ORIGIN_OWN,     /* a page of this server */
    WEB_ORIGIN_LISTED,  /* named in the list */
    WEB_ORIGIN_ANY,     /* allowed by "*" only */
    WEB_ORIGIN_FOREIGN, /* everything else, "null" among it */
};

/* Own means the same scheme, host and port as the address the request was sent to. For one of
 * `names` http and https are both own: TLS may end at a proxy. Compared exactly, never by a
 * part. */
enum web_origin web_origin_of(struct str origin, struct str host, bool is_tls, char *const *names,
                              char *const *origins);

/* What browsers say of a request without Origin (Fetch Metadata): does another site's page make use
 * of it, otherwise than by leading here? `site` and `mode` are Sec-Fetch-Site and
 * Sec-Fetch-Mode. */
bool web_is_cross_site(struct str site, struct str mode);

#endif
