/* SPDX-License-Identifier: MIT
 *
 * http_pair_test.h - a server of HTTP with one connection, whose other end the test holds.
 */
#ifndef LM_NET_HTTP_PAIR_TEST_H
#define LM_NET_HTTP_PAIR_TEST_H

#include "net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Makes the loop, and serves one end of a pair of sockets with limits that suit a test; dispatch
 * and what belongs to it are set. Returns the other end. */
static inline int http_pair_open(struct loop *loop, struct http_server *server)
{
    static const struct conn_ops none = {0};
    int pair[2];
    struct conn *c;

    assert_int_equal(loop_init(loop), 0);
    server->loop = loop;
    server->body_max = 1000;
    server->head_timeout_ms = 200;
    server->idle_timeout_ms = 5000;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    assert_int_equal(conn_open(loop, pair[1], true, &none, NULL, &c), 0);
    assert_int_equal(http_serve(server, c), 0);
    return pair[0];
}

/* One turn of the loop, and what the server has sent by then, with a terminator behind it; nothing
 * is read with peer -1. False: the server has closed. */
static inline bool http_pair_pull(struct loop *loop, int peer, struct buf *answer)
{
    char part[65536];
    ssize_t n;

    uv_run(&loop->uv, UV_RUN_NOWAIT);
    while ((n = read(peer, part, sizeof part)) > 0)
        buf_add(answer, part, (size_t)n);
    assert_int_equal(buf_reserve(answer, 1), 0);
    answer->p[answer->n] = '\0';
    return n != 0;
}

#endif
