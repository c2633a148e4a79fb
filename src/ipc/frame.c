/* SPDX-License-Identifier: MIT
 *
 * frame.c - frames to bytes and back.
 *
 * Writing: frame_open() leaves room for the header, the members follow in the order of
 * docs/ipc-protocol.md, frame_close() fills in the length. When memory runs out the buffer is
 * marked failed and the pieces that did fit are cut off again, so half a frame is never sent.
 *
 * Reading: a cursor walks the payload and remembers whether it was ever asked for more than there
 * is; the question is put once, at the end. Bytes after the known members are ignored, because a
 * later version may have added some.
 */
#include "ipc/frame.h"
#include "ipc/frame_bytes.h"

#include <limits.h>

/* ---- writing ---- */

void frame_put_header(uint8_t out[FRAME_HEADER], enum frame_type type, uint32_t length)
{
    frame_put_full_header(out, &(struct frame){.type = (uint8_t)type}, length);
}

void frame_put_full_header(uint8_t out[FRAME_HEADER], const struct frame *f, uint32_t length)
{
    put_le(out, length, 4);
    out[4] = f->type;
    out[5] = f->flags;
    put_le(out + 6, f->channel, 2);
    put_le(out + 8, f->request, 8);
}

void frame_put_data_head(uint8_t out[FRAME_DATA_HEAD], const struct frame_data *data)
{
    put_le(out, data->offset, 8);
    put_le(out + 8, (uint64_t)data->read_us, 8);
    put_le(out + 16, data->stream, 4);
    put_le(out + 20, 0, 4);
}

void frame_add_hello(struct buf *out, const struct frame_hello *hello)
{
    struct opened f = frame_open(out, FRAME_HELLO);
    add_le(out, FRAME_MAGIC, 4);
    add_le(out, hello->version, 2);
    add_le(out, 0, 2);
    add_le(out, hello->features, 8);
    add_le(out, hello->max_frame, 4);
    add_le(out, 0, 4);
    frame_close(out, f);
}

void frame_add_error(struct buf *out, int code, struct str text)
{
    struct opened f = frame_open(out, FRAME_ERROR);
    add_le(out, (uint32_t)-code, 4);
    buf_add_str(out, text);
    frame_close(out, f);
}

void frame_add_run(struct buf *out, const struct frame_run *run)
{
    lm_assert(run->name.n <= UINT16_MAX && run->label_count <= FRAME_LABELS_MAX);
    struct opened f = frame_open(out, FRAME_RUN);
    buf_add(out, run->run, FRAME_RUN_ID);
    add_le(out, (uint32_t)run->keeper_pid, 4);
    add_le(out, (uint32_t)run->child_pid, 4);
    add_le(out, (uint64_t)run->started_us, 8);
    add_le(out, run->name.n, 2);
    add_le(out, run->label_count, 2);
    add_le(out, run->log_file.n, 4);
    add_le(out, run->command.n, 4);
    add_le(out, run->flags, 4);
    buf_add_str(out, run->name);
    buf_add_str(out, run->log_file);
    buf_add_str(out, run->command);
    for (size_t i = 0; i < run->label_count; i++) {
        const struct frame_label *label = &run->labels[i];
        lm_assert(label->name.n <= UINT16_MAX && label->value.n <= UINT16_MAX);
        add_le(out, label->name.n, 2);
        add_le(out, label->value.n, 2);
        buf_add_str(out, label->name);
        buf_add_str(out, label->value);
    }
    frame_close(out, f);
}

void frame_add_ack(struct buf *out, enum frame_type resume_or_ack, const struct frame_ack *ack)
{
    lm_assert(resume_or_ack == FRAME_RESUME || resume_or_ack == FRAME_ACK);
    struct opened f = frame_open(out, resume_or_ack);
    add_le(out, ack->stdout_n, 8);
    add_le(out, ack->stderr_n, 8);
    add_le(out, ack->flags, 4);
    add_le(out, ack->rest_us, 4);
    frame_close(out, f);
}

void frame_add_data(struct buf *out, const struct frame_data *data)
{
    uint8_t head[FRAME_DATA_HEAD];

    lm_assert(data->bytes.n <= FRAME_DATA_MAX);
    struct opened f = frame_open(out, FRAME_DATA);
    frame_put_data_head(head, data);
    buf_add(out, head, sizeof head);
    buf_add_str(out, data->bytes);
    frame_close(out, f);
}

