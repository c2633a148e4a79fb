/* SPDX-License-Identifier: MIT
 *
 * ws_wires.c - the two formats over WebSocket: one record a message, and the envelopes of logmill.v1.
 */
#include "net/ws.h"
#include "net/ws_deflate.h"
#include "stream/wire.h"

/* --- plain --- */

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

static void put_notice(struct buf *out, const struct form *form, const char *type, struct str json,
                       struct str cursor)
{
    (void)form;
    (void)type;
    (void)cursor;
    ws_add_frame(out, WS_TEXT, json);
}

static void put_ping(struct buf *out, const struct form *form, struct str cursor)
{
    (void)form;
    (void)cursor;
    ws_add_frame(out, WS_PING, STR_NONE);
}

static void put_goodbye(struct buf *out, uint16_t code, struct str reason)
{
    ws_add_close(out, code, reason);
}

const struct wire wire_ws = {
    .name = "plain",
    .transport = "websocket",
    .record_overhead = record_overhead,
    .record = put_record,
    .notice = put_notice,
    .heartbeat = put_ping,
    .goodbye = put_goodbye,
    .answers_heartbeats = true,
};

/* --- logmill.v1 --- */

/* Names and cursors hold nothing that JSON would escape. */
static void add_envelope(struct buf *out, const char *type, const struct form *form,
                         struct str cursor)
{
    buf_printf(out, "{\"type\":\"%s\"", type);
    if (form->name.n)
        buf_printf(out, ",\"sub\":\"%.*s\"", STR_FMT(form->name));
    if (cursor.n)
        buf_printf(out, ",\"cursor\":\"%.*s\"", STR_FMT(cursor));
}

static void add_message(struct buf *out, const struct form *form, struct buf *json)
{
    out->failed |= json->failed;
    if (form->compressed)
        ws_add_deflated(out, WS_TEXT, buf_str(json), WS_WINDOW_BITS);
    else
        ws_add_frame(out, WS_TEXT, buf_str(json));
    buf_fini(json);
}

static void put_batch(struct buf *out, const struct form *form, struct str rows, struct str cursor)
{
    uint8_t header[WS_HEADER_MAX];
    struct buf json = {0};

    add_envelope(&json, "batch", form, cursor);
    BUF_LIT(&json, ",\"logs\":[");
    if (form->compressed) {
        buf_add_str(&json, rows);
        BUF_LIT(&json, "]}");
        add_message(out, form, &json);
        return;
    }
    buf_add(out, header, ws_put_header(header, WS_TEXT, json.n + rows.n + 2));
    buf_add_str(out, buf_str(&json));
    buf_add_str(out, rows);
    BUF_LIT(out, "]}");
    out->failed |= json.failed;
    buf_fini(&json);
}

/* The notice is a JSON object with its type first; sub and cursor go to its end. */
static void put_v1_notice(struct buf *out, const struct form *form, const char *type,
                          struct str notice, struct str cursor)
{
    struct buf json = {0};

    (void)type;
    buf_add(&json, notice.p, notice.n - 1);
    if (form->name.n)
        buf_printf(&json, ",\"sub\":\"%.*s\"", STR_FMT(form->name));
    buf_printf(&json, ",\"cursor\":\"%.*s\"}", STR_FMT(cursor));
    add_message(out, form, &json);
}

static void put_v1_heartbeat(struct buf *out, const struct form *form, struct str cursor)
{
    struct buf json = {0};

    add_envelope(&json, "heartbeat", form, cursor);
    buf_add_char(&json, '}');
    out->failed |= json.failed;
    ws_add_frame(out, WS_TEXT, buf_str(&json));
    buf_fini(&json);
}

static void put_partial(struct buf *out, const struct form *form, struct str members)
{
    struct buf json = {0};

    add_envelope(&json, "partial", form, STR_NONE);
    buf_add_str(&json, members);
    buf_add_char(&json, '}');
    add_message(out, form, &json);
}

const struct wire wire_v1 = {
    .name = "v1",
    .transport = "websocket",
    .batch = put_batch,
    .notice = put_v1_notice,
    .heartbeat = put_v1_heartbeat,
    .partial = put_partial,
    .goodbye = put_goodbye,
};
