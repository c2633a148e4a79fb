/* SPDX-License-Identifier: MIT
 *
 * supervise_job.c - one-shot jobs: processes that nobody configured.
 *
 * A job is an entry like any other, with a configuration of its own. It can be stopped, signalled
 * and started again by its name as long as the hub lives; its entry is used again by a later job of
 * the name.
 */
#include "proc/supervise_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void process_drop_own_conf(struct process *p)
{
    if (!p->priv->own_conf)
        return;
    if (p->priv->conf == p->priv->own_conf)
        p->priv->conf = NULL;
    process_conf_fini(p->priv->own_conf);
    free(p->priv->own_conf);
    p->priv->own_conf = NULL;
}

static bool is_over(const struct process *p)
{
    return process_is_idle(p) && p->state != PROCESS_WAITING;
}

/* An entry for the name that nobody uses any more, else a new one. */
static int find_place(struct supervise *s, const char *name, struct process **ret,
                      struct errinfo *info)
{
    struct process *p = process_find(s, str_from(name));

    if (p && p->configured)
        return err_set(info, -LM_E_REFUSED,
                       "%s is a process of the configuration; start that, or "
                       "give the job another name",
                       name);
    if (p && !is_over(p))
        return err_set(info, -LM_E_REFUSED,
                       "there is a process %s already, and it is %s; give the "
                       "job another name",
                       name, process_state_name(p->state));
    for (size_t i = 0; i < s->count && !p && s->count >= PROCESS_COUNT_MAX; i++)
        if (!s->processes[i]->configured && is_over(s->processes[i]))
            p = s->processes[i];
    if (!p && s->count >= PROCESS_COUNT_MAX)
        return err_set(info, -LM_E_FULL, "there are %d processes already, which is the limit",
                       PROCESS_COUNT_MAX);
    if (!p && !(p = process_add(s, name)))
        return err_set(info, -ENOMEM, "memory is short");
    *ret = p;
    return 0;
}

int supervise_spawn(struct supervise *s, struct process_conf *conf, const struct process **ret,
                    struct errinfo *info)
{
    struct process_conf *own = malloc(sizeof *own);
    struct process *p = NULL;

    if (!own)
        return err_set(info, -ENOMEM, "memory is short");
    int rc = s->stopping ? err_set(info, -LM_E_REFUSED, "the hub is stopping")
                         : find_place(s, conf->name, &p, info);
    if (rc < 0) {
        free(own);
        return rc;
    }
    process_drop_own_conf(p);
    *own = *conf;
    *conf = (struct process_conf){0};
    p->priv->conf = p->priv->own_conf = own;
    snprintf(p->name, sizeof p->name, "%s", own->name);
    p->restarts = 0;
    p->exit.known = false;
    p->counts = (struct process_counts){0};
    p->priv->short_lives = p->priv->backoff_ms = 0;
    life_start(s, p);
    life_schedule(s);
    *ret = p;
    return 0;
}
