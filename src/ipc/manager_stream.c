/* SPDX-License-Identifier: MIT
 *
 * manager_stream.c - results in chunks, at the pace of whoever reads them.
 *
 * A handler is asked (next) only while there is room: until it is known whether there is more than
 * one chunk, and then as long as the caller has given credit and the connection takes bytes. What
 * it adds collects in one chunk, which leaves when it is full, when the handler has nothing for
 * now, or at the end. So a stream holds one chunk, whatever it is long.
 *
 *     next ─▶ chunk ─ first and last? ─▶ RESULT
 *               └──── otherwise ───────▶ RESULT {stream}, CHUNK, CHUNK, …, CHUNK {last}
 */
#include "ipc/manager_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS_MAX = 64, ROUND_BYTES = 1024 * 1024 };

static struct call *call_of(const struct stream *s)
{
    return LIST_ITEM(s->job->calls.next, struct call, in_job);
}

static struct peer *peer_of_stream(const struct stream *s)
{
    return call_of(s)->peer;
}

/* --- progress and its absence --- */

static void on_idle(struct timer *timer)
{
    struct stream *s = LIST_ITEM(timer, struct stream, idle);

    call_fail(call_of(s), LM_TIMEOUT, STR("the stream made no progress"), STR_NONE);
}

static int note_progress(struct stream *s)
{
    struct lm_manager *m = s->job->manager;
    uint32_t timeout_ms = s->job->channel->handler.stream_timeout_ms;

    if (timeout_ms == UINT32_MAX)
        return 0;
    return timer_arm(&m->timers, &s->idle, m->now_us + (int64_t)timeout_ms * 1000);
}

/* --- one chunk --- */

static void chunk_clear(struct chunk *c)
{
    buf_clear(&c->json);
    buf_clear(&c->bytes);
    c->attached = STR_NONE;
    c->items = 0;
    c->array = c->full = false;
}

static bool chunk_empty(const struct chunk *c)
{
    return c->json.n == 0 && !c->attached.p;
}

static void close_array(struct chunk *c)
{
    if (c->array)
        buf_add_char(&c->json, ']');
    c->array = false;
}

/* There will be more than this chunk, or it is not known: it is a stream from here on. */
static void become_stream(struct stream *s)
{
    struct call *call = call_of(s);
    struct lm_manager *m = s->job->manager;
    char id[24];
    struct result_frame result = {
        .request = call->request,
        .flags = RESULT_STREAM,
        .execution_us = (uint64_t)(m->now_us - call->started_us),
        .data = {id, (size_t)snprintf(id, sizeof id, "\"%" PRIu64 "\"", call->request)}};

    s->replied = true;
    m->totals.streamed++;
    s->job->channel->totals.streamed++;
    m->streams.streams++;
    if (!(call->flags & CALL_NO_REPLY)) {
        call_add_result(&call->peer->out, &result, NULL, 0);
        peer_mark(call->peer);
    }
}

static void add_chunk(struct stream *s, struct chunk_frame *frame)
{
    struct peer *p = peer_of_stream(s);
    struct chunk *c = &s->chunk;

    if (!c->attached.p) {
        call_add_chunk(&p->out, frame, NULL, 0);
        peer_mark(p);
        return;
    }
    call_add_chunk_head(&p->out, frame, (uint32_t)c->attached.n);
    peer_send_through(p, c->attached);
}

static void send_chunk(struct stream *s, bool last)
{
    struct lm_manager *m = s->job->manager;
    struct chunk *c = &s->chunk;

    close_array(c);
    struct chunk_frame frame = {.request = call_of(s)->request,
                                .flags = last ? CHUNK_LAST : 0,
                                .index = s->index++,
                                .current = s->current,
                                .total = s->total,
                                .data = buf_str(&c->json)};
    uint64_t size = call_payload_n(CHUNK_HEAD, frame.data, &c->attached, c->attached.p ? 1 : 0);
    if (!(call_of(s)->flags & CALL_NO_REPLY))
        add_chunk(s, &frame);
    s->credit -= (int64_t)size;
    s->bytes += size;
    m->streams.chunks++;
    m->streams.bytes += size;
    if (m->debug)
        manager_debug(m, "chunk %u of %" PRIu64 ", %" PRIu64 " bytes%s", frame.index, frame.request,
                      size, last ? ", the last" : "");
    chunk_clear(c);
}

static bool has_room(const struct stream *s)
{
    const struct peer *p = peer_of_stream(s);
    return s->credit > 0 && !p->blocked && !p->closing;
}

