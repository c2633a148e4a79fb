/* SPDX-License-Identifier: MIT
 *
 * socketio_out.c - a subscription for each socket of the main namespace.
 *
 * Its frames are those of a WebSocket, shared with everybody who asked for the same; the session takes
 * them apart for a client that polls, and the subscription does not see the difference.
 */
#include "stream/socketio_out.h"

#include "base/clock.h"
#include "net/grant.h"
#include "record/json.h"
#include "stream/recent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define EVENT_HEAD "2[\"log\","

enum { CONNECT_TIMEOUT_MS = 45 * 1000 };

struct socketio {
    struct sio_server sio;
    struct socketio_opts opts;
};

/* A client, whether or not it has connected to the namespace. */
struct sio_wisher {
    struct stream_wish wish;
    struct grant *grant;
    char refusal[sizeof((struct errinfo *)0)->text];
};

/* Its socket there. */
struct sio_out {
    struct sio_socket *socket;
    struct fanout *fanout;
    uint32_t queue;
    struct ask ask; /* until it has connected */
    struct sub *sub;
    struct recent recent;
};

/* --- the wire --- */

static uint32_t record_overhead(size_t n)
{
    (void)n;
    return EIO_TEXT_HEAD_MAX + sizeof EVENT_HEAD;
}

static uint32_t put_record(char *at, struct str json, struct str cursor)
{
    static const size_t event_n = sizeof EVENT_HEAD - 1;
    size_t head = eio_put_text_head(at, event_n + json.n + 1);

    (void)cursor;
    memcpy(at + head, EVENT_HEAD, event_n);
    memcpy(at + head + event_n, json.p, json.n);
    at[head + event_n + json.n] = ']';
    return (uint32_t)(head + event_n + json.n + 1);
}

static void put_notice(struct buf *out, const struct form *form, const char *type, struct str json,
                       struct str cursor)
{
    (void)form;
    (void)type;
    if (buf_reserve(out, json.n + record_overhead(json.n)) < 0)
        out->failed = true;
    else
        out->n += put_record(out->p + out->n, json, cursor);
}

/* Engine.IO has pings of its own, and a record has the id to resume at. */
static void put_nothing(struct buf *out, const struct form *form, struct str cursor)
{
    (void)out;
    (void)form;
    (void)cursor;
}

static void put_no_goodbye(struct buf *out, uint16_t code, struct str reason)
{
    (void)out;
    (void)code;
    (void)reason;
}

const struct wire wire_socketio = {
    .name = "socketio",
    .transport = "socketio",
    .record_overhead = record_overhead,
    .record = put_record,
    .notice = put_notice,
    .heartbeat = put_nothing,
    .goodbye = put_no_goodbye,
};

/* --- answers --- */

/* {"type":"error",…}, which looks like a record as notices do. */
static void add_error(struct buf *out, const char *code, const char *message)
{
    char stamp[27];

    buf_printf(out, "{\"type\":\"error\",\"code\":\"%s\",\"level\":\"warn\",\"stream\":\"system\"",
               code);
    BUF_LIT(out, ",\"message\":");
    json_add_string(out, str_from(message));
    buf_printf(out, ",\"timestamp\":\"%.*s\"}", (int)clock_rfc3339(clock_wall_us(), stamp), stamp);
}

/* To the acknowledgement, when there is one, and as an event. */
static void answer(struct sio_out *o, uint64_t ack, const char *event, struct str json)
{
    struct buf args = {0};

    if (event) {
        buf_printf(&args, "[\"%s\",", event);
        buf_add_str(&args, json);
        buf_add_char(&args, ']');
        sio_emit(o->socket, buf_str(&args), NULL, 0);
    }
    buf_clear(&args);
    buf_add_char(&args, '[');
    buf_add_str(&args, json);
    buf_add_char(&args, ']');
    if (ack != SIO_NO_ACK)
        sio_acknowledge(o->socket, ack, buf_str(&args), NULL, 0);
    buf_fini(&args);
}

static void answer_error(struct sio_out *o, uint64_t ack, const char *code, const char *message)
{
    struct buf json = {0};

    add_error(&json, code, message);
    answer(o, ack, "log", buf_str(&json));
    buf_fini(&json);
}

