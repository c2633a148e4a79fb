/* SPDX-License-Identifier: MIT
 *
 * conn.c - the life of one connection.
 *
 *     OPEN ──conn_close(0)────────────────────────▶ CLOSING ─turn end─▶ on_close, handles closed, freed
 *       ├────conn_close(ms)──▶ LINGERING ─────────────▲
 *       └────send() failed───▶ FAILED ─(last bytes)───▲
 *
 * LINGERING sends what is queued, shuts down our direction and throws away what still comes in until
 * the peer closes. FAILED exists because a peer that died has often written its last words before: a
 * failed send() must not cost what lies unread in the receive buffer.
 *
 * With TLS (tls.h) the same bytes go through a link. A record of it that is stuck in a full socket counts
 * as unsent here, though its bytes have left c->out; and what the link has read ahead is read on at the
 * end of the turn, because poll knows nothing of it.
 *
 * Reading goes through a buffer on the stack, not into c->in directly, so that ten thousand idle
 * connections do not hold ten thousand read buffers.
 */
#include "net/conn.h"

#include "base/clock.h"
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONN_MAGIC = 0x434f4e4e,
    READ_MAX = 64 * 1024,
    READS_PER_TURN = 4,
    BUF_KEEP = 16 * 1024, /* an empty buffer larger than this gives its memory back */
    IN_MAX_DEFAULT = 256 * 1024,
    NOTSENT_LOWAT = 128 * 1024,
    EOF_LINGER_MS = 5000,
    KEEP_IDLE_S = 60,
    KEEP_INTERVAL_S = 15,
    KEEP_COUNT = 4,
    RETRANSMITS_MAX = 6, /* each waits twice as long as the one before, the first 0.2 s */
    PROBES_MAX = 4,      /* for room at a peer that has none: one that is there answers each */
};

enum conn_state { OPEN, LINGERING, FAILED, CLOSING };

struct conn_private {
    struct conn conn;
    uv_poll_t poll;
    uv_timer_t *linger;           /* made when a deadline is needed */
    struct turn_hook at_turn_end; /* finishes FAILED and CLOSING, else reads on */
    struct untaken_holder holds;  /* c->out */
    int fd;
    int events;           /* what poll waits for now */
    int handles;          /* of libuv, not yet closed */
    size_t sent;          /* bytes at the front of conn.out that are gone already */
    struct tls_link *tls; /* NULL: plain */
    enum conn_state state;
    bool handshaking;
    bool paused, want_drained, eof, shut;
};

static void check(const struct conn *c)
{
    lm_assert(c->magic == CONN_MAGIC);
    lm_assert(c->priv->sent <= c->out.n);
}

static bool may_read(const struct conn *c)
{
    return !c->priv->paused && !c->priv->eof && c->in.n < c->in_max;
}

static bool has_unsent(const struct conn *c)
{
    return c->out.n > 0 || (c->priv->tls && tls_stuck(c->priv->tls) > 0);
}

static int wanted_events(const struct conn *c)
{
    const struct conn_private *p = c->priv;
    int want = 0;

    if (p->handshaking && p->state == OPEN)
        return tls_wants_write(p->tls) ? UV_READABLE | UV_WRITABLE : UV_READABLE;
    if ((p->state == OPEN && may_read(c)) || (p->state == LINGERING && !p->eof))
        want |= UV_READABLE;
    if ((p->state == OPEN && (has_unsent(c) || p->want_drained)) ||
        (p->state == LINGERING && has_unsent(c)))
        want |= UV_WRITABLE;
    if (p->tls && want && tls_wants_write(p->tls))
        want |= UV_WRITABLE;
    return want;
}

static void on_poll(uv_poll_t *handle, int status, int events);

