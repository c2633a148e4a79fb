/* SPDX-License-Identifier: MIT
 *
 * http_client.c - a blocking client on llhttp.
 */
#include "cli/http_client.h"

#include "cli/hub_link.h"

#include <errno.h>
#include <llhttp.h>

struct answer {
    const struct http_get *get;
    struct buf *body;
    llhttp_t parser;
    int stop; /* what on_body returned */
    bool complete;
};

static int send_request(struct hub_link *l, const struct target *t,
                        const struct target_place *place, const struct http_get *get)
{
    struct buf out = {0};
    struct str host = place ? place->authority : STR("localhost"),
               prefix = place ? place->prefix : STR("");

    buf_printf(&out,
               "%s %.*s%s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: logmill/" LOGMILL_VERSION
               "\r\nConnection: close\r\n%s",
               get->method ? get->method : "GET", STR_FMT(prefix), get->path, STR_FMT(host),
               get->headers ? get->headers : "");
    if (get->body.p)
        buf_printf(&out, "Content-Length: %zu\r\n", get->body.n);
    if (place && t->token)
        buf_printf(&out, "Authorization: Bearer %s\r\n", t->token);
    if (get->last_event_id)
        buf_printf(&out, "Last-Event-ID: %s\r\n", get->last_event_id);
    BUF_LIT(&out, "\r\n");
    buf_add_str(&out, get->body);
    int err = buf_error(&out);
    if (err == 0)
        err = hub_link_send(l, out.p, out.n);
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
static int read_piece(struct hub_link *l, struct answer *a)
{
    char piece[64 * 1024];
    ssize_t n = hub_link_recv(l, piece, sizeof piece);

    if (n < 0)
        return (int)n;
    if (n == 0) {
        llhttp_finish(&a->parser);
        bool cut = a->get->must_be_whole && !a->complete;
        return a->parser.status_code && !cut ? 0 : -ECONNRESET;
    }
    if (llhttp_execute(&a->parser, piece, (size_t)n) != HPE_OK && a->stop == 0)
        return -LM_E_PROTOCOL;
    return a->stop ? a->stop : !a->complete;
}

int http_client_get(const struct target *target, const struct http_get *get, struct buf *ret_body,
                    struct errinfo *info)
{
    static const llhttp_settings_t callbacks = {.on_body = on_body,
                                                .on_message_complete = on_complete};
    struct answer a = {.get = get, .body = ret_body};
    struct target_place place;
    struct hub_link link;
    int err = target->url ? target_read_url(target, &place, info) : 0;

    if (err == 0)
        err = hub_link_open(&link, target, target->url ? &place : NULL, get->silence_ms, info);
    if (err < 0)
        return err;
    llhttp_init(&a.parser, HTTP_RESPONSE, &callbacks);
    a.parser.data = &a;
    err = send_request(&link, target, target->url ? &place : NULL, get);
    if (err == 0)
        do
            err = read_piece(&link, &a);
        while (err > 0 && a.stop == 0);
    hub_link_close(&link);
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
