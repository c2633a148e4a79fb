/* SPDX-License-Identifier: MIT
 *
 * own.c - a batch that is published at the end of the turn.
 */
#include "hub/own.h"

#include "base/clock.h"
#include "base/diag.h"
#include "record/json.h"
#include "record/utf8.h"

enum { WAITING_MAX = 256 };

void own_flush(struct own_records *o)
{
    turn_hook_cancel(&o->hook);
    if (o->batch.count > 0)
        o->batch.arrival_us = clock_wall_us();
    o->batch.or_live = true;
    if (o->batch.count > 0 && hub_publish(o->hub, &o->batch) < 0)
        *o->lost += o->batch.count;
    batch_begin(&o->batch, &(struct origin){0}, 0);
}

static void on_turn_end(struct turn_hook *hook)
{
    own_flush(LIST_ITEM(hook, struct own_records, hook));
}

int own_init(struct own_records *o, struct hub *hub, struct loop *loop, struct str source,
             uint64_t *lost)
{
    *o = (struct own_records){.hub = hub, .loop = loop, .lost = lost};
    turn_hook_init(&o->hook, on_turn_end);
    batch_begin(&o->batch, &(struct origin){0}, 0);
    return labels_make(&hub->labels, source, NULL, 0, &o->labels);
}

void own_fini(struct own_records *o)
{
    batch_fini(&o->batch);
    labels_unref(o->labels);
    *o = (struct own_records){0};
}

void own_add(struct own_records *o, enum level level, struct str text, struct str fields)
{
    struct record r = {
        .time_us = clock_wall_us(), .labels = o->labels, .level = level, .stream = STREAM_SYSTEM};

    if (o->batch.count >= WAITING_MAX)
        return;
    r.message = utf8_clean(&o->batch.scratch, text);
    if (fields.n)
        r.fields = arena_copy(&o->batch.scratch, fields);
    if (r.message.p && (!fields.n || r.fields.p) && batch_add(&o->batch, &r) == 0)
        turn_hook_ask(o->loop, &o->hook);
}

static void add_member(struct buf *out, const char *name, const char *value)
{
    struct buf clean = {0};

    utf8_add_clean(&clean, str_from(value));
    buf_printf(out, ",\"%s\":", name);
    json_add_string(out, buf_str(&clean));
    out->failed |= clean.failed;
    buf_fini(&clean);
}

void own_audit(struct own_records *o, const struct audit *a)
{
    struct buf text = {0}, fields = {0};

    buf_printf(&text, "%s (%s): %s%s%s: %s", a->who, a->from, a->action, a->object[0] ? " " : "",
               a->object, a->result);
    BUF_LIT(&fields, "{\"event\":\"audit\"");
    add_member(&fields, "who", a->who);
    add_member(&fields, "from", a->from);
    add_member(&fields, "action", a->action);
    add_member(&fields, "object", a->object);
    add_member(&fields, "result", a->result);
    BUF_LIT(&fields, "}");
    diag_console(a->refused ? DIAG_WARN : DIAG_INFO, "%.*s", STR_FMT(buf_str(&text)));
    if (buf_error(&text) == 0 && buf_error(&fields) == 0)
        own_add(o, a->refused ? LEVEL_WARN : LEVEL_INFO, buf_str(&text), buf_str(&fields));
    buf_fini(&text);
    buf_fini(&fields);
}
