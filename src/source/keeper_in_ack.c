/* SPDX-License-Identifier: MIT
 *
 * keeper_in_ack.c - telling keepers what they need not keep any longer.
 */
#include "source/keeper_in_impl.h"

enum {
    ACK_DELAY_MS = 100,       /* acknowledgements are gathered this long ... */
    ACK_AT_ONCE = 128 * 1024, /* ... unless this many bytes wait */
    REST_STEP_US = 500, /* for every so many keepers that write, each may collect so much ... */
    REST_KEEPERS = 2,
    REST_STEPS_MAX = 8, /* ... longer, up to 4 ms */
};

void ack_send(struct keeper *k, enum frame_type type, const struct run_position *p)
{
    struct buf out = {0};
    struct frame_ack ack = {p->stdout_n, p->stderr_n, p->flags, k->server->rest_us};

    frame_add_ack(&out, type, &ack);
    if (buf_error(&out) == 0) {
        conn_write(k->conn, out.p, out.n);
        k->acked = *p;
    }
    buf_fini(&out);
}

static bool is_news(const struct run_position *a, const struct run_position *b)
{
    return a->stdout_n != b->stdout_n || a->stderr_n != b->stderr_n || a->flags != b->flags;
}

/* Acknowledges what is durable; with group commit the newest position is often not yet, so one
 * older position is kept staged until it is. */
static void acknowledge(struct keeper *k, uint64_t acked_id)
{
    struct run_position now = keeper_position(k);

    if (!k->running || k->over || k->conn->out.n > 0)
        return; /* when it does not read: one acknowledgement for all as soon as it does */
    if (k->latest_id <= acked_id) {
        if (is_news(&now, &k->acked))
            ack_send(k, FRAME_ACK, &now);
        k->staged_id = 0;
        return;
    }
    if (k->staged_id && k->staged_id <= acked_id) {
        if (is_news(&k->staged, &k->acked))
            ack_send(k, FRAME_ACK, &k->staged);
        k->staged_id = 0;
    }
    if (!k->staged_id) {
        k->staged = now;
        k->staged_id = k->latest_id;
    }
}

void keeper_server_acked(struct keeper_server *s, uint64_t acked_id)
{
    LIST_FOR_EACH (link, &s->keepers)
        acknowledge(LIST_ITEM(link, struct keeper, link), acked_id);
}

void ack_now(struct keeper *k)
{
    const struct intake *in = &k->server->intake;
    acknowledge(k, in->acked_id(in->hub));
}

/* Each time a keeper sends, we wake; many that write line by line would cost more for that than for
 * their lines (docs/adr/0045). In steps, so that those who rest wake together. */
static uint32_t fair_rest_us(const struct keeper_server *s)
{
    uint32_t busy = 0;

    LIST_FOR_EACH (link, &s->keepers) {
        const struct keeper *k = LIST_ITEM(link, struct keeper, link);
        struct run_position now = keeper_position(k);
        busy += is_news(&now, &k->acked);
    }
    uint32_t steps = busy / REST_KEEPERS;
    return REST_STEP_US * (steps < REST_STEPS_MAX ? steps : REST_STEPS_MAX);
}

static void on_ack_timer(uv_timer_t *timer)
{
    struct keeper_server *s = timer->data;

    s->rest_us = fair_rest_us(s);
    keeper_server_acked(s, s->intake.acked_id(s->intake.hub));
}

void ack_soon(struct keeper *k)
{
    struct run_position now = keeper_position(k);
    uv_timer_t *timer = &k->server->ack_timer;
    uint64_t waiting = now.stdout_n - k->acked.stdout_n + now.stderr_n - k->acked.stderr_n;

    if (!is_news(&now, &k->acked))
        return;
    if (waiting >= ACK_AT_ONCE || k->flags != k->acked.flags)
        ack_now(k);
    else if (!uv_is_active((uv_handle_t *)timer))
        uv_timer_start(timer, on_ack_timer, ACK_DELAY_MS, 0);
}