void frame_add_exit(struct buf *out, const struct frame_exit *ex)
{
    struct opened f = frame_open(out, FRAME_EXIT);
    add_le(out, (uint64_t)ex->ended_us, 8);
    add_le(out, (uint32_t)ex->code, 4);
    add_le(out, (uint32_t)ex->signal, 4);
    add_le(out, ex->core, 1);
    add_le(out, ex->oom, 1);
    add_le(out, 0, 2);
    add_le(out, ex->max_rss_kb, 4);
    add_le(out, ex->user_us, 8);
    add_le(out, ex->system_us, 8);
    add_le(out, ex->stdout_n, 8);
    add_le(out, ex->stderr_n, 8);
    if (ex->last[0].n + ex->last[1].n == 0) {
        frame_close(out, f);
        return;
    }
    for (int i = 0; i < 2; i++)
        add_le(out, ex->last[i].n, 2);
    for (int i = 0; i < 2; i++)
        buf_add_str(out, ex->last[i]);
    frame_close(out, f);
}

void frame_add_end(struct buf *out, uint64_t stdout_n, uint64_t stderr_n)
{
    struct opened f = frame_open(out, FRAME_END);
    add_le(out, stdout_n, 8);
    add_le(out, stderr_n, 8);
    frame_close(out, f);
}

void frame_add_stop(struct buf *out, uint32_t grace_ms)
{
    struct opened f = frame_open(out, FRAME_STOP);
    add_le(out, grace_ms, 4);
    add_le(out, 0, 4);
    frame_close(out, f);
}

void frame_add_signal(struct buf *out, int32_t signal)
{
    struct opened f = frame_open(out, FRAME_SIGNAL);
    add_le(out, (uint32_t)signal, 4);
    add_le(out, 0, 4);
    frame_close(out, f);
}

void frame_add_note(struct buf *out, const struct frame_note *note)
{
    struct opened f = frame_open(out, FRAME_NOTE);
    add_le(out, note->level, 4);
    add_le(out, 0, 4);
    buf_add_str(out, note->text);
    frame_close(out, f);
}

/* ---- reading ---- */

int64_t frame_read(struct str bytes, uint32_t max_payload, struct frame *ret_frame)
{
    if (bytes.n < 4)
        return 0;
    uint64_t length = get_le(bytes.p, 4);
    if (length > max_payload)
        return -LM_E_PROTOCOL;
    if (bytes.n < FRAME_HEADER + length)
        return 0;
    *ret_frame = (struct frame){
        .type = (uint8_t)bytes.p[4],
        .flags = (uint8_t)bytes.p[5],
        .channel = (uint16_t)get_le(bytes.p + 6, 2),
        .request = get_le(bytes.p + 8, 8),
        .payload = str_of(bytes.p + FRAME_HEADER, length),
    };
    return (int64_t)(FRAME_HEADER + length);
}

int frame_get_hello(struct str payload, struct frame_hello *ret)
{
    struct cursor c = {payload, payload.n > FRAME_HELLO_MAX};
    struct frame_hello hello = {0};

    bool magic_ok = take_u32(&c) == FRAME_MAGIC;
    hello.version = take_u16(&c);
    take(&c, 2);
    hello.features = take_u64(&c);
    hello.max_frame = take_u32(&c);
    take(&c, 4);
    if (c.too_short || !magic_ok || hello.version == 0 ||
        hello.max_frame < FRAME_DATA_MAX + FRAME_HELLO_MAX)
        return -LM_E_PROTOCOL;
    *ret = hello;
    return 0;
}

int frame_get_error(struct str payload, int *ret_code, struct str *ret_text)
{
    struct cursor c = {payload, false};
    uint32_t code = take_u32(&c);

    if (c.too_short || code > INT_MAX)
        return -LM_E_PROTOCOL;
    *ret_code = -(int)code;
    *ret_text = c.rest;
    return 0;
}

static bool name_ok(struct str name)
{
    if (name.n < 1 || name.n > 64 || str_is(name, ".") || str_is(name, ".."))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char ch = name.p[i];
        bool alnum =
            (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
        if (!alnum && ch != '.' && ch != '_' && ch != '-')
            return false;
    }
    return true;
}

static void take_labels(struct cursor *c, struct frame_run *run)
{
    for (size_t i = 0; i < run->label_count && !c->too_short; i++) {
        uint16_t name_n = take_u16(c), value_n = take_u16(c);
        run->labels[i].name = take(c, name_n);
        run->labels[i].value = take(c, value_n);
    }
}

