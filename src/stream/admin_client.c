/* SPDX-License-Identifier: MIT
 *
 * admin_client.c - one client of the admin stream: what it has still to get, and what it asks for.
 *
 * Commands are JSON objects: {"type":"restart","name":"game_control"}. `type` is start, stop, restart,
 * signal (with "signal"), or debug (with "on", and without a name for all). An `id` comes back in the
 * answer: {"type":"result"|"error","data":{...}}.
 */
#include "stream/admin_impl.h"

#include "base/clock.h"
#include "proc/signal_name.h"
#include "record/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { COMMAND_MAX = 16 * 1024 };

/* --- sending --- */

/* The oldest go until half of what it may lag is left. */
static void drop_oldest(struct admin_client *c)
{
    struct admin_frames *w = &c->waiting;
    size_t keep = c->admin->opts.client_lag / 2, gone = 0, i = 0;
    const struct admin_frame *entries = (const void *)w->entries.p;

    for (; w->bytes.n - gone > keep; i++) {
        gone += entries[i].n;
        if (entries[i].level == LEVEL_NONE) {
            c->stale = true;
            continue;
        }
        c->dropped++;
        c->dropped_levels[entries[i].level]++;
    }
    buf_consume(&w->bytes, gone);
    buf_consume(&w->entries, i * sizeof *entries);
}

static void queue(struct admin_client *c, const struct admin_frames *f)
{
    struct admin_frames *w = &c->waiting;

    buf_add_str(&w->bytes, buf_str(&f->bytes));
    buf_add_str(&w->entries, buf_str(&f->entries));
    if (w->bytes.failed || w->entries.failed) {
        ws_link_close(&c->ws, WS_CLOSE_INTERNAL, STR("out of memory"));
        return;
    }
    if (w->bytes.n > c->admin->opts.client_lag)
        drop_oldest(c);
}

/* What was left out comes before what is left. */
static void tell_dropped(struct admin_client *c)
{
    struct buf text = {0};
    const char *comma = "";

    if (c->dropped == 0)
        return;
    buf_printf(&text, "{\"type\":\"dropped\",\"data\":{\"count\":%" PRIu64 ",\"levels\":{",
               c->dropped);
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (c->dropped_levels[i] == 0)
            continue;
        buf_printf(&text, "%s\"%s\":%" PRIu64, comma, level_name((enum level)i),
                   c->dropped_levels[i]);
        comma = ",";
    }
    BUF_LIT(&text, "},\"reason\":\"slow\"}}");
    if (buf_error(&text) == 0)
        ws_link_send(&c->ws, WS_TEXT, buf_str(&text));
    buf_fini(&text);
    c->dropped = 0;
    memset(c->dropped_levels, 0, sizeof c->dropped_levels);
}

static void add_statuses(struct admin *a, struct admin_frames *f)
{
    const struct process *p;

    for (size_t i = 0; (p = supervise_at(a->opts.supervise, i)); i++)
        admin_add_status(a, f, p);
}

static void send_waiting(struct admin_client *c)
{
    struct admin_frames *w = &c->waiting;

    if (c->replay || c->ws.closing || c->ws.conn->out.n > 0)
        return;
    tell_dropped(c);
    if (c->stale)
        add_statuses(c->admin, w);
    c->stale = false;
    if (w->bytes.n > 0)
        conn_write(c->ws.conn, w->bytes.p, w->bytes.n);
    buf_clear(&w->bytes);
    buf_clear(&w->entries);
}

void admin_client_take(struct admin_client *c, const struct admin_frames *turn)
{
    if (c->ws.closing)
        return;
    if (c->grant && c->grant->revoked) {
        ws_link_close(&c->ws, WS_CLOSE_POLICY, STR("the token is not valid any more"));
        return;
    }
    queue(c, turn);
    send_waiting(c);
}

void admin_client_go_live(struct admin_client *c, const struct admin_frames *missed)
{
    if (missed && missed->bytes.n > 0 && !c->ws.closing)
        conn_write(c->ws.conn, missed->bytes.p, missed->bytes.n);
    send_waiting(c);
}

/* --- commands --- */

/* {"type":type,"data":{"id":…,"command":…,"name":…,"code":…,"message":…}} */
static void answer(struct admin_client *c, const char *type, const json_t *command,
                   const char *code, const char *message)
{
    json_t *id = json_object_get(command, "id");
    json_t *data = json_pack("{s:O*, s:O*, s:O*, s:s*, s:s*}", "id", id, "command",
                             json_object_get(command, "type"), "name",
                             json_object_get(command, "name"), "code", code, "message", message);
    json_t *whole = json_pack("{s:s, s:o}", "type", type, "data", data);
    char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;

    if (text)
        ws_link_send(&c->ws, WS_TEXT, str_from(text));
    free(text);
    json_decref(whole);
}

