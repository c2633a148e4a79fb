/* SPDX-License-Identifier: MIT
 *
 * supervise_life.c - beginnings and ends: start, back-off, restart, and keepers that vanish.
 *
 * A restart waits until the old run is over entirely (its keeper has left), so two lives never
 * share a file. What a dead child left behind in its process group gets a second, then it is told
 * to stop.
 */
#include "base/clock.h"
#include "base/diag.h"
#include "proc/supervise_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- starting ---- */

void life_keeper_ended(struct supervise *s, struct process *p, const char *how)
{
    p->priv->keeper_runs = false;
    p->priv->failure = true;
    p->keeper_pid = 0;
    if (!p->priv->exited)
        process_set(s, p, PROCESS_DISCONNECTED, "%s", how);
    life_ended(s, p);
    life_schedule(s);
}

/* Usually its END was acknowledged long before. When its connection is still open here, what it
 * sent last is read first. */
void life_on_keeper_end(struct supervise *s, const struct keeper_handle *h, int status)
{
    struct process *p = h->process;
    bool killed = WIFSIGNALED(status);
    char how[80];

    if (memcmp(p->run, h->run, RUN_ID) != 0 || !p->priv->keeper_runs)
        return;
    snprintf(how, sizeof how,
             killed ? "its keeper was killed by signal %d" : "its keeper ended with status %d",
             killed ? WTERMSIG(status) : WEXITSTATUS(status));
    if (p->priv->link)
        memcpy(p->priv->keeper_end, how, sizeof how);
    else
        life_keeper_ended(s, p, how);
}

static int start_keeper(struct supervise *s, struct process *p, struct errinfo *info)
{
    const struct process_conf *conf = p->priv->conf;
    struct spawn what = {
        .name = conf->name,
        .settings = s->opts.settings,
        .labels = conf->labels,
        .label_count = conf->label_count,
        .conf = conf,
        .nofile = s->opts.nofile,
        .argv = conf->argv,
    };
    struct keeper_handle *h = calloc(1, sizeof *h);
    pid_t pid;

    if (!h)
        return err_set(info, -ENOMEM, "memory is short");
    int rc = spawn_new_run(what.run);
    if (rc == 0)
        rc = spawn_keeper(&what, &s->spare, &pid, info);
    if (rc < 0) {
        free(h);
        return rc;
    }
    h->process = p;
    memcpy(h->run, what.run, RUN_ID);
    children_put(s, h, pid);
    memcpy(p->run, what.run, RUN_ID);
    p->keeper_pid = pid;
    return 0;
}

void life_want_spare(struct supervise *s, const struct process *p)
{
    const struct process_conf *conf = p->priv->conf;

    if (s->spare.pid == 0 && s->spare_at_us == 0 && conf && conf->restart != RESTART_NEVER)
        s->spare_at_us = clock_mono_us() + SPARE_AFTER_US;
}

/* Without one the next start takes longer, that is all. */
static void start_spare(struct supervise *s)
{
    struct keeper_handle *h = s->stopping ? NULL : calloc(1, sizeof *h);

    s->spare_at_us = 0;
    if (h && spare_start(&s->spare, s->runs_dir) == 0)
        children_put(s, h, s->spare.pid);
    else
        free(h);
}

/* Waits before the next attempt, longer each time; gives up when there were too many. */
static void back_off(struct supervise *s, struct process *p)
{
    struct process_private *priv = p->priv;
    uint32_t pause_ms = priv->backoff_ms ? priv->backoff_ms : priv->conf->restart_delay_ms;
    uint32_t limit = priv->conf->restart_limit;
    char why[sizeof p->reason];

    if (clock_mono_us() - priv->since_us >= SHORT_LIFE_US) {
        priv->short_lives = 0;
        pause_ms = priv->conf->restart_delay_ms;
    }
    memcpy(why, p->reason, sizeof why);
    if (limit && priv->short_lives >= limit) {
        diag_error("Process %s: gave up after %u restarts in a row: %s", p->name, limit, why);
        process_set(s, p, PROCESS_FAILED, "gave up after %u restarts in a row: %.100s", limit, why);
        return;
    }
    priv->short_lives++;
    priv->due_us = clock_mono_us() + (int64_t)pause_ms * 1000;
    process_set(s, p, PROCESS_WAITING, "%.100s; starts again in %u.%u s", why, pause_ms / 1000,
                pause_ms / 100 % 10);
    priv->backoff_ms = pause_ms * 2 < BACKOFF_LAST_MS || pause_ms > BACKOFF_LAST_MS
                           ? pause_ms * 2
                           : BACKOFF_LAST_MS;
}

/* True when it has to wait for others; says so once for each reason. */
static bool must_wait(struct supervise *s, struct process *p)
{
    char why[160];
    bool waits = !order_allows(s, p, why);

    p->priv->pended = waits;
    if (waits && (p->state != PROCESS_WAITING || strcmp(why, p->reason) != 0))
        process_set(s, p, PROCESS_WAITING, "%s", why);
    return waits;
}

/* The keeper will say the same; until then the card has them from the configuration. */
static void show_labels(struct process *p)
{
    const struct process_conf *conf = p->priv->conf;
    struct frame_label labels[LABEL_COUNT_MAX];

    for (size_t i = 0; i < conf->label_count; i++)
        labels[i] =
            (struct frame_label){str_from(conf->labels[i].name), str_from(conf->labels[i].value)};
    process_keep_labels(p, labels, conf->label_count);
}

