/* SPDX-License-Identifier: MIT
 *
 * http_turns.c - who asks for much at once waits its turn.
 *
 * A connection may send thousands of requests in one go, and a thousand connections may. Each gets
 * a few answered as they come; with the rest it queues behind the others that have more, and is not
 * read meanwhile. The whole queue has TURN_US of each turn of the loop, so that whoever asks for
 * little waits for no more than that.
 */
#include "net/http_impl.h"

#include "base/clock.h"

#include <stdlib.h>

enum { TURN_US = 2000 };

struct http_turns {
    struct http_server *server;
    struct turn_hook hook;
    struct list waiting; /* struct http_conn, by turn */
};

static void serve_some(struct turn_hook *hook)
{
    struct http_turns *t = LIST_ITEM(hook, struct http_turns, hook);
    struct http_server *s = t->server;
    int64_t until = clock_mono_us() + TURN_US;

    /* One that is given away may be the last that spoke HTTP: then the queue has gone. */
    while (s->turns && !list_empty(&t->waiting)) {
        if (clock_mono_us() >= until) {
            turn_hook_ask(s->loop, hook);
            return;
        }
        struct http_conn *hc = LIST_ITEM(t->waiting.next, struct http_conn, turn);
        list_remove(&hc->turn);
        http_go_on_and_read(hc);
    }
}

void http_wait_turn(struct http_conn *hc)
{
    struct http_server *s = hc->server;

    if (!s->turns) {
        s->turns = malloc(sizeof *s->turns);
        if (!s->turns) {
            conn_close(hc->c, 0);
            return;
        }
        s->turns->server = s;
        list_init(&s->turns->waiting);
        turn_hook_init(&s->turns->hook, serve_some);
    }
    list_push(&s->turns->waiting, &hc->turn);
    conn_pause_reading(hc->c, true);
    turn_hook_ask(s->loop, &s->turns->hook);
}

void http_drop_turns(struct http_server *s)
{
    if (s->turns)
        turn_hook_cancel(&s->turns->hook);
    free(s->turns);
    s->turns = NULL;
}
