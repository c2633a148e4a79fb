/* SPDX-License-Identifier: MIT
 *
 * supervise_stop.c - stopping one process, and all of them when the hub ends.
 *
 * The hub only asks: the keeper sends SIGTERM, waits, and kills the group and what has left it. It
 * goes on with that even if the hub dies in between. When the hub ends, each process is asked once
 * nothing that runs depends on it any more, so the order is the reverse of that of the start.
 */
#include "base/clock.h"
#include "proc/supervise_impl.h"

static uint32_t patience_ms(const struct supervise *s, const struct process *p)
{
    uint32_t own = p->priv->conf ? p->priv->conf->stop_timeout_ms : 0;

    return own ? own : s->opts.settings->stop_timeout_ms;
}

void stop_send(struct supervise *s, struct process *p)
{
    struct keeper_link *link = p->priv->link;
    struct buf frame = {0};

    frame_add_stop(&frame, patience_ms(s, p));
    if (link && buf_error(&frame) == 0)
        link->send(link, buf_str(&frame));
    buf_fini(&frame);
}

void life_stop(struct supervise *s, struct process *p)
{
    p->priv->asked = true;
    health_end(p);
    if (!p->priv->exited)
        process_set(s, p, PROCESS_STOPPING, "%s", p->priv->sick ? p->reason : "");
    stop_send(s, p);
}

void stop_go_on(struct supervise *s)
{
    for (size_t i = s->count; i-- > 0;) {
        struct process *p = s->processes[i];
        if (!p->priv->stop_later || order_is_needed(s, p))
            continue;
        p->priv->stop_later = false;
        int64_t by_us = clock_mono_us() + (int64_t)patience_ms(s, p) * 1000 + STOP_MARGIN_US;
        if (by_us > s->stop_by_us)
            s->stop_by_us = by_us;
        if (p->priv->keeper_runs)
            life_stop(s, p);
    }
}

void supervise_stop_all(struct supervise *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->stop_by_us = clock_mono_us() + STOP_MARGIN_US;
    for (size_t i = s->count; i-- > 0;) {
        struct process *p = s->processes[i];
        p->priv->again = false;
        p->priv->pended = false;
        p->priv->stop_later = p->priv->by_hub && p->priv->keeper_runs;
        if (p->state == PROCESS_WAITING)
            process_set(s, p, PROCESS_EXITED, "%s", "not started again, as asked");
        p->priv->due_us = 0;
    }
    stop_go_on(s);
    life_schedule(s);
}

bool stop_is_over(const struct supervise *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->processes[i]->priv->by_hub && s->processes[i]->priv->keeper_runs)
            return false;
    return true;
}
