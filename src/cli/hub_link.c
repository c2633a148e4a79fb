/* SPDX-License-Identifier: MIT
 *
 * hub_link.c - sockets, and OpenSSL over them.
 *
 * OpenSSL writes with write(), which may raise SIGPIPE, and a command may want to end by that
 * signal when its own output is closed. So the signal is blocked while OpenSSL is at work.
 */
#include "cli/hub_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_unix(const char *path, struct errinfo *info)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof addr.sun_path)
        return err_set(info, -ENAMETOOLONG, "the socket path %s is too long", path);
    memcpy(addr.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
        return fd;
    int err = -errno;
    if (fd >= 0)
        close(fd);
    if (err == -EACCES)
        return err_set(info, err,
                       "the socket %s is another user's: ask as that user, or over TCP with --url "
                       "and a token in LOGMILL_TOKEN",
                       path);
    return err_set(info, err,
                   "no hub answers at %s (%s): start one with `logmill serve`, or name its socket "
                   "with --socket",
                   path, err_text(err));
}

static int connect_tcp(const char *url, const struct target_place *place, struct errinfo *info)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int fd = -1, err = 0;
    int gai = getaddrinfo(place->host, place->port, &hints, &list);

    if (gai != 0)
        return err_set(info, -EHOSTUNREACH, "cannot find %s: %s", place->host, gai_strerror(gai));
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
            err = -errno;
            if (fd >= 0)
                close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd >= 0 ? fd : err_set(info, err, "no hub answers at %s: %s", url, err_text(err));
}

/* --- TLS --- */

static void pipe_signal(bool block, sigset_t *before)
{
    static const struct timespec now = {0};
    sigset_t pipe;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (block) {
        pthread_sigmask(SIG_BLOCK, &pipe, before);
        return;
    }
    if (!sigismember(before, SIGPIPE))
        sigtimedwait(&pipe, NULL, &now); /* the one that came meanwhile */
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int make_context(struct hub_link *l, const struct target *t, struct errinfo *info)
{
    l->context = SSL_CTX_new(TLS_client_method());
    if (!l->context || SSL_CTX_set_min_proto_version(l->context, TLS1_2_VERSION) != 1)
        return err_set(info, -ENOMEM, "cannot prepare TLS");
    if (t->insecure)
        return 0;
    SSL_CTX_set_verify(l->context, SSL_VERIFY_PEER, NULL);
    if (!t->ca)
        return SSL_CTX_set_default_verify_paths(l->context) == 1
                   ? 0
                   : err_set(info, -ENOENT, "cannot read whom this system trusts: use --ca FILE");
    if (SSL_CTX_load_verify_locations(l->context, t->ca, NULL) != 1)
        return err_set(info, -LM_E_INVALID,
                       "%s has no certificate that can be read (--ca, LOGMILL_CA): it should be a "
                       "PEM file",
                       t->ca);
    return 0;
}

/* Whom the certificate must be for; and names are told to the server, which may have several. */
static bool expect_host(SSL *ssl, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    char name[sizeof((struct target_place *)0)->host];

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    snprintf(name, sizeof name, "%s", host); /* OpenSSL's macro takes the const away */
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static int refuse_handshake(const struct hub_link *l, const char *url, struct errinfo *info)
{
    long verdict = SSL_get_verify_result(l->ssl);
    const char *why = ERR_reason_error_string(ERR_peek_last_error());

    if (verdict != X509_V_OK)
        return err_set(info, -LM_E_REFUSED,
                       "the certificate of %s is not trusted: %s; name who signed it with --ca "
                       "FILE (LOGMILL_CA), or take any with --insecure",
                       url, X509_verify_cert_error_string(verdict));
    return err_set(info, -LM_E_PROTOCOL, "no TLS with %s: %s", url,
                   why ? why : "the connection was cut");
}

static int start_tls(struct hub_link *l, const struct target *t, const struct target_place *place,
                     struct errinfo *info)
{
    sigset_t before;
    int err = make_context(l, t, info);

    if (err < 0)
        return err;
    l->ssl = SSL_new(l->context);
    if (!l->ssl || !expect_host(l->ssl, place->host) || SSL_set_fd(l->ssl, l->fd) != 1)
        return err_set(info, -ENOMEM, "cannot prepare TLS");
    ERR_clear_error();
    pipe_signal(true, &before);
    int r = SSL_connect(l->ssl);
    pipe_signal(false, &before);
    return r == 1 ? 0 : refuse_handshake(l, t->url, info);
}

/* --- a link --- */

int hub_link_open(struct hub_link *l, const struct target *t, const struct target_place *place,
                  int silence_ms, struct errinfo *info)
{
    struct timeval silence = {silence_ms / 1000, silence_ms % 1000 * 1000};

    *l = (struct hub_link){.fd = place ? connect_tcp(t->url, place, info)
                                       : connect_unix(t->socket, info)};
    if (l->fd < 0)
        return l->fd;
    setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    int err = place && place->tls ? start_tls(l, t, place, info) : 0;
    if (err < 0)
        hub_link_close(l);
    return err;
}

void hub_link_close(struct hub_link *l)
{
    SSL_free(l->ssl);
    SSL_CTX_free(l->context);
    close(l->fd);
    *l = (struct hub_link){.fd = -1};
}

static ssize_t send_some(struct hub_link *l, const char *bytes, size_t n)
{
    sigset_t before;
    size_t sent = 0;

    if (!l->ssl) {
        ssize_t r = send(l->fd, bytes, n, MSG_NOSIGNAL);
        return r < 0 ? -errno : r;
    }
    pipe_signal(true, &before);
    int r = SSL_write_ex(l->ssl, bytes, n, &sent);
    pipe_signal(false, &before);
    return r == 1 ? (ssize_t)sent : -EPIPE;
}

int hub_link_send(struct hub_link *l, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send_some(l, bytes, n);
        if (sent < 0 && sent != -EINTR)
            return (int)sent;
        bytes += sent > 0 ? sent : 0;
        n -= sent > 0 ? (size_t)sent : 0;
    }
    return 0;
}

static ssize_t recv_some(struct hub_link *l, char *bytes, size_t n)
{
    sigset_t before;
    size_t got = 0;

    errno = 0;
    if (!l->ssl) {
        ssize_t r = recv(l->fd, bytes, n, 0);
        return r < 0 ? -errno : r;
    }
    pipe_signal(true, &before);
    int r = SSL_read_ex(l->ssl, bytes, n, &got), why = SSL_get_error(l->ssl, r), cause = errno;
    pipe_signal(false, &before);
    if (r == 1)
        return (ssize_t)got;
    if (why == SSL_ERROR_ZERO_RETURN)
        return 0;
    return why == SSL_ERROR_WANT_READ ? -EAGAIN : -(cause ? cause : ECONNRESET);
}

ssize_t hub_link_recv(struct hub_link *l, char *bytes, size_t n)
{
    ssize_t r;

    do
        r = recv_some(l, bytes, n);
    while (r == -EINTR);
    return r == -EAGAIN ? -ETIMEDOUT : r;
}
