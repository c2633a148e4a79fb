/* SPDX-License-Identifier: MIT
 *
 * engineio.c - requests, and sessions from their beginning to their end.
 *
 *     open ─▶ polls ─probe, upgrade─▶ WebSocket        any end ─▶ eio_finish() ─▶ on_close, freed
 *     open ───────────────────────▶ WebSocket
 *
 * Threads: loop thread. Owns: see engineio.h.
 */
#include "net/engineio_impl.h"

#include "base/clock.h"
#include "net/grant.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_TIMEOUT_MS = 30 * 1000, PACKET_ROOM = WS_HEADER_MAX + 16 };

void eio_refuse(struct http_req *req, enum eio_refusal why)
{
    static const char *const texts[] = {
        [EIO_TRANSPORT_UNKNOWN] = "{\"code\":0,\"message\":\"Transport unknown\"}",
        [EIO_SESSION_UNKNOWN] = "{\"code\":1,\"message\":\"Session ID unknown\"}",
        [EIO_BAD_METHOD] = "{\"code\":2,\"message\":\"Bad handshake method\"}",
        [EIO_BAD_REQUEST] = "{\"code\":3,\"message\":\"Bad request\"}",
        [EIO_VERSION] = "{\"code\":5,\"message\":\"Unsupported protocol version\"}",
    };
    http_reply(req, 400, "application/json", str_from(texts[why]));
}

/* --- a session --- */

void eio_tell_drained(struct eio_session *s)
{
    if (!s->stuffed)
        return;
    s->stuffed = false;
    if (s->server->ops->on_drained)
        s->server->ops->on_drained(s);
}

static void free_session(uv_handle_t *handle)
{
    struct eio_session *s = handle->data;

    s->server->ops->on_free(s);
    grant_unref(s->opener);
    free(s);
}

void eio_finish(struct eio_session *s, const char *last_words)
{
    if (s->closed)
        return;
    s->closed = true;
    s->outlet.conn = NULL;
    map_remove(&s->server->by_sid, str_from(s->sid));
    eio_leave_links(s);
    if (s->poll)
        eio_reply_to_poll(s, str_from(last_words));
    turn_hook_cancel(&s->deliver);
    s->server->ops->on_close(s);
    eio_mail_empty(s);
    uv_close((uv_handle_t *)&s->timer, free_session);
}

void eio_close(struct eio_session *s)
{
    eio_finish(s, "1");
}

/* A short packet of the protocol's own. */
static void send_packet(struct eio_session *s, const char *text)
{
    uint8_t frame[PACKET_ROOM];
    size_t n = strlen(text), head = ws_put_header(frame, WS_TEXT, n);

    lm_assert(head + n <= sizeof frame);
    memcpy(frame + head, text, n);
    outlet_write(&s->outlet, frame, head + n);
}

static void on_timer(uv_timer_t *timer);

static void await_ping(struct eio_session *s)
{
    uint32_t interval_ms = s->server->ping_interval_ms;

    s->due_us = clock_mono_us() + (int64_t)interval_ms * 1000;
    uv_timer_start(&s->timer, on_timer, interval_ms, 0);
}

/* The client counts from when the ping was due; so do we, unless the ping left so late that it
 * cannot. */
static void await_pong(struct eio_session *s)
{
    int64_t now = clock_mono_us(), timeout = (int64_t)s->server->ping_timeout_ms * 1000;

    s->awaits_pong = true;
    s->due_us = (now - s->due_us < timeout / 2 ? s->due_us : now) + timeout;
    uv_timer_start(&s->timer, on_timer, (uint64_t)(s->due_us - now + 999) / 1000, 0);
}

/* Its time is over, though the timer may not have noticed yet. */
static bool is_overdue(const struct eio_session *s)
{
    return s->awaits_pong && clock_mono_us() >= s->due_us;
}

static void on_timer(uv_timer_t *timer)
{
    struct eio_session *s = timer->data;
    const struct eio_server *e = s->server;

    if (s->awaits_pong || s->failed) {
        eio_finish(s, "1");
        return;
    }
    if (e->ops->on_beat)
        e->ops->on_beat(s);
    if (s->closed)
        return;
    await_pong(s);
    send_packet(s, "2");
}

void eio_finish_soon(struct eio_session *s)
{
    s->failed = true;
    if (!s->closed)
        uv_timer_start(&s->timer, on_timer, 0, 0);
}