static void audit(struct admin_client *c, const char *action, const char *object,
                  const char *result, bool refused)
{
    char who[96], peer[CONN_PEER_MAX];

    grant_describe(c->grant, who);
    own_audit(c->admin->opts.own, &(struct audit){.who = who,
                                                  .from = conn_peer(c->ws.conn, peer),
                                                  .action = action,
                                                  .object = object,
                                                  .result = result,
                                                  .refused = refused});
}

static void set_debug(struct admin_client *c, const json_t *command, const char *name)
{
    const json_t *on = json_object_get(command, "on");
    bool value = !on || json_is_true(on);
    struct admin *a = c->admin;

    if (!name) {
        a->debug = value;
    } else {
        struct admin_source *s = supervise_find(a->opts.supervise, str_from(name))
                                     ? admin_source_of(a, str_from(name))
                                     : NULL;
        if (!s) {
            answer(c, "error", command, "unknown_process", "there is no such process");
            return;
        }
        s->debug = value;
    }
    audit(c, value ? "debug on" : "debug off", name ? name : "", "done", false);
    answer(c, "result", command, NULL, NULL);
}

static void ask_supervisor(struct admin_client *c, const json_t *command, const char *type,
                           const char *name)
{
    static const struct {
        const char *type;
        enum process_verb verb;
    } verbs[] = {{"start", PROCESS_START}, {"stop", PROCESS_STOP}, {"restart", PROCESS_RESTART}};
    struct supervise *s = c->admin->opts.supervise;
    struct errinfo info = {0};
    int err = -LM_E_INVALID;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(type, verbs[i].type) == 0)
            err = supervise_ask(s, str_from(name), verbs[i].verb, &info);
    if (strcmp(type, "signal") == 0) {
        const json_t *value = json_object_get(command, "signal");
        int number = json_is_integer(value) ? signal_of_number(json_integer_value(value))
                                            : signal_of_name(json_string_value(value));
        err = number ? supervise_signal(s, str_from(name), number, &info)
                     : err_set(&info, -LM_E_INVALID, "say which signal, as in \"HUP\" or 1");
    }
    audit(c, type, name, err < 0 ? info.text : "begun", err < 0);
    if (err < 0)
        answer(c, "error", command, err == -LM_E_UNKNOWN ? "unknown_process" : "refused",
               info.text);
    else
        answer(c, "result", command, NULL, NULL);
}

static bool is_command(const char *type)
{
    static const char *const types[] = {"start", "stop", "restart", "signal", "debug"};

    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static void on_message(struct ws_link *w, enum ws_opcode opcode, struct str payload)
{
    struct admin_client *c = LIST_ITEM(w, struct admin_client, ws);
    json_t *command =
        opcode == WS_TEXT ? json_loadb(payload.p ? payload.p : "", payload.n, 0, NULL) : NULL;
    const char *type = json_string_value(json_object_get(command, "type"));
    const char *name = json_string_value(json_object_get(command, "name"));

    if (!is_command(type))
        answer(c, "error", command, "not_understood",
               "a command is an object with a type: start, stop, restart, signal or debug, and the "
               "name of a process");
    else if (strcmp(type, "debug") == 0)
        set_debug(c, command, name);
    else if (!name)
        answer(c, "error", command, "not_understood", "say which process: \"name\"");
    else
        ask_supervisor(c, command, type, name);
    json_decref(command);
}

/* --- life --- */

static void on_drained(struct ws_link *w)
{
    send_waiting(LIST_ITEM(w, struct admin_client, ws));
}

static void on_gone(struct ws_link *w)
{
    struct admin_client *c = LIST_ITEM(w, struct admin_client, ws);

    if (c->replay)
        admin_replay_forget(c->replay);
    list_remove(&c->link);
    admin_frames_fini(&c->waiting);
    grant_unref(c->grant);
    free(c);
}

void admin_open(struct admin *a, struct conn *conn, struct grant *grant, int window_bits,
                uint64_t after)
{
    static const struct ws_link_ops ops = {
        .on_message = on_message, .on_drained = on_drained, .on_gone = on_gone};
    struct ws_limits limits = {.message_max = COMMAND_MAX, .window_bits = window_bits};
    struct admin_client *c = a->closing ? NULL : calloc(1, sizeof *c);

    if (!c) {
        conn_close(conn, 0);
        return;
    }
    c->admin = a;
    c->grant = grant ? grant_ref(grant) : NULL;
    list_push(&a->clients, &c->link);
    add_statuses(a, &c->waiting);
    ws_link_open(&c->ws, &a->watch, conn, &ops, &limits);
    send_waiting(c);
    if (after > 0 && after < hub_last_id(a->opts.hub) && admin_replay_start(c, after) < 0)
        ws_link_close(&c->ws, WS_CLOSE_INTERNAL, STR("out of memory"));
}
