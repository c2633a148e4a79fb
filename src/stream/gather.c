/* SPDX-License-Identifier: MIT
 *
 * gather.c - records of a replay on their way to one subscriber: frames one after another in s->out,
 * and, on wires that send batches, rows that still wait for their frame.
 */
#include "stream/fanout_impl.h"

void gather_begin(struct fanout *s)
{
    buf_clear(&s->out);
    buf_clear(&s->rows);
    s->row_count = 0;
}

size_t gather_size(const struct fanout *s)
{
    return s->out.n + s->rows.n;
}

static void seal_rows(struct sub *sub, uint64_t last_id)
{
    struct fanout *s = sub->fanout;
    const struct form *form = &sub->feed->form;
    char cursor[CURSOR_MAX];
    size_t cursor_n = hub_cursor(s->opts.hub, last_id, cursor);

    form->wire->batch(&s->out, form, buf_str(&s->rows), str_of(cursor, cursor_n));
    s->out.failed |= s->rows.failed;
    buf_clear(&s->rows);
    s->row_count = 0;
}

static void add_frame(struct sub *sub, uint64_t id)
{
    struct fanout *s = sub->fanout;
    const struct wire *wire = sub->feed->form.wire;
    struct str json = buf_str(&s->json);
    char cursor[CURSOR_MAX];
    size_t cursor_n = hub_cursor(s->opts.hub, id, cursor);

    if (buf_reserve(&s->out, json.n + wire->record_overhead(json.n)) < 0)
        s->out.failed = true;
    else
        s->out.n += wire->record(s->out.p + s->out.n, json, str_of(cursor, cursor_n));
}

void gather_record(struct sub *sub, uint64_t id, enum level level)
{
    struct fanout *s = sub->fanout;

    s->out.failed |= s->json.failed;
    if (sub->feed->form.basic_levels && buf_error(&s->json) == 0)
        level_fold(&s->json, level);
    if (!sub->feed->form.wire->batch) {
        add_frame(sub, id);
        return;
    }
    if (s->row_count++ > 0)
        buf_add_char(&s->rows, ',');
    buf_add_str(&s->rows, buf_str(&s->json));
    s->last_row = id;
    if (s->rows.n >= BATCH_BYTES || s->row_count >= BATCH_RECORDS)
        seal_rows(sub, id);
}

void gather_send(struct sub *sub)
{
    struct fanout *s = sub->fanout;

    if (s->row_count > 0)
        seal_rows(sub, s->last_row);
    if (buf_error(&s->out) < 0)
        sub_cut(sub);
    else if (s->out.n)
        sub_write(sub, buf_str(&s->out));
    gather_begin(s);
}
