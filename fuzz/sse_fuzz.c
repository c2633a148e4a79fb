/* SPDX-License-Identifier: MIT
 *
 * sse_fuzz.c - arbitrary bytes as an event stream: whole and cut in two they lead to the same
 * events. The first byte says where the cut is.
 */
#include "cli/sse_read.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_event(const struct sse_event *e, void *ctx)
{
    struct buf *seen = ctx;

    lm_assert(e->type.n > 0 && !memchr(e->type.p, '\n', e->type.n));
    buf_add_str(seen, e->type);
    buf_add_char(seen, '\n');
    buf_add_str(seen, e->data);
    buf_add_char(seen, '\0');
    return 0;
}

static void read_stream(struct str first, struct str second, struct buf *seen)
{
    struct sse_reader r = {.fn = on_event, .ctx = seen};

    lm_assert(sse_feed(&r, first) == 0 && sse_feed(&r, second) == 0);
    lm_assert(!r.last_id.n || !memchr(r.last_id.p, '\0', r.last_id.n));
    buf_add_str(seen, buf_str(&r.last_id));
    sse_restart(&r);
    lm_assert(r.line.n == 0 && r.data.n == 0 && str_eq(buf_str(&r.id), buf_str(&r.last_id)));
    sse_fini(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = {0}, cut = {0};

    if (size < 2)
        return 0;
    size_t at = data[0] * (size - 1) / 255;
    struct str stream = str_of((const char *)data + 1, size - 1);
    read_stream(stream, STR(""), &whole);
    read_stream(str_of(stream.p, at), str_of(stream.p + at, stream.n - at), &cut);
    lm_assert(str_eq(buf_str(&whole), buf_str(&cut)));
    buf_fini(&whole);
    buf_fini(&cut);
    return 0;
}
