/* SPDX-License-Identifier: MIT
 *
 * supervise_calls.c - what keepers report: a run, its end, the end of their connection.
 */
#include "base/clock.h"
#include "base/diag.h"
#include "proc/supervise_impl.h"
#include "record/show.h"
#include "record/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOT_FOUND = 127, NOT_EXECUTABLE = 126 }; /* as shells say it */

/* The entry that this run belongs to, or NULL when it needs a new one. */
static struct process *find_entry(struct supervise *s, const struct frame_run *run)
{
    bool by_hub = run->flags & FRAME_RUN_CONFIGURED;

    for (size_t i = 0; i < s->count; i++)
        if (memcmp(s->processes[i]->run, run->run, RUN_ID) == 0)
            return s->processes[i];
    for (size_t i = 0; i < s->count; i++) {
        struct process *p = s->processes[i];
        if (str_is(run->name, p->name) && p->priv->by_hub == by_hub &&
            (by_hub ? !p->priv->link : process_is_idle(p)))
            return p;
    }
    if (s->count < PROCESS_COUNT_MAX)
        return NULL;
    for (size_t i = 0; i < s->count; i++)
        if (!s->processes[i]->configured && process_is_idle(s->processes[i]))
            return s->processes[i]; /* the end of another run by hand, which nobody waits for */
    return NULL;
}

/* Goes by the name, so that it holds for a run by hand as well. NULL: no entry has this name. */
static const struct process_conf *conf_of(const struct supervise *s, struct str name)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->processes[i]->priv->conf && str_is(name, s->processes[i]->name))
            return s->processes[i]->priv->conf;
    return NULL;
}

/* When it started on our monotonic clock; just now, when the keeper's wall clock cannot be
 * right. */
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
    priv->by_hub = run->flags & FRAME_RUN_CONFIGURED;
    priv->is_pipe = run->flags & FRAME_RUN_PIPE;
    p->orphan_writers = false;
    process_keep_labels(p, run->labels, run->label_count);
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
    const struct process_conf *conf = conf_of(s, run->name);
    p->unstored = conf && conf->unstored;
    p->parse = conf ? &conf->parse : NULL;
    p->priv->link = link;
    s->links++;
    announce(p);
    if (!p->priv->exited) {
        p->priv->due_us = 0;
        health_begin(s, p);
    }
    if ((s->stopping && p->priv->by_hub) || p->priv->asked)
        life_stop(s, p);
    life_schedule(s);
    *ret_process = p;
    return 0;
}

static void keep_exit(struct process *p, const struct frame_exit *ex)
{
    p->exit = (struct process_exit){
        .known = true,
        .core = ex->core,
        .oom = ex->oom,
        .code = ex->code,
        .signal = ex->signal,
        .ended_us = ex->ended_us,
        .user_us = ex->user_us,
        .system_us = ex->system_us,
        .max_rss_kb = ex->max_rss_kb,
    };
}

/* What a command that could not be run, or its shell, said last: it names what is wrong. */
static void add_last_words(const struct frame_exit *ex, char *out, size_t size)
{
    struct buf valid = {0}, shown = {0};
    struct str text = ex->last[1];
    const char *cut = text.n ? memrchr(text.p, '\n', text.n) : NULL;

    if (cut)
        text = str_of(cut + 1, text.n - (size_t)(cut + 1 - text.p));
    if (str_starts(text, STR("logmill: ")))
        text = str_of(text.p + 9, text.n - 9);
    utf8_add_clean(&valid, text);
    show_text(&shown, buf_str(&valid), SHOW_PLAIN);
    text = buf_str(&shown);
    if (text.n > size - 1)
        text.n = utf8_cut(text, size - 1);
    snprintf(out, size, "%.*s", STR_FMT(text));
    buf_fini(&valid);
    buf_fini(&shown);
}

static void describe_exit(const struct frame_exit *ex, char *out, size_t size)
{
    char words[120] = "";

    if (ex->signal == 0 && (ex->code == NOT_FOUND || ex->code == NOT_EXECUTABLE))
        add_last_words(ex, words, sizeof words);
    if (words[0])
        snprintf(out, size, "ended with code %d: %s", ex->code, words);
    else if (ex->signal == 0)
        snprintf(out, size, "ended with code %d%s", ex->code,
                 ex->code == NOT_FOUND        ? " (command not found)"
                 : ex->code == NOT_EXECUTABLE ? " (cannot be executed)"
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
    health_end(p);
    keep_exit(p, ex);
    describe_exit(ex, reason, sizeof reason);
    if (p->priv->sick)
        process_set(s, p, PROCESS_DISCONNECTED, "%.110s; %s", p->reason, reason);
    else if (ex->code == 0 || p->priv->asked)
        process_set(s, p, PROCESS_EXITED, "%s%s", reason, p->priv->asked ? ", as asked" : "");
    else
        process_set(s, p, PROCESS_DISCONNECTED, "%s", reason);
    if (p->state == PROCESS_DISCONNECTED && p->configured)
        diag_warn("Process %s %s", p->name, reason);
    p->priv->due_us = clock_mono_us() + ORPHANS_US;
    life_schedule(s);
}

/* When the hub stops, keepers are waited for: they go when their last acknowledgement has come. */
void supervise_on_end(struct supervise *s, struct process *p, struct keeper_link *link)
{
    if (s->stopping || p->priv->link != link || !p->priv->exited || !p->priv->conf)
        return;
    p->priv->link = NULL;
    p->priv->keeper_runs = p->orphan_writers = false;
    p->keeper_pid = 0;
    life_ended(s, p);
    life_go_on(s, p);
    life_schedule(s);
}

void supervise_on_gone(struct supervise *s, struct process *p, struct keeper_link *link, bool ended)
{
    s->links--;
    if (s->freed) {
        supervise_free_when_unused(s);
        return;
    }
    if (p->priv->link != link)
        return;
    p->priv->link = NULL;
    health_end(p);
    if (ended) {
        p->priv->keeper_runs = p->orphan_writers = false;
        p->keeper_pid = 0;
        if (p->priv->is_pipe)
            process_set(s, p, PROCESS_EXITED, "its input has ended");
        life_ended(s, p);
    } else if (p->priv->keeper_end[0]) {
        life_keeper_ended(s, p, p->priv->keeper_end);
    } else {
        p->priv->due_us = clock_mono_us() + CALL_AGAIN_US;
        if (!p->priv->exited)
            process_set(s, p, PROCESS_DISCONNECTED, "the connection to its keeper is lost");
    }
    life_schedule(s);
}