int frame_get_run(struct str payload, struct frame_run *ret)
{
    struct cursor c = {payload, false};
    struct frame_run run = {0};

    struct str id = take(&c, FRAME_RUN_ID);
    if (id.p)
        memcpy(run.run, id.p, FRAME_RUN_ID);
    run.keeper_pid = (int32_t)take_u32(&c);
    run.child_pid = (int32_t)take_u32(&c);
    run.started_us = (int64_t)take_u64(&c);
    uint16_t name_n = take_u16(&c);
    run.label_count = take_u16(&c);
    uint32_t log_file_n = take_u32(&c), command_n = take_u32(&c);
    run.flags = take_u32(&c);
    run.name = take(&c, name_n);
    run.log_file = take(&c, log_file_n);
    run.command = take(&c, command_n);
    if (c.too_short || run.label_count > FRAME_LABELS_MAX || !name_ok(run.name))
        return -LM_E_PROTOCOL;
    take_labels(&c, &run);
    if (c.too_short)
        return -LM_E_PROTOCOL;
    *ret = run;
    return 0;
}

int frame_get_ack(struct str payload, struct frame_ack *ret)
{
    struct cursor c = {payload, false};
    struct frame_ack ack = {0};

    ack.stdout_n = take_u64(&c);
    ack.stderr_n = take_u64(&c);
    ack.flags = take_u32(&c);
    ack.rest_us = take_u32(&c);
    if (c.too_short)
        return -LM_E_PROTOCOL;
    *ret = ack;
    return 0;
}

int frame_get_data(struct str payload, struct frame_data *ret)
{
    struct cursor c = {payload, false};
    struct frame_data data = {0};

    data.offset = take_u64(&c);
    data.read_us = (int64_t)take_u64(&c);
    data.stream = take_u32(&c);
    take(&c, 4);
    data.bytes = c.rest;
    if (c.too_short || (data.stream != FRAME_STDOUT && data.stream != FRAME_STDERR) ||
        data.bytes.n > FRAME_DATA_MAX || data.offset > UINT64_MAX - data.bytes.n)
        return -LM_E_PROTOCOL;
    *ret = data;
    return 0;
}

int frame_get_exit(struct str payload, struct frame_exit *ret)
{
    struct cursor c = {payload, false};
    struct frame_exit ex = {0};

    ex.ended_us = (int64_t)take_u64(&c);
    ex.code = (int32_t)take_u32(&c);
    ex.signal = (int32_t)take_u32(&c);
    ex.core = (uint8_t)take_le(&c, 1);
    ex.oom = (uint8_t)take_le(&c, 1);
    take(&c, 2);
    ex.max_rss_kb = take_u32(&c);
    ex.user_us = take_u64(&c);
    ex.system_us = take_u64(&c);
    ex.stdout_n = take_u64(&c);
    ex.stderr_n = take_u64(&c);
    if (c.too_short || ex.core > 1 || ex.oom > 2)
        return -LM_E_PROTOCOL;
    if (c.rest.n > 0) { /* the first keepers said nothing of it */
        size_t out_n = take_le(&c, 2), err_n = take_le(&c, 2);
        ex.last[0] = take(&c, out_n);
        ex.last[1] = take(&c, err_n);
        if (c.too_short || out_n > FRAME_LAST_MAX || err_n > FRAME_LAST_MAX)
            return -LM_E_PROTOCOL;
    }
    *ret = ex;
    return 0;
}

int frame_get_end(struct str payload, uint64_t *ret_stdout_n, uint64_t *ret_stderr_n)
{
    struct cursor c = {payload, false};
    uint64_t stdout_n = take_u64(&c), stderr_n = take_u64(&c);

    if (c.too_short)
        return -LM_E_PROTOCOL;
    *ret_stdout_n = stdout_n;
    *ret_stderr_n = stderr_n;
    return 0;
}

int frame_get_stop(struct str payload, uint32_t *ret_grace_ms)
{
    struct cursor c = {payload, false};
    uint32_t grace_ms = take_u32(&c);

    take(&c, 4);
    if (c.too_short)
        return -LM_E_PROTOCOL;
    *ret_grace_ms = grace_ms;
    return 0;
}

int frame_get_signal(struct str payload, int32_t *ret_signal)
{
    struct cursor c = {payload, false};
    int32_t number = (int32_t)take_u32(&c);

    take(&c, 4);
    if (c.too_short || number < 1 || number > 64)
        return -LM_E_PROTOCOL;
    *ret_signal = number;
    return 0;
}

int frame_get_note(struct str payload, struct frame_note *ret)
{
    struct cursor c = {payload, false};
    struct frame_note note = {0};

    note.level = take_u32(&c);
    take(&c, 4);
    note.text = c.rest;
    if (c.too_short || note.level < 3 || note.level > 5)
        return -LM_E_PROTOCOL;
    *ret = note;
    return 0;
}
