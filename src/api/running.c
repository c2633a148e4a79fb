/* SPDX-License-Identifier: MIT
 *
 * running.c - the list of what is under way, and its two routes.
 */
#include "api/running.h"

#include "api/dispatch.h"
#include "base/clock.h"
#include "record/json.h"
#include "record/utf8.h"

#include <inttypes.h>
#include <stdio.h>

void running_init(struct running_list *l)
{
    list_init(&l->list);
    l->last_number = 0;
}

void running_add(struct running_list *l, struct running *r, const struct http_req *req)
{
    r->number = ++l->last_number;
    r->started_us = clock_mono_us();
    snprintf(r->target, sizeof r->target, "%.*s%s%.*s", STR_FMT(req->path), req->query.n ? "?" : "",
             STR_FMT(req->query));
    list_push(&l->list, &r->link);
}

void running_remove(struct running *r)
{
    if (r->number)
        list_remove(&r->link);
    r->number = 0;
}

static void add_running(struct buf *out, const struct running *r)
{
    buf_printf(out, "{\"id\":%" PRIu64 ",\"running_ms\":%" PRId64 ",\"target\":", r->number,
               (clock_mono_us() - r->started_us) / 1000);
    struct str target = str_from(r->target);
    json_add_string(out, str_of(target.p, utf8_valid_prefix(target)));
    if (r->progress)
        buf_printf(out, ",\"done\":%" PRIu64 ",\"all\":%" PRIu64,
                   atomic_load_explicit(&r->progress->done, memory_order_relaxed),
                   atomic_load_explicit(&r->progress->all, memory_order_relaxed));
    if (r->sent)
        buf_printf(out, ",\"sent_bytes\":%" PRIu64, *r->sent);
    buf_add_char(out, '}');
}

void queries_get(struct http_req *req, struct api *api)
{
    struct buf out = {0};
    bool any = false;

    BUF_LIT(&out, "{\"queries\":[");
    LIST_FOR_EACH (at, &api->running.list) {
        if (any)
            buf_add_char(&out, ',');
        add_running(&out, LIST_ITEM(at, struct running, link));
        any = true;
    }
    BUF_LIT(&out, "]}\n");
    http_reply(req, 200, "application/json", buf_str(&out));
    buf_fini(&out);
}

void query_cancel(struct http_req *req, struct api *api)
{
    uint64_t number = 0;

    if (str_to_u64(api_param(req, "id"), &number))
        LIST_FOR_EACH (at, &api->running.list) {
            struct running *r = LIST_ITEM(at, struct running, link);
            if (r->number != number)
                continue;
            atomic_store(r->cancel, true);
            http_reply(req, 202, "application/json", STR("{\"status\":\"cancelled\"}\n"));
            return;
        }
    http_reply_error(req, 404, "no_such_query", NULL,
                     "no such query is running (any more): GET /api/v1/queries lists them");
}