/* Asks libuv for what this state waits for; a change costs two system calls, so only changes. */
static void update_events(struct conn *c)
{
    struct conn_private *p = c->priv;
    int want = wanted_events(c);

    if (p->tls && !p->handshaking && (want & UV_READABLE) && tls_has_more(p->tls))
        turn_hook_ask(c->loop, &p->at_turn_end);
    if (want == p->events)
        return;
    p->events = want;
    if (want)
        uv_poll_start(&p->poll, want, on_poll);
    else
        uv_poll_stop(&p->poll);
}

static void stop_deadline(struct conn_private *p)
{
    if (p->linger)
        uv_timer_stop(p->linger);
}

static void end(struct conn *c, enum conn_state state)
{
    struct conn_private *p = c->priv;

    p->state = state;
    stop_deadline(p);
    update_events(c);
    turn_hook_ask(c->loop, &p->at_turn_end);
}

/* c->out has become more or less. */
static void note_untaken(struct conn *c)
{
    untaken_note(&c->loop->untaken, &c->priv->holds, c->out.n);
}

/* Others need the room, and this peer takes nothing. */
static void give_up(struct untaken_holder *h)
{
    end(&LIST_ITEM(h, struct conn_private, holds)->conn, CLOSING);
}

static void shrink(struct buf *b)
{
    if (b->n == 0 && b->cap > BUF_KEEP)
        buf_fini(b);
}

