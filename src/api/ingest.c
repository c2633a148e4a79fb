/* SPDX-License-Identifier: MIT
 *
 * ingest.c - POST /api/v1/logs: whose records these are, unless they say so themselves.
 */
#include "api/dispatch.h"
#include "record/utf8.h"

/* False: answered. */
static bool only_known_parameters(struct http_req *req)
{
    struct http_field param;

    for (size_t i = 0; http_query_at(req, i, &param); i++) {
        if (str_is(param.name, "source"))
            continue;
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "there is no parameter \"%.*s\" here, only \"source\"; everything else "
                         "stands in the records",
                         STR_FMT(param.name));
        return false;
    }
    return true;
}

void logs_ingest(struct http_req *req, struct api *api)
{
    struct str source = http_query(req, "source");

    if (!only_known_parameters(req))
        return;
    if (!source.n)
        source = http_header(req, "x-logmill-source");
    if (!source.n)
        source = STR("http");
    if (source.n > LABEL_VALUE_MAX || utf8_valid_prefix(source) < source.n) {
        http_reply_error(req, 400, "bad_parameter", NULL,
                         "a source is UTF-8 text of at most %d bytes", LABEL_VALUE_MAX);
        return;
    }
    http_in_serve(api->http_in, req, source);
}
