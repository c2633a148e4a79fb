/* SPDX-License-Identifier: MIT
 *
 * supervise.c - the table of processes and what keepers report.
 *
 * A name usually has one entry that lives for ever and goes from run to run. Two runs of one name at
 * the same time (the same command by hand in two terminals) have an entry each; finished entries of
 * runs by hand are used again, so the table stays as small as what people run at a time.
 */
#include "proc/supervise.h"

#include "base/clock.h"
#include "base/diag.h"
#include "proc/supervise_private.h"

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
    priv->backoff_ms = BACKOFF_FIRST_MS;
    p->priv = priv;
    p->state = PROCESS_EXITED;
    snprintf(p->name, sizeof p->name, "%s", name);
    s->processes[s->count++] = p;
    return p;
}

void process_set(struct supervise *s, struct process *p, enum process_state state,
                 const char *reason, ...)
{
    va_list args;

    va_start(args, reason);
    vsnprintf(p->reason, sizeof p->reason, reason, args);
    va_end(args);
    p->state = state;
    if (s->opts.on_change)
        s->opts.on_change(p, s->opts.ctx);
}

const struct process *supervise_at(const struct supervise *s, size_t i)
{
    return i < s->count ? s->processes[i] : NULL;
}

const struct process *supervise_find(const struct supervise *s, struct str name)
{
    for (size_t i = 0; i < s->count; i++)
        if (str_is(name, s->processes[i]->name))
            return s->processes[i];
    return NULL;
}

/* ---- coming and going ---- */

/* What a run left in runs/, when this hub starts. */
static void on_run_file(const struct run_file *file, void *ctx)
{
    struct supervise *s = ctx;

    if (!file->alive) {
        diag_warn("the keeper of %s was killed; what it had captured is in %s", file->name,
                  file->log[0] ? file->log : "no file");
        runs_remove(s->runs_dir, file->run);
        return;
    }
    for (size_t i = 0; i < s->count && !file->by_hand; i++) {
        struct process *p = s->processes[i];
        if (strcmp(p->name, file->name) != 0 || p->priv->keeper_runs)
            continue;
        memcpy(p->run, file->run, RUN_ID);
        p->keeper_pid = file->keeper_pid;
        p->child_pid = file->child_pid;
        p->started_us = file->started_us;
        snprintf(p->log_file, sizeof p->log_file, "%s", file->log);
        p->priv->keeper_runs = true;
    }
}

