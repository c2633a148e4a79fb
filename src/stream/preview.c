/* SPDX-License-Identifier: MIT
 *
 * preview.c - unfinished lines for those who follow (docs/streams.md, `partial`).
 */
#include "base/clock.h"
#include "record/json.h"
#include "stream/fanout_impl.h"

static void send_to_feed(struct fanout *s, const struct feed *f)
{
    buf_clear(&s->out);
    f->form.wire->partial(&s->out, &f->form, buf_str(&s->json));
    if (buf_error(&s->out) < 0)
        return;
    LIST_FOR_EACH (link, &f->live) {
        struct sub *sub = LIST_ITEM(link, struct sub, in_state);
        if (!sub->blocked)
            sub_write(sub, buf_str(&s->out));
    }
}

void fanout_partial(struct fanout *s, struct labels *l, enum stream stream, struct str text)
{
    struct record r = {.time_us = clock_wall_us(), .labels = l, .message = text, .stream = stream};
    struct candidates c;

    fanout_find_candidates(s, &c, l);
    buf_clear(&s->json);
    buf_add_char(&s->json, ',');
    buf_add_str(&s->json, l->json);
    buf_printf(&s->json, "\"stream\":\"%s\",\"text\":", stream_name(stream));
    json_add_string(&s->json, text);
    if (buf_error(&s->json) < 0)
        return;
    for (uint32_t i = 0; i < c.count; i++) {
        struct feed *f = c.at[i].feed;
        if (!f->form.wire->partial || !feed_wants(f, &c.at[i].verdict, &r))
            continue;
        fanout_seal(s, f); /* what was written before it goes first */
        LIST_FOR_EACH_SAFE (link, &f->live)
            sub_flush(LIST_ITEM(link, struct sub, in_state));
        send_to_feed(s, f);
    }
}
