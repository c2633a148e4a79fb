/* SPDX-License-Identifier: MIT
 *
 * http_request.c - the request as a thing: made for a connection, held by its handler, freed when
 * it is over.
 *
 * Threads: loop thread. Owns: struct request, its memory and its body.
 */
#include "net/http_impl.h"

#include "net/grant.h"

#include <stdlib.h>

struct request {
    struct http_req req;
    struct http_private priv;
};

static void empty_request(struct http_req *req)
{
    buf_fini(&req->priv->body);
    buf_fini(&req->priv->extra);
    arena_reset(&req->arena);
    grant_unref(req->grant);
}

void http_drop_spare(struct http_server *s)
{
    if (s->spare)
        arena_fini(&s->spare->arena);
    free(s->spare);
    s->spare = NULL;
}

void http_request_free(struct http_req *req)
{
    struct http_server *s = req->priv->hc ? req->priv->hc->server : NULL;

    empty_request(req);
    if (s && s->live > 0 && !s->spare) {
        s->spare = req;
        return;
    }
    arena_fini(&req->arena);
    free(req);
}

struct http_req *http_request_new(struct http_conn *hc)
{
    struct http_server *s = hc->server;
    struct request *r;
    struct arena arena = {0};

    if (s->spare) {
        r = LIST_ITEM(s->spare, struct request, req);
        arena = s->spare->arena;
        s->spare = NULL;
    } else {
        r = malloc(sizeof *r);
    }
    if (!r)
        return NULL;
    *r = (struct request){.req = {.priv = &r->priv, .conn = hc->c, .arena = arena}, .priv.hc = hc};
    return &r->req;
}

void http_hold(struct http_req *req, void (*on_gone)(struct http_req *req))
{
    lm_assert(!req->priv->answered && !req->priv->taken);
    req->priv->held = true;
    req->priv->on_gone = on_gone;
}

bool http_stream_body(struct http_req *req, const struct http_stream *ops)
{
    struct http_private *p = req->priv;

    lm_assert(p->body_open && !p->answered && !p->stream);
    if (p->hc->head.content_length > ops->max) {
        http_reply_error(req, 413, "too_large", NULL,
                         "the body is larger than is accepted here: send it in pieces");
        return false;
    }
    p->stream = ops;
    http_hold(req, ops->on_gone);
    return true;
}
