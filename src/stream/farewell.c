/* SPDX-License-Identifier: MIT
 *
 * farewell.c - the hub stops: everybody gets what was published, then a goodbye.
 *
 * Most have it already. Who is behind, since it reads slowly at this moment or the machine is busy, is waited
 * for, but no longer than PATIENCE_MS: who reads nothing holds up nobody's end. Who replays is let go where it
 * is, and resumes there. A connection of many subscriptions is said goodbye to once, when none of them is owed
 * anything.
 */
#include "stream/fanout_impl.h"

enum { PATIENCE_MS = 1000 };

/* Bytes are on their way that the socket has not taken. */
static bool is_owed(const struct sub *sub)
{
    return sub->state == SUB_LIVE && sub->blocked;
}

static bool others_are_owed(const struct sub *sub)
{
    LIST_FOR_EACH (link, &sub->fanout->subs) {
        const struct sub *other = LIST_ITEM(link, struct sub, link);
        if (other->out == sub->out && is_owed(other))
            return true;
    }
    return false;
}

static void let_go(struct sub *sub)
{
    if (sub->state != SUB_REFUSED)
        sub_say_goodbye(sub, 1001, STR("the hub is stopping"));
}

static void on_patience_over(uv_timer_t *timer)
{
    struct fanout *s = timer->data;

    LIST_FOR_EACH_SAFE (link, &s->subs)
        let_go(LIST_ITEM(link, struct sub, link));
}

void farewell_go_on(struct sub *sub)
{
    if (!is_owed(sub) && !(sub->shared && others_are_owed(sub)))
        let_go(sub);
}

void farewell_end(struct fanout *s)
{
    ws_watch_close(&s->watch);
    uv_close((uv_handle_t *)&s->heartbeat, NULL);
}

void farewell_begin(struct fanout *s)
{
    if (s->sub_count == 0) {
        farewell_end(s);
        return;
    }
    uv_timer_start(&s->heartbeat, on_patience_over, PATIENCE_MS, 0);
    LIST_FOR_EACH (link, &s->subs) {
        const struct sub *sub = LIST_ITEM(link, struct sub, link);
        sub->out->owed = sub->out->owed || is_owed(sub);
    }
    LIST_FOR_EACH_SAFE (link, &s->subs) {
        struct sub *sub = LIST_ITEM(link, struct sub, link);
        if (!sub->out->owed)
            let_go(sub);
    }
}
