/* SPDX-License-Identifier: MIT
 *
 * peer.c - one connection of the manager: frames in, bytes out, whatever carries them.
 */
#include "ipc/manager_impl.h"

#include <errno.h>
#include <stdlib.h>

void peer_mark(struct peer *p)
{
    if (list_empty(&p->dirty))
        list_push(&p->manager->dirty, &p->dirty);
}

static struct iovec piece(const char *bytes, size_t n)
{
    union {
        const char *in;
        void *out;
    } at = {.in = bytes}; /* writing does not write to it; only the type lacks the const */
    return (struct iovec){at.out, n};
}

static void give_up(struct peer *p)
{
    p->closing = true;
    buf_clear(&p->out);
    p->sent = 0;
    p->ops->close(p->self);
}

/* n bytes of what is queued, and then of what follows it, have gone. */
static size_t note_sent(struct peer *p, size_t n)
{
    size_t queued = peer_unsent(p);

    if (n < queued) {
        p->sent += n;
        return 0;
    }
    buf_clear(&p->out);
    p->sent = 0;
    return n - queued;
}

enum { OUT_KEPT_MAX = 256 * 1024 };

void peer_flush(struct peer *p)
{
    list_remove(&p->dirty);
    if (p->out.failed && !p->closing) {
        give_up(p);
        return;
    }
    if (peer_unsent(p) == 0 || p->blocked)
        return;
    struct iovec iov = piece(p->out.p + p->sent, peer_unsent(p));
    ssize_t n = p->ops->write(p->self, &iov, 1);
    if (n < 0) {
        if (!p->closing)
            give_up(p);
        return;
    }
    note_sent(p, (size_t)n);
    p->blocked = peer_unsent(p) > 0;
    if (!p->blocked && p->out.cap > OUT_KEPT_MAX)
        buf_fini(&p->out);
    if (peer_unsent(p) > PEER_OUT_LIMIT && !p->closing)
        give_up(p);
}

void peer_send_through(struct peer *p, struct str bytes)
{
    struct iovec iov[2] = {piece(p->out.p + p->sent, peer_unsent(p)), piece(bytes.p, bytes.n)};

    if (p->closing)
        return;
    if (p->out.failed) {
        peer_mark(p); /* it ends there */
        return;
    }
    ssize_t n = p->blocked ? 0 : p->ops->write(p->self, iov, 2);
    if (n < 0) {
        give_up(p);
        return;
    }
    size_t gone = note_sent(p, (size_t)n);
    buf_add(&p->out, bytes.p + gone, bytes.n - gone);
    if (peer_unsent(p)) {
        p->blocked = true;
        if (p->out.failed)
            peer_mark(p);
    }
}

static void refuse(struct peer *p, int code, struct str sentence)
{
    frame_add_error(&p->out, code, sentence);
    peer_flush(p);
    if (!p->closing) {
        p->closing = true;
        p->ops->close(p->self);
    }
}

/* --- frames --- */

static int on_hello(struct peer *p, struct str payload)
{
    struct frame_hello hello;
    int err = frame_get_hello(payload, &hello);

    if (err < 0 || p->greeted)
        return -LM_E_PROTOCOL;
    p->greeted = true;
    p->frame_max = hello.max_frame;
    frame_add_hello(&p->out, &(struct frame_hello){.version = FRAME_VERSION,
                                                   .features = FRAME_FEATURE_CALLS,
                                                   .max_frame = p->manager->opts.frame_max});
    peer_mark(p);
    return 0;
}

static struct call *find_call(const struct peer *p, uint64_t request)
{
    LIST_FOR_EACH (link, &p->calls) {
        struct call *call = LIST_ITEM(link, struct call, in_peer);
        if (call->request == request)
            return call;
    }
    return NULL;
}

static int on_credit(struct peer *p, const struct frame *f)
{
    uint32_t bytes;
    const struct call *call = find_call(p, f->request);
    int err = call_get_credit(f, &bytes);

    if (err == 0 && call && call->job->stream)
        stream_credit(call->job, bytes);
    return err;
}

