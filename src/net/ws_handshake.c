/* SPDX-License-Identifier: MIT
 *
 * ws_handshake.c - from a request to a WebSocket (RFC 6455, section 4.2).
 */
#include "net/ws_link.h"

#include <stdio.h>

/* Is `word` one of the comma-separated tokens of a header? */
static bool has_token(struct str list, const char *word)
{
    struct str rest = list;

    while (rest.p) {
        struct str token = str_trim(str_cut(rest, ',', &rest));
        if (str_eq_nocase(token, str_from(word)))
            return true;
    }
    return false;
}

bool ws_handshake_ok(struct http_req *req, const char *instead)
{
    char accept[29];

    if (!has_token(http_header(req, "connection"), "upgrade") ||
        !has_token(http_header(req, "upgrade"), "websocket")) {
        http_add_header(req, "Upgrade", "websocket");
        http_reply_error(req, 426, "upgrade_required", NULL, "this address speaks WebSocket%s",
                         instead);
        return false;
    }
    if (!str_is(http_header(req, "sec-websocket-version"), "13")) {
        http_add_header(req, "Sec-WebSocket-Version", "13");
        http_reply_error(req, 426, "upgrade_required", NULL,
                         "only version 13 of WebSocket is spoken here");
        return false;
    }
    if (req->method != HTTP_GET_M ||
        ws_accept_key(http_header(req, "sec-websocket-key"), accept) < 0) {
        http_reply_error(req, 400, "bad_handshake", NULL,
                         "Sec-WebSocket-Key must be 16 bytes in base64, in a GET request");
        return false;
    }
    return true;
}

bool ws_offers_protocol(const struct http_req *req, const char *name)
{
    return has_token(http_header(req, "sec-websocket-protocol"), name);
}

struct conn *ws_accept(struct http_req *req, const struct ws_terms *terms, int *window_bits)
{
    char accept[29], extension[WS_EXTENSION_MAX];
    struct buf head = {0};
    int bits = 0;

    int err = ws_accept_key(http_header(req, "sec-websocket-key"), accept);
    lm_assert(err == 0); /* ws_handshake_ok() said so */
    buf_printf(&head,
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: %s\r\n",
               accept);
    if (terms->protocol)
        buf_printf(&head, "Sec-WebSocket-Protocol: %s\r\n", terms->protocol);
    if (terms->least_window)
        bits = ws_deflate_agree(http_header(req, "sec-websocket-extensions"), terms->least_window,
                                extension);
    if (bits)
        buf_printf(&head, "Sec-WebSocket-Extensions: %s\r\n", extension);
    BUF_LIT(&head, "\r\n");
    struct conn *c = http_take_conn(req);
    if (buf_error(&head) == 0)
        conn_write(c, head.p, head.n);
    else
        conn_close(c, 0);
    buf_fini(&head);
    *window_bits = bits;
    return c;
}
