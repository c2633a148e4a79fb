/* SPDX-License-Identifier: MIT
 *
 * ipc_door.c - connections of callers: the local socket, and WebSocket.
 *
 * Both carry the same frames to the same manager. On the local socket they are a stream of bytes;
 * on WebSocket each binary message holds whole frames, and what a peer that reads nothing sent
 * waits in `rest` until it reads again.
 */
#include "api/ipc_impl.h"

#include "api/dispatch.h"
#include "ipc/call_frame.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLOSE_LINGER_MS = 200, HELLO_READ = FRAME_HEADER + 16, WS_UNSENT_MAX = 1024 * 1024 };

struct door {
    struct list link;
    struct ipc *ipc;
    struct conn *conn;
    struct lm_peer *peer;
    struct grant *grant;
    char name[96];
    bool is_ws, paused, refused;
    struct ws_link ws;
    struct buf rest; /* WebSocket: frames that wait */
    struct buf joined;
};

static void door_free(struct door *d)
{
    if (d->peer)
        lm_peer_detach(d->peer);
    list_remove(&d->link);
    grant_unref(d->grant);
    buf_fini(&d->rest);
    buf_fini(&d->joined);
    free(d);
}

static void door_pause(void *self, bool paused)
{
    struct door *d = self;

    d->paused = paused;
    conn_pause_reading(d->conn, paused);
}

static int door_open(struct ipc *ipc, struct conn *c, struct grant *g,
                     const struct lm_peer_ops *ops, struct door **ret)
{
    static const enum lm_access access[] = {[SCOPE_NONE] = LM_ACCESS_ANY,
                                            [SCOPE_READ] = LM_ACCESS_READ,
                                            [SCOPE_WRITE] = LM_ACCESS_WRITE,
                                            [SCOPE_ADMIN] = LM_ACCESS_ADMIN};
    struct door *d = calloc(1, sizeof *d);

    if (!d)
        return -ENOMEM;
    d->ipc = ipc;
    d->conn = c;
    d->grant = g;
    list_init(&d->link);
    grant_describe(g, d->name);
    struct lm_caller who = {.access = access[g->scope],
                            .uid = c->is_local ? c->peer_uid : (uid_t)-1,
                            .name = d->name,
                            .context = g};
    int err = lm_peer_attach(ipc->manager, &who, ops, d, &d->peer);
    if (err < 0) {
        free(d);
        return err;
    }
    list_push(&ipc->doors, &d->link);
    *ret = d;
    return 0;
}

/* --- the local socket --- */

static ssize_t local_write(void *self, const struct iovec *iov, int n)
{
    return conn_writev(((struct door *)self)->conn, iov, n);
}

static void local_close(void *self)
{
    struct door *d = self;

    d->refused = true;
    conn_close(d->conn, CLOSE_LINGER_MS);
}

static const struct lm_peer_ops local_peer_ops = {
    .write = local_write, .pause = door_pause, .close = local_close};

static void local_data(struct conn *c)
{
    struct door *d = c->self;

    if (d->refused)
        buf_clear(&c->in);
    else if (!d->paused)
        buf_consume(&c->in, lm_peer_feed(d->peer, c->in.p, c->in.n));
}

static void local_drained(struct conn *c)
{
    struct door *d = c->self;

    lm_peer_writable(d->peer);
    if (!d->paused && !d->refused && c->in.n)
        local_data(c);
}

static void local_gone(struct conn *c)
{
    door_free(c->self);
}

static void ignore(struct conn *c)
{
    buf_clear(&c->in);
}

static void refuse_conn(struct conn *c, int code, struct str sentence)
{
    static const struct conn_ops deaf = {.on_data = ignore, .on_close = ignore};
    struct buf out = {0};

    c->ops = &deaf;
    c->self = NULL;
    frame_add_error(&out, code, sentence);
    if (out.n)
        conn_write(c, out.p, out.n);
    buf_fini(&out);
    conn_close(c, CLOSE_LINGER_MS);
}

enum ipc_kind ipc_serve_local(struct ipc *ipc, struct conn *c)
{
    static const struct conn_ops ops = {
        .on_data = local_data, .on_drained = local_drained, .on_close = local_gone};
    struct grant *g = NULL;
    struct door *d;

