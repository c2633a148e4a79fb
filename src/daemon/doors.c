/* SPDX-License-Identifier: MIT
 *
 * doors.c - who comes in, and to whom they are led.
 *
 *     TCP, with TLS or without ─▶ limits per address ─▶ HTTP
 *     local socket ─▶ first byte ─▶ HTTP | calls | rings | keepers
 *
 * Threads: loop thread. Owns: the listeners and the strangers of the daemon.
 */
#include "daemon/daemon_parts.h"

#include "base/diag.h"
#include "source/keeper_in.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    SNIFF_MAX = 4096,
    DESCRIPTORS_KEPT = 128, /* for everything but clients over TCP */
};

#define TOO_MANY(message)                                                                          \
    "{\"error\":{\"code\":\"too_many_connections\",\"message\":\"" message "\"}}\n"

static const char ALL_FULL[] =
    TOO_MANY("This hub has as many connections as it takes: try again in a "
             "moment, or raise max_connections");
static const char ADDRESS_FULL[] =
    TOO_MANY("This hub has as many connections from your address as it takes: close other pages "
             "and clients of it, or raise max_connections_per_address");

/* Without a word where TLS is spoken: a handshake costs too much for that. */
static void refuse_conn(struct daemon *d, struct conn *c, const char *status, const char *body)
{
    char answer[512];
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 %s\r\nConnection: close\r\nRetry-After: 5\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     status, strlen(body), body);

    d->metrics.connections_refused_total++;
    if (d->tls) {
        conn_close(c, 0);
        return;
    }
    lm_assert((size_t)n < sizeof answer);
    conn_write(c, answer, (size_t)n);
    conn_close(c, 100);
}

static void serve_http(struct daemon *d, struct conn *c)
{
    if (http_serve(&d->http, c) < 0)
        conn_close(c, 0);
}

/* --- the local socket: frames or HTTP --- */

/* A local connection that has said nothing yet. */
struct stranger {
    struct list link;
    struct daemon *daemon;
    struct conn *conn;
};

static void forget_stranger(struct conn *c)
{
    struct stranger *stranger = c->self;

    list_remove(&stranger->link);
    free(stranger);
}

/* The first byte tells the protocol (docs/ipc-protocol.md, "First byte"). */
static void sniff(struct conn *c)
{
    struct daemon *d = ((struct stranger *)c->self)->daemon;
    unsigned char first = (unsigned char)c->in.p[0];
    bool frames = first <= FRAME_HELLO_MAX && first != '\r' && first != '\n';
    struct stranger *stranger = c->self;
    enum ipc_kind kind = frames ? ipc_serve_local(d->ipc, c) : IPC_NO;

    if (kind == IPC_UNDECIDED)
        return;
    list_remove(&stranger->link);
    free(stranger);
    if (kind == IPC_TAKEN || (frames && ring_serve_local(d->rings, c)))
        return;
    if (frames) {
        if (keeper_serve(d->keepers, c) < 0)
            diag_warn("No memory for another keeper; it will try again");
        return;
    }
    serve_http(d, c);
}

static void await_first_byte(struct daemon *d, struct conn *c)
{
    static const struct conn_ops sniff_ops = {.on_data = sniff, .on_close = forget_stranger};
    struct stranger *stranger = malloc(sizeof *stranger);

    if (!stranger) {
        conn_close(c, 0);
        return;
    }
    *stranger = (struct stranger){.daemon = d, .conn = c};
    list_push(&d->strangers, &stranger->link);
    c->ops = &sniff_ops;
    c->self = stranger;
    c->in_max = SNIFF_MAX;
}

static void ignore_conn(struct conn *c)
{
    (void)c;
}

static void on_accept(struct loop *l, int fd, bool is_local, void *ctx)
{
    static const struct conn_ops silent_ops = {.on_data = ignore_conn, .on_close = ignore_conn};
    struct daemon *d = ctx;
    struct conn *c;

    if (conn_open(l, fd, is_local, &silent_ops, d, &c) < 0)
        return;
    enum peers_verdict verdict = is_local ? PEERS_ADMITTED : peers_admit(&d->peers, c);
    if (verdict == PEERS_FULL)
        refuse_conn(d, c, "503 Service Unavailable", ALL_FULL);
    else if (verdict == PEERS_ADDRESS_FULL)
        refuse_conn(d, c, "429 Too Many Requests", ADDRESS_FULL);
    else if (is_local)
        await_first_byte(d, c);
    else if (!d->tls || conn_start_tls(c, d->tls, d->settings->http_head_timeout_ms) == 0)
        serve_http(d, c);
}

