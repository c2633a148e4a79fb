/* SPDX-License-Identifier: MIT
 *
 * socketio_server.c - clients, their sockets in namespaces, and what they say.
 */
#include "net/socketio.h"

#include "base/clock.h"
#include "record/json.h"

#include <stdio.h>
#include <stdlib.h>

static struct sio_socket *find_socket(struct sio_client *c, struct str nsp)
{
    LIST_FOR_EACH (link, &c->sockets) {
        struct sio_socket *s = LIST_ITEM(link, struct sio_socket, link);
        if (str_is(nsp, s->nsp))
            return s;
    }
    return NULL;
}

static void send_packet(struct sio_client *c, const struct sio_packet *p,
                        const struct str *attached)
{
    struct buf text = {0};

    sio_add(&text, p);
    if (buf_error(&text) == 0)
        eio_send(c->session, false, buf_str(&text));
    else
        c->session->failed = true;
    buf_fini(&text);
    for (uint32_t i = 0; i < p->attachments; i++)
        eio_send(c->session, true, attached[i]);
}

void sio_emit(struct sio_socket *s, struct str args, const struct str *attached, uint32_t n)
{
    struct sio_packet p = {.type = n ? SIO_BINARY_EVENT : SIO_EVENT,
                           .attachments = n,
                           .nsp = str_from(s->nsp),
                           .ack = SIO_NO_ACK,
                           .data = args};
    send_packet(s->client, &p, attached);
}

void sio_acknowledge(struct sio_socket *s, uint64_t ack, struct str args,
                     const struct str *attached, uint32_t n)
{
    struct sio_packet p = {.type = n ? SIO_BINARY_ACK : SIO_ACK,
                           .attachments = n,
                           .nsp = str_from(s->nsp),
                           .ack = ack,
                           .data = args};
    send_packet(s->client, &p, attached);
}

static void free_socket(struct sio_socket *s)
{
    s->client->server->ops->on_disconnect(s);
    list_remove(&s->link);
    s->client->socket_count--;
    free(s);
}

void sio_disconnect(struct sio_socket *s)
{
    struct sio_packet p = {.type = SIO_DISCONNECT, .nsp = str_from(s->nsp), .ack = SIO_NO_ACK};

    send_packet(s->client, &p, NULL);
    free_socket(s);
}

/* --- CONNECT --- */

static void refuse_connect(struct sio_client *c, struct str nsp, const char *why)
{
    struct buf json = {0};

    BUF_LIT(&json, "{\"message\":");
    json_add_string(&json, str_from(why));
    buf_add_char(&json, '}');
    struct sio_packet p = {
        .type = SIO_CONNECT_ERROR, .nsp = nsp, .ack = SIO_NO_ACK, .data = buf_str(&json)};
    if (buf_error(&json) == 0)
        send_packet(c, &p, NULL);
    buf_fini(&json);
}

static struct sio_socket *new_socket(struct sio_client *c, struct str nsp)
{
    struct sio_socket *s = c->socket_count < SIO_SOCKETS_MAX ? calloc(1, sizeof *s) : NULL;

    if (!s || !eio_make_sid(s->sid)) {
        free(s);
        return NULL;
    }
    s->client = c;
    memcpy(s->nsp, nsp.p, nsp.n);
    list_push(&c->sockets, &s->link);
    c->socket_count++;
    return s;
}

static void connect_socket(struct sio_client *c, const struct sio_packet *p)
{
    const struct sio_ops *ops = c->server->ops;
    struct str auth = p->data.n ? p->data : STR("{}");
    char json[64];

    if (!ops->knows(c, p->nsp)) {
        refuse_connect(c, p->nsp, "Invalid namespace");
        return;
    }
    struct sio_socket *s = find_socket(c, p->nsp) ? NULL : new_socket(c, p->nsp);
    if (!s) {
        refuse_connect(c, p->nsp, "Already connected, or too many namespaces");
        return;
    }
    const char *why = ops->on_connect ? ops->on_connect(s, auth) : NULL;
    if (why) {
        refuse_connect(c, p->nsp, why);
        free_socket(s);
        return;
    }
    int n = snprintf(json, sizeof json, "{\"sid\":\"%s\"}", s->sid);
    struct sio_packet answer = {
        .type = SIO_CONNECT, .nsp = p->nsp, .ack = SIO_NO_ACK, .data = str_of(json, (size_t)n)};
    send_packet(c, &answer, NULL);
    if (ops->on_connected && !c->session->closed)
        ops->on_connected(s, auth);
}

/* --- events --- */

/* "[\"name\",1,2]" → the name and "[1,2]", made in `args`. */
static bool split_event(struct str data, struct str *name, struct buf *args)
{
    const char *end = data.p + 1;

    while (*end != '"')
        end++;
    const char *start = ++end;
    while (*end != '"')
        end += *end == '\\' ? 2 : 1;
    *name = str_of(start, (size_t)(end - start));
    end++;
    while (*end == ' ' || *end == '\t' || *end == '\n' || *end == '\r')
        end++;
    buf_add_char(args, '[');
    if (*end == ',')
        end++;
    buf_add(args, end, (size_t)(data.p + data.n - end));
    return buf_error(args) == 0;
}

