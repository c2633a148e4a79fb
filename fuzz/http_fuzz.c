/* SPDX-License-Identifier: MIT
 *
 * http_fuzz.c - arbitrary bytes to an HTTP connection over a real socket.
 *
 * The first byte says where the stream is cut in two, because what arrives in pieces takes other
 * paths. What must hold: no memory error, no assertion, every dispatched request is sound, and the
 * same bytes in one piece and in two lead to the same requests.
 */
#include "net/http.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct buf requests; /* of all requests: method, path, body */
    struct http_req *held;
};

static void check(const struct http_req *req)
{
    lm_assert(req->path.n > 0 && req->path.p[0] == '/');
    lm_assert(memchr(req->path.p, '\0', req->path.n) == NULL);
    lm_assert(memmem(req->path.p, req->path.n, "/../", 4) == NULL);
    lm_assert(req->body.n <= 4096);
}

static void ignore(struct conn *c)
{
    (void)c;
}

static const struct conn_ops nobody = {ignore, NULL, ignore};

static void dispatch(struct http_req *req, void *ctx)
{
    struct seen *s = ctx;
    struct http_field param;

    check(req);
    buf_add_str(&s->requests, req->method_name);
    buf_add_str(&s->requests, req->path);
    buf_add_str(&s->requests, req->body);
    for (size_t i = 0; http_query_at(req, i, &param); i++)
        buf_add_str(&s->requests, param.value);
    buf_add_str(&s->requests, http_cookie(req, "a"));
    if (req->method == HTTP_PUT_M) {
        http_hold(req, NULL);
        s->held = req;
    } else if (req->method == HTTP_DELETE_M) {
        struct conn *c = http_take_conn(req);
        c->ops = &nobody;
        conn_close(c, 0);
    } else {
        http_reply_error(req, 404, "not_found", NULL, "%.*s", STR_FMT(req->path));
    }
}

static void turns(struct loop *l, struct seen *s)
{
    for (int i = 0; i < 6; i++) {
        uv_run(&l->uv, UV_RUN_NOWAIT);
        if (s->held) {
            struct http_req *req = s->held;
            s->held = NULL;
            http_reply(req, 200, "text/plain", STR("later"));
        }
    }
}

/* Serves the bytes, cut at `cut`, and tells which requests came of them. */
static void serve(struct loop *l, const uint8_t *data, size_t size, size_t cut, struct seen *s)
{
    struct http_server server = {
        .loop = l,
        .dispatch = dispatch,
        .ctx = s,
        .body_max = 4096,
        .head_timeout_ms = 10000,
        .idle_timeout_ms = 10000,
    };
    int pair[2];
    struct conn *c;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        abort();
    if (conn_open(l, pair[1], true, &nobody, NULL, &c) < 0 || http_serve(&server, c) < 0)
        abort();
    for (int piece = 0; piece < 2; piece++) {
        size_t n = piece ? size - cut : cut;
        if (n && send(pair[0], data + (piece ? cut : 0), n, MSG_NOSIGNAL) < 0)
            break;
        turns(l, s);
    }
    close(pair[0]);
    while (server.live > 0)
        turns(l, s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct loop loop;
    struct seen whole = {0}, cut = {0};

    if (size < 2 || size > 60000 || loop_init(&loop) < 0)
        return 0;
    size_t at = 1 + data[0] * (size - 1) / 256;
    data++;
    size--;
    serve(&loop, data, size, size, &whole);
    serve(&loop, data, size, at < size ? at : size, &cut);
    lm_assert(str_eq(buf_str(&whole.requests), buf_str(&cut.requests)));
    buf_fini(&whole.requests);
    buf_fini(&cut.requests);
    loop_fini(&loop);
    return 0;
}
