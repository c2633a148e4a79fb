/* SPDX-License-Identifier: MIT
 *
 * supervise_ask.c - start, stop, restart, signal: what people ask for, whoever carries the
 * question.
 *
 * Asking for what is so already is no error: a script that says `start` twice means it once.
 */
#include "conf/choice.h"
#include "proc/supervise_impl.h"

static struct process *find(struct supervise *s, struct str name, struct errinfo *info)
{
    struct process *p = process_find(s, name);

    if (!p)
        err_set(info, -LM_E_UNKNOWN, "there is no process '%s'", quote(name).text);
    return p;
}

/* What runs or waits to run; the rest can only be started. */
static bool is_up(const struct process *p)
{
    return p->priv->keeper_runs || p->state == PROCESS_WAITING;
}

static void start(struct supervise *s, struct process *p)
{
    struct process_private *priv = p->priv;

    priv->backoff_ms = priv->short_lives = 0;
    priv->due_us = priv->keeper_runs ? priv->due_us : 0;
    if (!priv->keeper_runs) {
        life_start(s, p);
    } else if (priv->exited || priv->asked) { /* its old run is not over yet */
        priv->again = true;
        if (priv->exited)
            stop_send(s, p);
    }
}

static void stop(struct supervise *s, struct process *p)
{
    p->priv->again = p->priv->pended = false;
    if (p->priv->keeper_runs) {
        life_stop(s, p);
    } else if (p->state == PROCESS_WAITING) {
        p->priv->due_us = 0;
        process_set(s, p, PROCESS_EXITED, "not started again, as asked");
    }
}

static void restart(struct supervise *s, struct process *p)
{
    if (p->priv->keeper_runs) {
        stop(s, p);
        p->priv->again = true;
    } else {
        p->restarts += p->started_us != 0;
        start(s, p);
    }
}

int supervise_ask(struct supervise *s, struct str name, enum process_verb verb,
                  struct errinfo *info)
{
    struct process *p = find(s, name, info);

    if (!p)
        return -LM_E_UNKNOWN;
    if (s->stopping)
        return err_set(info, -LM_E_REFUSED, "the hub is stopping");
    if (verb != PROCESS_STOP && !p->priv->conf)
        return err_set(info, -LM_E_REFUSED,
                       "%s is not in the configuration, so the hub does not know how to start it; "
                       "start it the way it was started before",
                       p->name);
    if (verb == PROCESS_STOP && !is_up(p))
        return 0;
    if (verb == PROCESS_START)
        start(s, p);
    else if (verb == PROCESS_STOP)
        stop(s, p);
    else
        restart(s, p);
    life_schedule(s);
    return 0;
}

int supervise_signal(struct supervise *s, struct str name, int number, struct errinfo *info)
{
    struct process *p = find(s, name, info);
    struct buf frame = {0};

    if (!p)
        return -LM_E_UNKNOWN;
    if (!p->priv->link || p->priv->exited)
        return err_set(info, -LM_E_REFUSED, "%s does not run: it is %s", p->name,
                       process_state_name(p->state));
    frame_add_signal(&frame, number);
    int rc = buf_error(&frame);
    if (rc == 0)
        p->priv->link->send(p->priv->link, buf_str(&frame));
    buf_fini(&frame);
    return rc < 0 ? err_set(info, rc, "memory is short") : 0;
}

void supervise_count_suppressed(struct supervise *s, struct str name, uint64_t n)
{
    struct process *p = process_find(s, name);

    if (p)
        p->counts.suppressed += n;
}