/* Lets the present chunk go if it may. False: it has to stay. */
static bool push_chunk(struct stream *s)
{
    if (chunk_empty(&s->chunk))
        return true;
    if (!s->replied)
        become_stream(s);
    if (!has_room(s))
        return false;
    send_chunk(s, false);
    return true;
}

/* --- the end --- */

static void finish(struct stream *s)
{
    struct call *call = call_of(s);
    struct job *j = s->job;

    s->finished = true;
    channel_note(j->channel, call, false);
    call_drop(call);
    job_end(j);
}

/* The whole result is one chunk. */
static void answer_plainly(struct stream *s)
{
    struct chunk *c = &s->chunk;

    s->finished = true;
    close_array(c);
    if (c->json.failed)
        job_fail(s->job, LM_HANDLER_ERROR, STR("no memory"), STR_NONE);
    else
        (void)job_answer(s->job, c->json.n || c->attached.p ? buf_str(&c->json) : STR("[]"),
                         &c->attached, c->attached.p ? 1 : 0);
}

/* After next(): what may leave leaves. False: the stream is over. */
static bool settle(struct stream *s)
{
    if (s->chunk.json.failed || s->chunk.bytes.failed) {
        job_fail(s->job, LM_HANDLER_ERROR, STR("no memory"), STR_NONE);
        return false;
    }
    if (s->ended && !s->replied) {
        answer_plainly(s);
        return false;
    }
    if (s->waiting && !s->replied)
        become_stream(s);
    if (s->ended && has_room(s)) {
        send_chunk(s, true);
        finish(s);
        return false;
    }
    if (!s->ended && ((s->replied && s->chunk.full) || s->waiting))
        push_chunk(s);
    return true;
}

/* A full first chunk does not keep from asking: is it the only one? */
static bool may_ask(const struct stream *s)
{
    return !s->ended && !s->waiting && (!s->replied || (!s->chunk.full && has_room(s)));
}

/* Is there anything to do before credit, the socket or the handler says so? */
static bool may_go(const struct stream *s)
{
    if (may_ask(s))
        return true;
    return (s->ended || (!chunk_empty(&s->chunk) && (s->chunk.full || s->waiting))) && has_room(s);
}

static void run_rounds(struct stream *s)
{
    struct job *j = s->job;
    struct lm_manager *m = j->manager;
    uint64_t bytes = s->bytes;

    for (int i = 0; i < ROUNDS_MAX && s->bytes - bytes < ROUND_BYTES && may_go(s); i++) {
        if (may_ask(s)) {
            job_run_begin(j);
            enum lm_next next = j->channel->handler.stream->next(job_handle(j), s->state);
            m->now_us = clock_mono_us();
            if (!job_run_end(j))
                return; /* the handler failed it */
            s->waiting |= next == LM_NEXT_WAIT;
            s->ended = next == LM_NEXT_END;
        }
        uint32_t index = s->index;
        if (!settle(s))
            return;
        if (s->index != index && note_progress(s) < 0) {
            job_fail(j, LM_HANDLER_ERROR, STR("no memory"), STR_NONE);
            return;
        }
    }
    if (may_go(s) && list_empty(&s->ready))
        list_push(&m->ready, &s->ready);
}

void streams_run(struct lm_manager *m)
{
    if (list_empty(&m->ready) || !list_empty(&m->round))
        return;
    list_push(&m->ready, &m->round); /* those that become ready meanwhile come behind this mark */
    while (m->ready.next != &m->round) {
        struct stream *s = LIST_ITEM(m->ready.next, struct stream, ready);
        list_remove(&s->ready);
        run_rounds(s);
    }
    list_remove(&m->round);
}

static void make_ready(struct stream *s)
{
    if (may_go(s) && list_empty(&s->ready))
        list_push(&s->job->manager->ready, &s->ready);
}

/* --- life --- */

int stream_open(struct job *j, uint32_t credit)
{
    struct lm_manager *m = j->manager;
    const struct lm_handler *h = &j->channel->handler;
    struct stream *s = calloc(1, sizeof *s);
    void *state = NULL;

    if (!s)
        return -ENOMEM;
    *s = (struct stream){.job = j, .credit = credit, .opened_us = m->now_us, .idle.fn = on_idle};
    list_init(&s->ready);
    job_run_begin(j);
    int err = h->stream->open(job_handle(j), h->ctx, &state);
    if (err != 0) {
        free(s);
        if (job_run_end(j))
            job_fail(j, LM_HANDLER_ERROR, STR("the stream could not be opened"), STR_NONE);
        return 0;
    }
    s->state = state;
    j->stream = s;
    if (!job_run_end(j))
        return 0;
    if (note_progress(s) < 0)
        return -ENOMEM;
    run_rounds(s);
    return 0;
}

