/* SPDX-License-Identifier: MIT
 *
 * ws_out.c - one WebSocket and its subscriptions.
 *
 * The first subscription is the URL's and has no name; on logmill.v1 more may follow. What the client
 * says is read by ask.c and done here; each message that is understood has one answer.
 */
#include "stream/ws_out.h"

#include "base/clock.h"
#include "record/json.h"
#include "stream/recent.h"

#include <errno.h>
#include <stdlib.h>

enum {
    CLIENT_MESSAGE_MAX = 64 * 1024,
    SUBS_MAX = 64,
    UNSENT_HIGH = 512 * 1024, /* who does not read answers may not ask on */
};

struct ws_out {
    struct ws_link link;
    struct outlet outlet;
    struct fanout *fanout;
    struct list subs;
    uint32_t sub_count;
    bool v1;
    uint32_t batch_ms;     /* of subscriptions that do not say otherwise */
    struct recent *recent; /* made when it is first asked for */
    struct grant *grant;
};

struct ws_sub {
    struct list link;
    struct sub *sub;
    char name[]; /* empty: the first */
};

static struct ws_out *out_of(struct ws_link *link)
{
    return LIST_ITEM(link, struct ws_out, link);
}

static struct ws_sub *find_sub(const struct ws_out *w, const char *name)
{
    LIST_FOR_EACH (link, &w->subs) {
        struct ws_sub *s = LIST_ITEM(link, struct ws_sub, link);
        if (strcmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

static void end_sub(struct ws_out *w, struct ws_sub *s)
{
    list_remove(&s->link);
    w->sub_count--;
    if (s->sub)
        sub_closed(s->sub);
    free(s);
}

/* Takes ownership of filter. */
static int add_sub(struct ws_out *w, struct filter *filter, const char *name, struct form form,
                   const struct sub_start *start)
{
    size_t n = strlen(name);
    struct ws_sub *s = calloc(1, sizeof *s + n + 1);

    if (!s) {
        filter_fini(filter);
        free(filter);
        return -ENOMEM;
    }
    form.wire = w->v1 ? &wire_v1 : &wire_ws;
    form.name = str_of(name, n);
    form.compressed = w->v1 && w->link.window_bits > 0;
    memcpy(s->name, name, n);
    list_push(&w->subs, &s->link);
    w->sub_count++;
    int err = sub_new(&s->sub, w->fanout, &w->outlet, w->v1, filter, &form, start);
    if (err < 0)
        end_sub(w, s);
    return err;
}

/* --- answers --- */

static void say(struct ws_out *w, struct buf *json)
{
    if (buf_error(json) == 0)
        ws_link_send(&w->link, WS_TEXT, buf_str(json));
    else
        conn_close(w->link.conn, 0);
    buf_fini(json);
    if (w->link.conn->out.n > UNSENT_HIGH)
        conn_pause_reading(w->link.conn, true);
}

static void add_name_and_id(struct buf *json, const char *name, const json_t *id)
{
    if (name[0])
        buf_printf(json, ",\"sub\":\"%s\"", name);
    if (json_is_string(id)) {
        BUF_LIT(json, ",\"id\":");
        json_add_string(json, str_of(json_string_value(id), json_string_length(id)));
    } else if (id) {
        buf_printf(json, ",\"id\":%" JSON_INTEGER_FORMAT, json_integer_value(id));
    }
}

static void say_error(struct ws_out *w, const char *name, const json_t *id, const char *code,
                      int column, const char *message)
{
    struct buf json = {0};
    char stamp[27];

    buf_printf(&json, "{\"type\":\"error\",\"code\":\"%s\"", code);
    add_name_and_id(&json, name, id);
    if (column > 0)
        buf_printf(&json, ",\"column\":%d", column);
    BUF_LIT(&json, ",\"level\":\"warn\",\"stream\":\"system\",\"message\":");
    json_add_string(&json, str_from(message));
    buf_printf(&json, ",\"timestamp\":\"%.*s\"}", (int)clock_rfc3339(clock_wall_us(), stamp),
               stamp);
    say(w, &json);
}

static void say_done(struct ws_out *w, const struct ask *a, const char *type,
                     const struct ws_sub *s)
{
    struct buf json = {0};
    char cursor[CURSOR_MAX];

    buf_printf(&json, "{\"type\":\"%s\"", type);
    add_name_and_id(&json, a->name, a->id);
    if (s && sub_is_settled(s->sub)) {
        size_t n = hub_cursor(fanout_hub(w->fanout), sub_settled_id(s->sub), cursor);
        buf_printf(&json, ",\"cursor\":\"%.*s\"", (int)n, cursor);
    }
    buf_add_char(&json, '}');
    say(w, &json);
}

static void answer_logs(const struct recent_request *r, struct str rows, int err, void *who)
{
    struct ws_out *w = who;
    struct buf json = {0};

    if (err == -LM_E_FULL) {
        say_error(w, r->name, r->id, "too_large", 0,
                  "The answer would be larger than 4 MiB: ask for a smaller limit");
    } else if (err == -LM_E_EXPENSIVE) {
        say_error(w, r->name, r->id, "filter_too_expensive", 0,
                  "The regular expression takes too long: make it simpler, or add a word that must "
                  "be there");
    } else if (err < 0) {
        say_error(w, r->name, r->id, "query_failed", 0, err_text(err));
    } else {
        BUF_LIT(&json, "{\"type\":\"logs\"");
        add_name_and_id(&json, r->name, r->id);
        BUF_LIT(&json, ",\"logs\":[");
        buf_add_str(&json, rows);
        BUF_LIT(&json, "]}");
        say(w, &json);
    }
}

/* --- what a client may ask --- */

static void fail(struct ws_out *w, const struct ask *a, int err)
{
    if (err == -LM_E_FULL)
        say_error(w, a->name, a->id, "too_many", 0,
                  "Too many different filters are being followed, or questions waiting: try later");
    else
        say_error(w, a->name, a->id, "no_memory", 0, "The hub is short of memory: try again");
}

static void do_subscribe(struct ws_out *w, struct ask *a)
{
    if (!w->v1 || !a->name[0]) {
        say_error(w, a->name, a->id, "not_understood", 0,
                  w->v1 ? "A subscription needs a name: \"sub\""
                        : "Many subscriptions need the subprotocol logmill.v1");
        return;
    }
    if (find_sub(w, a->name) || w->sub_count >= SUBS_MAX) {
        say_error(w, a->name, a->id, "bad_parameter", 0,
                  find_sub(w, a->name) ? "There is a subscription of this name already: change it "
                                         "with a message of type filter"
                                       : "A connection has at most 64 subscriptions");
        return;
    }
    if (a->start.from == SUB_FROM_HERE)
        a->start.from = SUB_FROM_NOW;
    struct form form = {.batch_ms = w->batch_ms};
    ask_set_form(a, &form);
    int err = add_sub(w, ask_take_filter(a), a->name, form, &a->start);
    if (err < 0)
        fail(w, a, err);
    else
        say_done(w, a, "subscribed", find_sub(w, a->name));
}

static void do_filter(struct ws_out *w, struct ask *a, struct ws_sub *s)
{
    struct form form = *sub_form(s->sub);

    form.name = str_from(s->name); /* the feed that has it now may go */
    ask_set_form(a, &form);
    if (!a->has_slow)
        a->start.lossless = sub_is_lossless(s->sub);
    int err = sub_change(s->sub, ask_take_filter(a), &form, &a->start);
    if (err < 0)
        fail(w, a, err);
    else
        say_done(w, a, "filtered", s);
}

static void do_logs(struct ws_out *w, struct ask *a, const struct ws_sub *s)
{
    struct errinfo info = {0};
    bool basic = a->has_levels ? a->basic_levels : s && sub_form(s->sub)->basic_levels;

    if (s && ask_narrow(a, sub_filter(s->sub), &info) < 0) {
        say_error(w, a->name, a->id, ask_error_code(&info), info.column, info.text);
        return;
    }
    if (!w->recent) {
        w->recent = malloc(sizeof *w->recent);
        if (w->recent)
            recent_init(w->recent, w->fanout, answer_logs, w);
    }
    int err = w->recent ? recent_ask(w->recent, a, basic, 0) : -ENOMEM;
    if (err < 0)
        fail(w, a, err);
}

static void act(struct ws_out *w, struct ask *a)
{
    struct ws_sub *s = find_sub(w, a->name);

    if (a->type == ASK_SUBSCRIBE) {
        do_subscribe(w, a);
        return;
    }
    if (!s && !(a->type == ASK_LOGS && !a->name[0])) {
        say_error(w, a->name, a->id, "unknown_subscription", 0,
                  "There is no subscription of this name on this connection");
        return;
    }
    switch (a->type) {
    case ASK_UNSUBSCRIBE:
        end_sub(w, s);
        say_done(w, a, "unsubscribed", NULL);
        break;
    case ASK_FILTER:
        do_filter(w, a, s);
        break;
    case ASK_PAUSE:
        sub_pause(s->sub);
        say_done(w, a, "paused", s);
        break;
    case ASK_RESUME:
        say_done(w, a, "resumed", s);
        sub_resume(s->sub);
        break;
    case ASK_LOGS:
        do_logs(w, a, s);
        break;
    case ASK_SUBSCRIBE:
        break;
    }
}

/* --- the connection --- */

static void on_message(struct ws_link *link, enum ws_opcode opcode, struct str payload)
{
    struct ws_out *w = out_of(link);
    struct errinfo info = {0};
    struct ask a = {0};

    if (opcode != WS_TEXT) {
        say_error(w, "", NULL, "not_understood", 0, "Messages are text: JSON objects");
        return;
    }
    int err = ask_parse(&a, fanout_hub(w->fanout), payload, &info);
    if (err == 0)
        err = grant_limit(w->grant, a.filter, &info);
    if (err < 0)
        say_error(w, a.name, a.id, ask_error_code(&info), info.column, info.text);
    else
        act(w, &a);
    ask_fini(&a);
}

/* Each time another one goes first. */
static void on_drained(struct ws_link *link)
{
    struct ws_out *w = out_of(link);

    conn_pause_reading(link->conn, false);
    if (list_empty(&w->subs))
        return;
    struct list *first = w->subs.next;
    list_remove(first);
    list_push(&w->subs, first);
    LIST_FOR_EACH_SAFE (at, &w->subs)
        sub_drained(LIST_ITEM(at, struct ws_sub, link)->sub);
}

/* Nothing may be written behind a close. */
static void on_closing(struct ws_link *link)
{
    struct ws_out *w = out_of(link);

    LIST_FOR_EACH_SAFE (at, &w->subs)
        end_sub(w, LIST_ITEM(at, struct ws_sub, link));
    if (w->recent)
        recent_fini(w->recent);
    free(w->recent);
    w->recent = NULL;
}

static void on_gone(struct ws_link *link)
{
    struct ws_out *w = out_of(link);

    on_closing(link);
    grant_unref(w->grant);
    free(w);
}

static const struct ws_link_ops link_ops = {on_message, on_drained, on_closing, on_gone};

static void say_hello(struct ws_out *w)
{
    struct buf json = {0};

    BUF_LIT(&json, "{\"type\":\"hello\",\"protocol\":\"logmill.v1\",\"heartbeat_ms\":5000}");
    say(w, &json);
}

static void ignore(struct conn *c)
{
    (void)c;
}

void ws_out_open(struct fanout *s, struct conn *c, struct filter *filter,
                 const struct sub_start *start, const struct ws_terms_out *terms)
{
    static const struct conn_ops nobody = {.on_data = ignore, .on_close = ignore};
    struct ws_out *w = calloc(1, sizeof *w);
    struct ws_limits limits = {.message_max = CLIENT_MESSAGE_MAX,
                               .window_bits = terms->window_bits};

    if (!w) {
        if (filter)
            filter_fini(filter);
        free(filter);
        c->ops = &nobody;
        conn_close(c, 0);
        return;
    }
    w->fanout = s;
    w->grant = terms->grant ? grant_ref(terms->grant) : NULL;
    w->outlet.conn = c;
    w->v1 = terms->v1;
    w->batch_ms = terms->batch_ms;
    list_init(&w->subs);
    ws_link_open(&w->link, fanout_watch(s), c, &link_ops, &limits);
    if (w->v1)
        say_hello(w);
    struct form form = {.basic_levels = terms->basic_levels, .batch_ms = terms->batch_ms};
    if (filter && add_sub(w, filter, "", form, start) < 0)
        conn_close(c, 0);
    ws_link_go(&w->link);
}