static void answer_logs(const struct recent_request *r, struct str rows, int err, void *who)
{
    struct sio_out *o = who;
    struct buf json = {0};

    if (err < 0) {
        answer_error(o, r->tag, err == -LM_E_FULL ? "too_large" : "query_failed", err_text(err));
        return;
    }
    buf_add_char(&json, '[');
    buf_add_str(&json, rows);
    buf_add_char(&json, ']');
    answer(o, r->tag, "logs", buf_str(&json));
    buf_fini(&json);
}

/* --- what a client may ask --- */

/* requestLogs({…}), requestLogs(level, limit), requestLogs(): the members as an object. */
static json_t *object_of(struct str args)
{
    json_t *array = json_loadb(args.p, args.n, 0, NULL), *first = json_array_get(array, 0);
    json_t *object = json_is_object(first) ? json_incref(first) : json_object();

    if (!json_is_object(first))
        for (size_t i = 0; i < json_array_size(array); i++) {
            json_t *value = json_array_get(array, i);
            if (json_is_string(value))
                json_object_set(object, "level", value);
            else if (json_is_integer(value))
                json_object_set(object, "limit", value);
        }
    json_decref(array);
    return object;
}

static const struct sio_wisher *wisher_of(const struct sio_out *o)
{
    return o->socket->client->self;
}

static void request_logs(struct sio_out *o, struct ask *a, uint64_t ack)
{
    struct errinfo info = {0};
    bool basic = a->has_levels ? a->basic_levels : sub_form(o->sub)->basic_levels;

    if (ask_narrow(a, sub_filter(o->sub), &info) < 0) {
        answer_error(o, ack, ask_error_code(&info), info.text);
        return;
    }
    if (!json_object_get(a->json, "limit") || a->limit > o->queue)
        a->limit = o->queue;
    if (recent_ask(&o->recent, a, basic, ack) < 0)
        answer_error(o, ack, "too_many", "Too many questions are waiting: try later");
}

static void change_filter(struct sio_out *o, struct ask *a, uint64_t ack)
{
    struct form form = *sub_form(o->sub);
    char json[64], cursor[CURSOR_MAX];

    ask_set_form(a, &form);
    if (!a->has_slow)
        a->start.lossless = sub_is_lossless(o->sub);
    if (sub_change(o->sub, ask_take_filter(a), &form, &a->start) < 0) {
        answer_error(o, ack, "too_many", "Too many different filters are being followed");
        return;
    }
    size_t n = hub_cursor(fanout_hub(o->fanout), sub_settled_id(o->sub), cursor);
    snprintf(json, sizeof json, "{\"cursor\":\"%.*s\"}", (int)n, cursor);
    answer(o, ack, NULL, str_from(json));
}

static void on_event(struct sio_socket *socket, const struct sio_event *event)
{
    struct sio_out *o = socket->self;
    struct errinfo info = {0};
    struct ask a = {0};
    bool logs = str_is(event->name, "requestLogs");

    if (!o->sub || (!logs && !str_is(event->name, "filter")))
        return; /* other events are other people's */
    int err = ask_read(&a, fanout_hub(o->fanout), object_of(event->args),
                       logs ? "requestLogs" : "filter", &info);
    if (err == 0)
        err = grant_limit(wisher_of(o)->grant, a.filter, &info);
    if (err < 0)
        answer_error(o, event->ack, ask_error_code(&info), info.text);
    else
        (logs ? request_logs : change_filter)(o, &a, event->ack);
    ask_fini(&a);
}

/* --- a client comes and goes --- */

static bool on_client(struct sio_client *c, struct http_req *req)
{
    struct socketio *s = c->server->ctx;
    struct sio_wisher *w = calloc(1, sizeof *w);

    if (!w) {
        http_reply_error(req, 503, "no_memory", NULL, "the hub is short of memory; try again");
        return false;
    }
    if (!s->opts.read(req, s->opts.ctx, &w->wish)) {
        free(w);
        return false;
    }
    w->grant = req->grant ? grant_ref(req->grant) : NULL;
    c->self = w;
    return true;
}

static void on_client_gone(struct sio_client *c)
{
    struct sio_wisher *w = c->self;

    filter_fini(w->wish.filter);
    free(w->wish.filter);
    grant_unref(w->grant);
    free(w);
}