void stream_free(struct stream *s)
{
    struct lm_manager *m = s->job->manager;

    timer_stop(&m->timers, &s->idle);
    list_remove(&s->ready);
    s->job->channel->handler.stream->close(s->state);
    if (s->replied) {
        m->streams.stream_us += (uint64_t)(clock_mono_us() - s->opened_us);
        m->streams.failed += !s->finished;
    }
    buf_fini(&s->chunk.json);
    buf_fini(&s->chunk.bytes);
    free(s);
}

void stream_credit(struct job *j, uint32_t bytes)
{
    struct stream *s = j->stream;

    s->credit += bytes;
    if (s->credit > CALL_CREDIT_MAX)
        s->credit = CALL_CREDIT_MAX;
    make_ready(s);
}

void stream_unblock(struct peer *p)
{
    LIST_FOR_EACH (link, &p->calls) {
        struct job *j = LIST_ITEM(link, struct call, in_peer)->job;
        if (j->stream)
            make_ready(j->stream);
    }
}

/* --- for handlers --- */

static struct stream *stream_find(struct lm_call call)
{
    struct job *j = job_find(call);
    return j ? j->stream : NULL;
}

/* -ENOBUFS: the chunk is whole and cannot leave; offer it again in the next next(). */
static int make_way(struct stream *s)
{
    if (s->chunk.full && !push_chunk(s))
        return -ENOBUFS;
    return 0;
}

int lm_stream_item(struct lm_call call, struct lm_str json)
{
    struct stream *s = stream_find(call);

    if (!s)
        return -ESTALE;
    if (json.n + CHUNK_HEAD + 2 > peer_of_stream(s)->frame_max ||
        json.n > s->job->manager->opts.result_max)
        return -EMSGSIZE;
    struct chunk *c = &s->chunk;
    if (c->array && c->json.n + json.n + CHUNK_HEAD + 2 > peer_of_stream(s)->frame_max)
        c->full = true;
    int err = make_way(s);
    if (err < 0)
        return err;
    buf_add_char(&c->json, c->array ? ',' : '[');
    buf_add_str(&c->json, str_in(json.n ? json : LM_STR("null")));
    c->array = true;
    c->items++;
    c->full = c->items >= s->job->channel->handler.chunk_size || c->json.n >= CHUNK_BYTES;
    return buf_error(&c->json);
}

/* Sent at once if it may be, else kept until it may. */
int lm_stream_chunk(struct lm_call call, struct lm_str json, struct lm_str bytes)
{
    struct stream *s = stream_find(call);

    if (!s)
        return -ESTALE;
    if (json.n + bytes.n + CHUNK_HEAD + 4 > peer_of_stream(s)->frame_max)
        return -EMSGSIZE;
    struct chunk *c = &s->chunk;
    c->full |= !chunk_empty(c);
    int err = make_way(s);
    if (err < 0)
        return err;
    buf_add_str(&c->json, str_in(json));
    c->full = true;
    if (!bytes.p)
        return buf_error(&c->json);
    if (s->replied && has_room(s)) {
        c->attached = str_in(bytes);
        send_chunk(s, false);
        return 0;
    }
    buf_add_str(&c->bytes, str_in(bytes));
    c->attached = c->bytes.n ? buf_str(&c->bytes) : STR("");
    return buf_error(&c->bytes);
}

int lm_stream_flush(struct lm_call call)
{
    struct stream *s = stream_find(call);

    if (!s)
        return -ESTALE;
    s->chunk.full = !chunk_empty(&s->chunk);
    return 0;
}

int lm_stream_progress(struct lm_call call, uint64_t current, uint64_t total)
{
    struct stream *s = stream_find(call);

    if (!s)
        return -ESTALE;
    s->current = current;
    s->total = total;
    return 0;
}

int lm_stream_wake(struct lm_call call)
{
    struct stream *s = stream_find(call);

    if (!s)
        return -ESTALE;
    struct lm_manager *m = s->job->manager;
    s->waiting = false;
    if (s->job->running)
        return 0;
    manager_enter(m);
    make_ready(s);
    manager_leave(m);
    return 0;
}
