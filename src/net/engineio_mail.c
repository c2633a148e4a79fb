/* SPDX-License-Identifier: MIT
 *
 * engineio_mail.c - the mailbox of a session that polls: an outlet like any other.
 *
 * There is no connection between two polls: what is written meanwhile waits here, which takes
 * MAIL_HIGH bytes and then says that it is full, as a socket does. It holds WebSocket frames of
 * ours; a poll gets them taken apart:
 *
 *     [text frame: 4hello][binary frame: 01 02 03]  ─▶  4hello <0x1e> bAQID
 *
 * Threads: loop thread. Owns: s->mail.
 */
#include "net/engineio_impl.h"

#include <errno.h>
#include <openssl/evp.h>

enum {
    MAIL_HIGH = 64 * 1024,
    MAIL_MAX = 8 * 1024 * 1024, /* a client that asks for answers and does not fetch them */
};

/* The payload of the first frame in `mail`, which is whole; *rest is what follows. */
static struct str take_frame(struct str mail, struct str *rest)
{
    const unsigned char *p = (const unsigned char *)mail.p;
    size_t wide = p[1] < 126 ? 0 : p[1] == 126 ? 2 : 8;
    size_t n = wide ? 0 : p[1], head = 2 + wide;

    for (size_t i = 0; i < wide; i++)
        n = n << 8 | p[2 + i];
    lm_assert(head + n <= mail.n);
    *rest = str_of(mail.p + head + n, mail.n - head - n);
    return str_of(mail.p + head, n);
}

static void add_base64(struct buf *out, struct str bytes)
{
    size_t n = (bytes.n + 2) / 3 * 4;

    if (buf_reserve(out, n + 1) < 0) {
        out->failed = true;
        return;
    }
    EVP_EncodeBlock((unsigned char *)out->p + out->n, (const unsigned char *)bytes.p, (int)bytes.n);
    out->n += n;
}

void eio_mail_unpack(struct str mail, struct buf *out)
{
    while (mail.n) {
        bool binary = (mail.p[0] & 0x0f) == WS_BINARY;
        struct str payload = take_frame(mail, &mail);

        if (out->n)
            buf_add_char(out, EIO_SEPARATOR);
        if (binary) {
            buf_add_char(out, 'b');
            add_base64(out, payload);
        } else {
            buf_add_str(out, payload);
        }
    }
}

void eio_mail_empty(struct eio_session *s)
{
    buf_fini(&s->mail);
    untaken_note(&s->server->loop->untaken, &s->holds, 0);
}

void eio_mail_deliver(struct eio_session *s)
{
    struct buf out = {0};

    eio_mail_unpack(buf_str(&s->mail), &out);
    eio_mail_empty(s);
    if (buf_error(&out) == 0) {
        eio_reply_to_poll(s, buf_str(&out));
        eio_tell_drained(s);
    } else {
        eio_finish(s, "1");
    }
    buf_fini(&out);
}

static void on_deliver(struct turn_hook *hook)
{
    struct eio_session *s = LIST_ITEM(hook, struct eio_session, deliver);

    if (s->poll && s->mail.n)
        eio_mail_deliver(s);
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

static void mail_close(struct outlet *o)
{
    eio_finish_soon(session_of(o));
}

static int64_t mail_heard_us(const struct outlet *o)
{
    return ((const struct eio_session *)(const void *)o)->heard_us;
}

static const struct outlet_ops mail_ops = {mail_writev, mail_write, mail_close, mail_heard_us};

/* Others need the room, and this client does not fetch its mail. */
static void give_up(struct untaken_holder *h)
{
    eio_finish_soon(LIST_ITEM(h, struct eio_session, holds));
}

void eio_mail_init(struct eio_session *s)
{
    s->outlet.ops = &mail_ops;
    turn_hook_init(&s->deliver, on_deliver);
    untaken_holder_init(&s->holds, give_up);
}
