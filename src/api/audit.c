/* SPDX-License-Identifier: MIT
 *
 * audit.c - from a request to an audit record.
 */
#include "api/audit.h"

#include <stdio.h>

void api_audit(const struct http_req *req, struct api *api, const char *action, struct str object,
               const char *refusal)
{
    char who[96], what[128], peer[CONN_PEER_MAX];

    grant_describe(req->grant, who);
    snprintf(what, sizeof what, "%.*s", STR_FMT(object));
    own_audit(api->own, &(struct audit){.who = who,
                                        .from = req->conn ? conn_peer(req->conn, peer) : "gone",
                                        .action = action,
                                        .object = what,
                                        .result = refusal ? refusal : "done",
                                        .refused = refusal != NULL});
}
