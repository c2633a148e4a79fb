/* SPDX-License-Identifier: MIT
 *
 * tls.h - what lies between a connection and its socket when TCP is served with a certificate.
 *
 *     conn ─ plain bytes ─▶ tls_link ─ records of at most 16 KiB ─▶ socket
 *
 * Pieces are gathered into one record per write, because a record costs more than the bytes in it.
 * A record that the socket does not take whole stays in the link and goes first; its bytes count as
 * sent, because they cannot be taken back (tls_stuck()).
 *
 * TLS 1.2 and 1.3, no renegotiation, no compression, ALPN http/1.1. Certificates can be read again
 * while it runs; connections keep the one they began with.
 *
 * Threads: loop thread only.
 * Owns:    a link owns nothing of the socket but its use.
 */
#ifndef LM_NET_TLS_H
#define LM_NET_TLS_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

struct tls;
struct tls_link;

/* Reads certificate chain and key (PEM; the paths must stay valid). info says which file is wrong,
 * and how. */
int tls_new(struct tls **ret, const char *cert, const char *key,
            struct errinfo *info) LM_MUST_CHECK;
/* Reads both again. On failure the old ones stay in use. */
int tls_reload(struct tls *t, struct errinfo *info) LM_MUST_CHECK;
/* Every link must have been freed. NULL is fine. */
void tls_free(struct tls *t);

int tls_link_new(struct tls_link **ret, struct tls *t, int fd) LM_MUST_CHECK;
void tls_link_free(struct tls_link *l); /* NULL is fine */

/* The next step of the handshake: 1 it is done, 0 it waits for the socket, negative: there is none.
 * A client that speaks plain HTTP has been told so. */
int tls_handshake(struct tls_link *l) LM_MUST_CHECK;

/* Plain bytes: how many; 0 at the end of the stream; -EAGAIN or another error. */
ssize_t tls_read(struct tls_link *l, void *bytes, size_t n) LM_MUST_CHECK;
/* The last tls_read() was ended by its own n: there may be more, of which poll knows nothing. */
bool tls_has_more(const struct tls_link *l);

/* Takes bytes in order; returns how many (0: the socket is full), or a negative error. */
ssize_t tls_write(struct tls_link *l, const struct iovec *iov, size_t count) LM_MUST_CHECK;
/* A record waits for room in the socket; tls_flush() sends it. */
size_t tls_stuck(const struct tls_link *l);
int tls_flush(struct tls_link *l) LM_MUST_CHECK;
/* Does it wait for the socket to become writable? */
bool tls_wants_write(const struct tls_link *l);
/* Says that nothing more will be sent. */
void tls_say_goodbye(struct tls_link *l);

#endif
