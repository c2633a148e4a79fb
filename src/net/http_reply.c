/* SPDX-License-Identifier: MIT
 *
 * http_reply.c - answers, and what a handler may ask about its request.
 */
#include "net/http_impl.h"

#include "base/clock.h"
#include "record/json.h"
#include "record/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* The statuses this server gives, with the words of the standard and ours for JSON. */
static const struct status {
    int status;
    const char *reason, *code;
} statuses[] = {
    {101, "Switching Protocols", "ok"},
    {200, "OK", "ok"},
    {201, "Created", "ok"},
    {204, "No Content", "ok"},
    {206, "Partial Content", "ok"},
    {303, "See Other", "see_other"},
    {304, "Not Modified", "ok"},
    {400, "Bad Request", "bad_request"},
    {401, "Unauthorized", "unauthorized"},
    {403, "Forbidden", "forbidden"},
    {404, "Not Found", "not_found"},
    {405, "Method Not Allowed", "method_not_allowed"},
    {408, "Request Timeout", "timeout"},
    {410, "Gone", "gone"},
    {413, "Content Too Large", "too_large"},
    {414, "URI Too Long", "address_too_long"},
    {415, "Unsupported Media Type", "unsupported_media_type"},
    {416, "Range Not Satisfiable", "bad_range"},
    {417, "Expectation Failed", "expectation_failed"},
    {421, "Misdirected Request", "wrong_host"},
    {426, "Upgrade Required", "upgrade_required"},
    {429, "Too Many Requests", "too_many_requests"},
    {431, "Request Header Fields Too Large", "head_too_large"},
    {500, "Internal Server Error", "internal"},
    {501, "Not Implemented", "not_implemented"},
    {503, "Service Unavailable", "unavailable"},
    {505, "HTTP Version Not Supported", "version"},
    {507, "Insufficient Storage", "no_space"},
};

static const struct status *find_status(int status)
{
    static const struct status other = {0, "Status", "error"};

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].status == status)
            return &statuses[i];
    return &other;
}

static void add_status_line(struct buf *out, int status)
{
    char date[40];
    time_t now = (time_t)(clock_wall_us() / 1000000);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    buf_printf(out,
               "HTTP/1.1 %d %s\r\nDate: %s\r\nX-Content-Type-Options: nosniff\r\n"
               "Referrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n",
               status, find_status(status)->reason, date);
}

static void add_error_json(struct buf *out, const char *code, struct str message,
                           const char *details)
{
    struct buf clean = {0};

    utf8_add_clean(&clean, message);
    BUF_LIT(out, "{\"error\":{\"code\":");
    json_add_string(out, str_from(code));
    BUF_LIT(out, ",\"message\":");
    json_add_string(out, buf_str(&clean));
    if (details)
        buf_printf(out, ",\"details\":%s", details);
    BUF_LIT(out, "}}\n");
    out->failed |= clean.failed;
    buf_fini(&clean);
}

void http_add_refusal(struct buf *out, const struct http_refusal *why)
{
    struct buf body = {0};

    add_error_json(&body, find_status(why->status)->code, str_from(why->message), NULL);
    add_status_line(out, why->status);
    buf_printf(out,
               "Cache-Control: no-store\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\nConnection: close\r\n\r\n",
               body.n);
    buf_add_str(out, buf_str(&body));
    buf_fini(&body);
}

void http_add_header(struct http_req *req, const char *name, const char *value)
{
    struct http_private *p = req->priv;

    lm_assert(!p->answered && !p->taken);
    lm_assert(strpbrk(name, "\r\n: ") == NULL && strpbrk(value, "\r\n") == NULL);
    if (str_eq_nocase(str_from(name), STR("cache-control")))
        p->has_cache_control = true;
    buf_printf(&p->extra, "%s: %s\r\n", name, value);
}

static bool has_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

/* Head and body leave in one system call when the socket takes them. What it does not take of the
 * body is taken out of `own`, where the body is, or copied when that is NULL. */