static int on_frame(struct peer *p, const struct frame *f)
{
    struct call_frame call;
    struct call *open;

    if (f->type == FRAME_HELLO)
        return on_hello(p, f->payload);
    if (!p->greeted)
        return -LM_E_PROTOCOL;
    switch (f->type) {
    case FRAME_CALL:
        return call_get(f, &call) < 0 ? -LM_E_PROTOCOL : manager_call(p, &call);
    case FRAME_CREDIT:
        return on_credit(p, f);
    case FRAME_CANCEL:
        open = find_call(p, f->request);
        if (open)
            call_fail(open, LM_CANCELLED, STR("the call was cancelled"), STR_NONE);
        return 0;
    case FRAME_ERROR:
        return -LM_E_PROTOCOL;
    default:
        return p->ops->other ? p->ops->other(p->self, f->type, str_out(f->payload)) : 0;
    }
}

/* --- for transports --- */

int lm_peer_attach(struct lm_manager *m, const struct lm_caller *who, const struct lm_peer_ops *ops,
                   void *link, struct lm_peer **ret)
{
    if (m->peer_count >= m->opts.clients_max)
        return -EMFILE;
    struct peer *p = calloc(1, sizeof *p);
    if (!p)
        return -ENOMEM;
    p->manager = m;
    p->who = *who;
    p->ops = ops;
    p->self = link;
    p->frame_max = FRAME_DATA_MAX + FRAME_HELLO_MAX;
    list_init(&p->dirty);
    list_init(&p->calls);
    list_push(&m->peers, &p->link);
    m->peer_count++;
    *ret = peer_public(p);
    return 0;
}

static void pause_if_full(struct peer *p)
{
    if (!p->paused && !p->closing && peer_unsent(p) > PEER_OUT_MAX) {
        p->paused = true;
        p->ops->pause(p->self, true);
    }
}

size_t lm_peer_feed(struct lm_peer *peer, const char *bytes, size_t n)
{
    struct peer *p = peer_of(peer);
    struct lm_manager *m = p->manager;
    struct str rest = str_of(bytes, n);
    struct frame f;
    int64_t taken = 0;
    int err = 0;

    manager_enter(m);
    while (err == 0 && !p->closing && !p->paused &&
           (taken = frame_read(rest, m->opts.frame_max, &f)) > 0) {
        err = on_frame(p, &f);
        rest = str_of(rest.p + taken, rest.n - (size_t)taken);
        pause_if_full(p);
    }
    if (!p->closing && (err < 0 || taken < 0))
        refuse(p, -LM_E_PROTOCOL, STR("these bytes are not what docs/ipc-protocol.md allows"));
    streams_run(m);
    bool over = p->closing;
    manager_leave(m);
    return over ? n : n - rest.n;
}

void lm_peer_writable(struct lm_peer *peer)
{
    struct peer *p = peer_of(peer);
    struct lm_manager *m = p->manager;

    manager_enter(m);
    p->blocked = false;
    peer_flush(p);
    if (!p->blocked && !p->closing) {
        if (p->paused) {
            p->paused = false;
            p->ops->pause(p->self, false);
        }
        stream_unblock(p);
        streams_run(m);
    }
    manager_leave(m);
}

void lm_peer_detach(struct lm_peer *peer)
{
    struct peer *p = peer_of(peer);
    struct lm_manager *m = p->manager;

    manager_enter(m);
    p->closing = true;
    while (!list_empty(&p->calls)) {
        struct call *call = LIST_ITEM(p->calls.next, struct call, in_peer);
        struct job *j = call->job;
        call_drop(call);
        if (list_empty(&j->calls) && j->id)
            job_abandon(j);
    }
    list_remove(&p->dirty);
    list_remove(&p->link);
    m->peer_count--;
    buf_fini(&p->out);
    free(p->rates);
    free(p);
    manager_leave(m);
}
