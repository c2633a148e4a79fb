/* SPDX-License-Identifier: MIT
 *
 * http_client.c - a blocking client on llhttp.
 */
#include "cli/http_client.h"

#include <errno.h>
#include <llhttp.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct answer {
    const struct http_get *get;
    struct buf *body;
    llhttp_t parser;
    int stop; /* what on_body returned */
    bool complete;
};

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
    return err_set(info, err,
                   "no hub answers at %s (%s): start one with `logmill serve`, or name its socket "
                   "with --socket",
                   path, err_text(err));
}

/* "http://host:port" into host and port. */
static int split_url(const char *url, char host[256], char port[16], struct errinfo *info)
{
    struct str rest = str_from(url), tail;

    if (!str_starts(rest, STR("http://")))
        return err_set(info, -LM_E_INVALID,
                       "%s is not a URL of a hub: it should look like http://127.0.0.1:8514", url);
    rest = str_of(rest.p + 7, rest.n - 7);
    rest = str_cut(rest, '/', &tail);
    const char *colon = rest.n ? memrchr(rest.p, ':', rest.n) : NULL;
    if (colon && memchr(colon, ']', rest.n - (size_t)(colon - rest.p)))
        colon = NULL; /* one of an IPv6 address without a port */
    size_t host_n = colon ? (size_t)(colon - rest.p) : rest.n;
    snprintf(host, 256, "%.*s", (int)host_n, rest.p);
    snprintf(port, 16, "%.*s", colon ? (int)(rest.n - host_n - 1) : 2, colon ? colon + 1 : "80");
    if (host[0] == '[' && host[strlen(host) - 1] == ']') {
        host[strlen(host) - 1] = '\0';
        memmove(host, host + 1, strlen(host));
    }
    return 0;
}

static int connect_url(const char *url, struct errinfo *info)
{
    char host[256], port[16];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int fd = -1, err = split_url(url, host, port, info);

    if (err < 0)
        return err;
    int gai = getaddrinfo(host, port, &hints, &list);
    if (gai != 0)
        return err_set(info, -EHOSTUNREACH, "cannot find %s: %s", host, gai_strerror(gai));
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

static int send_request(int fd, const struct http_target *t, const struct http_get *get)
{
    struct buf out = {0};
    struct str host = STR("localhost"), prefix = STR_NONE;
    int err = 0;

    if (t->url)
        host = str_cut(str_from(t->url + strlen("http://")), '/', &prefix);
    while (prefix.n && prefix.p[prefix.n - 1] == '/')
        prefix.n--;
    buf_printf(&out,
               "%s %s%.*s%s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: logmill/" LOGMILL_VERSION
               "\r\nConnection: close\r\n%s",
               get->method ? get->method : "GET", prefix.n ? "/" : "", STR_FMT(prefix), get->path,
               STR_FMT(host), get->headers ? get->headers : "");
    if (get->body.p)
        buf_printf(&out, "Content-Length: %zu\r\n", get->body.n);
    if (t->url && t->token)
        buf_printf(&out, "Authorization: Bearer %s\r\n", t->token);
    if (get->last_event_id)
        buf_printf(&out, "Last-Event-ID: %s\r\n", get->last_event_id);
    BUF_LIT(&out, "\r\n");
    buf_add_str(&out, get->body);
    err = buf_error(&out);
    for (size_t sent = 0; err == 0 && sent < out.n;) {
        ssize_t n = send(fd, out.p + sent, out.n - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            err = -errno;
        sent += n > 0 ? (size_t)n : 0;
    }
    buf_fini(&out);
    return err;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct answer *a = p->data;

    if (p->status_code == 200 && a->get->on_body)
        a->stop = a->get->on_body(str_of(at, n), a->get->ctx);
    else
        buf_add(a->body, at, n);
    return a->stop;
}

static int on_complete(llhttp_t *p)
{
    struct answer *a = p->data;
    a->complete = true;
    return 0;
}

/* One readable piece: >0 go on, 0 the answer has ended, <0 why not. */
static int read_piece(int fd, struct answer *a)
{
    char piece[64 * 1024];
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    int ready = poll(&pfd, 1, a->get->silence_ms ? a->get->silence_ms : -1);

    if (ready == 0)
        return -ETIMEDOUT;
    ssize_t n = ready < 0 ? -1 : recv(fd, piece, sizeof piece, 0);
    if (n < 0)
        return errno == EINTR ? 1 : -errno;
    if (n == 0) {
        llhttp_finish(&a->parser);
        bool cut = a->get->must_be_whole && !a->complete;
        return a->parser.status_code && !cut ? 0 : -ECONNRESET;
    }
    if (llhttp_execute(&a->parser, piece, (size_t)n) != HPE_OK && a->stop == 0)
        return -LM_E_PROTOCOL;
    return a->stop ? a->stop : !a->complete;
}

int http_client_get(const struct http_target *target, const struct http_get *get,
                    struct buf *ret_body, struct errinfo *info)
{
    static const llhttp_settings_t callbacks = {.on_body = on_body,
                                                .on_message_complete = on_complete};
    struct answer a = {.get = get, .body = ret_body};
    int fd = target->url ? connect_url(target->url, info) : connect_unix(target->socket, info);

    if (fd < 0)
        return fd;
    llhttp_init(&a.parser, HTTP_RESPONSE, &callbacks);
    a.parser.data = &a;
    int err = send_request(fd, target, get);
    if (err == 0)
        do
            err = read_piece(fd, &a);
        while (err > 0 && a.stop == 0);
    close(fd);
    if (a.stop)
        return a.stop;
    if (err < 0)
        return err_set(info, err, "the connection to the hub was cut: %s", err_text(err));
    return a.parser.status_code;
}

void http_add_query_value(struct buf *out, struct str text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                     c == '-' || c == '_' || c == '.';
        if (plain)
            buf_add_char(out, (char)c);
        else
            buf_add(out, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
    }
}
