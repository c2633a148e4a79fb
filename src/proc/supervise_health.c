/* SPDX-License-Identifier: MIT
 *
 * supervise_health.c - is it ready yet, and is it still healthy?
 *
 *     run calls ─▶ ready check, every interval ─yes─▶ running ─▶ health check, every interval
 *                         └─ timeout: stopped, a failure       └─ retries in a row: stopped, started anew
 *
 * A run that an earlier hub started is taken for ready: nobody knows what it has said by now.
 */
#include "base/clock.h"
#include "base/diag.h"
#include "proc/supervise_impl.h"

#include <stdio.h>
#include <unistd.h>

static const struct process_check *ready_check(const struct process *p)
{
    return &p->priv->conf->ready;
}

static const struct process_check *health_check(const struct process *p)
{
    return &p->priv->conf->health;
}

static bool is_our_run(const struct supervise *s, const struct process *p)
{
    LIST_FOR_EACH (link, &s->handles)
        if (memcmp(LIST_ITEM(link, struct keeper_handle, link)->run, p->run, RUN_ID) == 0)
            return true;
    return false;
}

/* ---- what the answers mean ---- */

static void become_ready(struct supervise *s, struct process *p)
{
    const struct process_conf *conf = p->priv->conf;

    bool was_up = p->priv->ready && p->state == PROCESS_RUNNING;

    p->priv->ready = true;
    p->wants_lines = false;
    p->priv->check_failures = 0;
    p->priv->check_us = conf && conf->health.kind != CHECK_NONE
                            ? clock_mono_us() + (int64_t)conf->health.interval_ms * 1000
                            : 0;
    if (!was_up)
        process_set(s, p, PROCESS_RUNNING, "%s", "");
}

/* It is stopped, and what comes then follows from `again`. */
static void give_up(struct supervise *s, struct process *p, bool again, const char *why)
{
    diag_warn("Process %s %s", p->name, why);
    snprintf(p->reason, sizeof p->reason, "%s", why);
    p->priv->sick = true;
    p->priv->failure = true;
    p->priv->again = again;
    life_stop(s, p);
}

static void not_ready(struct supervise *s, struct process *p, const char *why)
{
    const struct process_check *c = ready_check(p);
    int64_t now_us = clock_mono_us();
    char text[sizeof p->reason];

    if (now_us >= p->priv->since_us + (int64_t)c->timeout_ms * 1000) {
        snprintf(text, sizeof text, "was not ready within %u.%u s: %.90s", c->timeout_ms / 1000,
                 c->timeout_ms / 100 % 10, why);
        give_up(s, p, p->priv->conf->restart != RESTART_NEVER, text);
        return;
    }
    p->priv->check_us = now_us + (int64_t)c->interval_ms * 1000;
    snprintf(text, sizeof text, "not ready yet: %.120s", why);
    if (strcmp(text, p->reason) != 0)
        process_set(s, p, PROCESS_STARTING, "%s", text);
}

static void unhealthy(struct supervise *s, struct process *p, const char *why)
{
    const struct process_check *c = health_check(p);
    char text[sizeof p->reason];

    p->priv->check_us = clock_mono_us() + (int64_t)c->interval_ms * 1000;
    if (++p->priv->check_failures < c->retries)
        return;
    snprintf(text, sizeof text, "failed its health check %u times: %.100s", c->retries, why);
    give_up(s, p, true, text);
}

static void on_answer(void *ctx, const char *why)
{
    struct process *p = ctx;
    struct supervise *s = p->priv->supervise;

    p->priv->probe = NULL;
    if (why && p->priv->ready)
        unhealthy(s, p, why);
    else if (why)
        not_ready(s, p, why);
    else if (!p->priv->ready)
        become_ready(s, p);
    else {
        p->priv->check_failures = 0;
        p->priv->check_us = clock_mono_us() + (int64_t)health_check(p)->interval_ms * 1000;
    }
    life_schedule(s);
}

void supervise_on_line(struct supervise *s, struct process *p, struct str line)
{
    const char *text = p->priv->conf ? ready_check(p)->text : NULL;

    if (!p->wants_lines || !text || !memmem(line.p, line.n, text, strlen(text)))
        return;
    become_ready(s, p);
    life_schedule(s);
}

/* ---- asking ---- */

void health_begin(struct supervise *s, struct process *p)
{
    const struct process_conf *conf = p->priv->conf;
    bool asks = conf && conf->ready.kind != CHECK_NONE && conf->ready.kind != CHECK_EXIT;
    bool waits = asks && !p->priv->ready && is_our_run(s, p);

    if (!waits) {
        become_ready(s, p);
        return;
    }
    p->wants_lines = conf->ready.kind == CHECK_LOG;
    p->priv->check_us = p->wants_lines ? p->priv->since_us + (int64_t)conf->ready.timeout_ms * 1000
                                       : 1; /* at once */
    process_set(s, p, PROCESS_STARTING, "%s",
                p->wants_lines ? "not ready yet: has not said so" : "not ready yet");
}

void health_end(struct process *p)
{
    probe_cancel(p->priv->probe);
    p->priv->probe = NULL;
    p->priv->check_us = 0;
    p->wants_lines = false;
}

void health_on_due(struct supervise *s, struct process *p)
{
    const struct process_conf *conf = p->priv->conf;

    p->priv->check_us = 0;
    if (!conf || p->priv->probe || p->priv->asked || p->priv->exited || !p->priv->link)
        return;
    const struct process_check *c = p->priv->ready ? &conf->health : &conf->ready;
    if (c->kind == CHECK_LOG) {
        not_ready(s, p, "it has not said so");
        return;
    }
    struct arena arena = {0};
    struct probe_opts opts = {
        .loop = s->opts.loop,
        .check = c,
        .timeout_ms = p->priv->ready || c->timeout_ms < 5000 ? c->timeout_ms : 5000,
        .directory = conf->directory,
        .env = spawn_environment(conf->env, NULL, &arena),
        .done = on_answer,
        .ctx = p,
    };
    if (probe_start(&p->priv->probe, &opts) < 0)
        p->priv->check_us = clock_mono_us() + (int64_t)c->interval_ms * 1000;
    arena_fini(&arena);
}
