/* SPDX-License-Identifier: MIT
 *
 * call_frame.c - calls and answers to bytes and back.
 *
 * A head has a fixed size, so it is put together on the stack and added in one piece: on the path
 * of a small call every append counts.
 */
#include "ipc/call_frame.h"
#include "ipc/frame_bytes.h"

const char *call_error_name(unsigned code)
{
    switch (code) {
#define CALL_ERROR(name, number, sentence)                                                         \
    case number:                                                                                   \
        return "IPC_" #name;
#include "ipc/call_errors.def"
#undef CALL_ERROR
    default:
        return "IPC_HANDLER_ERROR";
    }
}

/* Bit c % 64 of word c / 64: may the character c be in a channel's name? */
#define UP_TO(c)       ((UINT64_C(2) << ((c) % 64)) - 1)
#define BITS(from, to) (UP_TO(to) & ~(UP_TO(from) >> 1))
static const uint64_t channel_characters[4] = {
    BITS('-', '.') | BITS('0', '9') | BITS(':', ':'),
    BITS('A', 'Z') | BITS('_', '_') | BITS('a', 'z'),
};

bool call_channel_ok(struct str channel)
{
    bool ok = channel.n >= 1 && channel.n <= CALL_CHANNEL_MAX;

    for (size_t i = 0; ok && i < channel.n; i++) {
        unsigned char c = (unsigned char)channel.p[i];
        ok = channel_characters[c / 64] >> c % 64 & 1;
    }
    return ok;
}

struct str pieces_at(const struct pieces *p, uint32_t i)
{
    size_t at = 0;

    for (uint32_t k = 0; k < i; k++)
        at += get_le(p->lengths + 4 * k, 4);
    return str_of(p->bytes.p + at, get_le(p->lengths + 4 * i, 4));
}

/* ---- writing ---- */

uint64_t call_payload_n(size_t head, struct str text, const struct str *attached, uint32_t n)
{
    uint64_t sum = head + text.n + 4 * (uint64_t)n;

    for (uint32_t i = 0; i < n; i++)
        sum += attached[i].n;
    return sum;
}

static void add_attached(struct buf *out, const struct str *attached, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        add_le(out, attached[i].n, 4);
    for (uint32_t i = 0; i < n; i++)
        buf_add_str(out, attached[i]);
}

/* Makes room for a whole frame, so that what follows fits or nothing is added at all. Returns where
 * the payload's head goes, NULL when memory is short. */
static uint8_t *begin(struct buf *out, const struct frame *f, uint64_t payload_n, size_t head)
{
    if (payload_n > UINT32_MAX || buf_reserve(out, FRAME_HEADER + payload_n) < 0) {
        out->failed = true;
        return NULL;
    }
    uint8_t *at = (uint8_t *)out->p + out->n;
    frame_put_full_header(at, f, (uint32_t)payload_n);
    out->n += FRAME_HEADER + head;
    return at + FRAME_HEADER;
}

void call_add(struct buf *out, const struct call_frame *call, const struct str *attached,
              uint32_t n)
{
    struct frame f = {.type = FRAME_CALL, .flags = call->flags, .request = call->request};
    uint64_t payload_n = call_payload_n(CALL_HEAD + call->channel.n, call->args, attached, n);
    uint8_t *head = begin(out, &f, payload_n, CALL_HEAD);

    if (!head)
        return;
    put_le(head, call->channel.n, 2);
    put_le(head + 2, n, 2);
    put_le(head + 4, call->args.n, 4);
    put_le(head + 8, call->timeout_ms, 4);
    put_le(head + 12, call->credit, 4);
    buf_add_str(out, call->channel);
    buf_add_str(out, call->args);
    add_attached(out, attached, n);
}

void call_add_result(struct buf *out, const struct result_frame *result, const struct str *attached,
                     uint32_t n)
{
    struct frame f = {.type = FRAME_RESULT, .flags = result->flags, .request = result->request};
    uint64_t payload_n = call_payload_n(RESULT_HEAD, result->data, attached, n);
    uint8_t *head = begin(out, &f, payload_n, RESULT_HEAD);

    if (!head)
        return;
    put_le(head, result->execution_us, 8);
    put_le(head + 8, result->data.n, 4);
    put_le(head + 12, n, 2);
    put_le(head + 14, 0, 2);
    buf_add_str(out, result->data);
    add_attached(out, attached, n);
}

void call_add_failure(struct buf *out, const struct failure_frame *failure)
{
    struct frame f = {.type = FRAME_FAILURE, .flags = failure->flags, .request = failure->request};
    uint64_t payload_n = FAILURE_HEAD + failure->message.n + failure->details.n;
    uint8_t *head = begin(out, &f, payload_n, FAILURE_HEAD);

    if (!head)
        return;
    put_le(head, failure->execution_us, 8);
    put_le(head + 8, failure->code, 2);
    put_le(head + 10, 0, 2);
    put_le(head + 12, failure->message.n, 4);
    put_le(head + 16, failure->details.n, 4);
    put_le(head + 20, 0, 4);
    buf_add_str(out, failure->message);
    buf_add_str(out, failure->details);
}

