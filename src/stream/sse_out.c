/* SPDX-License-Identifier: MIT
 *
 * sse_out.c - LF only, an id on every event. JSON never holds a raw line break, so one data line
 * does.
 */
#include "stream/sse_out.h"

#include <errno.h>
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

static void put_notice(struct buf *out, const char *type, struct str json, struct str cursor)
{
    buf_printf(out, "event: %s\nid: %.*s\ndata: %.*s\n\n", type, STR_FMT(cursor), STR_FMT(json));
}

/* Moves lastEventId and fires nothing. */
static void put_heartbeat(struct buf *out, struct str cursor)
{
    buf_printf(out, ": hb\nid: %.*s\n\n", STR_FMT(cursor));
}

static void put_goodbye(struct buf *out, uint16_t code, struct str reason)
{
    (void)code;
    buf_printf(out, ": %.*s\n\n", STR_FMT(reason));
}

const struct wire wire_sse = {
    .name = "sse",
    .record_overhead = record_overhead,
    .record = put_record,
    .notice = put_notice,
    .heartbeat = put_heartbeat,
    .goodbye = put_goodbye,
};

/* An event stream goes one way: what a client sends is thrown away. */
static void conn_data(struct conn *c)
{
    buf_clear(&c->in);
}

static void conn_drained(struct conn *c)
{
    if (c->self)
        sub_drained(c->self);
}

static void conn_gone(struct conn *c)
{
    if (c->self)
        sub_closed(c->self);
}

static const struct conn_ops sse_ops = {
    .on_data = conn_data, .on_drained = conn_drained, .on_close = conn_gone};

void sse_out_open(struct fanout *s, struct conn *c, struct filter *filter,
                  const struct sub_start *start)
{
    struct sub *sub = NULL;

    c->ops = &sse_ops;
    c->self = NULL;
    int err = sub_new(&sub, s, c, filter, &wire_sse, start);
    c->self = sub;
    if (err < 0)
        conn_close(c, 0);
}
