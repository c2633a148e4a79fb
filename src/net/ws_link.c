/* SPDX-License-Identifier: MIT
 *
 * ws_link.c - what every WebSocket needs, whatever is said over it.
 */
#include "net/ws_link.h"

#include "base/clock.h"

#include <errno.h>

enum {
    CLOSE_LINGER_MS = 1000,
    PONGS_PER_READ = 16,         /* a flood is answered with its last ping */
    PONG_UNSENT_MAX = 64 * 1024, /* who reads nothing gets no pongs */
};

static void send_frame(struct ws_link *w, enum ws_opcode opcode, struct str payload)
{
    uint8_t head[WS_HEADER_MAX];
    size_t head_n = ws_put_header(head, opcode, payload.n), n = head_n + payload.n;
    struct iovec pieces[2] = {conn_piece((char *)head, head_n), conn_piece(payload.p, payload.n)};
    ssize_t sent = conn_writev(w->conn, pieces, 2);

    if (sent < 0 || (size_t)sent == n)
        return;
    size_t of_head = (size_t)sent < head_n ? (size_t)sent : head_n;
    size_t of_payload = (size_t)sent - of_head;
    conn_write(w->conn, head + of_head, head_n - of_head);
    conn_write(w->conn, payload.p + of_payload, payload.n - of_payload);
}

void ws_link_send(struct ws_link *w, enum ws_opcode opcode, struct str payload)
{
    struct buf packed = {0};

    if (w->closing)
        return;
    if (w->window_bits == 0) {
        send_frame(w, opcode, payload);
        return;
    }
    ws_add_deflated(&packed, opcode, payload, w->window_bits);
    if (buf_error(&packed) == 0)
        conn_write(w->conn, packed.p, packed.n);
    else
        conn_close(w->conn, 0);
    buf_fini(&packed);
}

void ws_link_close(struct ws_link *w, uint16_t code, struct str reason)
{
    struct buf out = {0};

    if (w->closing)
        return;
    w->closing = true;
    if (w->ops->on_closing)
        w->ops->on_closing(w);
    ws_add_close(&out, code, reason);
    if (buf_error(&out) == 0)
        conn_write(w->conn, out.p, out.n);
    buf_fini(&out);
    conn_close(w->conn, CLOSE_LINGER_MS);
}

/* The first pings of a read are answered one by one; of what follows, the last. */
static void take_ping(struct ws_link *w, struct str payload)
{
    if (w->conn->out.n > PONG_UNSENT_MAX)
        return;
    if (w->pongs < PONGS_PER_READ) {
        w->pongs++;
        send_frame(w, WS_PONG, payload);
        return;
    }
    buf_clear(&w->watch->late_ping);
    ws_add_frame(&w->watch->late_ping, WS_PONG, payload);
}

static void answer_late_ping(struct ws_link *w)
{
    struct buf *late_ping = &w->watch->late_ping;

    if (late_ping->n && !w->closing)
        conn_write(w->conn, late_ping->p, late_ping->n);
    buf_fini(late_ping);
}

static int on_frame(enum ws_opcode opcode, struct str payload, uint16_t close_code, void *ctx)
{
    struct ws_link *w = ctx;

    if (opcode == WS_CLOSE)
        ws_link_close(w, close_code == WS_CLOSE_NONE ? WS_CLOSE_NORMAL : close_code, STR_NONE);
    else if (opcode == WS_PING)
        take_ping(w, payload);
    else if (opcode != WS_PONG)
        w->ops->on_message(w, opcode, payload);
    return w->closing;
}

static void conn_data(struct conn *c)
{
    struct ws_link *w = c->self;

    if (w->closing) {
        buf_clear(&c->in);
        return;
    }
    w->pongs = 0;
    w->pinged_us = 0;
    if (ws_feed(&w->reader, &c->in) < 0)
        ws_link_close(w, w->reader.close_code, STR_NONE);
    answer_late_ping(w);
    if (c->in.n == 0)
        buf_fini(&c->in); /* most of the time a client says nothing */
    if (!ws_is_unfinished(&w->reader))
        w->unfinished_us = 0;
    else if (w->unfinished_us == 0)
        w->unfinished_us = clock_mono_us();
}

