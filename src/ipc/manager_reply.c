/* SPDX-License-Identifier: MIT
 *
 * manager_reply.c - answers on their way back, and what handlers may do with a call.
 */
#include "ipc/manager_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void manager_report(struct lm_manager *m, const struct lm_incident *incident)
{
    if (m->debug)
        manager_debug(m, "%s %.*s call %llu after %llu us: %.*s %.*s", lm_code_name(incident->code),
                      (int)incident->channel.n, incident->channel.p,
                      (unsigned long long)incident->request,
                      (unsigned long long)incident->execution_us, (int)incident->message.n,
                      incident->message.p, (int)incident->details.n,
                      incident->details.p ? incident->details.p : "");
    if (m->opts.on_error)
        m->opts.on_error(incident, m->opts.ctx);
}

static void note_slow(struct channel *c, const struct call *call, uint64_t us)
{
    int i = SLOWEST - 1;

    if (us <= c->slowest[i].us)
        return;
    for (; i > 0 && c->slowest[i - 1].us < us; i--)
        c->slowest[i] = c->slowest[i - 1];
    c->slowest[i] =
        (struct slow_call){.us = us, .request = call->request, .wall_us = clock_wall_us()};
}

void channel_note(struct channel *c, const struct call *call, bool failed)
{
    struct lm_manager *m = call->peer->manager;
    uint64_t us = (uint64_t)(m->now_us - call->started_us);
    struct totals *both[] = {&m->totals, &c->totals};

    for (int i = 0; i < 2; i++) {
        both[i]->responses++;
        both[i]->errors += failed;
        both[i]->response_us += us;
    }
    histogram_add(&c->latency, us);
    note_slow(c, call, us);
}

void peer_fail(struct peer *p, const struct call_frame *frame, const struct channel *c,
               enum lm_code code, struct str message, struct str details)
{
    struct lm_manager *m = p->manager;
    struct failure_frame failure = {
        .request = frame->request, .code = (uint16_t)code, .message = message, .details = details};

    m->totals.responses++;
    m->totals.errors++;
    if (!(frame->flags & CALL_NO_REPLY)) {
        call_add_failure(&p->out, &failure);
        peer_mark(p);
    }
    manager_report(m, &(struct lm_incident){.channel = c ? (struct lm_str){c->name, c->name_n}
                                                         : str_out(frame->channel),
                                            .code = code,
                                            .message = str_out(message),
                                            .details = str_out(details),
                                            .caller = p->who.name,
                                            .request = frame->request});
}

/* False: it would not fit, and the call has been told. */
static bool answer_call(struct call *call, struct result_frame *result, const struct str *attached,
                        uint32_t n)
{
    struct peer *p = call->peer;
    struct lm_manager *m = p->manager;
    uint64_t size = call_payload_n(RESULT_HEAD, result->data, attached, n);

    if (size > p->frame_max || size > m->opts.result_max) {
        call_say_failure(call, LM_TOO_LARGE,
                         STR("the answer is too large; ask for a stream or for less"), STR_NONE);
        return false;
    }
    result->request = call->request;
    result->execution_us = (uint64_t)(m->now_us - call->started_us);
    if (!(call->flags & CALL_NO_REPLY) && !p->closing) {
        call_add_result(&p->out, result, attached, n);
        peer_mark(p);
    }
    channel_note(call->job->channel, call, false);
    if (m->debug)
        manager_debug(m, "answer %llu %s after %llu us, %zu bytes",
                      (unsigned long long)call->request, call->job->channel->name,
                      (unsigned long long)result->execution_us, result->data.n);
    call_drop(call);
    return true;
}

