/* SPDX-License-Identifier: MIT
 *
 * ipc.c - the manager of the hub: life, and what all handlers need.
 */
#include "api/ipc_impl.h"

#include "base/clock.h"
#include "base/diag.h"
#include "record/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PING_MS = 25 * 1000, PONG_MS = 20 * 1000, MESSAGE_MS = 30 * 1000, OPEN_CALLS_MAX = 1024 };

/* Failures of ours; what a caller did wrong is told to the caller alone. */
static void on_error(const struct lm_incident *i, void *ctx)
{
    (void)ctx;
    if (i->code == LM_HANDLER_ERROR)
        diag_warn("Call of %.*s by %s failed: %.*s", (int)i->channel.n, i->channel.p,
                  i->caller ? i->caller : "somebody", (int)i->message.n, i->message.p);
}

/* To the console alone: a record of it would be a call again for those who follow. */
static void on_debug(const char *line, void *ctx)
{
    (void)ctx;
    diag_private("ipc: %s", line);
}

static void on_clock(uv_poll_t *poll, int status, int events)
{
    struct ipc *ipc = poll->data;

    (void)status;
    (void)events;
    (void)lm_manager_dispatch(ipc->manager, 0);
}

int ipc_register(struct ipc *ipc, const char *channel, const struct lm_handler *handler)
{
    struct lm_handler h = *handler;
    const char *reason = NULL;

    h.ctx = ipc;
    int err = lm_manager_register(ipc->manager, channel, &h, &reason);
    if (err < 0)
        diag_error("Channel %s: %s", channel, reason);
    return err;
}

static int register_all(struct ipc *ipc)
{
    int err = ipc_register_logs(ipc);

    if (err == 0)
        err = ipc_register_clear(ipc);
    if (err == 0)
        err = ipc_register_write(ipc);
    if (err == 0)
        err = ipc_register_follow(ipc);
    if (err == 0)
        err = ipc_register_hub(ipc);
    if (err == 0)
        err = ipc_register_config(ipc);
    return err < 0 ? err : ipc_register_ai(ipc);
}

int ipc_new(struct ipc **ret, struct api *api, const struct intake *intake)
{
    struct ipc *ipc = calloc(1, sizeof *ipc);
    struct lm_manager_opts opts = {.clients_max = 4096,
                                   .open_calls_max = OPEN_CALLS_MAX,
                                   .on_error = on_error,
                                   .on_debug = on_debug};

    if (!ipc)
        return -ENOMEM;
    ipc->api = api;
    ipc->started_us = clock_wall_us();
    ipc->started_mono_us = clock_mono_us();
    list_init(&ipc->doors);
    list_init(&ipc->questions);
    list_init(&ipc->follows);
    list_init(&ipc->writes);
    list_init(&ipc->watches);
    push_shared_init(&ipc->push, intake);
    int err = lm_manager_new(&ipc->manager, &opts);
    if (err == 0)
        err = register_all(ipc);
    if (err == 0)
        err = uv_poll_init(&api->loop->uv, &ipc->clock, lm_manager_fd(ipc->manager));
    if (err < 0) {
        ipc_free(ipc);
        return err;
    }
    ipc->clock.data = ipc;
    uv_poll_start(&ipc->clock, UV_READABLE, on_clock);
    uv_unref((uv_handle_t *)&ipc->clock); /* connections keep the loop going, not the clock */
    ws_watch_init(&ipc->watch, api->loop, PING_MS, PONG_MS, MESSAGE_MS);
    *ret = ipc;
    return 0;
}

void ipc_close(struct ipc *ipc)
{
    ipc->closing = true;
    doors_close(ipc);
    ws_watch_close(&ipc->watch);
    LIST_FOR_EACH (link, &ipc->questions)
        atomic_store(&LIST_ITEM(link, struct question, link)->cancel, true);
    uv_close((uv_handle_t *)&ipc->clock, NULL);
}

void ipc_free(struct ipc *ipc)
{
    if (!ipc)
        return;
    lm_manager_free(ipc->manager);
    push_shared_fini(&ipc->push);
    buf_fini(&ipc->json);
    free(ipc);
}

void ipc_sink(const struct batch *b, void *ctx)
{
    struct ipc *ipc = ctx;

    if (!list_empty(&ipc->follows))
        follow_sink(ipc, b);
}

void ipc_acked(struct ipc *ipc, uint64_t acked_id)
{
    if (ipc && !list_empty(&ipc->writes))
        write_acked(ipc, acked_id);
}

const struct grant *ipc_grant(struct lm_call call)
{
    const struct lm_caller *caller = lm_call_caller(call);
    return caller ? caller->context : NULL;
}

bool ipc_unlimited(struct lm_call call)
{
    const struct grant *g = ipc_grant(call);

    if (g && !g->revoked && !grant_is_limited(g))
        return true;
    lm_fail(call, LM_FORBIDDEN, "a caller that may see some of the records only may not do this",
            LM_STR(""));
    return false;
}

void ipc_audit(struct lm_call call, const struct ipc *ipc, const char *action, const char *object,
               const char *refusal)
{
    const struct lm_caller *caller = lm_call_caller(call);
    char from[32] = "WebSocket";

    if (caller && caller->uid != (uid_t)-1)
        snprintf(from, sizeof from, "unix uid %u", caller->uid);
    own_audit(ipc->api->own, &(struct audit){.who = caller ? caller->name : "somebody",
                                             .from = from,
                                             .action = action,
                                             .object = object,
                                             .result = refusal ? refusal : "done",
                                             .refused = refusal != NULL});
}

bool ipc_refuse(struct lm_call call, const char *name, const char *reason)
{
    struct buf details = {0};

    BUF_LIT(&details, "{\"path\":");
    json_add_string(&details, str_from(name));
    BUF_LIT(&details, ",\"reason\":");
    json_add_string(&details, str_from(reason));
    buf_add_char(&details, '}');
    lm_fail(call, LM_VALIDATION_ERROR, reason,
            to_lm(details.failed ? STR_NONE : buf_str(&details)));
    buf_fini(&details);
    return false;
}

void ipc_reply(struct lm_call call, const struct buf *out)
{
    if (out->failed)
        lm_fail(call, LM_HANDLER_ERROR, "the hub is short of memory; try again", LM_STR(""));
    else
        (void)lm_reply(call, to_lm(buf_str(out))); /* too large is told by the manager */
}
