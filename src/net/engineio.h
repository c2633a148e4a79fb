/* SPDX-License-Identifier: MIT
 *
 * engineio.h - Engine.IO v4, server side: messages both ways over whatever gets through.
 *
 * A session begins with long polling or with a WebSocket; one that polls may move to a WebSocket
 * (probe, upgrade), and what was waiting moves with it. The session pings, and closes when no pong
 * comes.
 *
 *     GET  ?EIO=4&transport=polling            handshake, then what is in the mailbox (held when empty)
 *     POST ?EIO=4&transport=polling&sid=…      packets, divided by 0x1e
 *     GET  ?EIO=4&transport=websocket[&sid=…]  a WebSocket: a packet a message
 *
 * What goes out is always made as WebSocket frames: sent as they are, or kept in the mailbox and
 * taken apart again when the client polls. So frames that many share (`outlet` of a session) fit
 * both kinds of client.
 *
 * Threads: loop thread. Owns: sessions, from the handshake to on_close.
 */
#ifndef LM_NET_ENGINEIO_H
#define LM_NET_ENGINEIO_H

#include "base/map.h"
#include "net/outlet.h"
#include "net/ws_link.h"

struct eio_server;
struct eio_session;
struct grant;

struct eio_ops {
    /* A new client, before it is answered. Sets s->self. False: refused, and answered. */
    bool (*on_open)(struct eio_session *s, struct http_req *req);
    /* A message; valid during the call. The session may be closed in it. */
    void (*on_message)(struct eio_session *s, bool binary, struct str payload);
    /* What was written has left. May be NULL. */
    void (*on_drained)(struct eio_session *s);
    /* Each time the client is pinged. May be NULL. */
    void (*on_beat)(struct eio_session *s);
    /* It is over, whoever ended it; perhaps in the middle of on_message, never of eio_send(). */
    void (*on_close)(struct eio_session *s);
    /* The last call: nobody is in the middle of anything. */
    void (*on_free)(struct eio_session *s);
};

struct eio_server {
    struct loop *loop;
    const struct eio_ops *ops;
    void *ctx;
    uint32_t ping_interval_ms, ping_timeout_ms;
    size_t payload_max;    /* of one POST and of one message; said in the handshake */
    uint32_t sessions_max; /* more are refused with 503 */
    struct map by_sid;
    struct ws_watch watch;
    bool closing;
};

enum { EIO_SID_MAX = 20 };
/* 120 random bits as text. False: there is no randomness. */
bool eio_make_sid(char sid[EIO_SID_MAX + 1]);

struct eio_link;

struct eio_session {
    struct outlet outlet; /* first: ops of the mailbox find the session by it */
    struct eio_server *server;
    void *self; /* of the server's ops */
    char sid[EIO_SID_MAX + 1];
    struct grant *opener;        /* who got the sid; NULL: no matter */
    struct eio_link *link;       /* the WebSocket it goes over, or NULL: it polls */
    struct eio_link *probe;      /* a WebSocket that may take over */
    struct http_req *poll;       /* a GET that waits for something to say */
    struct buf mail;             /* frames for a client that polls */
    struct untaken_holder holds; /* mail */
    struct turn_hook deliver;
    uv_timer_t timer;
    int64_t opened_us, heard_us;
    int64_t due_us; /* monotonic: the next ping, or the pong that is awaited */
    bool awaits_pong, closed;
    bool stuffed; /* a writer was told that the mailbox is full */
    bool failed;  /* something could not be sent: it ends at the next beat */
};

/* The caller has filled in loop, ops, ctx and the numbers. */
void eio_server_init(struct eio_server *e);
/* Closes every session. The memory must live until the loop has ended. */
void eio_server_close(struct eio_server *e);
void eio_server_fini(struct eio_server *e);

/* One request to the path of this server, of any method. */
void eio_handle(struct eio_server *e, struct http_req *req);

/* Sends one message. Nothing happens on a session that is closed; never closes it. */
void eio_send(struct eio_session *s, bool binary, struct str payload);
/* Tells the client and ends the session. Idempotent; the struct lives until the turn is over. */
void eio_close(struct eio_session *s);

/* Appends the frame of a text message, as eio_send() makes it: for writing to s->outlet. */
void eio_add_text(struct buf *out, struct str payload);
/* Bytes eio_put_text_head() writes at most. */
enum { EIO_TEXT_HEAD_MAX = WS_HEADER_MAX + 1 };
/* What stands before a text message of n bytes. Returns its length. */
size_t eio_put_text_head(char *at, size_t n);

/* --- engineio_mail.c --- */
/* Appends the frames in `mail` as the payload of an answer to a poll. */
void eio_mail_unpack(struct str mail, struct buf *out);

#endif