/* --- opening and closing --- */

static int open_tls(struct daemon *d, struct errinfo *info)
{
    const struct settings *s = d->settings;

    if (!s->tls_cert[0] && !s->tls_key[0])
        return 0;
    if (!s->tls_cert[0] || !s->tls_key[0])
        return err_set(info, -LM_E_INVALID,
                       "TLS needs both tls.cert and tls.key; tls.%s is missing",
                       s->tls_cert[0] ? "key" : "cert");
    return tls_new(&d->tls, s->tls_cert, s->tls_key, info);
}

/* Clients are not given the descriptors that the journal, the store and keepers need. */
static void limit_connections(struct daemon *d)
{
    uint32_t max = d->settings->max_connections, each = d->settings->max_connections_per_address;
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};

    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t kept = limit.rlim_cur / 2 < DESCRIPTORS_KEPT ? limit.rlim_cur / 2 : DESCRIPTORS_KEPT;
    if (max > limit.rlim_cur - kept) {
        max = (uint32_t)(limit.rlim_cur - kept);
        diag_warn("At most %" PRIu32 " connections at a time, not %" PRIu32
                  ": this program may open %" PRIu64 " files (ulimit -n)",
                  max, d->settings->max_connections, (uint64_t)limit.rlim_cur);
    }
    d->peers = (struct peers){
        .max = max, .max_near = each ? each : max, .max_far = each ? each : max / 10 + 1};
}

static void adopt_doors(struct daemon *d)
{
    const struct settings *s = d->settings;

    if (d->inherited.local >= 0 &&
        listener_adopt(&d->loop, d->inherited.local, s->socket, true, on_accept, d, &d->local) < 0)
        d->local = NULL;
    if (d->inherited.tcp >= 0 &&
        listener_adopt(&d->loop, d->inherited.tcp, s->listen, false, on_accept, d, &d->tcp) < 0)
        d->tcp = NULL;
}

int daemon_open_doors(struct daemon *d, struct errinfo *info)
{
    int err = open_tls(d, info);

    limit_connections(d);
    adopt_doors(d);
    if (err == 0 && !d->local)
        err = listener_open_unix(&d->loop, d->settings->socket, on_accept, d, &d->local, info);
    if (err == 0 && !d->tcp && strcmp(d->settings->listen, "none") != 0)
        err = listener_open_tcp(&d->loop, d->settings->listen, d->settings->token_count > 0,
                                on_accept, d, &d->tcp, info);
    if (err == 0 && d->tcp && listener_is_open(d->tcp) && !d->tls)
        diag_warn("%s can be reached from other machines, and without TLS tokens and lines travel "
                  "in the clear: set tls.cert and tls.key, or let only a TLS proxy reach it",
                  listener_address(d->tcp));
    if (err == 0)
        ring_server_look(d->rings);
    return err;
}

void daemon_close_doors(struct daemon *d)
{
    if (d->upgrading) {
        d->next.tcp = listener_release(d->tcp);
        d->next.local = listener_release(d->local);
    } else {
        listener_close(d->tcp);
        listener_close(d->local);
    }
    d->tcp = d->local = NULL;
    LIST_FOR_EACH (link, &d->strangers)
        conn_close(LIST_ITEM(link, struct stranger, link)->conn, 0);
}

/* "Every address" is none to go to: this machine's own stands for it. */
static const char *reachable_address(const struct listener *ls, char out[128])
{
    struct str text = str_from(listener_address(ls)), any4 = STR("0.0.0.0:"), any6 = STR("[::]:");

    if (str_starts(text, any4))
        snprintf(out, 128, "127.0.0.1:%s", text.p + any4.n);
    else if (str_starts(text, any6))
        snprintf(out, 128, "[::1]:%s", text.p + any6.n);
    else
        snprintf(out, 128, "%s", text.p);
    return out;
}

void daemon_announce(struct daemon *d)
{
    char ticket[33], address[128];
    const struct process *p;

    if (d->said_url || d->stopping || !d->tcp)
        return;
    for (size_t i = 0; (p = supervise_at(d->supervise, i)); i++)
        if (p->configured && p->state == PROCESS_STARTING && p->restarts == 0 && !p->child_pid)
            return;
    d->said_url = true;
    supervise_unobserve(&d->start_watch);
    if (auth_ticket(d->auth, ticket) == 0)
        diag_private("Open http%s://%s/?ticket=%s", d->tls ? "s" : "",
                     reachable_address(d->tcp, address), ticket);
}