static void conn_drained(struct conn *c)
{
    struct ws_link *w = c->self;

    if (!w->closing && w->ops->on_drained)
        w->ops->on_drained(w);
}

static void conn_gone(struct conn *c)
{
    struct ws_link *w = c->self;

    list_remove(&w->link);
    ws_reader_fini(&w->reader);
    w->closing = true;
    w->ops->on_gone(w);
}

/* --- the watch --- */

/* Is the ping still before a peer that is there and does not read? */
static bool is_on_its_way(const struct ws_link *w)
{
    return conn_kernel_unsent(w->conn) > 0 && !conn_is_lost(w->conn);
}

static void look_at(struct ws_link *w, int64_t now_us)
{
    const struct ws_watch *watch = w->watch;
    int64_t silence_us = now_us - w->conn->last_rx_us;

    if (watch->message_timeout_ms && w->unfinished_us &&
        now_us - w->unfinished_us > (int64_t)watch->message_timeout_ms * 1000) {
        ws_link_close(w, WS_CLOSE_POLICY, STR("a message was not finished in time"));
        return;
    }
    if (!watch->ping_interval_ms || silence_us < (int64_t)watch->ping_interval_ms * 1000)
        return;
    if (w->pinged_us == 0) {
        w->pinged_us = now_us;
        send_frame(w, WS_PING, STR_NONE);
    } else if (now_us - w->pinged_us > (int64_t)watch->ping_timeout_ms * 1000 &&
               !is_on_its_way(w)) {
        conn_close(w->conn, 0);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct ws_watch *watch = timer->data;
    int64_t now_us = clock_mono_us();

    LIST_FOR_EACH_SAFE (link, &watch->links) {
        struct ws_link *w = LIST_ITEM(link, struct ws_link, link);
        if (!w->closing)
            look_at(w, now_us);
    }
    if (list_empty(&watch->links))
        uv_timer_stop(timer);
}

void ws_watch_init(struct ws_watch *watch, struct loop *l, uint32_t ping_interval_ms,
                   uint32_t ping_timeout_ms, uint32_t message_timeout_ms)
{
    *watch = (struct ws_watch){
        .loop = l,
        .ping_interval_ms = ping_interval_ms,
        .ping_timeout_ms = ping_timeout_ms,
        .message_timeout_ms = message_timeout_ms,
    };
    list_init(&watch->links);
    uv_timer_init(&l->uv, &watch->timer);
    watch->timer.data = watch;
}

/* The shortest of the deadlines, cut in four, says how often to look. */
static uint64_t period_ms(const struct ws_watch *watch)
{
    const uint32_t deadlines[] = {watch->ping_interval_ms, watch->ping_timeout_ms,
                                  watch->message_timeout_ms};
    uint64_t least = 0;

    for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++)
        if (deadlines[i] && (least == 0 || deadlines[i] < least))
            least = deadlines[i];
    return least ? (least + 3) / 4 : 0;
}

static void watch_over(struct ws_watch *watch, struct ws_link *w)
{
    uint64_t period = period_ms(watch);

    list_push(&watch->links, &w->link);
    if (period && !uv_is_active((uv_handle_t *)&watch->timer))
        uv_timer_start(&watch->timer, on_timer, period, period);
}

void ws_watch_close(struct ws_watch *watch)
{
    uv_close((uv_handle_t *)&watch->timer, NULL);
}

void ws_link_open(struct ws_link *w, struct ws_watch *watch, struct conn *c,
                  const struct ws_link_ops *ops, const struct ws_limits *limits)
{
    static const struct conn_ops conn_ops = {conn_data, conn_drained, conn_gone};

    *w = (struct ws_link){
        .watch = watch, .conn = c, .ops = ops, .window_bits = (uint8_t)limits->window_bits};
    ws_reader_init(&w->reader, limits->message_max, on_frame, w);
    if (limits->fragments_max)
        w->reader.fragments_max = limits->fragments_max;
    w->reader.may_deflate = limits->window_bits > 0;
    watch_over(watch, w);
    c->ops = &conn_ops;
    c->self = w;
}

void ws_link_go(struct ws_link *w)
{
    if (w->conn->in.n)
        conn_data(w->conn);
    conn_pause_reading(w->conn, false);
}