static void take_event(struct sio_socket *s, const struct sio_packet *p)
{
    struct buf args = {0};
    struct sio_event event = {
        .ack = p->ack, .attachments = p->attachments, .attached = s->client->attached};

    if (split_event(p->data, &event.name, &args)) {
        event.args = buf_str(&args);
        s->client->server->ops->on_event(s, &event);
    }
    buf_fini(&args);
}

/* A packet that is whole, with its attachments. */
static void take_packet(struct sio_client *c, const struct sio_packet *p)
{
    struct sio_socket *s = find_socket(c, p->nsp);

    if (p->type == SIO_CONNECT) {
        connect_socket(c, p);
        return;
    }
    if (!s) {
        eio_close(c->session); /* nothing may be said before CONNECT */
        return;
    }
    if (p->type == SIO_EVENT || p->type == SIO_BINARY_EVENT)
        take_event(s, p);
    else if (p->type == SIO_DISCONNECT)
        free_socket(s);
    /* Acknowledgements: this server asks for none. */
}

static void forget_pending(struct sio_client *c)
{
    for (uint32_t i = 0; i < c->arrived; i++) {
        union {
            const char *in;
            void *out;
        } bytes = {.in = c->attached[i].p};
        free(bytes.out);
    }
    c->expected = c->arrived = 0;
    c->attached_bytes = 0;
    buf_fini(&c->pending);
}

static void take_text(struct sio_client *c, struct str text)
{
    struct sio_packet p;

    if (c->expected > 0 || !sio_parse(text, &p) || p.type == SIO_CONNECT_ERROR) {
        eio_close(c->session);
        return;
    }
    if (p.attachments == 0) {
        take_packet(c, &p);
        return;
    }
    buf_add_str(&c->pending, text);
    c->expected = p.attachments;
    if (buf_error(&c->pending) < 0)
        eio_close(c->session);
}

static void take_attachment(struct sio_client *c, struct str bytes)
{
    char *copy = NULL;
    struct sio_packet p;

    c->attached_bytes += bytes.n;
    if (c->expected > 0 && c->attached_bytes <= c->server->eio.payload_max)
        copy = malloc(bytes.n + 1);
    if (!copy) {
        eio_close(c->session);
        return;
    }
    if (bytes.n)
        memcpy(copy, bytes.p, bytes.n);
    c->attached[c->arrived++] = str_of(copy, bytes.n);
    if (c->arrived < c->expected)
        return;
    bool ok = sio_parse(buf_str(&c->pending), &p);
    lm_assert(ok);
    take_packet(c, &p);
    forget_pending(c);
}

/* --- clients --- */

static void on_message(struct eio_session *session, bool binary, struct str payload)
{
    (binary ? take_attachment : take_text)(session->self, payload);
}

static bool on_open(struct eio_session *session, struct http_req *req)
{
    struct sio_server *server = session->server->ctx;
    struct sio_client *c = calloc(1, sizeof *c);

    if (!c) {
        http_reply_error(req, 503, "no_memory", NULL, "the hub is short of memory; try again");
        return false;
    }
    c->session = session;
    c->server = server;
    list_init(&c->sockets);
    if (server->ops->on_client && !server->ops->on_client(c, req)) {
        free(c);
        return false;
    }
    session->self = c;
    return true;
}

static void on_drained(struct eio_session *session)
{
    struct sio_client *c = session->self;

    if (c->server->ops->on_drained)
        c->server->ops->on_drained(c);
}

static void on_beat(struct eio_session *session)
{
    const struct sio_client *c = session->self;
    int64_t age_us = clock_mono_us() - session->opened_us;

    if (c->socket_count == 0 && age_us >= (int64_t)c->server->connect_timeout_ms * 1000)
        eio_close(session);
}

static void on_close(struct eio_session *session)
{
    struct sio_client *c = session->self;

    LIST_FOR_EACH_SAFE (link, &c->sockets)
        free_socket(LIST_ITEM(link, struct sio_socket, link));
    if (c->server->ops->on_client_gone)
        c->server->ops->on_client_gone(c);
}

static void on_free(struct eio_session *session)
{
    struct sio_client *c = session->self;

    forget_pending(c);
    free(c);
}

void sio_server_init(struct sio_server *s)
{
    static const struct eio_ops eio_ops = {.on_open = on_open,
                                           .on_message = on_message,
                                           .on_drained = on_drained,
                                           .on_beat = on_beat,
                                           .on_close = on_close,
                                           .on_free = on_free};
    s->eio.ops = &eio_ops;
    s->eio.ctx = s;
    eio_server_init(&s->eio);
}

void sio_server_close(struct sio_server *s)
{
    eio_server_close(&s->eio);
}

void sio_server_fini(struct sio_server *s)
{
    eio_server_fini(&s->eio);
}