static void send_answer(struct conn *c, struct str head, struct str body, struct buf *own)
{
    struct iovec pieces[2] = {conn_piece(head.p, head.n), conn_piece(body.p, body.n)};
    ssize_t n = conn_writev(c, pieces, 2);

    if (n < 0)
        return;
    size_t sent = (size_t)n, of_head = sent < head.n ? sent : head.n;
    conn_write(c, head.p + of_head, head.n - of_head);
    size_t of_body = sent - of_head;
    if (own && body.n)
        conn_write_buf(c, own, of_body);
    else
        conn_write(c, body.p + of_body, body.n - of_body);
}

/* Everything about an answer that does not depend on what it says. */
static void add_standing_head(struct buf *out, const struct http_req *req, int status)
{
    add_status_line(out, status);
    if (req->vary_origin)
        BUF_LIT(out, "Vary: Origin\r\n");
    if (req->cors_origin.p) {
        buf_printf(out,
                   "Access-Control-Allow-Origin: %.*s\r\n"
                   "Access-Control-Expose-Headers: Content-Disposition, ETag, Retry-After\r\n",
                   STR_FMT(req->cors_origin));
        if (!str_is(req->cors_origin, "*"))
            BUF_LIT(out, "Access-Control-Allow-Credentials: true\r\n");
    }
    buf_add_str(out, buf_str(&req->priv->extra));
}

void http_write_head(struct http_req *req, int status, const char *content_type, struct buf *head)
{
    struct http_private *p = req->priv;

    lm_assert(!p->answered && !p->taken);
    if (p->hc)
        http_count_answer(p->hc->server, status);
    if (p->body_open)
        req->keep_alive =
            false; /* what is still to come of the body cannot be told from a request */
    add_standing_head(head, req, status);
    head->failed |= p->extra.failed;
    if (!p->has_cache_control)
        BUF_LIT(head, "Cache-Control: no-store\r\n");
    if (content_type)
        buf_printf(head, "Content-Type: %s\r\n", content_type);
    if (!req->keep_alive)
        BUF_LIT(head, "Connection: close\r\n");
}

static void reply(struct http_req *req, int status, const char *content_type, struct str body,
                  struct buf *own)
{
    struct http_private *p = req->priv;
    struct buf head = {0};

    http_write_head(req, status, content_type, &head);
    if (!has_no_body(status))
        buf_printf(&head, "Content-Length: %zu\r\n", body.n);
    BUF_LIT(&head, "\r\n");
    if (req->method == HTTP_HEAD_M || has_no_body(status))
        body = STR_NONE;
    p->answered = true;
    if (req->conn && head.failed)
        conn_close(req->conn, 0);
    else if (req->conn)
        send_answer(req->conn, buf_str(&head), body, own);
    buf_fini(&head);
    http_req_over(req);
}

void http_reply(struct http_req *req, int status, const char *content_type, struct str body)
{
    reply(req, status, content_type, body, NULL);
}

void http_reply_buf(struct http_req *req, int status, const char *content_type, struct buf *body)
{
    reply(req, status, content_type, buf_str(body), body);
    buf_fini(body);
}

void http_reply_error(struct http_req *req, int status, const char *code, const char *details,
                      const char *message, ...)
{
    struct buf body = {0};
    char text[1024];
    va_list args;

    va_start(args, message);
    vsnprintf(text, sizeof text, message, args);
    va_end(args);
    add_error_json(&body, code, str_from(text), details);
    http_reply(req, status, "application/json", buf_str(&body));
    buf_fini(&body);
}

struct str http_header(const struct http_req *req, const char *name)
{
    for (uint32_t i = 0; i < req->field_count; i++)
        if (str_eq_nocase(req->fields[i].name, str_from(name)))
            return req->fields[i].value;
    return STR_NONE;
}

struct str http_cookie(const struct http_req *req, const char *name)
{
    for (uint32_t i = 0; i < req->field_count; i++) {
        struct str rest = req->fields[i].value;
        if (!str_eq_nocase(req->fields[i].name, STR("cookie")))
            continue;
        while (rest.n) {
            struct str value, pair = str_trim(str_cut(rest, ';', &rest));
            if (str_is(str_cut(pair, '=', &value), name) && value.p)
                return value;
        }
    }
    return STR_NONE;
}
