/* SPDX-License-Identifier: MIT
 *
 * ws_handshake.c - from a request to a WebSocket (RFC 6455, section 4.2).
 *
 * Threads: loop thread. Owns: nothing.
 */
#include "net/ws_link.h"

#include <openssl/evp.h>

static bool is_base64_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

int ws_accept_key(struct str key, char out[29])
{
    enum { KEY_N = 24, KEY_DIGITS = 22, SHA1_N = 20 };
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_N + sizeof guid - 1];
    unsigned char hash[EVP_MAX_MD_SIZE];

    if (key.n != KEY_N || memcmp(key.p + KEY_DIGITS, "==", 2) != 0)
        return -LM_E_SYNTAX;
    for (size_t i = 0; i < KEY_DIGITS; i++)
        if (!is_base64_char(key.p[i]))
            return -LM_E_SYNTAX;
    memcpy(text, key.p, KEY_N);
    memcpy(text + KEY_N, guid, sizeof guid - 1);
    if (EVP_Digest(text, sizeof text, hash, NULL, EVP_sha1(), NULL) != 1)
        return -ENOMEM;
    EVP_EncodeBlock((unsigned char *)out, hash, SHA1_N);
    return 0;
}

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
