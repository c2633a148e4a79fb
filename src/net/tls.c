/* SPDX-License-Identifier: MIT
 *
 * tls.c - OpenSSL 3, made to fit connections that never wait.
 *
 * SSL_write() that meets a full socket has encrypted its bytes already and wants the same ones
 * again. The caller's next bytes may be others (a slow client loses its oldest), so here they count
 * as taken, and only their number is remembered: OpenSSL looks at nothing else when it sends the
 * rest.
 */
#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { RECORD_MAX = 16 * 1024 };

struct tls {
    SSL_CTX *ctx;
    const char *cert, *key;
    unsigned char record[RECORD_MAX]; /* where pieces are gathered */
};

struct tls_link {
    struct tls *tls;
    SSL *ssl;
    size_t stuck; /* bytes of the record that waits for room in the socket */
    bool wants_write, has_more, broken;
};

/* --- certificates --- */

static int refuse_file(struct errinfo *info, const char *what, const char *path)
{
    unsigned long code = ERR_peek_error();
    const char *reason = ERR_reason_error_string(code);

    if (ERR_SYSTEM_ERROR(code))
        reason = strerror(ERR_GET_REASON(code));
    err_set(info, -LM_E_INVALID, "%s %s cannot be used: %s; it must be a PEM file", what, path,
            reason ? reason : "unknown reason");
    ERR_clear_error();
    return -LM_E_INVALID;
}

static int refuse_key(struct errinfo *info, const char *cert, const char *key)
{
    if (ERR_GET_REASON(ERR_peek_last_error()) != X509_R_KEY_VALUES_MISMATCH)
        return refuse_file(info, "the private key", key);
    ERR_clear_error();
    return err_set(info, -LM_E_INVALID, "the private key %s does not belong to the certificate %s",
                   key, cert);
}

/* There is one protocol to agree on; a client that names others only is served all the same. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                           const unsigned char *in, unsigned in_n, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&found, out_n, ours, sizeof ours - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = found;
    return SSL_TLSEXT_ERR_OK;
}

static void set_options(SSL_CTX *ctx)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
}

static int load(const char *cert, const char *key, SSL_CTX **ret, struct errinfo *info)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    int err = ctx ? 0 : err_set(info, -ENOMEM, "out of memory");

    ERR_clear_error();
    if (err == 0 && SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        err = refuse_file(info, "the certificate", cert);
    if (err == 0 && SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        err = refuse_key(info, cert, key);
    if (err < 0) {
        SSL_CTX_free(ctx);
        return err;
    }
    set_options(ctx);
    *ret = ctx;
    return 0;
}

int tls_new(struct tls **ret, const char *cert, const char *key, struct errinfo *info)
{
    struct tls *t = calloc(1, sizeof *t);
    int err = t ? load(cert, key, &t->ctx, info) : err_set(info, -ENOMEM, "out of memory");

    if (err < 0) {
        free(t);
        return err;
    }
    t->cert = cert;
    t->key = key;
    *ret = t;
    return 0;
}

int tls_reload(struct tls *t, struct errinfo *info)
{
    SSL_CTX *ctx;
    int err = load(t->cert, t->key, &ctx, info);

    if (err < 0)
        return err;
    SSL_CTX_free(t->ctx); /* links hold references of their own */
    t->ctx = ctx;
    return 0;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    free(t);
}

/* --- one connection --- */

int tls_link_new(struct tls_link **ret, struct tls *t, int fd)
{
    struct tls_link *l = calloc(1, sizeof *l);

    if (l)
        l->ssl = SSL_new(t->ctx);
    if (!l || !l->ssl || SSL_set_fd(l->ssl, fd) != 1) {
        tls_link_free(l);
        return -ENOMEM;
    }
    SSL_set_accept_state(l->ssl);
    l->tls = t;
    *ret = l;
    return 0;
}

void tls_link_free(struct tls_link *l)
{
    if (!l)
        return;
    SSL_free(l->ssl);
    free(l);
}

