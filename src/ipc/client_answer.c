/* SPDX-License-Identifier: MIT
 *
 * client_answer.c - answers in: what a frame of the server means to the call it belongs to.
 *
 * Threads: the client's. Owns: nothing; what callbacks see points into c->in.
 */
#include "ipc/client_impl.h"

struct lm_str lm_attachment(const struct lm_attachments *a, uint32_t i)
{
    struct pieces p = {a->count, a->lengths, {a->bytes.p, a->bytes.n}};
    struct str s = i < a->count ? pieces_at(&p, i) : STR_NONE;

    return (struct lm_str){s.p, s.n};
}

static struct lm_attachments attachments_of(const struct pieces *p)
{
    return (struct lm_attachments){p->count, p->lengths, {p->bytes.p, p->bytes.n}};
}

static struct lm_str view(struct str s)
{
    return (struct lm_str){s.p, s.n};
}

static int read_answer(const struct frame *f, struct lm_answer *ret)
{
    struct result_frame result;
    struct failure_frame failure;

    *ret = (struct lm_answer){.request = f->request,
                              .cached = f->flags & RESULT_CACHED,
                              .batched = f->flags & RESULT_BATCHED};
    if (f->type == FRAME_FAILURE) {
        int err = call_get_failure(f, &failure);
        if (err < 0)
            return err;
        ret->code = failure.code >= LM_HANDLER_ERROR && failure.code <= LM_TOO_LARGE
                        ? (enum lm_code)failure.code
                        : LM_HANDLER_ERROR;
        ret->message = view(failure.message);
        ret->details = view(failure.details);
        ret->execution_us = failure.execution_us;
        return 0;
    }
    int err = call_get_result(f, &result);
    if (err < 0)
        return err;
    ret->data = view(result.data);
    ret->attachments = attachments_of(&result.pieces);
    ret->execution_us = result.execution_us;
    ret->stream = f->flags & RESULT_STREAM;
    return 0;
}

static int on_answer(struct lm_client *c, const struct frame *f)
{
    struct lm_answer answer;
    struct pending *p = pending_find(c, f->request);
    int err = read_answer(f, &answer);

    if (err < 0 || !p)
        return err < 0 ? err : 0; /* an answer nobody waits for any more */
    bool waits = c->waiting_call && c->answer_request == f->request;
    struct pending copy = *p;
    if (answer.stream) {
        p->streaming = true;
        p->due_us = INT64_MAX; /* the server watches over its progress */
    } else {
        pending_remove(c, p);
    }
    if (waits) {
        *c->answer = answer;
        c->answered = !answer.stream || !copy.on_chunk;
    } else if (copy.on_answer) {
        copy.on_answer(c, &answer, copy.ctx);
    }
    return 1;
}

static void give_credit(struct lm_client *c, struct pending *p, size_t n)
{
    p->taken += (uint32_t)n;
    if (p->taken < p->window / 2)
        return;
    call_add_credit(&c->out, p->request, p->taken);
    p->taken = 0;
}

static int on_chunk(struct lm_client *c, const struct frame *f)
{
    struct chunk_frame chunk;
    struct pending *p = pending_find(c, f->request);
    int err = call_get_chunk(f, &chunk);

    if (err < 0 || !p)
        return err < 0 ? err : 0;
    struct lm_chunk out = {
        .index = chunk.index,
        .data = view(chunk.data),
        .attachments = attachments_of(&chunk.pieces),
        .current = chunk.current,
        .total = chunk.total,
        .percentage = chunk.total ? 100.0 * (double)chunk.current / (double)chunk.total : 0,
        .last = chunk.flags & CHUNK_LAST,
        .request = f->request};
    lm_chunk_fn *fn = p->on_chunk;
    void *ctx = p->ctx;
    if (out.last) {
        pending_remove(c, p);
        if (c->waiting_call && c->answer_request == f->request)
            c->answered = true;
    }
    if (fn)
        fn(c, &out, ctx);
    p = out.last ? NULL : pending_find(c, f->request); /* the table may have moved */
    if (p)
        give_credit(c, p, f->payload.n);
    return 1;
}

static int on_hello(struct lm_client *c, struct str payload)
{
    struct frame_hello hello;
    int err = frame_get_hello(payload, &hello);

    if (err < 0 || !(hello.features & FRAME_FEATURE_CALLS))
        return -LM_E_PROTOCOL;
    c->frame_max = hello.max_frame;
    c->attempts = 0;
    return 0;
}

int client_on_frame(struct lm_client *c, const struct frame *f)
{
    switch (f->type) {
    case FRAME_HELLO:
        return on_hello(c, f->payload);
    case FRAME_RESULT:
    case FRAME_FAILURE:
        return on_answer(c, f);
    case FRAME_CHUNK:
        return on_chunk(c, f);
    case FRAME_ERROR:
        return -LM_E_PROTOCOL;
    default:
        return 0;
    }
}