static bool knows(struct sio_client *c, struct str nsp)
{
    (void)c;
    return str_is(nsp, "/");
}

/* `auth` may say what the query may say; `token` is for others to read. */
static int read_auth(struct sio_out *o, const struct sio_wisher *w, struct str auth,
                     struct errinfo *info)
{
    json_t *json = json_loadb(auth.p, auth.n, 0, NULL);

    json_object_del(json, "token");
    json_object_del(json, "type");
    int err = ask_read(&o->ask, fanout_hub(o->fanout), json, "subscribe", info);
    if (err == 0)
        err = ask_narrow(&o->ask, w->wish.filter, info);
    if (o->ask.start.from == SUB_FROM_HERE) {
        bool lossless = o->ask.has_slow ? o->ask.start.lossless : w->wish.start.lossless;
        o->ask.start = w->wish.start;
        o->ask.start.lossless = lossless;
    }
    return err;
}

static const char *on_connect(struct sio_socket *socket, struct str auth)
{
    struct socketio *s = socket->client->server->ctx;
    struct sio_wisher *w = socket->client->self;
    struct sio_out *o = calloc(1, sizeof *o);
    struct errinfo info = {0};

    if (!o)
        return "The hub is short of memory: try again";
    o->socket = socket;
    o->fanout = s->opts.fanout;
    o->queue = s->opts.queue;
    socket->self = o;
    recent_init(&o->recent, o->fanout, answer_logs, o);
    if (read_auth(o, w, auth, &info) == 0)
        return NULL;
    snprintf(w->refusal, sizeof w->refusal, "%s", info.text);
    return w->refusal;
}

static void on_connected(struct sio_socket *socket, struct str auth)
{
    struct sio_out *o = socket->self;
    const struct stream_wish *wish = &wisher_of(o)->wish;
    struct form form = {
        .wire = &wire_socketio, .basic_levels = wish->basic_levels, .batch_ms = wish->batch_ms};

    (void)auth;
    ask_set_form(&o->ask, &form);
    int err = sub_new(&o->sub, o->fanout, &socket->client->session->outlet, true,
                      ask_take_filter(&o->ask), &form, &o->ask.start);
    if (err < 0) {
        answer_error(o, SIO_NO_ACK, "too_many", "Too many different filters are being followed");
        sio_disconnect(socket);
        return;
    }
    ask_fini(&o->ask);
}

static void on_disconnect(struct sio_socket *socket)
{
    struct sio_out *o = socket->self;

    if (!o)
        return;
    ask_fini(&o->ask);
    recent_fini(&o->recent);
    if (o->sub)
        sub_closed(o->sub);
    free(o);
}

static void on_drained(struct sio_client *c)
{
    LIST_FOR_EACH (link, &c->sockets) {
        const struct sio_out *o = LIST_ITEM(link, struct sio_socket, link)->self;
        if (o && o->sub)
            sub_drained(o->sub);
    }
}

int socketio_new(struct socketio **ret, const struct socketio_opts *opts)
{
    static const struct sio_ops ops = {.on_client = on_client,
                                       .knows = knows,
                                       .on_connect = on_connect,
                                       .on_connected = on_connected,
                                       .on_event = on_event,
                                       .on_disconnect = on_disconnect,
                                       .on_drained = on_drained,
                                       .on_client_gone = on_client_gone};
    struct socketio *s = calloc(1, sizeof *s);

    if (!s)
        return -ENOMEM;
    s->opts = *opts;
    s->sio = (struct sio_server){
        .eio = {.loop = fanout_loop(opts->fanout),
                .ping_interval_ms = opts->ping_interval_ms,
                .ping_timeout_ms = opts->ping_timeout_ms,
                .payload_max = opts->payload_max,
                .sessions_max = opts->sessions_max},
        .ops = &ops,
        .ctx = s,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
    };
    sio_server_init(&s->sio);
    *ret = s;
    return 0;
}

void socketio_handle(struct socketio *s, struct http_req *req)
{
    eio_handle(&s->sio.eio, req);
}

void socketio_close(struct socketio *s)
{
    sio_server_close(&s->sio);
}

void socketio_free(struct socketio *s)
{
    if (!s)
        return;
    sio_server_fini(&s->sio);
    free(s);
}
