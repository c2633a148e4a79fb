/* SPDX-License-Identifier: MIT
 *
 * ingest.c - POST /api/v1/logs: whose records these are and how long they are kept, unless they say
 * so themselves.
 */
#include "api/dispatch.h"
#include "record/utf8.h"

void logs_ingest(struct http_req *req, struct api *api)
{
    struct str source = http_query(req, "source"), ttl = http_query(req, "ttl");
    uint16_t class = 0;

    if (!source.n)
        source = http_header(req, "x-logmill-source");
    if (!source.n)
        source = STR("http");
    if (source.n > LABEL_VALUE_MAX || utf8_valid_prefix(source) < source.n) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "a source is UTF-8 text of at most %d bytes", LABEL_VALUE_MAX);
        return;
    }
    if (ttl.p && !ttl_class_of(&api->settings->retention_classes, ttl, &class)) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "ttl is how long these records are kept, such as 12h or 7d");
        return;
    }
    http_in_serve(api->http_in, req, source, class);
}