/* What a call that did not succeed means: 0 it waits, -ECONNRESET or -LM_E_PROTOCOL it is over. */
static int explain(struct tls_link *l, int result)
{
    switch (SSL_get_error(l->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_WANT_WRITE:
        l->wants_write = true;
        return 0;
    case SSL_ERROR_SYSCALL:
        l->broken = true;
        return -ECONNRESET;
    default:
        l->broken = true;
        return -LM_E_PROTOCOL;
    }
}

/* Somebody typed http:// for https://. */
static void answer_plain_http(const struct tls_link *l)
{
    static const char answer[] =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
        "Content-Length: 61\r\n\r\nThis port speaks TLS: use https:// (or wss://) with this URL.\n";

    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST)
        send(SSL_get_fd(l->ssl), answer, sizeof answer - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int tls_handshake(struct tls_link *l)
{
    ERR_clear_error();
    l->wants_write = false;
    int r = SSL_do_handshake(l->ssl);
    if (r == 1) {
        l->has_more = true; /* it may have read beyond its own end */
        return 1;
    }
    int err = explain(l, r);
    if (err < 0)
        answer_plain_http(l);
    return err;
}

ssize_t tls_read(struct tls_link *l, void *bytes, size_t n)
{
    size_t total = 0, got;

    l->has_more = false;
    while (total < n) {
        ERR_clear_error();
        int r = SSL_read_ex(l->ssl, (char *)bytes + total, n - total, &got);
        if (r == 1) {
            total += got;
            continue;
        }
        if (total > 0 && !l->broken) /* said again by the next call, if it is more than a wait */
            return (ssize_t)total;
        if (SSL_get_error(l->ssl, r) == SSL_ERROR_ZERO_RETURN)
            return 0;
        int err = explain(l, r);
        return err ? err : -EAGAIN;
    }
    l->has_more = true;
    return (ssize_t)total;
}

bool tls_has_more(const struct tls_link *l)
{
    return l->has_more;
}

/* Sends one record. Returns the bytes that are now OpenSSL's, or a negative error. */
static ssize_t write_record(struct tls_link *l, const void *bytes, size_t n)
{
    size_t sent;

    ERR_clear_error();
    int r = SSL_write_ex(l->ssl, bytes, n, &sent);
    if (r == 1)
        return (ssize_t)sent;
    int err = explain(l, r);
    if (err < 0)
        return err;
    l->stuck = n;
    return (ssize_t)n;
}

int tls_flush(struct tls_link *l)
{
    size_t n = l->stuck, sent;

    l->wants_write = false;
    if (n == 0)
        return 0;
    ERR_clear_error();
    int r = SSL_write_ex(l->ssl, l->tls->record, n, &sent);
    if (r != 1)
        return explain(l, r);
    l->stuck = 0;
    return 0;
}

/* Up to a record's worth of pieces from `skip` bytes on; one that is large enough is not copied. */
static struct iovec gather(struct tls *t, const struct iovec *iov, size_t count, size_t skip)
{
    size_t n = 0;

    for (; count > 0 && skip >= iov->iov_len; iov++, count--)
        skip -= iov->iov_len;
    if (count > 0 && (iov->iov_len - skip >= RECORD_MAX || count == 1)) {
        size_t rest = iov->iov_len - skip;
        return (struct iovec){(char *)iov->iov_base + skip, rest < RECORD_MAX ? rest : RECORD_MAX};
    }
    for (; count > 0 && n < RECORD_MAX; iov++, count--, skip = 0) {
        size_t part = iov->iov_len - skip < RECORD_MAX - n ? iov->iov_len - skip : RECORD_MAX - n;
        memcpy(t->record + n, (const char *)iov->iov_base + skip, part);
        n += part;
    }
    return (struct iovec){t->record, n};
}

ssize_t tls_write(struct tls_link *l, const struct iovec *iov, size_t count)
{
    size_t total = 0;
    int err = tls_flush(l);

    if (err < 0)
        return err;
    while (l->stuck == 0) {
        struct iovec piece = gather(l->tls, iov, count, total);
        if (piece.iov_len == 0)
            break;
        ssize_t n = write_record(l, piece.iov_base, piece.iov_len);
        if (n < 0)
            return n;
        total += (size_t)n;
    }
    return (ssize_t)total;
}

size_t tls_stuck(const struct tls_link *l)
{
    return l->stuck;
}

bool tls_wants_write(const struct tls_link *l)
{
    return l->wants_write;
}

void tls_say_goodbye(struct tls_link *l)
{
    if (l->broken || l->stuck)
        return;
    ERR_clear_error();
    (void)SSL_shutdown(l->ssl);
    ERR_clear_error();
}
