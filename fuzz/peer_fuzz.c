/* SPDX-License-Identifier: MIT
 *
 * peer_fuzz.c - a hostile caller of a manager: arbitrary bytes to handlers of every kind. What must
 * hold: no memory error, whole frames out, at most one last answer for each call.
 */
#include <logmill/manager.h>

#include "base/map.h"
#include "ipc/call_frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct link {
    struct buf out;
    struct lm_peer *peer;
    bool closed;
};

static ssize_t write_out(void *self, const struct iovec *iov, int n)
{
    struct link *l = self;
    size_t sum = 0;

    for (int i = 0; i < n; sum += iov[i++].iov_len)
        buf_add(&l->out, iov[i].iov_base, iov[i].iov_len);
    return (ssize_t)sum;
}

static void pause_it(void *self, bool paused)
{
    (void)self;
    (void)paused;
}

static void close_it(void *self)
{
    ((struct link *)self)->closed = true;
}

static void echo(struct lm_call call, void *ctx)
{
    struct lm_str back[64];
    uint32_t n = lm_call_attachments(call);
    char text[64];

    (void)ctx;
    (void)lm_json_get_text(lm_call_args(call), "a", text, sizeof text);
    for (uint32_t i = 0; i < n; i++)
        back[i] = lm_call_attachment(call, i);
    (void)lm_reply_with(call, lm_call_args(call), back, n);
}

static void echo_all(const struct lm_call *calls, size_t n, void *ctx)
{
    for (size_t i = 0; i < n; i++)
        echo(calls[i], ctx);
}

static int walk_open(struct lm_call call, void *ctx, void **ret_state)
{
    (void)call;
    (void)ctx;
    *ret_state = calloc(1, sizeof(int));
    return *ret_state ? 0 : -1;
}

static enum lm_next walk_next(struct lm_call call, void *state)
{
    int *at = state;

    if (*at >= 40)
        return LM_NEXT_END;
    if (lm_stream_item(call, LM_STR("\"item\"")) == 0)
        (*at)++;
    return LM_NEXT_MORE;
}

static void check_answers(const struct link *l)
{
    struct str rest = buf_str(&l->out);
    struct map ended = {0};
    struct frame f;
    int64_t n;

    while ((n = frame_read(rest, UINT32_MAX, &f)) > 0) {
        bool last = f.type == FRAME_FAILURE ||
                    (f.type == FRAME_RESULT && !(f.flags & RESULT_STREAM)) ||
                    (f.type == FRAME_CHUNK && (f.flags & CHUNK_LAST));
        struct str key = str_of((const char *)&f.request, sizeof f.request);
        lm_assert(f.type == FRAME_HELLO || f.type == FRAME_ERROR || !map_find(&ended, key));
        if (last)
            lm_assert(map_put(&ended, key, &ended) == 0);
        rest = str_of(rest.p + n, rest.n - (size_t)n);
    }
    lm_assert(rest.n == 0);
    map_fini(&ended);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lm_peer_ops ops = {
        .write = write_out, .pause = pause_it, .close = close_it};
    static const struct lm_stream_ops walk = {walk_open, walk_next, free};
    static const struct {
        const char *name;
        struct lm_handler handler;
    } all[] = {{"a", {.call = echo, .cacheable = true}},
               {"b", {.batch = echo_all, .batch_size = 3, .batch_by = "a"}},
               {"s", {.stream = &walk, .chunk_size = 7}},
               {"v",
                {.call = echo,
                 .schema = "{\"type\":[\"object\",\"array\"],\"properties\":{\"a\":{\"type\":"
                           "\"string\",\"maxLength\":3},\"b\":{\"enum\":[1,\"x\",[2]]}},"
                           "\"items\":{\"type\":\"integer\",\"maximum\":9},\"maxItems\":4}"}}};
    struct lm_manager *m;
    struct link l = {0};
    struct lm_caller who = {.name = "fuzz"};

    if (lm_manager_new(&m, NULL) < 0)
        return 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        lm_assert(lm_manager_register(m, all[i].name, &all[i].handler, NULL) == 0);
    lm_assert(lm_peer_attach(m, &who, &ops, &l, &l.peer) == 0);
    size_t taken = lm_peer_feed(l.peer, (const char *)data, size);
    lm_assert(taken <= size);
    for (int i = 0; i < 3; i++)
        lm_assert(lm_manager_dispatch(m, 0) >= 0);
    check_answers(&l);
    lm_peer_detach(l.peer);
    lm_manager_free(m);
    buf_fini(&l.out);
    return 0;
}