bool eio_make_sid(char sid[EIO_SID_MAX + 1])
{
    unsigned char bytes[EIO_SID_MAX / 4 * 3];

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    EVP_EncodeBlock((unsigned char *)sid, bytes, sizeof bytes);
    for (char *p = sid; *p; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    return true;
}

/* Filed under a new sid; NULL: answered. */
static struct eio_session *new_session(struct eio_server *e, struct http_req *req)
{
    struct eio_session *s = NULL;

    if (e->by_sid.count < e->sessions_max && !e->closing)
        s = calloc(1, sizeof *s);
    if (!s || !eio_make_sid(s->sid)) {
        free(s);
        http_reply_error(req, 503, "unavailable", NULL, "too many clients: try again later");
        return NULL;
    }
    s->server = e;
    s->opened_us = s->heard_us = clock_mono_us();
    eio_mail_init(s);
    if (!e->ops->on_open(s, req)) {
        free(s);
        return NULL;
    }
    s->opener = req->grant ? grant_ref(req->grant) : NULL;
    uv_timer_init(&e->loop->uv, &s->timer);
    s->timer.data = s;
    await_ping(s);
    if (map_put(&e->by_sid, str_from(s->sid), s) < 0) {
        eio_finish(s, "1");
        http_reply_error(req, 503, "no_memory", NULL, "the hub is short of memory; try again");
        return NULL;
    }
    return s;
}

static size_t put_handshake(const struct eio_session *s, bool polls, char *out, size_t room)
{
    const struct eio_server *e = s->server;

    return (size_t)snprintf(out, room,
                            "0{\"sid\":\"%s\",\"upgrades\":[%s],\"pingInterval\":%u,"
                            "\"pingTimeout\":%u,\"maxPayload\":%zu}",
                            s->sid, polls ? "\"websocket\"" : "", e->ping_interval_ms,
                            e->ping_timeout_ms, e->payload_max);
}

static void open_session(struct eio_server *e, struct http_req *req, bool websocket)
{
    char text[256];

    if (req->method != HTTP_GET_M) {
        eio_refuse(req, EIO_BAD_METHOD);
        return;
    }
    if (websocket && !ws_handshake_ok(req, ""))
        return;
    struct eio_session *s = new_session(e, req);
    if (!s)
        return;
    size_t n = put_handshake(s, !websocket, text, sizeof text);
    if (!websocket)
        eio_answer(req, str_of(text, n));
    else if (!eio_open_link(s, req, str_of(text, n)))
        eio_finish(s, "1");
}

/* --- messages --- */

static void take_pong(struct eio_session *s)
{
    s->awaits_pong = false;
    await_ping(s);
}

bool eio_take_packet(struct eio_session *s, struct str packet)
{
    struct str payload;

    if (packet.n == 0)
        return false;
    payload = str_of(packet.p + 1, packet.n - 1);
    s->heard_us = clock_mono_us();
    switch (packet.p[0]) {
    case '1':
        eio_finish(s, "6");
        return true;
    case '3':
        take_pong(s);
        return true;
    case '4':
        s->server->ops->on_message(s, false, payload);
        return true;
    default:
        return false;
    }
}

size_t eio_put_text_head(char *at, size_t n)
{
    size_t head = ws_put_header((uint8_t *)at, WS_TEXT, n + 1);

    at[head] = '4';
    return head + 1;
}

void eio_add_text(struct buf *out, struct str payload)
{
    char head[EIO_TEXT_HEAD_MAX];

    buf_add(out, head, eio_put_text_head(head, payload.n));
    buf_add_str(out, payload);
}

void eio_send(struct eio_session *s, bool binary, struct str payload)
{
    struct buf frame = {0};

    if (s->closed)
        return;
    if (binary)
        ws_add_frame(&frame, WS_BINARY, payload);
    else
        eio_add_text(&frame, payload);
    if (buf_error(&frame) == 0)
        outlet_write(&s->outlet, frame.p, frame.n);
    else
        s->failed = true;
    buf_fini(&frame);
}

/* --- requests --- */

/* A sid that got about is no way for a limited caller to what another one sees. */
static bool is_foreign(const struct eio_session *s, const struct http_req *req)
{
    return grant_is_limited(req->grant) && req->grant != s->opener;
}

void eio_handle(struct eio_server *e, struct http_req *req)
{
    struct str transport = http_query(req, "transport"), sid = http_query(req, "sid");
    bool websocket = str_is(transport, "websocket");
    struct eio_session *s = sid.p ? map_find(&e->by_sid, sid) : NULL;

    if (s && is_overdue(s)) {
        eio_finish(s, "1");
        s = NULL;
    }
    if (req->method == HTTP_OPTIONS_M)
        http_reply(req, 204, NULL, STR_NONE);
    else if (!str_is(http_query(req, "EIO"), "4"))
        eio_refuse(req, EIO_VERSION);
    else if (!websocket && !str_is(transport, "polling"))
        eio_refuse(req, EIO_TRANSPORT_UNKNOWN);
    else if (!sid.p)
        open_session(e, req, websocket);
    else if (!s || is_foreign(s, req))
        eio_refuse(req, EIO_SESSION_UNKNOWN);
    else if (websocket)
        eio_begin_probe(s, req);
    else if (!s->link && req->method == HTTP_GET_M)
        eio_take_poll(s, req);
    else if (!s->link && req->method == HTTP_POST_M)
        eio_take_post(s, req);
    else
        eio_refuse(req, EIO_BAD_REQUEST);
}

void eio_server_init(struct eio_server *e)
{
    ws_watch_init(&e->watch, e->loop, 0, 0, MESSAGE_TIMEOUT_MS);
}

void eio_server_close(struct eio_server *e)
{
    const struct map_slot *slot;

    e->closing = true;
    while ((slot = map_next(&e->by_sid, NULL)))
        eio_close(slot->value);
    ws_watch_close(&e->watch);
}

void eio_server_fini(struct eio_server *e)
{
    map_fini(&e->by_sid);
}
