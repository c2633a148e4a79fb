/* SPDX-License-Identifier: MIT
 *
 * engineio_poll.c - the transport of long polling: a GET that waits for packets, a POST that brings
 * some.
 *
 * Threads: loop thread. Owns: s->poll, while it waits.
 */
#include "net/engineio_impl.h"

#include "base/clock.h"
#include "record/utf8.h"

#include <openssl/evp.h>

void eio_answer(struct http_req *req, struct str body)
{
    http_reply(req, 200, "text/plain; charset=UTF-8", body);
}

void eio_reply_to_poll(struct eio_session *s, struct str body)
{
    struct http_req *req = s->poll;

    s->poll = NULL;
    eio_answer(req, body);
}

/* The client went away in the middle of a poll: what was on its way may be lost, so nothing may
 * follow it. */
static void poll_gone(struct http_req *req)
{
    struct eio_session *s = req->ctx;

    s->poll = NULL;
    http_reply(req, 200, NULL, STR_NONE);
    eio_finish(s, "1");
}

void eio_take_poll(struct eio_session *s, struct http_req *req)
{
    if (s->poll) {
        eio_finish(s, "1");
        eio_refuse(req, EIO_BAD_REQUEST);
        return;
    }
    s->heard_us = clock_mono_us();
    s->poll = req;
    req->ctx = s;
    http_hold(req, poll_gone);
    if (s->mail.n)
        eio_mail_deliver(s);
    else if (eio_is_probed(s))
        eio_reply_to_poll(s, STR("6"));
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

static bool take_packets(struct eio_session *s, struct str body)
{
    bool ok = utf8_valid_prefix(body) == body.n;

    do {
        struct str packet = str_cut(body, EIO_SEPARATOR, &body);
        if (ok && packet.n && packet.p[0] == 'b')
            ok = take_base64(s, str_of(packet.p + 1, packet.n - 1));
        else
            ok = ok && eio_take_packet(s, packet);
    } while (ok && body.p && !s->closed);
    return ok;
}

void eio_take_post(struct eio_session *s, struct http_req *req)
{
    struct eio_server *e = s->server;

    if (req->body.n > e->payload_max) {
        eio_finish(s, "1");
        http_reply(req, 413, "application/json", STR("{\"code\":3,\"message\":\"Too large\"}"));
    } else if (take_packets(s, req->body)) {
        eio_answer(req, STR("ok"));
    } else {
        eio_finish(s, "1");
        eio_refuse(req, EIO_BAD_REQUEST);
    }
}
