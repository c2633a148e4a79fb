/* SPDX-License-Identifier: MIT
 *
 * web_fuzz.c - names and secrets out of headers and the configuration: hosts, origins, hashes of
 * tokens.
 *
 * The input is Host, Origin and a listed origin, parted by line ends. What must hold: an origin
 * that is let in is the own one, is listed, or there is a "*"; "null" never is; an allowed host is
 * not empty.
 */
#include "conf/token_hash.h"
#include "conf/web_names.h"
#include "net/web_guard.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_of((const char *)data, size), listed_text;
    struct str host = str_cut(rest, '\n', &rest), origin = str_cut(rest, '\n', &listed_text);
    char listed[256], name[] = "logs.example.com";
    char *names[] = {name, NULL}, *origins[] = {listed, NULL};
    struct token_hash hash;

    snprintf(listed, sizeof listed, "%.*s", listed_text.n < 200 ? (int)listed_text.n : 200,
             listed_text.p ? listed_text.p : "");
    (void)web_host_ok(host);
    bool can_be_listed = web_origin_ok(str_from(listed));
    for (int tls = 0; tls < 2; tls++) {
        enum web_origin kind = web_origin_of(origin, host, tls, names, origins);
        lm_assert(!str_is(origin, "null") || kind == WEB_ORIGIN_FOREIGN || !can_be_listed);
        lm_assert(kind != WEB_ORIGIN_LISTED || str_is(origin, listed));
        lm_assert(kind != WEB_ORIGIN_ANY || strcmp(listed, "*") == 0);
        lm_assert(kind != WEB_ORIGIN_OWN || origin.n >= host.n);
    }
    lm_assert(!web_host_allowed(host, names) || host.n > 0);
    if (token_hash_parse(host, &hash))
        (void)token_hash_matches(&hash, origin);
    return 0;
}
