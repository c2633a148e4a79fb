/* SPDX-License-Identifier: MIT
 *
 * engineio_ws.c - the transport of a WebSocket, from the first request on or in the place of
 * polling.
 *
 *     client                           session
 *       2probe on the WebSocket  ─▶      3probe, and the poll that waits ends with 6 (nothing)
 *       5                        ─▶      everything moves over: mail, then whatever is written next
 *
 * Threads: loop thread. Owns: struct eio_link, until its WebSocket has gone.
 */
#include "net/engineio_impl.h"

#include <stdlib.h>

enum { FRAGMENTS_MAX = 4096 };

/* A WebSocket of a session; it may outlive it by a closing handshake. */
struct eio_link {
    struct ws_link ws;
    struct eio_session *session; /* NULL: the session has gone */
    bool probed;
};

static struct eio_link *link_of(struct ws_link *w)
{
    return LIST_ITEM(w, struct eio_link, ws);
}

/* The client has seen that the WebSocket works and its last poll has ended: everything moves
 * over. */
static void upgrade(struct eio_session *s, struct eio_link *l)
{
    s->probe = NULL;
    s->link = l;
    if (s->poll)
        eio_reply_to_poll(s, STR("6"));
    turn_hook_cancel(&s->deliver);
    s->outlet.conn = l->ws.conn;
    if (s->mail.n)
        conn_write(l->ws.conn, s->mail.p, s->mail.n);
    eio_mail_empty(s);
    eio_tell_drained(s);
}

static void take_probe(struct eio_session *s, struct eio_link *l, struct str text)
{
    if (str_is(text, "2probe") && !l->probed) {
        l->probed = true;
        ws_link_send(&l->ws, WS_TEXT, STR("3probe"));
        if (s->poll)
            eio_reply_to_poll(s, STR("6"));
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
    else if (!eio_take_packet(s, payload))
        eio_finish(s, "1");
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
        eio_finish(s, "1");
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

bool eio_open_link(struct eio_session *s, struct http_req *req, struct str handshake)
{
    if (!accept_link(s, req, &s->link))
        return false;
    ws_link_send(&s->link->ws, WS_TEXT, handshake);
    ws_link_go(&s->link->ws);
    return true;
}

void eio_begin_probe(struct eio_session *s, struct http_req *req)
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

void eio_leave_links(struct eio_session *s)
{
    struct eio_link *links[] = {s->link, s->probe};

    s->link = s->probe = NULL;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (links[i]) {
            links[i]->session = NULL;
            ws_link_close(&links[i]->ws, WS_CLOSE_NORMAL, STR_NONE);
        }
}

bool eio_is_probed(const struct eio_session *s)
{
    return s->probe && s->probe->probed;
}