int supervise_new(struct supervise **ret, const struct supervise_opts *opts, struct errinfo *info)
{
    struct supervise *s = calloc(1, sizeof *s);
    const struct settings *conf = opts->settings;

    if (!s)
        return err_set(info, -ENOMEM, "memory is short");
    s->opts = *opts;
    list_init(&s->handles);
    uv_timer_init(&opts->loop->uv, &s->timer);
    s->timer.data = s;
    s->runs_dir = spawn_runs_dir(conf, &s->arena);
    int rc = s->runs_dir ? 0 : err_set(info, -ENOMEM, "memory is short");
    for (size_t i = 0; i < conf->process_count && rc == 0; i++) {
        struct process *p = process_add(s, conf->processes[i].name);
        if (!p) {
            rc = err_set(info, -ENOMEM, "memory is short");
            break;
        }
        p->configured = true;
        p->priv->conf = &conf->processes[i];
    }
    if (rc == 0 && (rc = runs_each(s->runs_dir, on_run_file, s)) < 0)
        err_set(info, rc, "%s cannot be read: %s", s->runs_dir, err_text(rc));
    if (rc < 0)
        supervise_free(s);
    else
        *ret = s;
    return rc;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

static void free_when_unused(struct supervise *s)
{
    if (!s->freed || !s->closed || s->links > 0)
        return;
    for (size_t i = 0; i < s->count; i++) {
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
    free_when_unused(s);
}

void supervise_free(struct supervise *s)
{
    if (!s)
        return;
    LIST_FOR_EACH_SAFE (link, &s->handles) {
        struct keeper_handle *h = LIST_ITEM(link, struct keeper_handle, link);
        list_remove(link);
        h->supervise = NULL;
        uv_close((uv_handle_t *)&h->uv, free_handle);
    }
    s->freed = true;
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

void supervise_start(struct supervise *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct process *p = s->processes[i];
        if (!p->configured)
            continue;
        if (!p->priv->keeper_runs) {
            life_start(s, p);
            continue;
        }
        p->priv->due_us = clock_mono_us() + CALL_WITHIN_US;
        process_set(s, p, PROCESS_STARTING, "it runs already; waiting for its keeper to call");
    }
    life_schedule(s);
}

/* ---- what keepers report ---- */

static bool is_idle(const struct process *p)
{
    return !p->priv->link && !p->priv->keeper_runs;
}

/* The entry that this run belongs to, or NULL when it needs a new one. */
static struct process *find_entry(struct supervise *s, const struct frame_run *run)
{
    bool configured = run->flags & FRAME_RUN_CONFIGURED;

    for (size_t i = 0; i < s->count; i++)
        if (memcmp(s->processes[i]->run, run->run, RUN_ID) == 0)
            return s->processes[i];
    for (size_t i = 0; i < s->count; i++) {
        struct process *p = s->processes[i];
        if (str_is(run->name, p->name) && p->configured == configured &&
            (configured ? !p->priv->link : is_idle(p)))
            return p;
    }
    if (s->count < PROCESS_COUNT_MAX)
        return NULL;
    for (size_t i = 0; i < s->count; i++)
        if (!s->processes[i]->configured && is_idle(s->processes[i]))
            return s->processes[i];
    return NULL;
}

/* Goes by the name, so that it holds for a run by hand as well. */
static bool is_unstored(const struct supervise *s, struct str name)
{
    const struct settings *conf = s->opts.settings;

    for (size_t i = 0; i < conf->process_count; i++)
        if (str_is(name, conf->processes[i].name))
            return conf->processes[i].unstored;
    return false;
}

/* When it started on our monotonic clock; just now, when the keeper's wall clock cannot be right. */
static int64_t started_ago(int64_t started_us)
{
    int64_t wall = clock_wall_us(), mono = clock_mono_us();
    bool plausible = started_us >= 0 && started_us <= wall;

    return plausible ? mono - (wall - started_us) : mono;
}

static void begin_run(struct process *p, const struct frame_run *run)
{
    struct process_private *priv = p->priv;

    if (memcmp(p->run, run->run, RUN_ID) != 0)
        priv->exited = priv->announced = false;
    memcpy(p->run, run->run, RUN_ID);
    snprintf(p->name, sizeof p->name, "%.*s", STR_FMT(run->name));
    snprintf(p->log_file, sizeof p->log_file, "%.*s", STR_FMT(run->log_file));
    p->keeper_pid = run->keeper_pid;
    p->child_pid = run->child_pid;
    p->started_us = run->started_us;
    priv->since_us = started_ago(run->started_us);
    priv->keeper_runs = true;
    priv->is_pipe = run->flags & FRAME_RUN_PIPE;
}

static void announce(struct process *p)
{
    if (p->priv->announced)
        return;
    p->priv->announced = true;
    if (p->priv->is_pipe)
        return;
    if (p->log_file[0])
        diag_info("📁 Process %s logging to: %s", p->name, p->log_file);
    else
        diag_warn("Process %s has no log file; its lines are in the journal only", p->name);
}

int supervise_on_run(struct supervise *s, const struct frame_run *run, struct keeper_link *link,
                     struct process **ret_process)
{
    char name[sizeof((struct process *)0)->name];
    struct process *p = find_entry(s, run);

    if (!p && s->count >= PROCESS_COUNT_MAX)
        return -LM_E_FULL;
    snprintf(name, sizeof name, "%.*s", STR_FMT(run->name));
    if (!p && !(p = process_add(s, name)))
        return -ENOMEM;
    begin_run(p, run);
    p->unstored = is_unstored(s, run->name);
    p->priv->link = link;
    s->links++;
    announce(p);
    if (!p->priv->exited) {
        p->priv->due_us = 0;
        process_set(s, p, PROCESS_RUNNING, "%s", "");
    }
    if (s->stopping && p->configured)
        life_stop(s, p);
    life_schedule(s);
    *ret_process = p;
    return 0;
}

static void describe_exit(const struct frame_exit *ex, char *out, size_t size)
{
    if (ex->signal == 0)
        snprintf(out, size, "ended with code %d%s", ex->code,
                 ex->code == 127   ? " (command not found)"
                 : ex->code == 126 ? " (cannot be executed)"
                                   : "");
    else
        snprintf(out, size, "ended by SIG%s%s%s",
                 sigabbrev_np(ex->signal) ? sigabbrev_np(ex->signal) : "?",
                 ex->core ? ", core dumped" : "",
                 ex->oom == 1 ? ": the machine ran out of memory" : "");
}

void supervise_on_exit(struct supervise *s, struct process *p, const struct frame_exit *ex)
{
    char reason[sizeof p->reason];

    if (p->priv->exited) /* told again after a reconnect */
        return;
    p->priv->exited = true;
    p->priv->failure = ex->code != 0;
    p->child_pid = 0;
    describe_exit(ex, reason, sizeof reason);
    if (ex->code == 0 || p->priv->asked)
        process_set(s, p, PROCESS_EXITED, "%s%s", reason, p->priv->asked ? ", as asked" : "");
    else
        process_set(s, p, PROCESS_DISCONNECTED, "%s", reason);
    if (p->state == PROCESS_DISCONNECTED && p->configured)
        diag_warn("Process %s %s", p->name, reason);
    p->priv->due_us = clock_mono_us() + LEFTOVERS_US;
    life_schedule(s);
}

void supervise_on_gone(struct supervise *s, struct process *p, struct keeper_link *link, bool ended)
{
    s->links--;
    if (s->freed) {
        free_when_unused(s);
        return;
    }
    if (p->priv->link != link)
        return;
    p->priv->link = NULL;
    if (ended) {
        p->priv->keeper_runs = false;
        p->keeper_pid = 0;
        if (p->priv->is_pipe)
            process_set(s, p, PROCESS_EXITED, "its input has ended");
        life_ended(s, p);
    } else {
        p->priv->due_us = clock_mono_us() + CALL_AGAIN_US;
        if (!p->priv->exited)
            process_set(s, p, PROCESS_DISCONNECTED, "the connection to its keeper is lost");
    }
    life_schedule(s);
}
