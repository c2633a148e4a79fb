/* SPDX-License-Identifier: MIT
 *
 * socketio.h - Socket.IO v5 over Engine.IO: namespaces, events, acknowledgements, attachments.
 *
 *     <type>[<attachments>-][<namespace>,][<ack id>][JSON]
 *     0 CONNECT  1 DISCONNECT  2 EVENT  3 ACK  4 CONNECT_ERROR  5 BINARY_EVENT  6 BINARY_ACK
 *
 * Arguments stay the JSON text they came as, with `{"_placeholder":true,"num":i}` where attachment
 * i belongs; whoever wants more parses it.
 *
 * A client may hold sockets of several namespaces. One that does not connect to any within
 * connect_timeout, or sends what is not a packet, is closed.
 *
 * Threads: loop thread. Owns: clients and their sockets.
 */
#ifndef LM_NET_SOCKETIO_H
#define LM_NET_SOCKETIO_H

#include "net/engineio.h"

enum sio_type {
    SIO_CONNECT,
    SIO_DISCONNECT,
    SIO_EVENT,
    SIO_ACK,
    SIO_CONNECT_ERROR,
    SIO_BINARY_EVENT,
    SIO_BINARY_ACK,
};

#define SIO_NO_ACK UINT64_MAX

enum { SIO_ATTACHMENTS_MAX = 32, SIO_NAMESPACE_MAX = 64, SIO_SOCKETS_MAX = 8 };

struct sio_packet {
    enum sio_type type;
    uint32_t attachments;
    struct str nsp;  /* "/" when none is written */
    uint64_t ack;    /* SIO_NO_ACK: none asked for */
    struct str data; /* JSON text, or empty */
};

/* False: not a packet. The views point into text. */
bool sio_parse(struct str text, struct sio_packet *ret);
void sio_add(struct buf *out, const struct sio_packet *p);

/* --- the server --- */

struct sio_client;

/* A client in one namespace. */
struct sio_socket {
    struct list link;
    struct sio_client *client;
    char nsp[SIO_NAMESPACE_MAX + 1];
    char sid[EIO_SID_MAX + 1];
    void *self; /* of the server's ops */
};

struct sio_event {
    struct str name; /* raw: between the quotes */
    struct str args; /* "[…]": the arguments after the name */
    uint64_t ack;    /* SIO_NO_ACK, or sio_acknowledge() is due */
    uint32_t attachments;
    const struct str *attached;
};

struct sio_ops {
    /* A new client, before its handshake is answered; sets c->self. False: refused, and answered.
     * May be NULL. */
    bool (*on_client)(struct sio_client *c, struct http_req *req);
    /* Is there such a namespace? */
    bool (*knows)(struct sio_client *c, struct str nsp);
    /* A socket wants to connect; `auth` is the JSON object of the client ("{}" when it sent none).
     * NULL: it may; otherwise the sentence with which it is refused. on_disconnect follows in
     * either case. May be NULL. */
    const char *(*on_connect)(struct sio_socket *s, struct str auth);
    /* The answer has been sent. May be NULL. */
    void (*on_connected)(struct sio_socket *s, struct str auth);
    void (*on_event)(struct sio_socket *s, const struct sio_event *event);
    /* The socket has disconnected; its last call. */
    void (*on_disconnect)(struct sio_socket *s);
    /* What was written has left. May be NULL. */
    void (*on_drained)(struct sio_client *c);
    /* The last call of a client. May be NULL. */
    void (*on_client_gone)(struct sio_client *c);
};

struct sio_server {
    struct eio_server eio;
    const struct sio_ops *ops;
    void *ctx;
    uint32_t connect_timeout_ms;
};

struct sio_client {
    struct eio_session *session;
    struct sio_server *server;
    void *self;
    struct list sockets;
    uint32_t socket_count;
    /* A packet whose attachments are still coming. */
    struct buf pending;
    struct str attached[SIO_ATTACHMENTS_MAX];
    uint32_t expected, arrived;
    size_t attached_bytes;
};

/* s->eio has the loop and the numbers; the rest of it is set here. */
void sio_server_init(struct sio_server *s);
void sio_server_close(struct sio_server *s);
void sio_server_fini(struct sio_server *s);

/* Emits an event: args is "[…]" whose first member is the name. With attachments, each follows as a
 * binary message. */
void sio_emit(struct sio_socket *s, struct str args, const struct str *attached, uint32_t n);
void sio_acknowledge(struct sio_socket *s, uint64_t ack, struct str args,
                     const struct str *attached, uint32_t n);
/* Tells the client that its socket is disconnected, and frees the socket. */
void sio_disconnect(struct sio_socket *s);

#endif
