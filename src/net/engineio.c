/* SPDX-License-Identifier: MIT
 *
 * engineio.c - sessions, and the two transports they go over.
 *
 *     open ─▶ polls ─probe, upgrade─▶ WebSocket        any end ─▶ finish() ─▶ on_close, freed
 *     open ───────────────────────▶ WebSocket
 *
 * A session that polls has no connection between two polls: what is written meanwhile waits in `mail`, which
 * takes MAIL_HIGH bytes and then says that it is full, as a socket does.
 */
#include "net/engineio.h"

#include "base/clock.h"
#include "record/utf8.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MAIL_HIGH = 64 * 1024,
    MAIL_MAX = 8 * 1024 * 1024, /* a client that asks for answers and does not fetch them */
    SEPARATOR = 0x1e,
    FRAGMENTS_MAX = 4096,
    MESSAGE_TIMEOUT_MS = 30 * 1000,
    FRAME_ROOM = WS_HEADER_MAX + 16,
};

/* A WebSocket of a session; it may outlive it by a closing handshake. */
struct eio_link {
    struct ws_link ws;
    struct eio_session *session; /* NULL: the session has gone */
    bool probed;
};

/* What is wrong with a request, in the protocol's numbers. */
enum refusal { TRANSPORT_UNKNOWN, SESSION_UNKNOWN, BAD_METHOD, BAD_REQUEST, VERSION = 5 };

static void finish(struct eio_session *s, const char *last_words);
static void on_timer(uv_timer_t *timer);

static void answer_text(struct http_req *req, struct str body)
{
    http_reply(req, 200, "text/plain; charset=UTF-8", body);
}

static void refuse(struct http_req *req, enum refusal why)
{
    static const char *const texts[] = {
        [TRANSPORT_UNKNOWN] = "{\"code\":0,\"message\":\"Transport unknown\"}",
        [SESSION_UNKNOWN] = "{\"code\":1,\"message\":\"Session ID unknown\"}",
        [BAD_METHOD] = "{\"code\":2,\"message\":\"Bad handshake method\"}",
        [BAD_REQUEST] = "{\"code\":3,\"message\":\"Bad request\"}",
        [VERSION] = "{\"code\":5,\"message\":\"Unsupported protocol version\"}",
    };
    http_reply(req, 400, "application/json", str_from(texts[why]));
}

/* --- out --- */

static void reply_to_poll(struct eio_session *s, struct str body)
{
    struct http_req *req = s->poll;

    s->poll = NULL;
    answer_text(req, body);
}

/* There is room again for those who were told that there is none. */
static void tell_drained(struct eio_session *s)
{
    if (!s->stuffed)
        return;
    s->stuffed = false;
    if (s->server->ops->on_drained)
        s->server->ops->on_drained(s);
}

static void empty_mail(struct eio_session *s)
{
    buf_fini(&s->mail);
    untaken_note(&s->server->loop->untaken, &s->holds, 0);
}

static void deliver_mail(struct eio_session *s)
{
    struct buf out = {0};

    eio_mail_unpack(buf_str(&s->mail), &out);
    empty_mail(s);
    if (buf_error(&out) == 0) {
        reply_to_poll(s, buf_str(&out));
        tell_drained(s);
    } else {
        finish(s, "1");
    }
    buf_fini(&out);
}

static void on_deliver(struct turn_hook *hook)
{
    struct eio_session *s = LIST_ITEM(hook, struct eio_session, deliver);

    if (s->poll && s->mail.n)
        deliver_mail(s);
}

static struct eio_session *session_of(struct outlet *o)
{
    return LIST_ITEM(o, struct eio_session, outlet);
}

static void mail_write(struct outlet *o, const void *bytes, size_t n)
{
    struct eio_session *s = session_of(o);

    if (s->closed || s->failed)
        return;
    buf_add(&s->mail, bytes, n);
    s->failed |= buf_error(&s->mail) < 0 || s->mail.n > MAIL_MAX;
    untaken_note(&s->server->loop->untaken, &s->holds, s->mail.n);
    if (s->poll)
        turn_hook_ask(s->server->loop, &s->deliver);
}

