/* SPDX-License-Identifier: MIT
 *
 * sse_out.c - LF only, an id on every event. JSON never holds a raw line break, so one data line
 * does.
 */
#include "stream/sse_out.h"

#include <stdlib.h>

static char *add(char *at, struct str s)
{
    memcpy(at, s.p, s.n);
    return at + s.n;
}

static uint32_t record_overhead(size_t n)
{
    (void)n;
    return sizeof "event: log\nid: \ndata: \n\n" + CURSOR_MAX;
}

static uint32_t put_record(char *at, struct str json, struct str cursor)
{
    char *p = add(at, STR("event: log\nid: "));
    p = add(p, cursor);
    p = add(p, STR("\ndata: "));
    p = add(p, json);
    p = add(p, STR("\n\n"));
    return (uint32_t)(p - at);
}

static void put_notice(struct buf *out, const struct form *form, const char *type, struct str json,
                       struct str cursor)
{
    (void)form;
    buf_printf(out, "event: %s\nid: %.*s\ndata: %.*s\n\n", type, STR_FMT(cursor), STR_FMT(json));
}

/* Moves lastEventId and fires nothing. */
static void put_heartbeat(struct buf *out, const struct form *form, struct str cursor)
{
    (void)form;
    buf_printf(out, ": hb\nid: %.*s\n\n", STR_FMT(cursor));
}

static void put_goodbye(struct buf *out, uint16_t code, struct str reason)
{
    (void)code;
    buf_printf(out, ": %.*s\n\n", STR_FMT(reason));
}

const struct wire wire_sse = {
    .name = "sse",
    .transport = "sse",
    .record_overhead = record_overhead,
    .record = put_record,
    .notice = put_notice,
    .heartbeat = put_heartbeat,
    .goodbye = put_goodbye,
};

struct sse_out {
    struct outlet outlet;
    struct sub *sub;
};

/* An event stream goes one way: what a client sends is thrown away. */
static void conn_data(struct conn *c)
{
    buf_clear(&c->in);
}

static void conn_drained(struct conn *c)
{
    const struct sse_out *o = c->self;

    if (o && o->sub)
        sub_drained(o->sub);
}

static void conn_gone(struct conn *c)
{
    struct sse_out *o = c->self;

    if (o && o->sub)
        sub_closed(o->sub);
    free(o);
}

static const struct conn_ops sse_ops = {
    .on_data = conn_data, .on_drained = conn_drained, .on_close = conn_gone};

void sse_out_open(struct fanout *s, struct conn *c, struct filter *filter, struct form form,
                  const struct sub_start *start)
{
    struct sse_out *o = calloc(1, sizeof *o);

    c->ops = &sse_ops;
    c->self = o;
    if (!o) {
        filter_fini(filter);
        free(filter);
        conn_close(c, 0);
        return;
    }
    o->outlet.conn = c;
    form.wire = &wire_sse;
    if (sub_new(&o->sub, s, &o->outlet, false, filter, &form, start) < 0)
        conn_close(c, 0);
}
