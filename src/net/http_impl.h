/* SPDX-License-Identifier: MIT
 *
 * http_impl.h - what the files http*.c share, and nobody else sees.
 *
 *     http.c          requests one after the other      http_reply.c, http_send.c   answers
 *     http_read.c     bytes ─▶ heads and bodies          http_reaper.c               deadlines
 *     http_request.c  the request as a thing            http_guard.c, http_target.c strict readers
 *
 * Threads: loop thread. Owns: see http.h.
 */
#ifndef LM_NET_HTTP_IMPL_H
#define LM_NET_HTTP_IMPL_H

#include "net/http_guard.h"

#include <llhttp.h>

/* What the connection is waiting for. */
enum http_state {
    HTTP_IDLE,    /* the first byte of a request */
    HTTP_IN_HEAD, /* the rest of its head */
    HTTP_IN_BODY, /* the rest of its body */
    HTTP_BUSY,    /* the handler's answer */
    HTTP_OVER,    /* its own end */
};

struct http_conn {
    struct list link; /* in the reaper */
    struct http_server *server;
    struct conn *c;
    enum http_state state;
    bool in_dispatch, message_complete;
    struct http_scan scan;
    struct http_head head;
    struct http_req *req; /* from a whole head until it is over */
    llhttp_t parser;
    size_t body_raw;  /* bytes of the body as they came, with chunk headers */
    size_t body_mark; /* body_raw when its deadline was last put off */
    struct http_refusal why;
    int64_t deadline_us; /* INT64_MAX: none */
    size_t unsent;       /* conn_unsent() when the deadline was last put off */
    struct turn_hook go_on;
    struct list turn; /* waits for it (http_turns.c) */
};

/* The part of a request that handlers do not see. */
struct http_private {
    struct http_conn *hc; /* NULL once the client is gone */
    struct http_field *params;
    size_t param_count;
    struct buf body;     /* whole, or what on_piece has not taken yet */
    uint64_t body_total; /* bytes of it that have come */
    const struct http_stream *stream;
    bool body_open;         /* streamed, and not all of it has come */
    bool stalled;           /* on_piece wants no more until http_go_on() */
    struct buf extra;       /* header lines added by the handler */
    bool has_cache_control; /* among them */
    bool held, answered, taken;
    void (*on_gone)(struct http_req *req);
    struct http_send_private *sending; /* the answer is being made piece by piece */
};

/* --- http_request.c --- */

/* A request that begins on hc, empty. NULL when memory is short. */
struct http_req *http_request_new(struct http_conn *hc) LM_MUST_CHECK;
/* One is kept for the next, so that ten thousand handshakes do not leave ten thousand holes of its
 * size between what stays. */
void http_request_free(struct http_req *req);
/* Frees that one. */
void http_drop_spare(struct http_server *s);

/* --- http_read.c --- */

/* Takes a head from what has come, and tells the handler of a body that it gets in pieces. True: it
 * is whole, and its body is next; otherwise more has to come, or the connection is refused or
 * answered already. */
bool http_take_head(struct http_conn *hc);
/* Decodes what has come of the body. False: refused. */
bool http_read_body(struct http_conn *hc);
/* The same for a body that is taken whole. True: it is. */
bool http_take_body(struct http_conn *hc);

/* --- http.c --- */

/* An answer is being given. */
static inline void http_count_answer(struct http_server *s, int status)
{
    s->answers++;
    s->refusals += status >= 400;
}
/* The request has been answered or its connection taken: frees it, now or when dispatch returns. */
void http_req_over(struct http_req *req);
/* Answers what never became a request, or stopped being one, and closes. */
void http_refuse(struct http_conn *hc, int status, const char *message);
/* Reads on where a connection stopped: outside on_data, where it does not see by itself that bytes
 * were taken. */
void http_go_on_and_read(struct http_conn *hc);

/* --- http_reply.c, http_send.c --- */

/* Appends a complete answer that closes the connection. */
void http_add_refusal(struct buf *out, const struct http_refusal *why);
/* Everything that an answer in pieces has written is with the kernel. */
void http_send_drained(struct http_send_private *p);

/* --- http_turns.c --- */

/* More requests have come than are answered at once: goes on in a later turn. */
void http_wait_turn(struct http_conn *hc);
/* No connection is left. */
void http_drop_turns(struct http_server *s);

/* --- http_reaper.c: a connection is in it as long as it speaks HTTP --- */

int http_reaper_add(struct http_conn *hc) LM_MUST_CHECK;
void http_reaper_remove(struct http_conn *hc);
/* When in_ms have passed the connection is refused or closed, as its state asks for; replaces the
 * deadline before it. */
void http_set_deadline(struct http_conn *hc, int64_t in_ms);
void http_clear_deadline(struct http_conn *hc);
/* The answer is on its way: gives the client time to take it, or else for its next request. */
void http_await_next(struct http_conn *hc);

#endif