static ssize_t mail_writev(struct outlet *o, const struct iovec *iov, int n)
{
    struct eio_session *s = session_of(o);
    ssize_t taken = 0;

    if (s->closed || s->failed)
        return -EPIPE;
    for (int i = 0; i < n && s->mail.n < MAIL_HIGH; i++) {
        mail_write(o, iov[i].iov_base, iov[i].iov_len);
        taken += (ssize_t)iov[i].iov_len;
    }
    s->stuffed |= s->mail.n >= MAIL_HIGH;
    return taken;
}

/* Whoever writes may be in the middle of something: the session ends in the next turn. */
static void mail_close(struct outlet *o)
{
    struct eio_session *s = session_of(o);

    s->failed = true;
    if (!s->closed)
        uv_timer_start(&s->timer, on_timer, 0, 0);
}

/* Others need the room, and this client does not fetch its mail. */
static void give_up(struct untaken_holder *h)
{
    mail_close(&LIST_ITEM(h, struct eio_session, holds)->outlet);
}

static size_t mail_unsent(const struct outlet *o)
{
    return ((const struct eio_session *)(const void *)o)->mail.n;
}

static int64_t mail_heard_us(const struct outlet *o)
{
    return ((const struct eio_session *)(const void *)o)->heard_us;
}

static const struct outlet_ops mail_ops = {mail_writev, mail_write, mail_close, mail_unsent,
                                           mail_heard_us};

/* A short packet of the protocol's own. */
static void send_packet(struct eio_session *s, const char *text)
{
    uint8_t frame[FRAME_ROOM];
    size_t n = strlen(text), head = ws_put_header(frame, WS_TEXT, n);

    lm_assert(head + n <= sizeof frame);
    memcpy(frame + head, text, n);
    outlet_write(&s->outlet, frame, head + n);
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

/* --- in --- */

static void await_ping(struct eio_session *s)
{
    uint32_t interval_ms = s->server->ping_interval_ms;

    s->due_us = clock_mono_us() + (int64_t)interval_ms * 1000;
    uv_timer_start(&s->timer, on_timer, interval_ms, 0);
}

/* The client counts from when the ping was due; so do we, unless the ping left so late that it cannot. */
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
        finish(s, "1");
        return;
    }
    if (e->ops->on_beat)
        e->ops->on_beat(s);
    if (s->closed)
        return;
    await_pong(s);
    send_packet(s, "2");
}

static void take_pong(struct eio_session *s)
{
    s->awaits_pong = false;
    await_ping(s);
}

