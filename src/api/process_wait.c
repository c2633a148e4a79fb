/* SPDX-License-Identifier: MIT
 *
 * process_wait.c - a held request that watches one process.
 */
#include "api/process_wait.h"

#include "proc/process_json.h"

#include <stdlib.h>

struct wait {
    struct process_observer observer;
    struct http_req *req;
    const struct process *process;
    enum wait_goal goal;
    bool any_run;
    uint8_t before[FRAME_RUN_ID];
    uv_timer_t timer;
};

void reply_process(struct http_req *req, int status, const struct process *p)
{
    struct buf out = {0};

    process_add_json(&out, p);
    buf_add_char(&out, '\n');
    http_reply(req, status, "application/json", buf_str(&out));
    buf_fini(&out);
}

static bool has_ended(const struct process *p)
{
    return p->state == PROCESS_EXITED || p->state == PROCESS_DISCONNECTED ||
           p->state == PROCESS_FAILED;
}

static bool is_reached(const struct wait *w)
{
    const struct process *p = w->process;
    bool is_new = w->any_run || memcmp(p->run, w->before, sizeof w->before) != 0;

    if (w->goal == GOAL_DOWN)
        return has_ended(p);
    if (p->state == PROCESS_WAITING || p->state == PROCESS_FAILED)
        return true;
    return is_new && (p->state == PROCESS_RUNNING || has_ended(p));
}

static void free_wait(uv_handle_t *timer)
{
    free(timer->data);
}

static void end(struct wait *w)
{
    supervise_unobserve(&w->observer);
    uv_close((uv_handle_t *)&w->timer, free_wait);
}

static void finish(struct wait *w, int status)
{
    reply_process(w->req, status, w->process);
    end(w);
}

static void on_change(struct process_observer *o, const struct process *p)
{
    struct wait *w = LIST_ITEM(o, struct wait, observer);

    if (p == w->process && is_reached(w))
        finish(w, 200);
}

static void on_timeout(uv_timer_t *timer)
{
    finish(timer->data, 202);
}

static void on_gone(struct http_req *req)
{
    struct wait *w = req->ctx;

    http_reply(req, 202, NULL, STR_NONE); /* nobody reads it; the process may be gone as well */
    end(w);
}

void process_wait(struct http_req *req, struct api *api, const struct process *p,
                  enum wait_goal goal, const uint8_t *before, uint32_t wait_ms)
{
    struct wait now = {.process = p, .goal = goal, .any_run = !before};

    if (before)
        memcpy(now.before, before, sizeof now.before);
    if (wait_ms == 0 || is_reached(&now)) {
        reply_process(req, is_reached(&now) ? 200 : 202, p);
        return;
    }
    struct wait *w = malloc(sizeof *w);
    if (!w) {
        reply_process(req, 202, p);
        return;
    }
    *w = now;
    w->observer.changed = on_change;
    w->req = req;
    req->ctx = w;
    http_hold(req, on_gone);
    uv_timer_init(&api->loop->uv, &w->timer);
    w->timer.data = w;
    uv_timer_start(&w->timer, on_timeout, wait_ms, 0);
    supervise_observe(api->supervise, &w->observer);
}
