/* SPDX-License-Identifier: MIT
 *
 * supervise_stop.c - stopping one process, and all of them when the hub ends.
 *
 * The hub only asks: the keeper sends SIGTERM, waits, and kills the group and what has left it. It goes
 * on with that even if the hub dies in between.
 */
#include "base/clock.h"
#include "proc/supervise_private.h"

void stop_send(struct supervise *s, struct process *p)
{
    struct keeper_link *link = p->priv->link;
    struct buf frame = {0};

    frame_add_stop(&frame, s->opts.settings->stop_timeout_ms);
    if (link && buf_error(&frame) == 0)
        link->send(link, buf_str(&frame));
    buf_fini(&frame);
}

void life_stop(struct supervise *s, struct process *p)
{
    p->priv->asked = true;
    if (!p->priv->exited)
        process_set(s, p, PROCESS_STOPPING, "%s", "");
    stop_send(s, p);
}

void supervise_stop_all(struct supervise *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->stop_by_us =
        clock_mono_us() + (int64_t)s->opts.settings->stop_timeout_ms * 1000 + STOP_MARGIN_US;
    for (size_t i = s->count; i-- > 0;) {
        struct process *p = s->processes[i];
        if (!p->priv->by_hub && p->state != PROCESS_WAITING)
            continue;
        if (p->priv->keeper_runs)
            life_stop(s, p);
        else if (p->state == PROCESS_WAITING)
            process_set(s, p, PROCESS_EXITED, "%s", "not started again, as asked");
        p->priv->due_us = 0;
    }
    life_schedule(s);
}

bool stop_is_over(const struct supervise *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->processes[i]->priv->by_hub && s->processes[i]->priv->keeper_runs)
            return false;
    return true;
}
