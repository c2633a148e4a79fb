/* SPDX-License-Identifier: MIT
 *
 * sse_read.c - line by line; an empty line dispatches.
 */
#include "cli/sse_read.h"

enum { LINE_MAX_BYTES = 16 * 1024 * 1024 };

static int dispatch(struct sse_reader *r)
{
    int stop = 0;

    buf_clear(&r->last_id);
    buf_add_str(&r->last_id, buf_str(&r->id));
    if (buf_error(&r->last_id) < 0)
        return buf_error(&r->last_id);
    if (r->data.n > 0) {
        struct sse_event e = {.type = r->type.n ? buf_str(&r->type) : STR("message"),
                              .data = str_of(r->data.p, r->data.n - 1)};
        stop = r->fn(&e, r->ctx);
    }
    buf_clear(&r->type);
    buf_clear(&r->data);
    return stop;
}

static int take_line(struct sse_reader *r)
{
    struct str value, line = buf_str(&r->line);

    if (line.n == 0)
        return dispatch(r);
    struct str name = str_cut(line, ':', &value);
    if (value.n && value.p[0] == ' ')
        value = str_of(value.p + 1, value.n - 1);
    if (str_is(name, "data")) {
        buf_add_str(&r->data, value);
        buf_add_char(&r->data, '\n');
    } else if (str_is(name, "event")) {
        buf_clear(&r->type);
        buf_add_str(&r->type, value);
    } else if (str_is(name, "id") && (value.n == 0 || !memchr(value.p, '\0', value.n))) {
        buf_clear(&r->id);
        buf_add_str(&r->id, value);
    }
    if (r->data.n > LINE_MAX_BYTES)
        return -LM_E_FULL;
    return buf_error(&r->data) | buf_error(&r->type) | buf_error(&r->id);
}

/* Bytes before the next line end. */
static size_t plain_run(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != '\n' && s.p[n] != '\r')
        n++;
    return n;
}

int sse_feed(struct sse_reader *r, struct str bytes)
{
    int stop = 0;

    for (size_t i = 0; i < bytes.n && stop == 0; i++) {
        char c = bytes.p[i];
        bool skip = c == '\n' && r->skip_lf;
        r->skip_lf = c == '\r';
        if (skip)
            continue;
        if (c != '\n' && c != '\r') {
            size_t n = plain_run(str_of(bytes.p + i, bytes.n - i));
            buf_add(&r->line, bytes.p + i, n);
            i += n - 1;
            if (r->line.n > LINE_MAX_BYTES)
                return -LM_E_FULL;
            continue;
        }
        stop = take_line(r);
        buf_clear(&r->line);
    }
    return stop ? stop : buf_error(&r->line);
}

void sse_restart(struct sse_reader *r)
{
    buf_clear(&r->line);
    buf_clear(&r->type);
    buf_clear(&r->data);
    buf_clear(&r->id);
    buf_add_str(&r->id, buf_str(&r->last_id));
    r->skip_lf = false;
}

void sse_fini(struct sse_reader *r)
{
    buf_fini(&r->line);
    buf_fini(&r->type);
    buf_fini(&r->data);
    buf_fini(&r->id);
    buf_fini(&r->last_id);
}
