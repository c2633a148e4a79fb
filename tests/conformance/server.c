/* SPDX-License-Identifier: MIT
 *
 * server.c - the hub's protocol code with nothing behind it, for the protocols' own test suites.
 *
 *     /echo         WebSocket: each message comes back as it came
 *     /engine.io/   Engine.IO v4: each message comes back
 *     /socket.io/   Socket.IO v5, namespaces / and /custom: emits `auth` with the handshake's auth;
 *                   `message` is answered with `message-back`, `message-with-ack` is acknowledged
 *     other paths   HTTP: the body comes back, whatever the method
 *
 * Never installed.
 */
#include "net/listen.h"
#include "net/socketio.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SESSIONS_MAX = 10000,
    UNSENT_HIGH = 4 * 1024 * 1024, /* an echo that is not read stops the reading */
    GREETING_MS = 20,
};

static const char usage[] =
    "Usage: conformance [--port N] [--ping-interval MS] [--ping-timeout MS] [--connect-timeout MS]\n"
    "                   [--message-max BYTES] [--fragments-max N] [--message-timeout MS]\n"
    "                   [--max-payload BYTES] [--body-max BYTES] [--deflate] [--ws-ping MS]\n";

struct flags {
    uint64_t port, ping_interval, ping_timeout, connect_timeout, message_max, fragments_max,
        message_timeout, max_payload, body_max, ws_ping;
    bool deflate;
};

struct server {
    struct flags flags;
    struct loop loop;
    struct http_server http;
    struct listener *listener;
    struct eio_server eio;
    struct sio_server sio;
    struct ws_watch watch;
    uv_signal_t sigint, sigterm;
};

/* --- /echo --- */

static void echo_message(struct ws_link *w, enum ws_opcode opcode, struct str payload)
{
    ws_link_send(w, opcode, payload);
    if (w->conn->out.n > UNSENT_HIGH)
        conn_pause_reading(w->conn, true);
}

static void echo_drained(struct ws_link *w)
{
    conn_pause_reading(w->conn, false);
}

static void echo_gone(struct ws_link *w)
{
    free(w);
}

static void echo(struct server *s, struct http_req *req)
{
    static const struct ws_link_ops ops = {
        .on_message = echo_message, .on_drained = echo_drained, .on_gone = echo_gone};
    struct ws_terms terms = {.least_window = s->flags.deflate ? WS_WINDOW_BITS_MIN : 0};
    struct ws_limits limits = {.message_max = s->flags.message_max,
                               .fragments_max = (uint32_t)s->flags.fragments_max};

    if (!ws_handshake_ok(req, ""))
        return;
    struct ws_link *w = calloc(1, sizeof *w);
    lm_assert(w);
    struct conn *c = ws_accept(req, &terms, &limits.window_bits);
    ws_link_open(w, &s->watch, c, &ops, &limits);
    ws_link_go(w);
}

/* --- /engine.io/ --- */

static bool raw_open(struct eio_session *session, struct http_req *req)
{
    (void)session;
    (void)req;
    return true;
}

static void raw_message(struct eio_session *session, bool binary, struct str payload)
{
    eio_send(session, binary, payload);
}

static void raw_nothing(struct eio_session *session)
{
    (void)session;
}

static const struct eio_ops raw_ops = {.on_open = raw_open,
                                       .on_message = raw_message,
                                       .on_close = raw_nothing,
                                       .on_free = raw_nothing};

/* --- /socket.io/ --- */

static bool knows(struct sio_client *c, struct str nsp)
{
    (void)c;
    return str_is(nsp, "/") || str_is(nsp, "/custom");
}

/* The auth event of a socket that has just connected. It does not leave with the answer to the connect: a client
 * that listens for one message after the other would lose what arrives in the same read as the one before. */
struct greeting {
    uv_timer_t timer;
    struct sio_socket *socket;
    struct buf args;
};

static void on_greeting_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void end_greeting(struct greeting *g)
{
    if (!g)
        return;
    g->socket->self = NULL;
    buf_fini(&g->args);
    uv_close((uv_handle_t *)&g->timer, on_greeting_closed);
}

static void greet(struct sio_socket *socket)
{
    struct greeting *g = socket->self;

    if (g)
        sio_emit(socket, buf_str(&g->args), NULL, 0);
    end_greeting(g);
}

static void on_greeting_due(uv_timer_t *timer)
{
    const struct greeting *g = timer->data;

    greet(g->socket);
}

static void on_connected(struct sio_socket *socket, struct str auth)
{
    struct greeting *g = calloc(1, sizeof *g);

    lm_assert(g);
    g->socket = socket;
    BUF_LIT(&g->args, "[\"auth\",");
    buf_add_str(&g->args, auth);
    buf_add_char(&g->args, ']');
    uv_timer_init(&socket->client->server->eio.loop->uv, &g->timer);
    g->timer.data = g;
    uv_timer_start(&g->timer, on_greeting_due, GREETING_MS, 0);
    socket->self = g;
}

static void on_event(struct sio_socket *socket, const struct sio_event *event)
{
    struct buf args = {0};

    greet(socket);
    if (str_is(event->name, "message")) {
        BUF_LIT(&args, "[\"message-back\"");
        if (event->args.n > 2)
            buf_add_char(&args, ',');
        buf_add(&args, event->args.p + 1, event->args.n - 1);
        sio_emit(socket, buf_str(&args), event->attached, event->attachments);
    } else if (str_is(event->name, "message-with-ack") && event->ack != SIO_NO_ACK) {
        sio_acknowledge(socket, event->ack, event->args, event->attached, event->attachments);
    }
    buf_fini(&args);
}

