/* SPDX-License-Identifier: MIT
 *
 * supervise_reload.c - another configuration: only what changed changes.
 *
 *     new name                         ─▶ started
 *     name gone                        ─▶ stopped; its card stays
 *     a key that a life depends on     ─▶ stopped and started anew, if it was up
 *     any other key, or none           ─▶ goes on; the new keys hold from now on
 */
#include "proc/supervise_impl.h"

static const struct process_conf *find_conf(const struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->process_count; i++)
        if (strcmp(settings->processes[i].name, name) == 0)
            return &settings->processes[i];
    return NULL;
}

static void drop(struct supervise *s, struct process *p, struct reload_report *report)
{
    bool was_up = p->priv->keeper_runs || p->state == PROCESS_WAITING;

    p->configured = false;
    p->priv->conf = NULL;
    p->priv->again = p->priv->pended = false;
    report->stopped += was_up;
    if (p->priv->keeper_runs)
        life_stop(s, p);
    else if (p->state == PROCESS_WAITING)
        process_set(s, p, PROCESS_EXITED, "no longer in the configuration");
}

/* The old life goes on under the new rules. A question that is being asked belongs to the old
 * ones. */
static void keep(struct supervise *s, struct process *p)
{
    health_end(p);
    p->priv->check_failures = 0;
    if (p->priv->link && !p->priv->exited && !p->priv->asked)
        health_begin(s, p);
}

static void begin_anew(struct supervise *s, struct process *p, struct reload_report *report)
{
    p->priv->short_lives = p->priv->backoff_ms = 0;
    if (p->priv->keeper_runs && !p->priv->asked) {
        report->restarted++;
        life_stop(s, p);
        p->priv->again = true;
    } else if (p->state == PROCESS_FAILED) {
        report->restarted++;
        life_start(s, p);
    } else {
        report->kept++; /* it is down, or on its way to a start: that one uses the new keys */
    }
}

static void add(struct supervise *s, const struct process_conf *conf, struct reload_report *report)
{
    struct process *p = process_find(s, str_from(conf->name));

    if (!p || !process_is_idle(p))
        p = s->count < PROCESS_COUNT_MAX ? process_add(s, conf->name) : NULL;
    if (!p) {
        report->failed++;
        return;
    }
    process_drop_own_conf(p);
    p->configured = true;
    p->priv->conf = conf;
    p->priv->pended = true; /* until all of them are in the table: some may depend on others */
    p->priv->due_us = 1;
    p->state = PROCESS_WAITING;
    report->started++;
}

void supervise_reload(struct supervise *s, const struct settings *settings,
                      struct reload_report *report)
{
    *report = (struct reload_report){0};
    for (size_t i = 0; i < s->count && !s->stopping; i++) {
        struct process *p = s->processes[i];
        if (!p->configured)
            continue;
        const struct process_conf *old = p->priv->conf, *now = find_conf(settings, p->name);
        if (!now) {
            drop(s, p, report);
            continue;
        }
        bool same = now->life_hash == old->life_hash;
        p->priv->conf = now;
        p->unstored = now->unstored;
        if (same) {
            report->kept++;
            keep(s, p);
        } else {
            begin_anew(s, p, report);
        }
    }
    for (size_t i = 0; i < settings->process_count && !s->stopping; i++) {
        const struct process *p = supervise_find(s, str_from(settings->processes[i].name));
        if (!p || !p->configured)
            add(s, &settings->processes[i], report);
    }
    life_schedule(s);
}
