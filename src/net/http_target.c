/* SPDX-License-Identifier: MIT
 *
 * http_target.c - the address in a request: path and parameters, decoded once and for all.
 *
 * Handlers see text that is what it looks like: valid UTF-8, no control characters in the path, no
 * "..", no slash that came in disguise. So a path can be matched segment by segment, and what is
 * not in the table of routes is nowhere.
 */
#include "net/http_impl.h"

#include "record/utf8.h"

static bool refuse(struct http_refusal *why, int status, const char *message)
{
    *why = (struct http_refusal){status, message};
    return false;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %XX, and '+' when plus_is_space. False: a bad escape, NUL, or not UTF-8. */
static bool decode(struct arena *a, struct str raw, bool plus_is_space, struct str *ret,
                   struct http_refusal *why)
{
    char *out = arena_alloc(a, raw.n + 1);
    size_t n = 0;

    if (!out)
        return refuse(why, 503, "out of memory");
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        if (c == '%') {
            int high = i + 2 < raw.n ? hex_value(raw.p[i + 1]) : -1;
            int low = high >= 0 ? hex_value(raw.p[i + 2]) : -1;
            if (low < 0)
                return refuse(why, 400, "a % in the address is not followed by two hex digits");
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0')
            return refuse(why, 400, "the address holds a zero byte");
        out[n++] = c;
    }
    out[n] = '\0';
    *ret = str_of(out, n);
    if (utf8_valid_prefix(*ret) != n)
        return refuse(why, 400, "the address is not UTF-8");
    return true;
}

static bool has_encoded_slash(struct str raw)
{
    return str_find_nocase(raw, STR("%2f")) != SIZE_MAX;
}

static bool check_segments(struct str path, struct http_refusal *why)
{
    while (path.n) {
        struct str segment = str_cut(path, '/', &path);
        if (str_is(segment, ".") || str_is(segment, ".."))
            return refuse(why, 400, "the path holds . or ..");
    }
    return true;
}

static bool parse_path(struct http_req *req, struct str raw, struct http_refusal *why)
{
    if (has_encoded_slash(raw))
        return refuse(why, 400, "the path holds an encoded slash");
    if (!decode(&req->arena, raw, false, &req->path, why))
        return false;
    for (size_t i = 0; i < req->path.n; i++)
        if ((unsigned char)req->path.p[i] < 0x20 || req->path.p[i] == 0x7f)
            return refuse(why, 400, "the path holds a control character");
    return check_segments(req->path, why);
}

static bool parse_query(struct http_req *req, struct http_refusal *why)
{
    struct http_private *p = req->priv;
    struct str rest = req->query;

    if (rest.n == 0)
        return true;
    p->params = arena_alloc(&req->arena, HTTP_PARAMS_MAX * sizeof *p->params);
    if (!p->params)
        return refuse(why, 503, "out of memory");
    while (rest.n) {
        struct str value, piece = str_cut(rest, '&', &rest);
        struct str name = str_cut(piece, '=', &value);
        if (piece.n == 0)
            continue;
        if (p->param_count == HTTP_PARAMS_MAX)
            return refuse(why, 400, "more than 64 parameters in the address");
        struct http_field *param = &p->params[p->param_count++];
        if (!decode(&req->arena, name, true, &param->name, why) ||
            !decode(&req->arena, value, true, &param->value, why))
            return false;
    }
    return true;
}

/* "http://host/path" → "/path", when host is the one of the Host header. */
static bool strip_authority(const struct http_head *head, struct str *target,
                            struct http_refusal *why)
{
    static const size_t scheme_n = sizeof "http://" - 1;
    size_t end = scheme_n;

    if (target->n < scheme_n || !str_eq_nocase(str_of(target->p, scheme_n), STR("http://")))
        return refuse(why, 400, "the address must begin with /");
    while (end < target->n && target->p[end] != '/' && target->p[end] != '?')
        end++;
    if (!str_eq_nocase(str_of(target->p + scheme_n, end - scheme_n), head->host))
        return refuse(why, 400, "the address names another host than the Host header");
    *target = str_of(target->p + end, target->n - end);
    return true;
}

bool http_target_parse(const struct http_head *head, struct http_req *req, struct http_refusal *why)
{
    struct str target = head->target, path;

    for (size_t i = 0; i < target.n; i++)
        if (target.p[i] <= ' ' || target.p[i] > '~' || target.p[i] == '#')
            return refuse(why, 400, "the address holds a character that must be written as %XX");
    if (target.p[0] != '/' && !strip_authority(head, &target, why))
        return false;
    path = str_cut(target, '?', &req->query);
    return parse_path(req, path.n ? path : STR("/"), why) && parse_query(req, why);
}

bool http_query_at(struct http_req *req, size_t i, struct http_field *ret)
{
    if (i >= req->priv->param_count)
        return false;
    *ret = req->priv->params[i];
    return true;
}

struct str http_query(struct http_req *req, const char *name)
{
    for (size_t i = 0; i < req->priv->param_count; i++)
        if (str_is(req->priv->params[i].name, name))
            return req->priv->params[i].value;
    return STR_NONE;
}
