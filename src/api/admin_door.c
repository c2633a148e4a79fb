/* SPDX-License-Identifier: MIT
 *
 * admin_door.c - the door to the stream of the process cards.
 */
#include "api/dispatch.h"
#include "net/ws_link.h"
#include "stream/admin.h"

void admin_ws(struct http_req *req, struct api *api)
{
    struct ws_terms terms = {0};
    struct str text = http_query(req, "after");
    uint64_t after = 0;
    bool foreign = false;
    int window_bits;

    if (!ws_handshake_ok(req, ""))
        return;
    if (text.p && !hub_cursor_parse(api->hub, text, &after, &foreign)) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "after must be the id of the last line you have");
        return;
    }
    if (ws_offers_protocol(req, "logmill.admin"))
        terms.protocol = "logmill.admin";
    else if (ws_offers_protocol(req, "logmill.plain"))
        terms.protocol = "logmill.plain";
    struct grant *grant = grant_ref(req->grant); /* the request may be gone after the next line */
    struct conn *c = ws_accept(req, &terms, &window_bits);
    admin_open(api->admin, c, grant, window_bits, foreign ? 0 : after);
    grant_unref(grant);
}