static void on_disconnect(struct sio_socket *socket)
{
    end_greeting(socket->self);
}

static const struct sio_ops sio_ops = {.knows = knows,
                                       .on_connected = on_connected,
                                       .on_event = on_event,
                                       .on_disconnect = on_disconnect};

/* --- HTTP --- */

static void echo_body(struct http_req *req)
{
    struct str type = http_header(req, "content-type");
    char name[128] = "application/octet-stream";

    if (type.n && type.n < sizeof name)
        snprintf(name, sizeof name, "%.*s", STR_FMT(type));
    http_reply(req, 200, name, req->body);
}

static void dispatch(struct http_req *req, void *ctx)
{
    struct server *s = ctx;

    if (str_is(req->path, "/echo"))
        echo(s, req);
    else if (str_is(req->path, "/engine.io/"))
        eio_handle(&s->eio, req);
    else if (str_is(req->path, "/socket.io/"))
        eio_handle(&s->sio.eio, req);
    else
        echo_body(req);
}

static void ignore(struct conn *c)
{
    (void)c;
}

static void on_accept(struct loop *l, int fd, bool is_local, void *ctx)
{
    static const struct conn_ops silent = {.on_data = ignore, .on_close = ignore};
    struct server *s = ctx;
    struct conn *c;

    if (conn_open(l, fd, is_local, &silent, NULL, &c) == 0 && http_serve(&s->http, c) < 0)
        conn_close(c, 0);
}

/* --- life --- */

static void stop(uv_signal_t *handle, int signum)
{
    struct server *s = handle->data;

    (void)signum;
    loop_stop(&s->loop);
}

static void watch_signal(struct server *s, uv_signal_t *handle, int signum)
{
    uv_signal_init(&s->loop.uv, handle);
    handle->data = s;
    uv_signal_start(handle, stop, signum);
}

static struct eio_server numbers(const struct server *s, struct loop *l)
{
    return (struct eio_server){.loop = l,
                               .ping_interval_ms = (uint32_t)s->flags.ping_interval,
                               .ping_timeout_ms = (uint32_t)s->flags.ping_timeout,
                               .payload_max = s->flags.max_payload,
                               .sessions_max = SESSIONS_MAX};
}

static int serve(struct server *s)
{
    char address[32];
    struct errinfo info = {0};
    const struct flags *f = &s->flags;

    lm_assert(loop_init(&s->loop) == 0);
    s->http = (struct http_server){.loop = &s->loop,
                                   .dispatch = dispatch,
                                   .ctx = s,
                                   .body_max = f->body_max,
                                   .head_timeout_ms = 10000,
                                   .idle_timeout_ms = 75000};
    s->eio = numbers(s, &s->loop);
    s->eio.ops = &raw_ops;
    eio_server_init(&s->eio);
    s->sio = (struct sio_server){.eio = numbers(s, &s->loop),
                                 .ops = &sio_ops,
                                 .connect_timeout_ms = (uint32_t)f->connect_timeout};
    sio_server_init(&s->sio);
    ws_watch_init(&s->watch, &s->loop, (uint32_t)f->ws_ping, (uint32_t)f->ws_ping,
                  (uint32_t)f->message_timeout);
    snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)f->port);
    if (listener_open_tcp(&s->loop, address, false, on_accept, s, &s->listener, &info) < 0) {
        fprintf(stderr, "conformance: %s\n", info.text);
        return 1;
    }
    watch_signal(s, &s->sigint, SIGINT);
    watch_signal(s, &s->sigterm, SIGTERM);
    printf("listening on %s\n", listener_address(s->listener));
    fflush(stdout);
    loop_run(&s->loop);
    return 0; /* the process ends; there is nothing to keep */
}

static bool read_flag(struct flags *f, int which, const char *text)
{
    uint64_t *const values[] = {&f->port,           &f->ping_interval,   &f->ping_timeout,
                                &f->connect_timeout, &f->message_max,     &f->fragments_max,
                                &f->message_timeout, &f->max_payload,     &f->body_max,
                                &f->ws_ping};

    if (which == (int)(sizeof values / sizeof *values))
        f->deflate = true;
    else if (which > (int)(sizeof values / sizeof *values))
        return false;
    else
        return str_to_u64(str_from(text), values[which]);
    return true;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", 1, NULL, 0},           {"ping-interval", 1, NULL, 1},
        {"ping-timeout", 1, NULL, 2},   {"connect-timeout", 1, NULL, 3},
        {"message-max", 1, NULL, 4},    {"fragments-max", 1, NULL, 5},
        {"message-timeout", 1, NULL, 6}, {"max-payload", 1, NULL, 7},
        {"body-max", 1, NULL, 8},       {"ws-ping", 1, NULL, 9},
        {"deflate", 0, NULL, 10},       {NULL, 0, NULL, 0},
    };
    static struct server server = {.flags = {.port = 3000,
                                             .ping_interval = 300,
                                             .ping_timeout = 200,
                                             .connect_timeout = 1000,
                                             .message_max = 64 << 20,
                                             .fragments_max = 1 << 20,
                                             .message_timeout = 30000,
                                             .max_payload = 1000000,
                                             .body_max = 64 << 20}};
    int which;

    signal(SIGPIPE, SIG_IGN);
    while ((which = getopt_long(argc, argv, "", options, NULL)) >= 0)
        if (which == '?' || !read_flag(&server.flags, which, optarg)) {
            fputs(usage, stderr);
            return 2;
        }
    return serve(&server);
}
