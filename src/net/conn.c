/* SPDX-License-Identifier: MIT
 *
 * conn.c - the life of one connection.
 *
 *     OPEN ──conn_close(0)────────────────────────▶ CLOSING ─turn end─▶ on_close, handles closed, freed
 *       ├────conn_close(ms)──▶ LINGERING ─────────────▲
 *       └────send() failed───▶ FAILED ─(last bytes)───▲
 *
 * LINGERING sends what is queued, shuts down our direction and throws away what still comes in
 * until the peer closes. FAILED exists because a peer that died has often written its last words
 * before: a failed send() must not cost what lies unread in the receive buffer.
 *
 * What a TLS link has read ahead is read on at the end of the turn, because poll knows nothing of
 * it.
 *
 * Threads: loop thread. Owns: the socket and the handles of libuv.
 */
#include "net/conn_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READS_PER_TURN = 4, IN_MAX_DEFAULT = 256 * 1024, EOF_LINGER_MS = 5000 };

static int wanted_events(const struct conn *c)
{
    const struct conn_private *p = c->priv;
    int want = 0;

    if (p->handshaking && p->state == OPEN)
        return tls_wants_write(p->tls) ? UV_READABLE | UV_WRITABLE : UV_READABLE;
    if ((p->state == OPEN && conn_may_read(c)) || (p->state == LINGERING && !p->eof))
        want |= UV_READABLE;
    if ((p->state == OPEN && (conn_has_unsent(c) || p->want_drained)) ||
        (p->state == LINGERING && conn_has_unsent(c)))
        want |= UV_WRITABLE;
    if (p->tls && want && tls_wants_write(p->tls))
        want |= UV_WRITABLE;
    return want;
}

static void on_poll(uv_poll_t *handle, int status, int events);

void conn_update_events(struct conn *c)
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

void conn_end(struct conn *c, enum conn_state state)
{
    struct conn_private *p = c->priv;

    p->state = state;
    stop_deadline(p);
    conn_update_events(c);
    turn_hook_ask(c->loop, &p->at_turn_end);
}

/* Others need the room, and this peer takes nothing. */
static void give_up(struct untaken_holder *h)
{
    conn_end(&LIST_ITEM(h, struct conn_private, holds)->conn, CLOSING);
}

static void linger_on(struct conn *c)
{
    struct conn_private *p = c->priv;

    if (!conn_has_unsent(c) && p->eof) {
        conn_end(c, CLOSING);
        return;
    }
    if (!conn_has_unsent(c) && !p->shut) {
        p->shut = true;
        if (p->tls)
            tls_say_goodbye(p->tls);
        shutdown(p->fd, SHUT_WR);
    }
    conn_update_events(c);
}

static void on_readable(struct conn *c)
{
    if (c->priv->state == LINGERING) {
        ssize_t n = conn_receive(c);
        if (n < 0 && n != -EAGAIN)
            conn_end(c, CLOSING);
        else
            linger_on(c);
        return;
    }
    ssize_t n = conn_receive_and_tell(c, READS_PER_TURN);
    if (c->priv->state != OPEN)
        return;
    if (n == 0)
        conn_close(c, conn_has_unsent(c) ? EOF_LINGER_MS : 0);
    else if (n < 0 && n != -EAGAIN)
        conn_end(c, CLOSING);
}

static void on_writable(struct conn *c)
{
    struct conn_private *p = c->priv;
    bool is_asked = c->out.n > 0 || p->want_drained;

    if (conn_flush(c) < 0) {
        conn_end(c, p->state == OPEN ? FAILED : CLOSING);
        return;
    }
    if (p->state == LINGERING) {
        linger_on(c);
        return;
    }
    if (is_asked && !conn_has_unsent(c)) {
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
        conn_end(c, CLOSING);
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
    conn_update_events(c);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct conn *c = handle->data;

    conn_check(c);
    if (c->priv->handshaking && status == 0) {
        shake_hands(c);
        conn_update_events(c);
        return;
    }
    if (status < 0) {
        c->priv->events = 0; /* libuv has stopped the handle already */
        conn_end(c, c->priv->state == OPEN ? FAILED : CLOSING);
        return;
    }
    if ((events & UV_WRITABLE) && c->priv->state != CLOSING && c->priv->state != FAILED)
        on_writable(c);
    if (c->priv->tls && (events & UV_WRITABLE))
        events |= UV_READABLE; /* reading may have waited for room to write */
    if ((events & UV_READABLE) && c->priv->state != CLOSING && c->priv->state != FAILED)
        on_readable(c);
    conn_update_events(c);
}

static void on_linger_over(uv_timer_t *timer)
{
    struct conn *c = timer->data;

    conn_check(c);
    conn_end(c, CLOSING);
}

/* The connection ends at the latest in so many milliseconds; without memory for that, now. */
static void set_deadline(struct conn *c, unsigned ms)
{
    struct conn_private *p = c->priv;

    if (!p->linger) {
        p->linger = malloc(sizeof *p->linger);
        if (!p->linger) {
            conn_end(c, CLOSING);
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
        while (p->state == FAILED && conn_receive_and_tell(c, 1) > 0)
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
    conn_note_untaken(c);
    c->magic = 0;
    c->loop->conns--;
}

static void on_turn_end(struct turn_hook *hook)
{
    struct conn *c = &LIST_ITEM(hook, struct conn_private, at_turn_end)->conn;

    conn_check(c);
    if (c->priv->state == FAILED || c->priv->state == CLOSING)
        finish(c);
    else
        read_on(c);
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
    conn_note_peer(&p->conn);
    if (!is_local)
        conn_tune_tcp(fd);
    conn_update_events(&p->conn);
    l->conns++;
    *ret_conn = &p->conn;
    return 0;
}

int conn_start_tls(struct conn *c, struct tls *t, unsigned handshake_ms)
{
    struct conn_private *p = c->priv;
    int err = tls_link_new(&p->tls, t, p->fd);

    conn_check(c);
    if (err < 0) {
        conn_end(c, CLOSING);
        return err;
    }
    c->is_tls = true;
    p->handshaking = true;
    set_deadline(&p->conn, handshake_ms);
    return 0;
}

void conn_watch(struct conn *c, struct conn_watch *w)
{
    list_push(&c->watches, &w->link);
}

void conn_close(struct conn *c, unsigned linger_ms)
{
    struct conn_private *p = c->priv;

    conn_check(c);
    if (p->state == CLOSING || (p->state == LINGERING && linger_ms))
        return;
    if (linger_ms == 0 || p->state == FAILED || p->handshaking) {
        conn_end(c, CLOSING);
        return;
    }
    p->state = LINGERING;
    set_deadline(c, linger_ms);
    if (p->state == LINGERING)
        linger_on(c);
}