void life_start(struct supervise *s, struct process *p)
{
    struct process_private *priv = p->priv;
    struct errinfo info = {0};

    priv->exited = priv->asked = priv->again = priv->sick = priv->announced = priv->failure = false;
    priv->ready = false;
    priv->keeper_end[0] = '\0';
    priv->by_hub = true;
    p->orphan_writers = false;
    show_labels(p);
    if (must_wait(s, p))
        return;
    p->child_pid = 0;
    p->started_us = clock_wall_us();
    priv->since_us = clock_mono_us();
    if (start_keeper(s, p, &info) < 0) {
        diag_error("Process %s cannot be started: %s", p->name, info.text);
        process_set(s, p, PROCESS_FAILED, "%s", info.text);
        if (priv->conf->restart != RESTART_NEVER)
            back_off(s, p);
        return;
    }
    priv->keeper_runs = true;
    priv->due_us = clock_mono_us() + CALL_WITHIN_US;
    life_want_spare(s, p);
    process_set(s, p, PROCESS_STARTING, "%s", "");
}

/* ---- ending ---- */

static bool wants_restart(const struct supervise *s, const struct process *p)
{
    const struct process_private *priv = p->priv;

    if (!priv->conf || s->stopping)
        return false;
    if (priv->again || priv->asked)
        return priv->again;
    return priv->conf->restart == RESTART_ALWAYS ||
           (priv->conf->restart == RESTART_ON_FAILURE && priv->failure);
}

void life_ended(struct supervise *s, struct process *p)
{
    p->priv->due_us = 0;
    health_end(p);
    if (s->stopping)
        stop_go_on(s);
    if (!wants_restart(s, p))
        return;
    if (p->priv->again && !p->priv->sick) {
        p->restarts++;
        life_start(s, p);
    } else {
        back_off(s, p);
    }
}

/* ---- time ---- */

struct search {
    const uint8_t *run;
    bool alive;
};

static void on_found(const struct run_file *file, void *ctx)
{
    struct search *search = ctx;
    if (memcmp(file->run, search->run, RUN_ID) == 0)
        search->alive = file->alive;
}

/* A keeper does not call. If it lives, it will; if it does not, nobody will. */
static void look_for_keeper(struct supervise *s, struct process *p)
{
    struct search search = {.run = p->run};

    if (runs_each(s->runs_dir, on_found, &search) < 0 || search.alive) {
        p->priv->due_us = clock_mono_us() + CALL_WITHIN_US;
        if (p->state != PROCESS_DISCONNECTED && !p->priv->exited)
            process_set(s, p, PROCESS_DISCONNECTED, "its keeper (pid %d) lives but does not call",
                        p->keeper_pid);
        return;
    }
    runs_remove(s->runs_dir, p->run);
    p->priv->keeper_runs = false;
    p->priv->failure = true;
    if (!p->priv->exited)
        process_set(s, p, PROCESS_DISCONNECTED, "its keeper is gone, how it ended is not known");
    life_ended(s, p);
}

static void on_process_due(struct supervise *s, struct process *p)
{
    struct process_private *priv = p->priv;

    priv->due_us = 0;
    if (p->state == PROCESS_WAITING) {
        p->restarts += !priv->pended;
        life_start(s, p);
    } else if (priv->keeper_runs && !priv->link) {
        look_for_keeper(s, p);
    } else if (priv->exited && !p->orphan_writers) {
        p->orphan_writers = true;
        priv->due_us = clock_mono_us() + LEFTOVERS_US;
        process_changed(s, p);
    } else if (priv->exited && wants_restart(s, p)) {
        stop_send(s, p);
    }
}

void life_go_on(struct supervise *s, struct process *p)
{
    if (p->state == PROCESS_WAITING && p->priv->due_us && p->priv->due_us <= clock_mono_us())
        on_process_due(s, p);
}

/* 0 = never. */
static int64_t sooner(int64_t at, int64_t other)
{
    return other && other < at ? other : at;
}

static void on_timer(uv_timer_t *timer);

void life_schedule(struct supervise *s)
{
    int64_t at = s->stop_by_us ? s->stop_by_us : INT64_MAX, now_us = clock_mono_us();

    for (size_t i = 0; i < s->count; i++) {
        const struct process_private *priv = s->processes[i]->priv;
        at = sooner(at, priv->due_us);
        at = sooner(at, priv->check_us);
    }
    at = sooner(at, s->spare_at_us);
    if (s->stop_by_us && stop_is_over(s))
        at = now_us;
    if (at == INT64_MAX) {
        uv_timer_stop(&s->timer);
        return;
    }
    uv_update_time(&s->opts.loop->uv);
    uv_timer_start(&s->timer, on_timer, at > now_us ? (uint64_t)(at - now_us + 999) / 1000 : 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct supervise *s = timer->data;
    int64_t now_us = clock_mono_us();

    for (size_t i = 0; i < s->count; i++) {
        struct process *p = s->processes[i];
        if (p->priv->due_us && p->priv->due_us <= now_us)
            on_process_due(s, p);
        if (p->priv->check_us && p->priv->check_us <= now_us)
            health_on_due(s, p);
    }
    if (s->spare_at_us && s->spare_at_us <= now_us)
        start_spare(s);
    if (s->stop_by_us && (now_us >= s->stop_by_us || stop_is_over(s))) {
        s->stop_by_us = 0;
        if (s->opts.on_stopped)
            s->opts.on_stopped(s->opts.ctx);
    }
    life_schedule(s);
}
