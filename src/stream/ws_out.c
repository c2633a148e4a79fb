/* SPDX-License-Identifier: MIT
 *
 * ws_out.c - the plain WebSocket contract.
 *
 * Heartbeats are pings; a client that has not answered for a minute is gone. What a client may say
 * on this contract is nothing but control frames: everything it wants is in the URL. A text gets an
 * answer that says so.
 */
#include "stream/ws_out.h"

#include "net/ws.h"

#include <errno.h>
#include <stdlib.h>

enum { CLIENT_MESSAGE_MAX = 64 * 1024, CLOSE_LINGER_MS = 1000 };

struct ws_out {
    struct conn *conn;
    struct sub *sub;
    struct ws_reader reader;
    bool closing;
};

static uint32_t record_overhead(size_t n)
{
    (void)n;
    return WS_HEADER_MAX;
}

static uint32_t put_record(char *at, struct str json, struct str cursor)
{
    (void)cursor;
    size_t head = ws_put_header((uint8_t *)at, WS_TEXT, json.n);
    memcpy(at + head, json.p, json.n);
    return (uint32_t)(head + json.n);
}

static void put_notice(struct buf *out, const char *type, struct str json, struct str cursor)
{
    (void)type;
    (void)cursor;
    ws_add_frame(out, WS_TEXT, json);
}

static void put_heartbeat(struct buf *out, struct str cursor)
{
    (void)cursor;
    ws_add_frame(out, WS_PING, STR_NONE);
}

static void put_goodbye(struct buf *out, uint16_t code, struct str reason)
{
    ws_add_close(out, code, reason);
}

const struct wire wire_ws = {
    .name = "websocket",
    .record_overhead = record_overhead,
    .record = put_record,
    .notice = put_notice,
    .heartbeat = put_heartbeat,
    .goodbye = put_goodbye,
    .answers_heartbeats = true,
};

static void send_close(struct ws_out *w, uint16_t code, struct str reason)
{
    struct buf out = {0};

    if (w->closing)
        return;
    w->closing = true;
    ws_add_close(&out, code, reason);
    if (buf_error(&out) == 0)
        sub_send_control(w->sub, buf_str(&out));
    buf_fini(&out);
    sub_closed(w->sub); /* nothing more is due to it while the last bytes leave */
    w->sub = NULL;
    conn_close(w->conn, CLOSE_LINGER_MS);
}

static int on_message(enum ws_opcode opcode, struct str payload, uint16_t close_code, void *ctx)
{
    struct ws_out *w = ctx;
    struct buf out = {0};

    if (opcode == WS_CLOSE) {
        send_close(w, close_code == 1005 ? 1000 : close_code, STR_NONE);
        return 1;
    }
    if (opcode == WS_PING)
        ws_add_frame(&out, WS_PONG, payload);
    else if (opcode != WS_PONG)
        ws_add_frame(&out, WS_TEXT,
                     STR("{\"type\":\"error\",\"code\":\"not_understood\",\"level\":\"warn\","
                         "\"stream\":\"system\","
                         "\"message\":\"This stream only sends: put filters into the URL "
                         "(job_run_id, level, search, q, tail, after)\"}"));
    if (out.n)
        sub_send_control(w->sub, buf_str(&out));
    buf_fini(&out);
    return 0;
}

static void conn_data(struct conn *c)
{
    struct ws_out *w = c->self;

    if (w->closing) {
        buf_clear(&c->in);
        return;
    }
    if (ws_feed(&w->reader, &c->in) < 0)
        send_close(w, w->reader.close_code, STR_NONE);
}

static void conn_drained(struct conn *c)
{
    const struct ws_out *w = c->self;
    if (w->sub)
        sub_drained(w->sub);
}

static void conn_gone(struct conn *c)
{
    struct ws_out *w = c->self;

    if (!w)
        return;
    if (w->sub)
        sub_closed(w->sub);
    ws_reader_fini(&w->reader);
    free(w);
}

static const struct conn_ops ws_ops = {
    .on_data = conn_data, .on_drained = conn_drained, .on_close = conn_gone};

void ws_out_open(struct fanout *s, struct conn *c, struct filter *filter,
                 const struct sub_start *start)
{
    struct ws_out *w = calloc(1, sizeof *w);

    c->ops = &ws_ops;
    c->self = w;
    if (!w) {
        filter_fini(filter);
        free(filter);
        conn_close(c, 0);
        return;
    }
    w->conn = c;
    ws_reader_init(&w->reader, CLIENT_MESSAGE_MAX, on_message, w);
    c->in_max = CLIENT_MESSAGE_MAX + 64;
    int err = sub_new(&w->sub, s, c, filter, &wire_ws, start);
    if (err < 0)
        conn_close(c, 0);
    else if (c->in.n)
        conn_data(c);
}
