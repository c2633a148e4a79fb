/* SPDX-License-Identifier: MIT
 *
 * conn_peer.c - the other end of a connection: who it is, how it is talked to, whether it is still
 * there.
 *
 * Threads: loop thread. Owns: nothing.
 */
#include "net/conn_impl.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    NOTSENT_LOWAT = 128 * 1024,
    KEEP_IDLE_S = 60,
    KEEP_INTERVAL_S = 15,
    KEEP_COUNT = 4,
    RETRANSMITS_MAX = 6, /* each waits twice as long as the one before, the first 0.2 s */
    PROBES_MAX = 4,      /* for room at a peer that has none: one that is there answers each */
};

static void note_uid(struct conn *c)
{
    struct ucred who = {.uid = (uid_t)-1};
    socklen_t n = sizeof who;

    getsockopt(c->priv->fd, SOL_SOCKET, SO_PEERCRED, &who, &n);
    c->peer_uid = who.uid;
}

void conn_note_peer(struct conn *c)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer = {0};
    socklen_t n = sizeof peer;

    if (c->is_local) {
        note_uid(c);
        return;
    }
    getpeername(c->priv->fd, &peer.any, &n);
    if (peer.any.sa_family == AF_INET6) {
        memcpy(c->address, &peer.v6.sin6_addr, sizeof c->address);
        c->is_loopback = IN6_IS_ADDR_LOOPBACK(&peer.v6.sin6_addr) ||
                         (IN6_IS_ADDR_V4MAPPED(&peer.v6.sin6_addr) && c->address[12] == 127);
        c->port = ntohs(peer.v6.sin6_port);
    } else {
        memset(c->address + 10, 0xff, 2);
        memcpy(c->address + 12, &peer.v4.sin_addr, 4);
        c->is_loopback = c->address[12] == 127;
        c->port = ntohs(peer.v4.sin_port);
    }
}

const char *conn_peer(const struct conn *c, char out[CONN_PEER_MAX])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char host[INET6_ADDRSTRLEN] = "?";
    bool is_v4 = memcmp(c->address, mapped, sizeof mapped) == 0;

    if (c->is_local) {
        snprintf(out, CONN_PEER_MAX, "unix uid %d", (int)c->peer_uid);
        return out;
    }
    inet_ntop(is_v4 ? AF_INET : AF_INET6, c->address + (is_v4 ? 12 : 0), host, sizeof host);
    snprintf(out, CONN_PEER_MAX, is_v4 ? "%s:%u" : "[%s]:%u", host, c->port);
    return out;
}

void conn_tune_tcp(int fd)
{
    const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT},
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

size_t conn_kernel_unsent(struct conn *c)
{
    int n = 0;

    conn_check(c);
    size_t stuck = c->priv->tls ? tls_stuck(c->priv->tls) : 0;
    return stuck + (ioctl(c->priv->fd, SIOCOUTQ, &n) == 0 && n > 0 ? (size_t)n : 0);
}

bool conn_is_lost(const struct conn *c)
{
    struct tcp_info info;
    socklen_t n = sizeof info;

    if (c->is_local || getsockopt(c->priv->fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
        return false;
    return (info.tcpi_unacked > 0 && info.tcpi_retransmits >= RETRANSMITS_MAX) ||
           info.tcpi_probes >= PROBES_MAX;
}
