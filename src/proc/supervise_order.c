/* SPDX-License-Identifier: MIT
 *
 * supervise_order.c - depends_on: who may start, and who is stopped first.
 *
 * A process may start when each one it depends on is running and ready, or has done its work: it
 * ended with code 0 by itself. (A task says `ready: {exit: 0}`; then running is not enough.) That
 * is asked once, at the start; a dependency that dies later takes nobody with it. That there is no
 * circle was checked when the configuration was read.
 */
#include "proc/supervise_impl.h"

#include <stdio.h>

static bool has_dependencies(const struct process *p)
{
    return p->priv->conf && p->priv->conf->depends_on;
}

static bool depends_on(const struct process *p, const char *name)
{
    if (!has_dependencies(p))
        return false;
    for (char **at = p->priv->conf->depends_on; *at; at++)
        if (strcmp(*at, name) == 0)
            return true;
    return false;
}

static const struct process *find_configured(const struct supervise *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->processes[i]->configured && strcmp(s->processes[i]->name, name) == 0)
            return s->processes[i];
    return NULL;
}

static bool is_done(const struct process *p)
{
    return p->state == PROCESS_EXITED && p->exit.known && p->exit.code == 0 && !p->priv->asked;
}

static bool is_up(const struct process *p)
{
    bool is_task = p->priv->conf && p->priv->conf->ready.kind == CHECK_EXIT;

    return p->state == PROCESS_RUNNING && !is_task;
}

bool order_allows(const struct supervise *s, const struct process *p, char ret_why[160])
{
    if (!has_dependencies(p))
        return true;
    for (char **at = p->priv->conf->depends_on; *at; at++) {
        const struct process *needed = find_configured(s, *at);
        if (!needed || is_up(needed) || is_done(needed))
            continue;
        snprintf(ret_why, 160, "waits for %s, which is %s", needed->name,
                 process_state_name(needed->state));
        return false;
    }
    return true;
}

void order_kick(struct supervise *s, const struct process *p)
{
    for (size_t i = 0; i < s->count && p->configured; i++) {
        struct process *q = s->processes[i];
        if (q->priv->pended && depends_on(q, p->name))
            q->priv->due_us = 1; /* at once */
    }
}

bool order_is_needed(const struct supervise *s, const struct process *p)
{
    for (size_t i = 0; i < s->count && p->configured; i++)
        if (s->processes[i]->priv->keeper_runs && depends_on(s->processes[i], p->name))
            return true;
    return false;
}
