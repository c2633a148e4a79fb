/* SPDX-License-Identifier: MIT
 *
 * client_ask.c - questions out: a call is entered in the table and its frame put into c->out.
 *
 * A call that may be asked twice (idempotent, or with resume) keeps its frame, to send it again
 * after a lost connection.
 *
 * Threads: the client's. Owns: nothing.
 */
#include "ipc/client_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

enum {
    WINDOW_DEFAULT = 1024 * 1024, /* bytes of chunks on their way */
    OUT_SOON = 128 * 1024,        /* is sent though more may be asked */
    GRACE_MS = 1000,              /* for the server to say itself that the time of a call is over */
};

static uint8_t flags_of(const struct lm_ask *ask)
{
    return (uint8_t)((ask->no_reply ? CALL_NO_REPLY : 0) | (ask->fresh ? CALL_FRESH : 0));
}

static uint32_t window_of(uint32_t window)
{
    return window ? window : WINDOW_DEFAULT;
}

/* Writes the CALL. -EMSGSIZE when the server would not take it. */
static int add_frame(struct lm_client *c, const struct lm_ask *ask, uint64_t request,
                     struct buf *out)
{
    struct str attached[CALL_PIECES_MAX];
    struct call_frame call = {.request = request,
                              .flags = flags_of(ask),
                              .timeout_ms = ask->timeout_ms ? ask->timeout_ms : c->opts.timeout_ms,
                              .credit = ask->on_chunk ? window_of(ask->window) : 0,
                              .channel = str_from(ask->channel),
                              .args = str_of(ask->args.p, ask->args.n)};

    if (!call_channel_ok(call.channel) || ask->attachment_count > CALL_PIECES_MAX)
        return -EINVAL;
    for (uint32_t i = 0; i < ask->attachment_count; i++)
        attached[i] = str_of(ask->attachments[i].p, ask->attachments[i].n);
    if (call_payload_n(CALL_HEAD + call.channel.n, call.args, attached, ask->attachment_count) >
        c->frame_max)
        return -EMSGSIZE;
    call_add(out, &call, attached, ask->attachment_count);
    return buf_error(out);
}

static int keep_again(struct lm_client *c, struct pending *p, size_t at)
{
    p->again_n = c->out.n - at;
    p->again = malloc(p->again_n);
    if (!p->again)
        return -ENOMEM;
    memcpy(p->again, c->out.p + at, p->again_n);
    return 0;
}

int client_put(struct lm_client *c, const struct lm_ask *ask, uint64_t *ret_request)
{
    uint32_t timeout_ms = ask->timeout_ms ? ask->timeout_ms : c->opts.timeout_ms;
    size_t at = c->out.n;

    if (c->fd < 0)
        return -ENOTCONN;
    struct pending *p = pending_add(c);
    if (!p)
        return -ENOMEM;
    uint64_t request = p->request;
    int err = add_frame(c, ask, request, &c->out);
    if (err == 0 && (ask->idempotent || ask->resume))
        err = keep_again(c, p, at);
    if (err < 0) {
        c->out.n = at;
        c->out.failed = false;
        pending_remove(c, p);
        return err;
    }
    p->due_us = clock_mono_us() + ((int64_t)timeout_ms + GRACE_MS) * 1000;
    p->on_answer = ask->on_answer;
    p->on_chunk = ask->on_chunk;
    p->resume = ask->resume;
    p->ctx = ask->ctx;
    p->window = window_of(ask->window);
    *ret_request = request;
    if (ask->no_reply)
        pending_remove(c, p);
    return 0;
}

int lm_client_ask(struct lm_client *c, const struct lm_ask *ask, uint64_t *ret_request)
{
    uint64_t request;
    int err = client_put(c, ask, &request);

    if (err < 0)
        return err;
    const struct pending *p = pending_find(c, request);
    if (p)
        client_note(c, p->due_us);
    if (ret_request)
        *ret_request = request;
    /* What cannot be sent is noticed where the connection is read. */
    if (!c->hold || c->out.n - c->sent > OUT_SOON)
        (void)client_send(c);
    return 0;
}

int lm_client_cancel(struct lm_client *c, uint64_t request)
{
    if (!pending_find(c, request))
        return -ENOENT;
    call_add_cancel(&c->out, request);
    return c->hold ? 0 : client_send(c);
}

int lm_client_listen(struct lm_client *c, uint64_t request, lm_chunk_fn *on_chunk, void *ctx,
                     uint32_t window)
{
    struct pending *p = pending_find(c, request);

    if (!p || p->on_chunk)
        return -ENOENT;
    p->on_chunk = on_chunk;
    p->ctx = ctx;
    p->window = window_of(window);
    call_add_credit(&c->out, request, p->window);
    return c->hold ? 0 : client_send(c);
}
