/* SPDX-License-Identifier: MIT
 *
 * audit.h - what an administrator did becomes a record.
 *
 * Threads: loop thread only. Owns: nothing.
 */
#ifndef LM_API_AUDIT_H
#define LM_API_AUDIT_H

#include "api/api.h"

/* Who (from the request) did what. `refusal` is NULL, or says why it was not done. Before the
 * request is answered. */
void api_audit(const struct http_req *req, struct api *api, const char *action, struct str object,
               const char *refusal);

#endif
