/* SPDX-License-Identifier: MIT
 *
 * keeper_in_partial.c - a line without an end that has stood still for a while is shown as it is.
 *
 * A prompt, or a progress bar, is worth seeing before its line ends. It is no record: nothing is
 * numbered or stored, and what it becomes is told by the record that takes its place.
 *
 * One timer serves all keepers; it runs only while some line waits.
 */
#include "base/clock.h"
#include "record/utf8.h"
#include "source/keeper_in_impl.h"

enum {
    IDLE_US = 200 * 1000,
    TEXT_MAX = 4096, /* of a longer one its end is shown */
};

static bool has_partial(const struct line_splitter *l)
{
    return l->carry.n > 0 && !l->carry_used;
}

static void show(const struct keeper *k, enum stream stream)
{
    const struct intake *in = &k->server->intake;
    struct str text = buf_str(&k->lines[stream - 1].carry);
    struct buf clean = {0};

    if (text.n > TEXT_MAX)
        text = str_of(text.p + text.n - TEXT_MAX, TEXT_MAX);
    utf8_add_clean(&clean, text);
    if (buf_error(&clean) == 0)
        in->partial(in->hub, k->labels, stream, buf_str(&clean));
    buf_fini(&clean);
}

/* Shows what is due; returns in how many microseconds the next will be, 0 when none waits. */
static int64_t show_due(struct keeper *k, int64_t now_us)
{
    int64_t least = 0;

    for (int i = 0; i < 2; i++) {
        int64_t left = k->grew_us[i] + IDLE_US - now_us;
        if (k->grew_us[i] == 0)
            continue;
        if (left > 0) {
            least = least == 0 || left < least ? left : least;
            continue;
        }
        k->grew_us[i] = 0;
        if (has_partial(&k->lines[i]))
            show(k, (enum stream)(i + 1));
    }
    return least;
}

static void on_timer(uv_timer_t *timer)
{
    struct keeper_server *s = timer->data;
    int64_t now_us = clock_mono_us(), least = 0;

    LIST_FOR_EACH (link, &s->keepers) {
        int64_t left = show_due(LIST_ITEM(link, struct keeper, link), now_us);
        if (left > 0 && (least == 0 || left < least))
            least = left;
    }
    if (least > 0)
        uv_timer_start(timer, on_timer, (uint64_t)least / 1000 + 1, 0);
}

void partial_look(struct keeper *k, enum stream stream)
{
    struct keeper_server *s = k->server;

    if (!s->intake.partial || !has_partial(&k->lines[stream - 1])) {
        k->grew_us[stream - 1] = 0;
        return;
    }
    k->grew_us[stream - 1] = clock_mono_us();
    if (!uv_is_active((uv_handle_t *)&s->partial_timer))
        uv_timer_start(&s->partial_timer, on_timer, IDLE_US / 1000, 0);
}
