/* SPDX-License-Identifier: MIT
 *
 * fan_client.c - one subscriber: its socket from connect() to close().
 *
 * All of them read into one large buffer; only what is no whole frame yet is kept for each.
 *
 * Threads: one. Owns: the sockets of the clients.
 */
#include "fanload.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

void client_end(struct load *l, struct client *c, const char *why)
{
    if (c->step == GONE)
        return;
    fprintf(stderr, "fanload: client %d: %s\n", c->number, why);
    l->connecting -= c->step != READY;
    l->failed += c->step != READY;
    l->closed += c->step == READY;
    c->step = GONE;
    close(c->fd);
    buf_fini(&c->carry);
    buf_fini(&c->line);
}

static void send_all(struct load *l, struct client *c, const void *bytes, size_t n)
{
    if (send(c->fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
        client_end(l, c, "a few bytes could not be sent at once");
}

void client_send_frame(struct load *l, struct client *c, int opcode, struct str payload)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    uint8_t frame[6 + 125];

    if (payload.n > sizeof frame - 6)
        payload.n = sizeof frame - 6;
    frame[0] = (uint8_t)(0x80 | opcode);
    frame[1] = (uint8_t)(0x80 | payload.n);
    memcpy(frame + 2, mask, sizeof mask);
    for (size_t i = 0; i < payload.n; i++)
        frame[6 + i] = (uint8_t)payload.p[i] ^ mask[i % sizeof mask];
    send_all(l, c, frame, 6 + payload.n);
}

/* The text of the options, with the client's number in it. */
static void say_wish(struct load *l, struct client *c)
{
    struct buf text = {0};

    for (const char *p = l->opts.send; *p;) {
        bool plain = strncmp(p, "%d", 2) == 0, wide = strncmp(p, "%06d", 4) == 0;
        if (plain || wide)
            buf_printf(&text, "%0*d", wide ? 6 : 1, c->number);
        else
            buf_add_char(&text, *p);
        p += wide ? 4 : plain ? 2 : 1;
    }
    client_send_frame(l, c, 1, buf_str(&text));
    buf_fini(&text);
}

void client_is_ready(struct load *l, struct client *c)
{
    c->step = READY;
    l->connecting--;
    l->ready++;
    if (l->opts.send && l->opts.mode == MODE_WS)
        say_wish(l, c);
}

static void watch(struct load *l, struct client *c, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};

    if (epoll_ctl(l->epoll, how, c->fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

void client_start(struct load *l, struct client *c)
{
    const struct target *t = &l->target;
    int on = 1;

    l->connecting++;
    c->step = CONNECTING;
    c->fd = socket(t->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        fail("socket: %s (ulimit -n?)", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (const struct sockaddr *)&t->address, t->address_n) < 0 &&
        errno != EINPROGRESS) {
        client_end(l, c, strerror(errno));
        return;
    }
    watch(l, c, EPOLL_CTL_ADD, EPOLLOUT);
}

static void send_request(struct load *l, struct client *c)
{
    const struct target *t = &l->target;
    struct buf out = {0};

    buf_printf(&out, "GET %s HTTP/1.1\r\nHost: %s:%d\r\n", t->path, t->host, t->port);
    if (l->opts.mode == MODE_SSE)
        buf_printf(&out, "Accept: text/event-stream\r\nCache-Control: no-cache\r\n");
    else /* the key of RFC 6455, section 1.3, whose answer is known */
        buf_printf(&out,
                   "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    buf_add_str(&out, buf_str(&l->opts.headers));
    buf_printf(&out, "\r\n");
    c->step = AWAITS_HEAD;
    watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
    send_all(l, c, out.p, out.n);
    buf_fini(&out);
}

static void on_connected(struct load *l, struct client *c)
{
    int error = 0;
    socklen_t n = sizeof error;

    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n);
    if (error)
        client_end(l, c, strerror(error));
    else
        send_request(l, c);
}

static void on_readable(struct load *l, struct client *c)
{
    size_t kept = c->carry.n;

    if (kept)
        memcpy(l->room, c->carry.p, kept);
    ssize_t n = recv(c->fd, l->room + kept, ROOM - kept, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        client_end(l, c, n < 0 ? strerror(errno) : "the server has closed the connection");
        return;
    }
    uint64_t read_ns = now_ns(CLOCK_REALTIME);
    l->last_ns = now_ns(CLOCK_MONOTONIC);
    l->counts.reads += l->is_measuring;
    l->counts.wire_bytes += l->is_measuring ? (uint64_t)n : 0;
    struct str bytes = str_of(l->room, kept + (size_t)n);
    size_t taken = wire_take(l, c, bytes, read_ns);
    buf_clear(&c->carry);
    if (c->step != GONE)
        buf_add(&c->carry, bytes.p + taken, bytes.n - taken);
}

void client_event(struct load *l, struct client *c)
{
    if (c->step == CONNECTING)
        on_connected(l, c);
    else if (c->step != GONE)
        on_readable(l, c);
}
