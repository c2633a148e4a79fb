/* SPDX-License-Identifier: MIT
 *
 * web_names.h - names as browsers write them: hosts and origins (RFC 6454).
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_CONF_WEB_NAMES_H
#define LM_CONF_WEB_NAMES_H

#include "base/str.h"

/* A host's name as in a URL: letters, digits, '-', '_' and '.', no port. */
bool web_host_ok(struct str text);
/* "https://ops.example.com", "http://localhost:3000", "app://desktop", or "*". A path, even "/",
 * makes it another text than browsers send, so it is refused. */
bool web_origin_ok(struct str text);

#endif