static bool begin_chunk(struct buf *out, const struct chunk_frame *chunk, uint64_t payload_n,
                        uint32_t attached)
{
    struct frame f = {.type = FRAME_CHUNK, .flags = chunk->flags, .request = chunk->request};
    uint8_t *head = begin(out, &f, payload_n, CHUNK_HEAD);

    if (!head)
        return false;
    put_le(head, chunk->index, 4);
    put_le(head + 4, chunk->data.n, 4);
    put_le(head + 8, chunk->current, 8);
    put_le(head + 16, chunk->total, 8);
    put_le(head + 24, attached, 2);
    put_le(head + 26, 0, 6);
    buf_add_str(out, chunk->data);
    return true;
}

void call_add_chunk(struct buf *out, const struct chunk_frame *chunk, const struct str *attached,
                    uint32_t n)
{
    if (begin_chunk(out, chunk, call_payload_n(CHUNK_HEAD, chunk->data, attached, n), n))
        add_attached(out, attached, n);
}

void call_add_chunk_head(struct buf *out, const struct chunk_frame *chunk, uint32_t attached_n)
{
    if (begin_chunk(out, chunk, CHUNK_HEAD + chunk->data.n + 4 + (uint64_t)attached_n, 1))
        add_le(out, attached_n, 4);
}

void call_add_credit(struct buf *out, uint64_t request, uint32_t bytes)
{
    struct frame f = {.type = FRAME_CREDIT, .request = request};
    uint8_t *payload = begin(out, &f, 8, 8);

    if (payload)
        put_le(payload, bytes, 8);
}

void call_add_cancel(struct buf *out, uint64_t request)
{
    (void)begin(out, &(struct frame){.type = FRAME_CANCEL, .request = request}, 0, 0);
}

/* ---- reading ---- */

static struct pieces take_pieces(struct cursor *c, uint32_t count)
{
    struct pieces p = {.count = count};
    uint64_t sum = 0;

    if (count == 0)
        return p;
    if (count > CALL_PIECES_MAX)
        c->too_short = true;
    p.lengths = take(c, 4 * (size_t)count).p;
    if (c->too_short)
        return (struct pieces){0};
    for (uint32_t i = 0; i < count; i++)
        sum += get_le(p.lengths + 4 * i, 4);
    p.bytes = take(c, sum);
    return p;
}

/* A payload behind its head of fixed size. */
static struct cursor behind(const struct frame *f, size_t head)
{
    return (struct cursor){str_of(f->payload.p + head, f->payload.n - head), false};
}

static bool has_head(const struct frame *f, size_t head)
{
    return f->request != 0 && f->payload.n >= head;
}

int call_get(const struct frame *f, struct call_frame *ret)
{
    const char *head = f->payload.p;

    if (!has_head(f, CALL_HEAD))
        return -LM_E_PROTOCOL;
    struct cursor c = behind(f, CALL_HEAD);
    struct call_frame call = {.request = f->request, .flags = f->flags};
    call.timeout_ms = (uint32_t)get_le(head + 8, 4);
    call.credit = (uint32_t)get_le(head + 12, 4);
    call.channel = take(&c, get_le(head, 2));
    call.args = take(&c, get_le(head + 4, 4));
    call.pieces = take_pieces(&c, (uint32_t)get_le(head + 2, 2));
    if (c.too_short || !call_channel_ok(call.channel))
        return -LM_E_PROTOCOL;
    *ret = call;
    return 0;
}

int call_get_result(const struct frame *f, struct result_frame *ret)
{
    const char *head = f->payload.p;

    if (!has_head(f, RESULT_HEAD))
        return -LM_E_PROTOCOL;
    struct cursor c = behind(f, RESULT_HEAD);
    struct result_frame result = {.request = f->request, .flags = f->flags};
    result.execution_us = get_le(head, 8);
    result.data = take(&c, get_le(head + 8, 4));
    result.pieces = take_pieces(&c, (uint32_t)get_le(head + 12, 2));
    if (c.too_short)
        return -LM_E_PROTOCOL;
    *ret = result;
    return 0;
}

int call_get_failure(const struct frame *f, struct failure_frame *ret)
{
    const char *head = f->payload.p;

    if (!has_head(f, FAILURE_HEAD))
        return -LM_E_PROTOCOL;
    struct cursor c = behind(f, FAILURE_HEAD);
    struct failure_frame failure = {.request = f->request, .flags = f->flags};
    failure.execution_us = get_le(head, 8);
    failure.code = (uint16_t)get_le(head + 8, 2);
    failure.message = take(&c, get_le(head + 12, 4));
    failure.details = take(&c, get_le(head + 16, 4));
    if (c.too_short)
        return -LM_E_PROTOCOL;
    *ret = failure;
    return 0;
}

int call_get_chunk(const struct frame *f, struct chunk_frame *ret)
{
    const char *head = f->payload.p;

    if (!has_head(f, CHUNK_HEAD))
        return -LM_E_PROTOCOL;
    struct cursor c = behind(f, CHUNK_HEAD);
    struct chunk_frame chunk = {.request = f->request, .flags = f->flags};
    chunk.index = (uint32_t)get_le(head, 4);
    chunk.data = take(&c, get_le(head + 4, 4));
    chunk.current = get_le(head + 8, 8);
    chunk.total = get_le(head + 16, 8);
    chunk.pieces = take_pieces(&c, (uint32_t)get_le(head + 24, 2));
    if (c.too_short)
        return -LM_E_PROTOCOL;
    *ret = chunk;
    return 0;
}

int call_get_credit(const struct frame *f, uint32_t *ret_bytes)
{
    if (f->payload.n < 8)
        return -LM_E_PROTOCOL;
    *ret_bytes = (uint32_t)get_le(f->payload.p, 4);
    return 0;
}
