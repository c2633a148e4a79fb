/* SPDX-License-Identifier: MIT
 *
 * hub_compact.c - POST /api/v1/hub/compact: what is dead leaves the disk. The answer comes at the
 * end; a client that leaves before does not end it.
 */
#include "api/audit.h"
#include "api/dispatch.h"

#include <errno.h>
#include <inttypes.h>

static void on_compacted(int err, const struct store_compacted *c, void *ctx)
{
    struct http_req *req = ctx;
    struct buf out = {0};

    if (err < 0) {
        http_reply_error(req, err == -ENOSPC ? 507 : 500, "not_compacted", NULL,
                         "the compaction ended early: %s; %" PRIu32
                         " pairs of files were made anew, "
                         "the others are as they were",
                         err_text(err), c->pairs);
        return;
    }
    buf_printf(&out,
               "{\"pairs\":%" PRIu32 ",\"records\":%" PRIu64 ",\"bytes_before\":%" PRIu64
               ",\"bytes_after\":%" PRIu64 "}\n",
               c->pairs, c->records, c->before, c->after);
    http_reply(req, 200, "application/json", buf_str(&out));
    buf_fini(&out);
}

void hub_compact(struct http_req *req, struct api *api)
{
    api_audit(req, api, "compact", STR("the history"), NULL);
    http_hold(req, NULL);
    int err = store_compact(api->store, on_compacted, req);
    if (err == -EBUSY)
        http_reply_error(req, 409, "busy", NULL, "a compaction is under way already");
    else if (err < 0)
        http_reply_error(req, 503, "unavailable", NULL, "out of memory");
}
