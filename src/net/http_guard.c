/* SPDX-License-Identifier: MIT
 *
 * http_guard.c - reading the head of a request, line by line, giving nothing the benefit of doubt.
 */
#include "net/http_guard.h"

static bool refuse(struct http_refusal *why, int status, const char *message)
{
    *why = (struct http_refusal){status, message};
    return false;
}

static bool is_alpha(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A character of a method or of a field's name (RFC 9110, 5.6.2). */
static bool is_token_char(char c)
{
    return is_alpha(c) || is_digit(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_char(s.p[i]))
            return false;
    return s.n > 0;
}

/* One byte of the head that is neither CR nor LF, and what came before it. */
static bool byte_may_stand(char c, char before, struct http_refusal *why)
{
    if (before == '\r')
        return refuse(why, 400, "a carriage return without a line feed");
    if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
        return refuse(why, 400, "a control character in the head of the request");
    return true;
}

/* The length of the head when the line that ends at scan->at was the empty one. */
static size_t end_line(struct http_scan *scan, char before, struct http_refusal *why)
{
    if (before != '\r') {
        refuse(why, 400, "a line feed without a carriage return");
        return 0;
    }
    if (scan->at == scan->line_start + 1)
        return scan->at + 1;
    scan->lines++;
    scan->line_start = scan->at + 1;
    return 0;
}

size_t http_head_scan(struct http_scan *scan, struct str bytes, struct http_refusal *why)
{
    if (bytes.n && !is_token_char(bytes.p[0])) {
        refuse(why, 400, "this does not begin like an HTTP request");
        return 0;
    }
    for (; scan->at < bytes.n && scan->at < HTTP_HEAD_MAX; scan->at++) {
        char c = bytes.p[scan->at];
        char before = scan->at ? bytes.p[scan->at - 1] : '\0';
        if (c == '\n') {
            size_t n = end_line(scan, before, why);
            if (n || why->status)
                return n;
        } else if (c == '\r' ? before == '\r' : !byte_may_stand(c, before, why)) {
            if (!why->status)
                refuse(why, 400, "two carriage returns in a row");
            return 0;
        }
    }
    /* The method and the version take less than what is added here. */
    if (scan->lines == 0 && scan->at > HTTP_TARGET_MAX + 64)
        refuse(why, 414, "the address is longer than 8 KiB");
    else if (scan->at == HTTP_HEAD_MAX)
        refuse(why, 431, "the head of the request is larger than 16 KiB");
    return 0;
}

static enum http_method method_of(struct str name)
{
    static const char *const names[] = {
        [HTTP_GET_M] = "GET", [HTTP_HEAD_M] = "HEAD",     [HTTP_POST_M] = "POST",
        [HTTP_PUT_M] = "PUT", [HTTP_DELETE_M] = "DELETE", [HTTP_OPTIONS_M] = "OPTIONS",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is(name, names[i]))
            return (enum http_method)i;
    return HTTP_OTHER_M;
}

/* "HTTP/1.1". Anything that looks like a version is 505, anything else is not HTTP. */
static bool parse_version(struct str version, struct http_head *h, struct http_refusal *why)
{
    if (version.n != 8 || !str_starts(version, STR("HTTP/")) || !is_digit(version.p[5]) ||
        version.p[6] != '.' || !is_digit(version.p[7]))
        return refuse(why, 400, "the first line must be METHOD TARGET HTTP/1.1");
    if (version.p[5] != '1' || version.p[7] > '1')
        return refuse(why, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    h->keep_alive = version.p[7] == '1';
    return true;
}

static bool parse_request_line(struct str line, struct http_head *h, struct http_refusal *why)
{
    struct str rest, version;

    h->method_name = str_cut(line, ' ', &rest);
    h->target = str_cut(rest, ' ', &version);
    if (!is_token(h->method_name) || h->target.n == 0)
        return refuse(why, 400, "the first line must be METHOD TARGET HTTP/1.1");
    if (!parse_version(version, h, why))
        return false;
    if (h->target.n > HTTP_TARGET_MAX)
        return refuse(why, 414, "the address is longer than 8 KiB");
    if (str_is(h->method_name, "CONNECT"))
        return refuse(why, 501, "this is not a proxy");
    h->method = method_of(h->method_name);
    return true;
}

static bool parse_field(struct str line, struct http_field *ret, struct http_refusal *why)
{
    struct str value;

    if (line.p[0] == ' ' || line.p[0] == '\t')
        return refuse(why, 400, "a header may not be folded over several lines");
    ret->name = str_cut(line, ':', &value);
    if (ret->name.n == line.n || !is_token(ret->name))
        return refuse(why, 400,
                      "a header line must be NAME: VALUE, without space before the colon");
    ret->value = value.n ? str_trim(value) : STR("");
    return true;
}

/* Is `token` one of the comma-separated words of value? */
static bool has_word(struct str value, const char *token)
{
    while (value.n) {
        struct str word = str_trim(str_cut(value, ',', &value));
        if (str_eq_nocase(word, str_from(token)))
            return true;
    }
    return false;
}

static bool take_length(struct str value, struct http_head *h, struct http_refusal *why)
{
    if (h->has_length)
        return refuse(why, 400, "more than one Content-Length");
    h->has_length = true;
    for (size_t i = 0; i < value.n; i++)
        if (!is_digit(value.p[i]))
            return refuse(why, 400, "Content-Length is not a number");
    if (value.n == 0)
        return refuse(why, 400, "Content-Length is not a number");
    if (!str_to_u64(value, &h->content_length))
        return refuse(why, 413, "Content-Length is beyond any limit");
    return true;
}

static bool take_host(struct str value, struct http_head *h, struct http_refusal *why)
{
    if (h->host.p)
        return refuse(why, 400, "more than one Host");
    for (size_t i = 0; i < value.n; i++)
        if (!is_alpha(value.p[i]) && !is_digit(value.p[i]) && !strchr("-._~:[]%", value.p[i]))
            return refuse(why, 400, "Host holds a character that no host has");
    h->host = value;
    return true;
}

/* The headers that decide where this request ends and whether another may follow. */
static bool take_field(const struct http_field *f, struct http_head *h, struct http_refusal *why)
{
    if (str_eq_nocase(f->name, STR("host")))
        return take_host(f->value, h, why);
    if (str_eq_nocase(f->name, STR("content-length")))
        return take_length(f->value, h, why);
    if (str_eq_nocase(f->name, STR("transfer-encoding"))) {
        if (h->chunked)
            return refuse(why, 400, "more than one Transfer-Encoding");
        if (!str_eq_nocase(f->value, STR("chunked")))
            return refuse(why, 501, "the only Transfer-Encoding known here is chunked");
        h->chunked = true;
    } else if (str_eq_nocase(f->name, STR("connection"))) {
        if (has_word(f->value, "close"))
            h->keep_alive = false;
    } else if (str_eq_nocase(f->name, STR("expect"))) {
        if (!str_eq_nocase(f->value, STR("100-continue")))
            return refuse(why, 417, "the only expectation known here is 100-continue");
        h->expects_continue = true;
    }
    return true;
}

/* A Transfer-Encoding that we do not know is 501, but beside a Content-Length it is an attack. */
static bool names_both_framings(const struct http_req *req)
{
    return http_header(req, "content-length").p && http_header(req, "transfer-encoding").p;
}

static bool check_framing(const struct http_head *h, bool is_1_1, struct http_refusal *why)
{
    if (is_1_1 && !h->host.p)
        return refuse(why, 400, "Host is missing");
    if (!is_1_1 && h->chunked)
        return refuse(why, 400, "HTTP/1.0 knows no Transfer-Encoding");
    return true;
}

static struct str next_line(struct str *rest)
{
    struct str line = str_cut(*rest, '\n', rest);
    return str_of(line.p, line.n ? line.n - 1 : 0);
}

bool http_head_parse(struct str bytes, struct http_head *ret, struct http_req *req,
                     struct http_refusal *why)
{
    struct http_head h = {0};
    struct str rest = bytes;

    if (!parse_request_line(next_line(&rest), &h, why))
        return false;
    bool is_1_1 = h.keep_alive;
    for (struct str line = next_line(&rest); line.n; line = next_line(&rest)) {
        if (req->field_count == HTTP_FIELDS_MAX)
            return refuse(why, 431, "more than 64 headers");
        if (!parse_field(line, &req->fields[req->field_count], why))
            return false;
        req->field_count++;
    }
    if (names_both_framings(req))
        return refuse(why, 400, "Content-Length and Transfer-Encoding together");
    for (uint32_t i = 0; i < req->field_count; i++)
        if (!take_field(&req->fields[i], &h, why))
            return false;
    if (!check_framing(&h, is_1_1, why))
        return false;
    *ret = h;
    return true;
}