int job_answer(struct job *j, struct str data, const struct str *attached, uint32_t n)
{
    struct lm_manager *m = j->manager;
    const struct channel *c = j->channel;
    struct result_frame result = {.flags = j->batched ? RESULT_BATCHED : 0, .data = data};
    int err = 0;

    m->now_us = clock_mono_us();
    if (c->handler.cacheable && j->key.n && !j->uncached && n == 0) {
        if (j->tags.n == 0)
            buf_add_str(&j->tags, c->tags);
        cache_put(&m->cache, buf_str(&j->key), data.p ? data : STR("null"), buf_str(&j->tags),
                  (int64_t)c->handler.cache_ttl_ms * 1000, m->now_us);
    }
    while (!list_empty(&j->calls))
        if (!answer_call(LIST_ITEM(j->calls.next, struct call, in_job), &result, attached, n))
            err = -EMSGSIZE;
    batch_leave(j, err < 0);
    job_end(j);
    return err;
}

void job_fail(struct job *j, enum lm_code code, struct str message, struct str details)
{
    j->manager->now_us = clock_mono_us();
    while (!list_empty(&j->calls))
        call_say_failure(LIST_ITEM(j->calls.next, struct call, in_job), code, message, details);
    batch_leave(j, true);
    job_end(j);
}

/* --- for handlers --- */

struct lm_str lm_call_args(struct lm_call call)
{
    const struct job *j = job_find(call);
    return str_out(j ? j->args : STR_NONE);
}

struct lm_str lm_call_channel(struct lm_call call)
{
    const struct job *j = job_find(call);
    return j ? (struct lm_str){j->channel->name, j->channel->name_n} : str_out(STR_NONE);
}

uint32_t lm_call_attachments(struct lm_call call)
{
    const struct job *j = job_find(call);
    return j ? j->pieces.count : 0;
}

struct lm_str lm_call_attachment(struct lm_call call, uint32_t i)
{
    const struct job *j = job_find(call);
    return str_out(j && i < j->pieces.count ? pieces_at(&j->pieces, i) : STR_NONE);
}

const struct lm_caller *lm_call_caller(struct lm_call call)
{
    const struct job *j = job_find(call);

    if (!j || list_empty(&j->calls))
        return NULL;
    return &LIST_ITEM(j->calls.next, struct call, in_job)->peer->who;
}

bool lm_call_alive(struct lm_call call)
{
    return job_find(call) != NULL;
}

int lm_call_tag(struct lm_call call, const char *tag)
{
    struct job *j = job_find(call);

    if (!j)
        return -ESTALE;
    if (j->tags.n == 0)
        buf_add_str(&j->tags, j->channel->tags);
    if (j->tags.n)
        buf_add_char(&j->tags, ',');
    buf_add_str(&j->tags, str_from(tag));
    j->uncached |= j->tags.failed; /* better not kept than kept beyond its tag */
    return buf_error(&j->tags);
}

int lm_call_uncached(struct lm_call call)
{
    struct job *j = job_find(call);

    if (j)
        j->uncached = true;
    return j ? 0 : -ESTALE;
}

int lm_reply_with(struct lm_call call, struct lm_str json, const struct lm_str *attachments,
                  uint32_t n)
{
    struct job *j = job_find(call);
    struct str attached[CALL_PIECES_MAX];

    if (!j)
        return -ESTALE;
    if (j->stream || n > CALL_PIECES_MAX)
        return -EINVAL;
    for (uint32_t i = 0; i < n; i++)
        attached[i] = str_in(attachments[i]);
    struct lm_manager *m = j->manager;
    manager_enter(m);
    int err = job_answer(j, str_in(json), attached, n);
    manager_leave(m);
    return err;
}

int lm_reply(struct lm_call call, struct lm_str json)
{
    return lm_reply_with(call, json, NULL, 0);
}

int lm_fail(struct lm_call call, enum lm_code code, const char *message, struct lm_str details)
{
    struct job *j = job_find(call);

    if (!j)
        return -ESTALE;
    struct lm_manager *m = j->manager;
    manager_enter(m);
    job_fail(j, code == LM_OK ? LM_HANDLER_ERROR : code, str_from(message ? message : ""),
             str_in(details));
    manager_leave(m);
    return 0;
}

int lm_failf(struct lm_call call, enum lm_code code, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return lm_fail(call, code, message, (struct lm_str){NULL, 0});
}