static ssize_t take_in(struct conn *c, char *bytes, size_t size)
{
    ssize_t n;

    if (c->priv->tls)
        return tls_read(c->priv->tls, bytes, size);
    do
        n = recv(c->priv->fd, bytes, size, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* One recv into c->in. Returns bytes read, 0 at the end of the stream, -EAGAIN or another error. */
static ssize_t receive(struct conn *c)
{
    char bytes[READ_MAX];
    ssize_t n;

    n = take_in(c, bytes, sizeof bytes);
    if (n < 0)
        return n;
    if (n == 0) {
        c->priv->eof = true;
        return 0;
    }
    c->last_rx_us = clock_mono_us();
    if (c->priv->state == LINGERING)
        return n;
    buf_add(&c->in, bytes, (size_t)n);
    return c->in.failed ? -ENOMEM : n;
}

/* Reads and delivers, at most `reads` times. Returns as receive() does. */
static ssize_t receive_and_tell(struct conn *c, unsigned reads)
{
    ssize_t n = -EAGAIN;

    while (reads-- > 0 && (c->priv->state == OPEN || c->priv->state == FAILED) && may_read(c)) {
        n = receive(c);
        if (n <= 0)
            break;
        c->ops->on_data(c);
        shrink(&c->in);
        if (n < READ_MAX && c->priv->state == OPEN)
            break;
    }
    return n;
}

static void linger_on(struct conn *c)
{
    struct conn_private *p = c->priv;

    if (!has_unsent(c) && p->eof) {
        end(c, CLOSING);
        return;
    }
    if (!has_unsent(c) && !p->shut) {
        p->shut = true;
        if (p->tls)
            tls_say_goodbye(p->tls);
        shutdown(p->fd, SHUT_WR);
    }
    update_events(c);
}

static void on_readable(struct conn *c)
{
    if (c->priv->state == LINGERING) {
        ssize_t n = receive(c);
        if (n < 0 && n != -EAGAIN)
            end(c, CLOSING);
        else
            linger_on(c);
        return;
    }
    ssize_t n = receive_and_tell(c, READS_PER_TURN);
    if (c->priv->state != OPEN)
        return;
    if (n == 0)
        conn_close(c, has_unsent(c) ? EOF_LINGER_MS : 0);
    else if (n < 0 && n != -EAGAIN)
        end(c, CLOSING);
}

/* Sends one piece. Returns bytes taken (0 when the socket is full), or a negative errno. */
static ssize_t send_some(struct conn *c, const struct iovec *iov, size_t count)
{
    /* sendmsg() does not write to the array; only the type of msg_iov lacks the const. */
    union {
        const struct iovec *in;
        struct iovec *out;
    } pieces = {.in = iov};
    struct msghdr msg = {.msg_iov = pieces.out, .msg_iovlen = count};
    ssize_t n;

    if (c->priv->handshaking)
        return 0;
    if (c->priv->tls)
        return tls_write(c->priv->tls, iov, count);
    do
        n = sendmsg(c->priv->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    return errno == EAGAIN ? 0 : -errno;
}

/* Sends from c->out until it is empty or the socket is full. Moving the rest down is put off until
 * half has gone, so that a large answer is not moved once per send. */
static int flush(struct conn *c)
{
    struct conn_private *p = c->priv;
    int err = p->tls ? tls_flush(p->tls) : 0;

    if (err < 0)
        return err;
    while (p->sent < c->out.n) {
        struct iovec rest = {c->out.p + p->sent, c->out.n - p->sent};
        ssize_t n = send_some(c, &rest, 1);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        p->sent += (size_t)n;
    }
    if (p->sent * 2 >= c->out.n) {
        buf_consume(&c->out, p->sent);
        p->sent = 0;
        shrink(&c->out);
    }
    note_untaken(c);
    return 0;
}

static void on_writable(struct conn *c)
{
    struct conn_private *p = c->priv;
    bool is_asked = c->out.n > 0 || p->want_drained;

    if (flush(c) < 0) {
        end(c, p->state == OPEN ? FAILED : CLOSING);
        return;
    }
    if (p->state == LINGERING) {
        linger_on(c);
        return;
    }
    if (is_asked && !has_unsent(c)) {
        p->want_drained = false;
        if (c->ops->on_drained)
            c->ops->on_drained(c);
    }
}

/* What came behind the handshake is read at once. */
static void shake_hands(struct conn *c)
{
    struct conn_private *p = c->priv;
    int r = tls_handshake(p->tls);

    if (r < 0)
        end(c, CLOSING);
    if (r <= 0)
        return;
    p->handshaking = false;
    stop_deadline(p);
    on_writable(c);
    if (p->state == OPEN)
        on_readable(c);
}

/* The TLS link has read more ahead than was taken. */
static void read_on(struct conn *c)
{
    if (wanted_events(c) & UV_READABLE)
        on_readable(c);
    update_events(c);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct conn *c = handle->data;

    check(c);
    if (c->priv->handshaking && status == 0) {
        shake_hands(c);
        update_events(c);
        return;
    }
    if (status < 0) {
        c->priv->events = 0; /* libuv has stopped the handle already */
        end(c, c->priv->state == OPEN ? FAILED : CLOSING);
        return;
    }
    if ((events & UV_WRITABLE) && c->priv->state != CLOSING && c->priv->state != FAILED)
        on_writable(c);
    if (c->priv->tls && (events & UV_WRITABLE))
        events |= UV_READABLE; /* reading may have waited for room to write */
    if ((events & UV_READABLE) && c->priv->state != CLOSING && c->priv->state != FAILED)
        on_readable(c);
    update_events(c);
}

static void on_linger_over(uv_timer_t *timer)
{
    struct conn *c = timer->data;

    check(c);
    end(c, CLOSING);
}

/* The connection ends at the latest in so many milliseconds; without memory for that, now. */
static void set_deadline(struct conn *c, unsigned ms)
{
    struct conn_private *p = c->priv;

    if (!p->linger) {
        p->linger = malloc(sizeof *p->linger);
        if (!p->linger) {
            end(c, CLOSING);
            return;
        }
        uv_timer_init(&c->loop->uv, p->linger);
        p->linger->data = c;
        p->handles++;
    }
    uv_timer_start(p->linger, on_linger_over, ms, 0);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;

    if (--c->priv->handles > 0)
        return;
    free(c->priv->linger);
    free(c->priv);
}

static void tell_watches(struct conn *c)
{
    while (!list_empty(&c->watches)) {
        struct conn_watch *w = LIST_ITEM(c->watches.next, struct conn_watch, link);
        list_remove(&w->link);
        w->gone(w);
    }
}

static void finish(struct conn *c)
{
    struct conn_private *p = c->priv;

    if (p->state == FAILED)
        while (p->state == FAILED && receive_and_tell(c, 1) > 0)
            ;
    p->state = CLOSING;
    c->ops->on_close(c);
    tell_watches(c);
    turn_hook_cancel(&p->at_turn_end);
    tls_link_free(p->tls);
    uv_close((uv_handle_t *)&p->poll, on_handle_closed);
    if (p->linger)
        uv_close((uv_handle_t *)p->linger, on_handle_closed);
    close(p->fd);
    buf_fini(&c->in);
    buf_fini(&c->out);
    note_untaken(c);
    c->magic = 0;
    c->loop->conns--;
}

static void on_turn_end(struct turn_hook *hook)
{
    struct conn *c = &LIST_ITEM(hook, struct conn_private, at_turn_end)->conn;

    check(c);
    if (c->priv->state == FAILED || c->priv->state == CLOSING)
        finish(c);
    else
        read_on(c);
}

static void note_peer(struct conn *c, int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer = {0};
    socklen_t n = sizeof peer;

    if (c->is_local) {
        struct ucred who = {.uid = (uid_t)-1};
        socklen_t who_n = sizeof who;
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_n);
        c->peer_uid = who.uid;
        return;
    }
    getpeername(fd, &peer.any, &n);
    if (peer.any.sa_family == AF_INET6) {
        memcpy(c->address, &peer.v6.sin6_addr, sizeof c->address);
        c->is_loopback = IN6_IS_ADDR_LOOPBACK(&peer.v6.sin6_addr) ||
                         (IN6_IS_ADDR_V4MAPPED(&peer.v6.sin6_addr) && c->address[12] == 127);
        c->port = ntohs(peer.v6.sin6_port);
    } else {
        memset(c->address + 10, 0xff, 2);
        memcpy(c->address + 12, &peer.v4.sin_addr, 4);
        c->is_loopback = c->address[12] == 127;
        c->port = ntohs(peer.v4.sin_port);
    }
}

const char *conn_peer(const struct conn *c, char out[CONN_PEER_MAX])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char host[INET6_ADDRSTRLEN] = "?";
    bool is_v4 = memcmp(c->address, mapped, sizeof mapped) == 0;

    if (c->is_local) {
        snprintf(out, CONN_PEER_MAX, "unix uid %d", (int)c->peer_uid);
        return out;
    }
    inet_ntop(is_v4 ? AF_INET : AF_INET6, c->address + (is_v4 ? 12 : 0), host, sizeof host);
    snprintf(out, CONN_PEER_MAX, is_v4 ? "%s:%u" : "[%s]:%u", host, c->port);
    return out;
}

/* Answers leave at once, dead peers are noticed, and what the kernel holds unsent stays small, so
 * that a slow client's lag is ours to see. */
static void tune_tcp(int fd)
{
    const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT},
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

int conn_open(struct loop *l, int fd, bool is_local, const struct conn_ops *ops, void *self,
              struct conn **ret_conn)
{
    struct conn_private *p = calloc(1, sizeof *p);
    int r = p ? uv_poll_init(&l->uv, &p->poll, fd) : -ENOMEM;

    if (r < 0) {
        close(fd);
        free(p);
        return r;
    }
    turn_hook_init(&p->at_turn_end, on_turn_end);
    untaken_holder_init(&p->holds, give_up);
    p->fd = fd;
    p->handles = 1;
    p->conn = (struct conn){
        .magic = CONN_MAGIC,
        .loop = l,
        .ops = ops,
        .self = self,
        .in_max = IN_MAX_DEFAULT,
        .is_local = is_local,
        .last_rx_us = clock_mono_us(),
        .priv = p,
    };
    list_init(&p->conn.watches);
    p->poll.data = &p->conn;
    note_peer(&p->conn, fd);
    if (!is_local)
        tune_tcp(fd);
    update_events(&p->conn);
    l->conns++;
    *ret_conn = &p->conn;
    return 0;
}

int conn_start_tls(struct conn *c, struct tls *t, unsigned handshake_ms)
{
    struct conn_private *p = c->priv;
    int err = tls_link_new(&p->tls, t, p->fd);

    check(c);
    if (err < 0) {
        end(c, CLOSING);
        return err;
    }
    c->is_tls = true;
    p->handshaking = true;
    set_deadline(&p->conn, handshake_ms);
    return 0;
}

static int queue(struct conn *c, const void *bytes, size_t n)
{
    buf_add(&c->out, bytes, n);
    if (c->out.failed) {
        end(c, CLOSING);
        return -ENOMEM;
    }
    note_untaken(c);
    update_events(c);
    return 0;
}

int conn_write(struct conn *c, const void *bytes, size_t n)
{
    check(c);
    if (c->priv->state != OPEN || n == 0)
        return 0;
    size_t done = 0;
    if (c->out.n == 0) {
        struct iovec piece = conn_piece(bytes, n);
        ssize_t sent = send_some(c, &piece, 1);
        if (sent < 0) {
            end(c, FAILED);
            return 0;
        }
        done = (size_t)sent;
    }
    return queue(c, (const char *)bytes + done, n - done);
}

int conn_write_buf(struct conn *c, struct buf *b, size_t done)
{
    struct conn_private *p = c->priv;
    int err = 0;

    check(c);
    lm_assert(done <= b->n);
    if (c->out.n > 0 && p->state == OPEN) {
        err = queue(c, b->p + done, b->n - done);
    } else if (p->state == OPEN && done < b->n) {
        buf_fini(&c->out);
        c->out = *b;
        *b = (struct buf){0};
        buf_trim(&c->out);
        p->sent = done;
        note_untaken(c);
        update_events(c);
    }
    buf_fini(b);
    return err;
}

void conn_watch(struct conn *c, struct conn_watch *w)
{
    list_push(&c->watches, &w->link);
}

ssize_t conn_writev(struct conn *c, const struct iovec *iov, int n)
{
    size_t total = 0;

    check(c);
    lm_assert(n > 0);
    if (c->priv->state != OPEN)
        return -EPIPE;
    if (c->out.n)
        return 0;
    ssize_t sent = send_some(c, iov, (size_t)n);
    if (sent < 0) {
        end(c, FAILED);
        return sent;
    }
    for (int i = 0; i < n; i++)
        total += iov[i].iov_len;
    if ((size_t)sent < total)
        conn_want_drained(c);
    return sent;
}

void conn_want_drained(struct conn *c)
{
    check(c);
    c->priv->want_drained = true;
    update_events(c);
}

size_t conn_unsent(const struct conn *c)
{
    check(c);
    return c->out.n - c->priv->sent;
}

size_t conn_kernel_unsent(struct conn *c)
{
    int n = 0;

    check(c);
    size_t stuck = c->priv->tls ? tls_stuck(c->priv->tls) : 0;
    return stuck + (ioctl(c->priv->fd, SIOCOUTQ, &n) == 0 && n > 0 ? (size_t)n : 0);
}

bool conn_is_lost(const struct conn *c)
{
    struct tcp_info info;
    socklen_t n = sizeof info;

    if (c->is_local || getsockopt(c->priv->fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
        return false;
    return (info.tcpi_unacked > 0 && info.tcpi_retransmits >= RETRANSMITS_MAX) ||
           info.tcpi_probes >= PROBES_MAX;
}

void conn_pause_reading(struct conn *c, bool pause)
{
    check(c);
    c->priv->paused = pause;
    update_events(c);
}

void conn_close(struct conn *c, unsigned linger_ms)
{
    struct conn_private *p = c->priv;

    check(c);
    if (p->state == CLOSING || (p->state == LINGERING && linger_ms))
        return;
    if (linger_ms == 0 || p->state == FAILED || p->handshaking) {
        end(c, CLOSING);
        return;
    }
    p->state = LINGERING;
    set_deadline(c, linger_ms);
    if (p->state == LINGERING)
        linger_on(c);
}
