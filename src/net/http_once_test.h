/* SPDX-License-Identifier: MIT
 *
 * http_once_test.h - one request over a connection of its own, for tests of what answers requests.
 */
#ifndef LM_NET_HTTP_ONCE_TEST_H
#define LM_NET_HTTP_ONCE_TEST_H

#include "net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Sends "<method> <target>" with these header lines (each with its CRLF; Connection is added) to a
 * server whose loop has nothing else to do. The answer is there with a terminator behind it;
 * returns its status. */
static inline int http_once(struct http_server *server, const char *method, const char *target,
                            const char *headers, char *answer, size_t size)
{
    static const struct conn_ops none = {0};
    int pair[2];
    size_t n = 0;
    ssize_t got;
    struct conn *c;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(conn_open(server->loop, pair[1], true, &none, NULL, &c), 0);
    assert_int_equal(http_serve(server, c), 0);
    dprintf(pair[0], "%s %s HTTP/1.1\r\nConnection: close\r\n%s\r\n", method, target, headers);
    shutdown(pair[0], SHUT_WR);
    loop_run(server->loop);
    while ((got = read(pair[0], answer + n, size - 1 - n)) > 0)
        n += (size_t)got;
    answer[n] = '\0';
    close(pair[0]);
    return atoi(answer + sizeof "HTTP/1.1");
}

#endif
