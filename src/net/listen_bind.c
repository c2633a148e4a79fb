/* SPDX-License-Identifier: MIT
 *
 * listen_bind.c - from an address in the configuration to a socket that listens there, or a
 * sentence why not.
 *
 * A Unix socket must never be open to others, not for a moment: it is bound under a temporary
 * name with a umask that leaves only the owner, and renamed when it is listening. A file left by a
 * hub that was killed is recognised by nobody answering on it.
 *
 * Threads: loop thread. Owns: nothing.
 */
#include "net/listen_impl.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 4096, TEMP_SUFFIX_MAX = 16 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

/* "127.0.0.1:8514", "[::1]:8514", "localhost:8514" → a socket address. */
static int parse_tcp(const char *text, union address *ret, socklen_t *ret_n, struct errinfo *info)
{
    const char *colon = strrchr(text, ':');
    uint64_t port;
    char host[64];

    if (!colon || (size_t)(colon - text) >= sizeof host ||
        !str_to_u64(str_from(colon + 1), &port) || port > 65535)
        return err_set(info, -LM_E_INVALID,
                       "\"%.80s\" is not an address to listen on: write it as 127.0.0.1:8514",
                       text);
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    if (strcmp(host, "localhost") == 0)
        strcpy(host, "127.0.0.1");
    size_t n = strlen(host);
    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        memmove(host, host + 1, n - 2);
        host[n - 2] = '\0';
    }
    union address a = {0};
    if (inet_pton(AF_INET, host, &a.v4.sin_addr) == 1) {
        a.v4.sin_family = AF_INET;
        a.v4.sin_port = htons((uint16_t)port);
        *ret_n = sizeof a.v4;
    } else if (inet_pton(AF_INET6, host, &a.v6.sin6_addr) == 1) {
        a.v6.sin6_family = AF_INET6;
        a.v6.sin6_port = htons((uint16_t)port);
        *ret_n = sizeof a.v6;
    } else {
        return err_set(info, -LM_E_INVALID,
                       "\"%s\" is not an IP address: write it as 127.0.0.1:8514", host);
    }
    *ret = a;
    return 0;
}

