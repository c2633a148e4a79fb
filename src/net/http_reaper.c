/* SPDX-License-Identifier: MIT
 *
 * http_reaper.c - who takes too long is sent away.
 *
 * One timer for all connections of a server, set to the nearest deadline; no connection, no timer.
 * Deadlines are only ever looked at when the timer fires, so moving one later costs nothing.
 */
#include "net/http_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

/* Who takes nothing of an answer for so many times the time of a head holds our memory for
 * nothing. */
enum { STALL_HEADS = 3 };

struct http_reaper {
    uv_timer_t timer;
    struct list conns;
    int64_t armed_us; /* when the timer will fire; INT64_MAX: it rests */
};

/* The deadline of hc has come. */
static void expire(struct http_conn *hc)
{
    http_clear_deadline(hc);
    switch (hc->state) {
    case HTTP_IDLE:
    case HTTP_BUSY: /* only while an answer in pieces waits for the client */
        if (conn_unsent(hc->c) != hc->unsent) {
            /* Slow, but still reading its answer, or done with it since. */
            http_await_next(hc);
            break;
        }
        conn_close(hc->c, 0);
        break;
    case HTTP_IN_HEAD:
    case HTTP_IN_BODY:
        http_refuse(hc, 408, "the request did not arrive in time");
        break;
    case HTTP_OVER:
        break;
    }
}

static void on_timer(uv_timer_t *timer);

static void arm(struct http_reaper *r, int64_t at_us)
{
    r->armed_us = at_us;
    if (at_us == INT64_MAX)
        return;
    int64_t wait_us = at_us - clock_mono_us();
    uv_update_time(r->timer.loop);
    uv_timer_start(&r->timer, on_timer, wait_us > 0 ? (uint64_t)(wait_us + 999) / 1000 : 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct http_reaper *r = timer->data;
    int64_t now = clock_mono_us(), next = INT64_MAX;

    r->armed_us = 0; /* deadlines set meanwhile are found below, not armed one by one */
    LIST_FOR_EACH (at, &r->conns) {
        struct http_conn *hc = LIST_ITEM(at, struct http_conn, link);
        if (hc->deadline_us <= now)
            expire(hc);
        if (hc->deadline_us < next)
            next = hc->deadline_us;
    }
    arm(r, next);
}

void http_set_deadline(struct http_conn *hc, int64_t in_ms)
{
    struct http_reaper *r = hc->server->reaper;

    hc->deadline_us = clock_mono_us() + in_ms * 1000;
    if (hc->deadline_us < r->armed_us)
        arm(r, hc->deadline_us);
}

void http_await_next(struct http_conn *hc)
{
    const struct http_server *s = hc->server;
    unsigned stall_ms = STALL_HEADS * s->head_timeout_ms;

    hc->unsent = conn_unsent(hc->c);
    http_set_deadline(hc,
                      hc->unsent && stall_ms < s->idle_timeout_ms ? stall_ms : s->idle_timeout_ms);
}

void http_clear_deadline(struct http_conn *hc)
{
    hc->deadline_us = INT64_MAX;
}

int http_reaper_add(struct http_conn *hc)
{
    struct http_server *s = hc->server;

    if (!s->reaper) {
        s->reaper = malloc(sizeof *s->reaper);
        if (!s->reaper)
            return -ENOMEM;
        list_init(&s->reaper->conns);
        s->reaper->armed_us = INT64_MAX;
        uv_timer_init(&s->loop->uv, &s->reaper->timer);
        s->reaper->timer.data = s->reaper;
    }
    list_push(&s->reaper->conns, &hc->link);
    s->live++;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void http_reaper_remove(struct http_conn *hc)
{
    struct http_server *s = hc->server;

    list_remove(&hc->link);
    s->live--;
    if (list_empty(&s->reaper->conns)) {
        uv_close((uv_handle_t *)&s->reaper->timer, on_timer_closed);
        s->reaper = NULL;
        http_drop_spare(s);
        http_drop_turns(s);
    }
}

void http_close_all(struct http_server *s)
{
    if (!s->reaper)
        return;
    LIST_FOR_EACH (at, &s->reaper->conns)
        conn_close(LIST_ITEM(at, struct http_conn, link)->c, 0);
}