    if (c->in.n < HELLO_READ)
        return IPC_UNDECIDED;
    if (c->in.p[4] != FRAME_HELLO || !(c->in.p[FRAME_HEADER + 8] & FRAME_FEATURE_CALLS))
        return IPC_NO;
    if (c->peer_uid != geteuid() && c->peer_uid != 0) {
        refuse_conn(c, -LM_E_REFUSED, STR("this socket is for its owner"));
        return IPC_TAKEN;
    }
    int err = grant_new(&g, GRANT_OWNER, SCOPE_ADMIN, "", NULL, 0);
    if (err == 0)
        err = door_open(ipc, c, g, &local_peer_ops, &d);
    if (err < 0) {
        grant_unref(g);
        refuse_conn(c, -LM_E_FULL, STR("too many connections; come again later"));
        return IPC_TAKEN;
    }
    c->ops = &ops;
    c->self = d;
    c->in_max = FRAME_MAX + FRAME_HEADER;
    local_data(c);
    return IPC_TAKEN;
}

/* --- WebSocket --- */

static ssize_t ws_write(void *self, const struct iovec *iov, int n)
{
    struct door *d = self;

    if (d->conn->out.n > WS_UNSENT_MAX)
        return 0;
    buf_clear(&d->joined);
    for (int i = 0; i < n; i++)
        buf_add(&d->joined, iov[i].iov_base, iov[i].iov_len);
    if (d->joined.failed)
        return -ENOMEM;
    ws_link_send(&d->ws, WS_BINARY, buf_str(&d->joined));
    return (ssize_t)d->joined.n;
}

static void ws_end(void *self)
{
    struct door *d = self;

    d->refused = true;
    ws_link_close(&d->ws, 1002, STR("not what docs/ipc-protocol.md allows"));
}

static const struct lm_peer_ops ws_peer_ops = {
    .write = ws_write, .pause = door_pause, .close = ws_end};

/* Frames, whole ones only; when the peer is paused in their middle the rest waits. */
static void feed_message(struct door *d, struct str bytes)
{
    size_t taken = lm_peer_feed(d->peer, bytes.p, bytes.n);

    if (taken < bytes.n && !d->paused) {
        ws_end(d);
        return;
    }
    buf_add(&d->rest, bytes.p + taken, bytes.n - taken);
    if (d->rest.failed)
        ws_link_close(&d->ws, 1011, STR("the hub is short of memory"));
}

static void ws_message(struct ws_link *w, enum ws_opcode opcode, struct str payload)
{
    struct door *d = LIST_ITEM(w, struct door, ws);

    if (d->refused)
        return;
    if (opcode != WS_BINARY)
        ws_end(d);
    else if (d->paused)
        buf_add_str(&d->rest, payload);
    else
        feed_message(d, payload);
}

static void ws_drained(struct ws_link *w)
{
    struct door *d = LIST_ITEM(w, struct door, ws);
    struct buf rest = d->rest;

    lm_peer_writable(d->peer);
    if (d->paused || !rest.n || d->refused)
        return;
    d->rest = (struct buf){0};
    feed_message(d, buf_str(&rest));
    buf_fini(&rest);
}

static void ws_gone(struct ws_link *w)
{
    door_free(LIST_ITEM(w, struct door, ws));
}

void ipc_ws(struct http_req *req, struct api *api)
{
    static const struct ws_link_ops ops = {
        .on_message = ws_message, .on_drained = ws_drained, .on_gone = ws_gone};
    struct ws_terms terms = {0};
    struct grant *g = req->grant;
    struct door *d;
    int window_bits;

    if (!ws_handshake_ok(req, ""))
        return;
    int err = door_open(api->ipc, req->conn, g, &ws_peer_ops, &d);
    if (err < 0) {
        http_reply_error(req, 503, "too_many", NULL, "too many callers; try again later");
        return;
    }
    grant_ref(g);
    d->is_ws = true;
    if (ws_offers_protocol(req, "logmill.ipc"))
        terms.protocol = "logmill.ipc";
    struct conn *c = ws_accept(req, &terms, &window_bits);
    ws_link_open(&d->ws, &api->ipc->watch, c, &ops,
                 &(struct ws_limits){.message_max = FRAME_MAX + FRAME_HEADER});
}

void doors_close(struct ipc *ipc)
{
    LIST_FOR_EACH_SAFE (link, &ipc->doors) {
        struct door *d = LIST_ITEM(link, struct door, link);
        if (d->is_ws)
            ws_link_close(&d->ws, 1001, STR("the hub is stopping"));
        else
            conn_close(d->conn, CLOSE_LINGER_MS);
    }
}