static bool is_loopback(const union address *a)
{
    if (a->any.sa_family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static void print_tcp(struct listener *ls)
{
    union address a = {0};
    socklen_t n = sizeof a;
    char host[INET6_ADDRSTRLEN] = "?";

    getsockname(ls->fd, &a.any, &n);
    if (a.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof host);
        snprintf(ls->address, sizeof ls->address, "[%s]:%u", host, ntohs(a.v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof host);
        snprintf(ls->address, sizeof ls->address, "%s:%u", host, ntohs(a.v4.sin_port));
    }
}

int listen_bind_tcp(struct listener *ls, const char *text, struct errinfo *info)
{
    union address a = {0};
    socklen_t n = 0;
    int on = 1;

    int r = parse_tcp(text, &a, &n, info);
    if (r < 0)
        return r;
    ls->is_open = !is_loopback(&a);
    if (ls->is_open && !ls->may_be_open)
        return err_set(info, -LM_E_REFUSED,
                       "%s can be reached from other machines, and no token is configured: make "
                       "one with `logmill token create` and put its line into auth.tokens, or "
                       "listen on 127.0.0.1",
                       text);
    ls->fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (ls->fd < 0)
        return err_set(info, -errno, "cannot make a TCP socket: %s", strerror(errno));
    setsockopt(ls->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(ls->fd, &a.any, n) < 0 || listen(ls->fd, BACKLOG) < 0) {
        if (errno == EADDRINUSE)
            return err_set(info, -EADDRINUSE,
                           "port %u is taken by another program: stop that one, or use "
                           "--listen 127.0.0.1:0 for any free port",
                           ntohs(a.v4.sin_port));
        return err_set(info, -errno, "cannot listen on %s: %s%s", text, strerror(errno),
                       errno == EACCES ? "; ports below 1024 are for root: choose another with "
                                         "--listen"
                                       : "");
    }
    print_tcp(ls);
    return 0;
}

/* Does anybody answer on this Unix socket? A full queue is an answer too. */
static bool somebody_answers(const union address *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && (connect(fd, &a->any, sizeof a->local) == 0 || errno == EAGAIN);

    if (fd >= 0)
        close(fd);
    return alive;
}

/* 0 when nothing is at path, or only a stale socket of ours. */
static int may_replace(const char *path, const union address *a, struct errinfo *info)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : err_set(info, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return err_set(info, -EEXIST,
                       "%s is there and is not a socket: move it away, or use another --socket",
                       path);
    if (st.st_uid != geteuid())
        return err_set(info, -EPERM, "%s belongs to another user: use another --socket", path);
    if (somebody_answers(a))
        return err_set(info, -EADDRINUSE,
                       "another program answers on %s: stop that one, or use another --socket",
                       path);
    return 0;
}

int listen_bind_unix(struct listener *ls, const char *path, struct errinfo *info)
{
    union address a = {.local.sun_family = AF_UNIX};
    union address temp = a;
    struct stat st;

    if (path[0] == '\0' || strlen(path) + TEMP_SUFFIX_MAX >= sizeof a.local.sun_path)
        return err_set(info, -ENAMETOOLONG,
                       "the path of the socket must have 1 to %zu bytes: use another --socket",
                       sizeof a.local.sun_path - TEMP_SUFFIX_MAX - 1);
    strcpy(a.local.sun_path, path);
    snprintf(temp.local.sun_path, sizeof temp.local.sun_path, "%s.%d", path, (int)getpid());
    int r = may_replace(path, &a, info);
    if (r < 0)
        return r;
    ls->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (ls->fd < 0)
        return err_set(info, -errno, "cannot make a Unix socket: %s", strerror(errno));
    unlink(temp.local.sun_path);
    mode_t before = umask(0177);
    r = bind(ls->fd, &temp.any, sizeof temp.local) < 0 ? -errno : 0;
    umask(before);
    if (r < 0)
        return err_set(info, r, "cannot make the socket %s: %s", path, strerror(-r));
    if (listen(ls->fd, BACKLOG) < 0 || lstat(temp.local.sun_path, &st) < 0 ||
        rename(temp.local.sun_path, path) < 0) {
        r = -errno;
        unlink(temp.local.sun_path);
        return err_set(info, r, "cannot listen on %s: %s", path, strerror(-r));
    }
    ls->dev = st.st_dev;
    ls->ino = st.st_ino;
    strcpy(ls->address, path);
    return 0;
}

bool listen_is_door_of(int fd, const char *address, bool is_local)
{
    union address have = {0}, want = {0};
    socklen_t have_n = sizeof have, want_n = 0;
    size_t n = strlen(address);

    if (getsockname(fd, &have.any, &have_n) < 0)
        return false;
    if (is_local) /* it was bound as "<address>.<pid>" and renamed */
        return have.any.sa_family == AF_UNIX && strncmp(have.local.sun_path, address, n) == 0 &&
               have.local.sun_path[n] == '.' && access(address, F_OK) == 0;
    if (parse_tcp(address, &want, &want_n, NULL) < 0 || want.any.sa_family != have.any.sa_family)
        return false;
    if (want.any.sa_family == AF_INET6)
        return memcmp(&want.v6.sin6_addr, &have.v6.sin6_addr, sizeof want.v6.sin6_addr) == 0 &&
               (want.v6.sin6_port == 0 || want.v6.sin6_port == have.v6.sin6_port);
    return want.v4.sin_addr.s_addr == have.v4.sin_addr.s_addr &&
           (want.v4.sin_port == 0 || want.v4.sin_port == have.v4.sin_port);
}

void listen_remember_place(struct listener *ls, const char *address)
{
    union address a = {0};
    socklen_t n = sizeof a;
    struct stat st;

    if (!ls->is_local) {
        print_tcp(ls);
        ls->is_open = getsockname(ls->fd, &a.any, &n) == 0 && !is_loopback(&a);
        return;
    }
    snprintf(ls->address, sizeof ls->address, "%s", address);
    if (lstat(address, &st) == 0) {
        ls->dev = st.st_dev;
        ls->ino = st.st_ino;
    }
}
