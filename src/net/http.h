/* SPDX-License-Identifier: MIT
 *
 * http.h - HTTP/1.1 on one connection: a guarded request in, one answer out.
 *
 * llhttp parses; our guard is stricter than any parser: exactly one Host, head at most 16 KiB and
 * 64 fields, no folded lines, Content-Length xor Transfer-Encoding, only `chunked` known, bodies
 * within a limit. What does not pass is answered (400, 413, 414, 431, 501, 505) and closed.
 *
 * One request at a time: the next pipelined one is parsed when the present one has been answered.
 * Who sends many at once takes turns with the others. A handler answers at once, or later after
 * http_hold().
 *
 * Bodies come whole, up to body_max. A route that takes large ones is dispatched as soon as the
 * head is whole (http_streams_fn) and gets the body in pieces (http_stream_body): it may refuse
 * before a byte was sent, and nothing is ever held as a whole.
 *
 * Threads: loop thread only.
 * Owns:    a struct http_req lives from dispatch until it is answered and, if held, released.
 */
#ifndef LM_NET_HTTP_H
#define LM_NET_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "net/conn.h"

enum http_method {
    HTTP_GET_M,
    HTTP_HEAD_M,
    HTTP_POST_M,
    HTTP_PUT_M,
    HTTP_DELETE_M,
    HTTP_OPTIONS_M,
    HTTP_OTHER_M,
};

/* What the caller may do; a higher one includes the lower. */
enum scope { SCOPE_NONE, SCOPE_READ, SCOPE_WRITE, SCOPE_ADMIN };

struct grant;

struct http_field {
    struct str name, value;
};

struct http_req {
    struct conn *conn; /* NULL once the client is gone (only seen by held requests) */
    enum http_method method;
    struct str method_name;
    /* Percent-decoded UTF-8 without control characters, always starts with '/'; "." and ".."
     * segments and encoded slashes have been refused. */
    struct str path;
    struct str query; /* raw, without '?'; use http_query() */
    struct str body;  /* whole */
    struct http_field fields[64];
    uint32_t field_count;
    enum scope scope;       /* set by auth before dispatch, as what follows */
    struct grant *grant;    /* who asks, and what it may see; a reference of this request */
    struct str cors_origin; /* what Access-Control-Allow-Origin says; p NULL: nothing */
    bool vary_origin;       /* another Origin would get other headers */
    bool keep_alive;
    struct arena arena; /* scratch of this request */
    void *ctx;          /* of the handler */
    const void *route;  /* of the dispatcher */
    struct http_private *priv;
};

/* Called once for each request that passed the guard. */
typedef void http_dispatch_fn(struct http_req *req, void *ctx);

/* Does the handler of this request take its body in pieces? Asked when the head is whole. */
typedef bool http_streams_fn(const struct http_req *req, void *ctx);

struct http_server {
    struct loop *loop;
    http_dispatch_fn *dispatch;
    http_streams_fn *streams; /* NULL: no handler does */
    void *ctx;
    size_t body_max;            /* bytes; larger bodies get 413 */
    unsigned head_timeout_ms;   /* slowloris: the whole head must be here by then (408) */
    unsigned idle_timeout_ms;   /* keep-alive connections without a request */
    unsigned live;              /* connections now */
    uint64_t answers, refusals; /* given so far, and those of them with a status of 400 or more */
    struct http_req *spare;     /* ours: one that is over, while there are connections */
    struct http_reaper *reaper; /* ours: keeps the deadlines while there are connections */
    struct http_turns *turns;   /* ours: who waits to go on, once somebody has */
};

/* Speaks HTTP on c from now on; bytes already in c->in are looked at before this returns. */
int http_serve(struct http_server *s, struct conn *c) LM_MUST_CHECK;

/* Closes every connection that speaks HTTP now (those taken over are their owner's). */
void http_close_all(struct http_server *s);

/* The value of a header, compared without case; p NULL when absent. Repeats: the first. */
struct str http_header(const struct http_req *req, const char *name);
/* The decoded value of a query parameter ('+' is a space); p NULL when absent. -LM_E_SYNTAX style
 * damage (a bad %-escape) has been answered with 400 before dispatch. Valid as long as the request.
 * Repeats: the first. */
struct str http_query(struct http_req *req, const char *name);
/* The i-th query parameter, decoded; false when there are fewer. For refusing unknown names. */
bool http_query_at(struct http_req *req, size_t i, struct http_field *ret);
/* The value of a cookie, p NULL when absent. */
struct str http_cookie(const struct http_req *req, const char *name);

/* A further header for the answer; call before http_reply(). Values with CR, LF or NUL are a
 * bug. */
void http_add_header(struct http_req *req, const char *name, const char *value);

/* Sends the whole answer with Content-Length and the standing security headers (nosniff,
 * no-referrer, Cache-Control: no-store unless a Cache-Control was added). HEAD gets no body.
 * The request is over afterwards. */
void http_reply(struct http_req *req, int status, const char *content_type, struct str body);
/* The same of a large body, which is not copied: it is empty afterwards. */
void http_reply_buf(struct http_req *req, int status, const char *content_type, struct buf *body);
/* {"error":{"code","message","details"}}; code is a short word as in "bad_parameter". details is
 * JSON text or NULL. */
void http_reply_error(struct http_req *req, int status, const char *code, const char *details,
                      const char *message, ...) LM_PRINTF(5, 6);

/* Keeps the request alive for an answer in a later turn. If the client leaves meanwhile req->conn
 * becomes NULL and `on_gone` (may be NULL) is called; the reply call is still due and frees it. */
void http_hold(struct http_req *req, void (*on_gone)(struct http_req *req));

/* How a body is taken in pieces. */
struct http_stream {
    uint64_t max; /* bytes as they come; larger bodies get 413 */
    /* The next bytes of the body; `last` says that it ends with them (they may be none). Returns
     * how many it took. What it leaves comes again, with more behind it, after http_go_on(), and
     * nothing is read meanwhile. It may answer. */
    size_t (*on_piece)(struct http_req *req, struct str bytes, bool last);
    /* As in http_hold(): the client left, or was refused. No piece comes any more. */
    void (*on_gone)(struct http_req *req);
};

/* Asks for the body. Only in a handler of a request that streams; the first piece comes after the
 * handler has returned. An answer before the body was whole closes the connection. False: the body
 * is announced as larger than max, which has been answered. `ops` stays the caller's. */
bool http_stream_body(struct http_req *req, const struct http_stream *ops) LM_MUST_CHECK;
/* More can be taken now. Not from within on_piece. */
void http_go_on(struct http_req *req);

/* Appends the head of the answer up to the fields that frame its body, which the caller adds with
 * the empty line. */
void http_write_head(struct http_req *req, int status, const char *content_type, struct buf *head);

/* Ends HTTP on this connection and gives it to the caller, who sets ops and self at once: for
 * WebSocket, SSE and other answers without end. Nothing has been sent; bytes after the request are
 * in c->in. req stays readable until the handler returns and is then freed; no reply is due. */
struct conn *http_take_conn(struct http_req *req);

#endif