/* A text packet of either transport. False: not one that a client may send. */
static bool take_packet(struct eio_session *s, struct str packet)
{
    struct str payload;

    if (packet.n == 0)
        return false;
    payload = str_of(packet.p + 1, packet.n - 1);
    s->heard_us = clock_mono_us();
    switch (packet.p[0]) {
    case '1':
        finish(s, "6");
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

/* "bAQIDBA==" */
static bool take_base64(struct eio_session *s, struct str text)
{
    struct buf bytes = {0};
    size_t pad = 0;
    bool ok = text.n % 4 == 0 && buf_reserve(&bytes, text.n + 1) == 0;

    while (pad < 2 && pad < text.n && text.p[text.n - 1 - pad] == '=')
        pad++;
    int n =
        ok ? EVP_DecodeBlock((unsigned char *)bytes.p, (const unsigned char *)text.p, (int)text.n)
           : -1;
    ok = n >= 0 && (size_t)n == text.n / 4 * 3;
    if (ok)
        s->server->ops->on_message(s, true, str_of(bytes.p, (size_t)n - pad));
    buf_fini(&bytes);
    return ok;
}

/* --- the WebSocket --- */

static struct eio_link *link_of(struct ws_link *w)
{
    return LIST_ITEM(w, struct eio_link, ws);
}

/* The client has seen that the WebSocket works and its last poll has ended: everything moves over. */
static void upgrade(struct eio_session *s, struct eio_link *l)
{
    s->probe = NULL;
    s->link = l;
    if (s->poll)
        reply_to_poll(s, STR("6"));
    turn_hook_cancel(&s->deliver);
    s->outlet.conn = l->ws.conn;
    if (s->mail.n)
        conn_write(l->ws.conn, s->mail.p, s->mail.n);
    empty_mail(s);
    tell_drained(s);
}

static void take_probe(struct eio_session *s, struct eio_link *l, struct str text)
{
    if (str_is(text, "2probe") && !l->probed) {
        l->probed = true;
        ws_link_send(&l->ws, WS_TEXT, STR("3probe"));
        if (s->poll)
            reply_to_poll(s, STR("6"));
    } else if (str_is(text, "5") && l->probed) {
        upgrade(s, l);
    } else {
        ws_link_close(&l->ws, WS_CLOSE_POLICY, STR("not a probe"));
    }
}

static void link_message(struct ws_link *w, enum ws_opcode opcode, struct str payload)
{
    struct eio_link *l = link_of(w);
    struct eio_session *s = l->session;

    if (!s)
        return;
    if (l == s->probe)
        take_probe(s, l, payload);
    else if (opcode == WS_BINARY)
        s->server->ops->on_message(s, true, payload);
    else if (!take_packet(s, payload))
        finish(s, "1");
}

static void link_drained(struct ws_link *w)
{
    struct eio_session *s = link_of(w)->session;

    if (s && s->link && s->server->ops->on_drained)
        s->server->ops->on_drained(s);
}

static void leave_session(struct ws_link *w)
{
    struct eio_link *l = link_of(w);
    struct eio_session *s = l->session;

    l->session = NULL;
    if (!s)
        return;
    if (l == s->probe)
        s->probe = NULL;
    else
        finish(s, "1");
}

static void link_gone(struct ws_link *w)
{
    leave_session(w);
    free(link_of(w));
}

static const struct ws_link_ops link_ops = {link_message, link_drained, leave_session, link_gone};

static struct eio_link *accept_link(struct eio_session *s, struct http_req *req,
                                    struct eio_link **place)
{
    struct eio_link *l = calloc(1, sizeof *l);
    struct ws_limits limits = {.message_max = s->server->payload_max,
                               .fragments_max = FRAGMENTS_MAX};

    if (!l) {
        http_reply_error(req, 503, "no_memory", NULL, "the hub is short of memory; try again");
        return NULL;
    }
    struct conn *c = ws_accept(req, &(struct ws_terms){0}, &limits.window_bits);
    l->session = s;
    *place = l;
    if (place == &s->link)
        s->outlet.conn = c;
    ws_link_open(&l->ws, &s->server->watch, c, &link_ops, &limits);
    return l;
}

/* A WebSocket for a session that polls. When it cannot be taken it is closed, not refused, so that a
 * late one is told in the protocol's own way. */
static void begin_probe(struct eio_session *s, struct http_req *req)
{
    struct eio_link *unused;

    if (!ws_handshake_ok(req, ""))
        return;
    if (!s->link && !s->probe) {
        struct eio_link *probe = accept_link(s, req, &s->probe);
        if (probe)
            ws_link_go(&probe->ws);
        return;
    }
    struct eio_link *l = accept_link(s, req, &unused);
    if (!l)
        return;
    l->session = NULL;
    ws_link_close(&l->ws, WS_CLOSE_NORMAL, STR_NONE);
}

/* --- polling --- */

/* The client went away in the middle of a poll: what was on its way may be lost, so nothing may
 * follow it. */
static void poll_gone(struct http_req *req)
{
    struct eio_session *s = req->ctx;

    s->poll = NULL;
    http_reply(req, 200, NULL, STR_NONE);
    finish(s, "1");
}

static void take_poll(struct eio_session *s, struct http_req *req)
{
    if (s->poll) {
        finish(s, "1");
        refuse(req, BAD_REQUEST);
        return;
    }
    s->heard_us = clock_mono_us();
    s->poll = req;
    req->ctx = s;
    http_hold(req, poll_gone);
    if (s->mail.n)
        deliver_mail(s);
    else if (s->probe && s->probe->probed)
        reply_to_poll(s, STR("6"));
}

static bool take_packets(struct eio_session *s, struct str body)
{
    bool ok = utf8_valid_prefix(body) == body.n;

    do {
        struct str packet = str_cut(body, SEPARATOR, &body);
        if (ok && packet.n && packet.p[0] == 'b')
            ok = take_base64(s, str_of(packet.p + 1, packet.n - 1));
        else
            ok = ok && take_packet(s, packet);
    } while (ok && body.p && !s->closed);
    return ok;
}

static void take_post(struct eio_session *s, struct http_req *req)
{
    struct eio_server *e = s->server;

    if (req->body.n > e->payload_max) {
        finish(s, "1");
        http_reply(req, 413, "application/json", STR("{\"code\":3,\"message\":\"Too large\"}"));
    } else if (take_packets(s, req->body)) {
        answer_text(req, STR("ok"));
    } else {
        finish(s, "1");
        refuse(req, BAD_REQUEST);
    }
}

/* --- a session from its beginning to its end --- */

static void free_session(uv_handle_t *handle)
{
    struct eio_session *s = handle->data;

    s->server->ops->on_free(s);
    free(s);
}

static void finish(struct eio_session *s, const char *last_words)
{
    struct eio_link *links[] = {s->link, s->probe};

    if (s->closed)
        return;
    s->closed = true;
    s->link = s->probe = NULL;
    s->outlet.conn = NULL;
    map_remove(&s->server->by_sid, str_from(s->sid));
    for (size_t i = 0; i < 2; i++)
        if (links[i]) {
            links[i]->session = NULL;
            ws_link_close(&links[i]->ws, WS_CLOSE_NORMAL, STR_NONE);
        }
    if (s->poll)
        reply_to_poll(s, str_from(last_words));
    turn_hook_cancel(&s->deliver);
    s->server->ops->on_close(s);
    empty_mail(s);
    uv_close((uv_handle_t *)&s->timer, free_session);
}

void eio_close(struct eio_session *s)
{
    finish(s, "1");
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
    s->outlet.ops = &mail_ops;
    s->opened_us = s->heard_us = clock_mono_us();
    turn_hook_init(&s->deliver, on_deliver);
    untaken_holder_init(&s->holds, give_up);
    if (!e->ops->on_open(s, req)) {
        free(s);
        return NULL;
    }
    uv_timer_init(&e->loop->uv, &s->timer);
    s->timer.data = s;
    await_ping(s);
    if (map_put(&e->by_sid, str_from(s->sid), s) < 0) {
        finish(s, "1");
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

static void greet(struct eio_link *l, struct str handshake)
{
    ws_link_send(&l->ws, WS_TEXT, handshake);
    ws_link_go(&l->ws);
}

static void open_session(struct eio_server *e, struct http_req *req, bool websocket)
{
    char text[256];

    if (req->method != HTTP_GET_M) {
        refuse(req, BAD_METHOD);
        return;
    }
    if (websocket && !ws_handshake_ok(req, ""))
        return;
    struct eio_session *s = new_session(e, req);
    if (!s)
        return;
    size_t n = put_handshake(s, !websocket, text, sizeof text);
    if (!websocket)
        answer_text(req, str_of(text, n));
    else if (accept_link(s, req, &s->link))
        greet(s->link, str_of(text, n));
    else
        finish(s, "1");
}

void eio_handle(struct eio_server *e, struct http_req *req)
{
    struct str transport = http_query(req, "transport"), sid = http_query(req, "sid");
    bool websocket = str_is(transport, "websocket");
    struct eio_session *s = sid.p ? map_find(&e->by_sid, sid) : NULL;

    if (s && is_overdue(s)) {
        finish(s, "1");
        s = NULL;
    }
    if (req->method == HTTP_OPTIONS_M)
        http_reply(req, 204, NULL, STR_NONE);
    else if (!str_is(http_query(req, "EIO"), "4"))
        refuse(req, VERSION);
    else if (!websocket && !str_is(transport, "polling"))
        refuse(req, TRANSPORT_UNKNOWN);
    else if (!sid.p)
        open_session(e, req, websocket);
    else if (!s)
        refuse(req, SESSION_UNKNOWN);
    else if (websocket)
        begin_probe(s, req);
    else if (!s->link && req->method == HTTP_GET_M)
        take_poll(s, req);
    else if (!s->link && req->method == HTTP_POST_M)
        take_post(s, req);
    else
        refuse(req, BAD_REQUEST);
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
