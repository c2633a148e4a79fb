/* SPDX-License-Identifier: MIT
 *
 * supervise.c - the table of processes, and who hears of their changes.
 *
 * A name usually has one entry that lives for ever and goes from run to run. Two runs of one name
 * at the same time (the same command by hand in two terminals) have an entry each; finished entries
 * of runs by hand are used again, so the table stays as small as what people run at a time.
 */
#include "proc/supervise.h"

#include "base/clock.h"
#include "proc/supervise_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *process_state_name(enum process_state state)
{
    static const char *const names[] = {
        [PROCESS_STARTING] = "starting",
        [PROCESS_RUNNING] = "running",
        [PROCESS_STOPPING] = "stopping",
        [PROCESS_EXITED] = "exited",
        [PROCESS_DISCONNECTED] = "disconnected",
        [PROCESS_WAITING] = "waiting",
        [PROCESS_FAILED] = "failed",
    };
    return names[state];
}

/* ---- the table ---- */

struct process *process_add(struct supervise *s, const char *name)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16;
        struct process **more = realloc(s->processes, cap * sizeof *more);
        if (!more)
            return NULL;
        s->processes = more;
        s->cap = cap;
    }
    struct process *p = calloc(1, sizeof *p);
    struct process_private *priv = calloc(1, sizeof *priv);
    if (!p || !priv) {
        free(p);
        free(priv);
        return NULL;
    }
    priv->supervise = s;
    p->priv = priv;
    p->state = PROCESS_EXITED;
    snprintf(p->name, sizeof p->name, "%s", name);
    s->processes[s->count++] = p;
    return p;
}

void process_set(struct supervise *s, struct process *p, enum process_state state,
                 const char *reason, ...)
{
    char text[sizeof p->reason]; /* the old reason may be part of the new one */
    va_list args;

    va_start(args, reason);
    vsnprintf(text, sizeof text, reason, args);
    va_end(args);
    memcpy(p->reason, text, sizeof text);
    p->state = state;
    order_kick(s, p);
    process_changed(s, p);
}

void process_changed(struct supervise *s, const struct process *p)
{
    LIST_FOR_EACH_SAFE (link, &s->observers) {
        struct process_observer *o = LIST_ITEM(link, struct process_observer, link);
        o->changed(o, p);
    }
}

void supervise_observe(struct supervise *s, struct process_observer *o)
{
    list_push(&s->observers, &o->link);
}

void supervise_unobserve(struct process_observer *o)
{
    if (o->link.next)
        list_remove(&o->link);
}

const struct process *supervise_at(const struct supervise *s, size_t i)
{
    return i < s->count ? s->processes[i] : NULL;
}

bool process_is_idle(const struct process *p)
{
    return !p->priv->link && !p->priv->keeper_runs;
}

struct process *process_find(const struct supervise *s, struct str name)
{
    struct process *found = NULL;

    for (size_t i = 0; i < s->count; i++) {
        struct process *p = s->processes[i];
        if (str_is(name, p->name) && (!found || (process_is_idle(found) && !found->configured)))
            found = p;
    }
    return found;
}

const struct process *supervise_find(const struct supervise *s, struct str name)
{
    return process_find(s, name);
}

static char *keep_text(char **at, struct str text)
{
    char *kept = *at;

    memcpy(kept, text.p, text.n);
    kept[text.n] = '\0';
    *at += text.n + 1;
    return kept;
}

/* The texts lie behind the pairs. */
void process_keep_labels(struct process *p, const struct frame_label *from, size_t n)
{
    size_t bytes = n * sizeof *p->labels;

    for (size_t i = 0; i < n; i++)
        bytes += from[i].name.n + from[i].value.n + 2;
    struct conf_label *labels = malloc(bytes);
    char *at = labels ? (char *)(labels + n) : NULL;
    for (size_t i = 0; at && i < n; i++) {
        labels[i].name = keep_text(&at, from[i].name);
        labels[i].value = keep_text(&at, from[i].value);
    }
    free(p->priv->labels);
    p->labels = p->priv->labels = labels;
    p->label_count = labels ? n : 0;
}

/* ---- the supervisor itself ---- */

int supervise_new(struct supervise **ret, const struct supervise_opts *opts, struct errinfo *info)
{
    struct supervise *s = calloc(1, sizeof *s);
    const struct settings *conf = opts->settings;

    if (!s)
        return err_set(info, -ENOMEM, "memory is short");
    s->opts = *opts;
    list_init(&s->handles);
    list_init(&s->observers);
    uv_timer_init(&opts->loop->uv, &s->timer);
    s->timer.data = s;
    s->runs_dir = spawn_runs_dir(conf, &s->arena);
    int rc = s->runs_dir ? children_begin(s) : -ENOMEM;
    if (rc < 0)
        err_set(info, rc, "cannot look after processes: %s", err_text(rc));
    for (size_t i = 0; i < conf->process_count && rc == 0; i++) {
        struct process *p = process_add(s, conf->processes[i].name);
        if (!p) {
            rc = err_set(info, -ENOMEM, "memory is short");
            break;
        }
        p->configured = true;
        p->priv->conf = &conf->processes[i];
    }
    if (rc == 0)
        rc = adopt_find(s, info);
    if (rc < 0)
        supervise_free(s);
    else
        *ret = s;
    return rc;
}

void supervise_free_when_unused(struct supervise *s)
{
    if (!s->freed || !s->closed || s->links > 0)
        return;
    for (size_t i = 0; i < s->count; i++) {
        process_drop_own_conf(s->processes[i]);
        free(s->processes[i]->priv->labels);
        free(s->processes[i]->priv);
        free(s->processes[i]);
    }
    free(s->processes);
    arena_fini(&s->arena);
    free(s);
}

static void on_timer_closed(uv_handle_t *timer)
{
    struct supervise *s = timer->data;

    s->closed = true;
    supervise_free_when_unused(s);
}

void supervise_free(struct supervise *s)
{
    if (!s)
        return;
    children_end(s);
    LIST_FOR_EACH_SAFE (link, &s->observers)
        list_remove(link);
    for (size_t i = 0; i < s->count; i++)
        health_end(s->processes[i]);
    s->freed = true;
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

void supervise_start(struct supervise *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct process *p = s->processes[i];
        if (!p->priv->keeper_runs && p->configured && !rest_goes_on(s, p))
            life_start(s, p);
        if (!p->priv->keeper_runs || p->priv->due_us)
            continue;
        p->priv->due_us = clock_mono_us() + CALL_WITHIN_US;
        life_want_spare(s, p);
        (void)kill(p->keeper_pid, SIGCHLD); /* call now: it may rest up to a second between calls */
        process_set(s, p, PROCESS_STARTING, "it runs already; waiting for its keeper to call");
    }
    s->opts.at_rest = NULL;
    life_schedule(s);
}
