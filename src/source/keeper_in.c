/* SPDX-License-Identifier: MIT
 *
 * keeper_in.c - frames from keepers in, batches out.
 *
 * All frames that arrived together make one batch. The exit record waits for END (which follows at
 * once unless a grandchild holds a pipe) so that the last words stand before it, at most
 * EXIT_WAIT_MS.
 */
#include "base/clock.h"
#include "base/diag.h"
#include "record/show.h"
#include "record/utf8.h"
#include "source/keeper_in_impl.h"
#include "source/line_rules.h"

#include <errno.h>
#include <stdlib.h>

enum {
    GREETING_MS = 10 * 1000, /* from the first byte to the end of RUN */
    EXIT_WAIT_MS = 50,
    SIGNAL_MAX = 64,
    ERROR_SHOWN_MAX = 300,
};

static void send_frame(struct keeper_link *link, struct str frame)
{
    struct keeper *k = LIST_ITEM(link, struct keeper, to_keeper);
    conn_write(k->conn, frame.p, frame.n);
}

/* The connection leads nowhere any more: nothing of it may change the position now. */
static void give_up(struct keeper *k, unsigned linger_ms)
{
    k->over = true;
    uv_timer_stop(&k->exit_timer);
    conn_close(k->conn, linger_ms);
}

static void refuse(struct keeper *k, int err)
{
    struct buf out = {0};
    char peer[CONN_PEER_MAX];

    diag_warn("Ending the connection of %s (%s): %s",
              k->process ? k->process->name : "a local program", conn_peer(k->conn, peer),
              err_text(err));
    frame_add_error(&out, err, str_from(err_text(err)));
    if (buf_error(&out) == 0)
        conn_write(k->conn, out.p, out.n);
    buf_fini(&out);
    give_up(k, 100);
}

/* --- frames --- */

static int on_hello(struct keeper *k, struct str payload)
{
    struct frame_hello hello;
    struct buf out = {0};
    int err = k->hello ? -LM_E_PROTOCOL : frame_get_hello(payload, &hello);

    if (err < 0)
        return err;
    frame_add_hello(&out, &(struct frame_hello){.version = FRAME_VERSION, .max_frame = FRAME_MAX});
    err = buf_error(&out);
    if (err == 0)
        err = conn_write(k->conn, out.p, out.n);
    buf_fini(&out);
    k->hello = true;
    return err;
}

/* The labels of a run: what the keeper was given, and its name as process_id. */
static int make_labels(struct keeper *k, const struct frame_run *run)
{
    struct label pairs[FRAME_LABELS_MAX + 1];
    uint16_t n = 0;

    for (; n < run->label_count; n++) {
        pairs[n].name = run->labels[n].name;
        pairs[n].value = utf8_clean(&k->server->batch.scratch, run->labels[n].value);
        if (!pairs[n].value.p)
            return -ENOMEM;
        if (run->labels[n].value.n <= LABEL_VALUE_MAX && pairs[n].value.n > LABEL_VALUE_MAX)
            pairs[n].value.n =
                utf8_cut(pairs[n].value, LABEL_VALUE_MAX); /* cleaning made it longer */
    }
    if (n < FRAME_LABELS_MAX)
        pairs[n++] = (struct label){STR("process_id"), run->name};
    return labels_make(k->server->intake.labels, run->name, pairs, n, &k->labels);
}

/* A keeper that calls again has given up its earlier connection. What still lies unread there comes
 * again on the new one, so it must not be read from both. */
static void displace(const struct keeper *k)
{
    LIST_FOR_EACH (link, &k->server->keepers) {
        struct keeper *other = LIST_ITEM(link, struct keeper, link);
        if (other != k && other->running &&
            memcmp(&other->origin, &k->origin, sizeof k->origin) == 0) {
            give_up(other, 0);
            other->acked.flags = 0; /* the run is no longer its to end */
        }
    }
}

/* Lines of a configured process are understood as its entry says. */
static void take_rules(struct keeper *k)
{
    const struct parse_conf *conf = k->process->parse;
    struct errinfo info;

    if (!conf)
        return;
    if (line_rules_init(&k->rules, conf, k->process->name, &info) == 0)
        k->parser.rules = &k->rules;
    else
        diag_warn("%s; its lines are understood without", info.text);
}

static int on_run(struct keeper *k, struct str payload)
{
    struct keeper_server *s = k->server;
    struct frame_run run;
    int err = frame_get_run(payload, &run);

    if (err == 0 && k->running)
        err = -LM_E_PROTOCOL;
    if (err == 0)
        err = make_labels(k, &run);
    if (err == 0)
        err = supervise_on_run(s->supervise, &run, &k->to_keeper, &k->process);
    if (err < 0)
        return err;
    k->origin = run_origin(run.run);
    take_rules(k);
    displace(k);
    k->acked = run_position_decode(s->intake.position(s->intake.hub, &k->origin));
    line_start(&k->lines[0], k->acked.stdout_n);
    line_start(&k->lines[1], k->acked.stderr_n);
    k->flags = k->journaled_flags = k->acked.flags;
    k->running = true;
    uv_timer_stop(&k->exit_timer);
    s->intake.metrics->keepers++;
    batch_begin(&s->batch, &k->origin, clock_wall_us());
    ack_send(k, FRAME_RESUME, &k->acked);
    return 0;
}

/* Publishes what this turn brought and says what is safe. */
static int end_turn(struct keeper *k)
{
    int err = 0;

    if (!k->running)
        return 0;
    if (k->server->batch.count > 0 || k->flags != k->journaled_flags)
        err = lines_publish(k);
    if (err < 0)
        return err;
    if (k->journaled_flags &
        RUN_ENDED) /* first: the next life is waited for, this keeper's end is not */
        supervise_on_end(k->server->supervise, k->process, &k->to_keeper);
    ack_soon(k);
    return 0;
}

static void on_exit_timer(uv_timer_t *timer)
{
    struct keeper *k = timer->data;

    batch_begin(&k->server->batch, &k->origin, clock_wall_us());
    int err = lines_add_exit(k);
    if (err == 0)
        err = end_turn(k);
    batch_clear(&k->server->batch);
    if (err < 0)
        refuse(k, err);
}

static int on_exit_frame(struct keeper *k, struct str payload)
{
    int err = frame_get_exit(payload, &k->exit);

    if (err < 0 || k->exit.signal < 0 || k->exit.signal > SIGNAL_MAX)
        return -LM_E_PROTOCOL;
    for (int i = 0; i < 2; i++) { /* the payload goes before the record is written */
        if (k->exit.last[i].n > 0)
            memcpy(k->last[i], k->exit.last[i].p, k->exit.last[i].n);
        k->exit.last[i].p = k->last[i];
    }
    supervise_on_exit(k->server->supervise, k->process, &k->exit);
    if (k->flags & RUN_EXIT_WRITTEN)
        return 0;
    if (k->flags & RUN_ENDED)
        return lines_add_exit(k);
    k->exit_waits = true;
    return uv_timer_start(&k->exit_timer, on_exit_timer, EXIT_WAIT_MS, 0);
}

static int on_data(struct keeper *k, struct str payload)
{
    struct frame_data d;
    int err = frame_get_data(payload, &d);

    return err < 0 ? err : lines_add_data(k, d);
}

static int on_end(struct keeper *k, struct str payload)
{
    uint64_t total[2];
    int err = frame_get_end(payload, &total[0], &total[1]);

    if (err == 0)
        err = lines_end(k, total);
    if (err == 0 && k->exit_waits)
        err = lines_add_exit(k);
    k->flags |= RUN_ENDED;
    return err;
}

static int on_note(struct keeper *k, struct str payload)
{
    struct frame_note note;
    int err = frame_get_note(payload, &note);

    return err < 0 ? err : lines_add_note(k, &note);
}

static int on_error(struct keeper *k, struct str payload)
{
    int code;
    struct str text;
    struct buf valid = {0}, shown = {0};
    char peer[CONN_PEER_MAX];

    if (frame_get_error(payload, &code, &text) == 0) {
        utf8_add_clean(&valid, str_of(text.p, text.n < ERROR_SHOWN_MAX ? text.n : ERROR_SHOWN_MAX));
        show_text(&shown, buf_str(&valid), SHOW_PLAIN);
        diag_warn("%s reports: %.*s", conn_peer(k->conn, peer), STR_FMT(buf_str(&shown)));
    }
    buf_fini(&valid);
    buf_fini(&shown);
    return -LM_E_PROTOCOL;
}

static int on_frame(struct keeper *k, const struct frame *f)
{
    if (f->type == FRAME_HELLO)
        return on_hello(k, f->payload);
    if (f->type == FRAME_ERROR)
        return on_error(k, f->payload);
    if (!k->hello)
        return -LM_E_PROTOCOL;
    if (f->type == FRAME_RUN)
        return on_run(k, f->payload);
    if (!k->running)
        return f->type >= FRAME_DATA && f->type <= FRAME_NOTE ? -LM_E_PROTOCOL : 0;
    switch (f->type) {
    case FRAME_DATA:
        return on_data(k, f->payload);
    case FRAME_EXIT:
        return on_exit_frame(k, f->payload);
    case FRAME_END:
        return on_end(k, f->payload);
    case FRAME_NOTE:
        return on_note(k, f->payload);
    default:
        return 0; /* unknown types are skipped: a later keeper may have more to say */
    }
}

/* The history is sealed more slowly than a child writes: its keeper waits, and then the child
 * (docs/adr/0006), before anything has to be refused. */
static void wait_for_room(struct keeper *k)
{
    const struct intake *in = &k->server->intake;

    k->waits = k->running && !in->has_room(in->hub);
    if (k->waits)
        conn_pause_reading(k->conn, true);
}

static void conn_data(struct conn *c)
{
    struct keeper *k = c->self;
    struct str rest = buf_str(&c->in);
    struct frame f;
    int64_t n = 0;
    int err = 0;

    if (k->running)
        batch_begin(&k->server->batch, &k->origin, clock_wall_us());
    while (err == 0 && (n = frame_read(rest, FRAME_MAX, &f)) > 0) {
        err = on_frame(k, &f);
        rest = str_of(rest.p + n, rest.n - (size_t)n);
    }
    if (err == 0)
        err = n < 0 ? (int)n : end_turn(k);
    batch_clear(&k->server->batch);
    buf_consume(&c->in, c->in.n - rest.n);
    if (err < 0)
        refuse(k, err);
    else
        wait_for_room(k);
}

static void conn_drained(struct conn *c)
{
    ack_now(c->self);
}

static void free_keeper(uv_handle_t *handle)
{
    free(handle->data);
}

static void conn_gone(struct conn *c)
{
    struct keeper *k = c->self;
    struct keeper_server *s = k->server;
    bool ended = k->acked.flags & RUN_ENDED;

    list_remove(&k->link);
    if (k->running) {
        s->intake.metrics->keepers--;
        supervise_on_gone(s->supervise, k->process, &k->to_keeper, ended);
        if (ended)
            s->intake.forget(s->intake.hub, &k->origin);
    }
    parser_fini(&k->parser);
    parse_rules_fini(&k->rules);
    labels_unref(k->labels);
    line_fini(&k->lines[0]);
    line_fini(&k->lines[1]);
    uv_close((uv_handle_t *)&k->exit_timer, free_keeper);
}

static void on_greeting_over(uv_timer_t *timer)
{
    refuse(timer->data, -ETIMEDOUT);
}

static const struct conn_ops keeper_ops = {
    .on_data = conn_data, .on_drained = conn_drained, .on_close = conn_gone};

int keeper_serve(struct keeper_server *s, struct conn *c)
{
    struct keeper *k = calloc(1, sizeof *k);

    if (!k) {
        conn_close(c, 0);
        return -ENOMEM;
    }
    k->server = s;
    k->conn = c;
    k->parser.live = true;
    k->to_keeper.send = send_frame;
    uv_timer_init(&s->loop->uv, &k->exit_timer);
    k->exit_timer.data = k;
    list_push(&s->keepers, &k->link);
    c->in_max = FRAME_MAX + FRAME_HEADER;
    c->self = k;
    c->ops = &keeper_ops;
    uv_timer_start(&k->exit_timer, on_greeting_over, GREETING_MS, 0);
    conn_data(c);
    return 0;
}

int keeper_server_new(struct keeper_server **ret, struct loop *loop, const struct intake *intake,
                      struct supervise *supervise)
{
    struct keeper_server *s = calloc(1, sizeof *s);

    if (!s)
        return -ENOMEM;
    s->loop = loop;
    s->intake = *intake;
    s->supervise = supervise;
    list_init(&s->keepers);
    s->ack_timer.data = s;
    uv_timer_init(&loop->uv, &s->ack_timer);
    s->partial_timer.data = s;
    uv_timer_init(&loop->uv, &s->partial_timer);
    *ret = s;
    return 0;
}

void keeper_server_go_on(struct keeper_server *s)
{
    LIST_FOR_EACH (link, &s->keepers) {
        struct keeper *k = LIST_ITEM(link, struct keeper, link);
        if (k->waits && !k->over)
            conn_pause_reading(k->conn, false);
        k->waits = false;
    }
}

void keeper_server_close(struct keeper_server *s)
{
    LIST_FOR_EACH_SAFE (link, &s->keepers)
        conn_close(LIST_ITEM(link, struct keeper, link)->conn, 0);
    uv_close((uv_handle_t *)&s->ack_timer, NULL);
    uv_close((uv_handle_t *)&s->partial_timer, NULL);
}

void keeper_server_free(struct keeper_server *s)
{
    if (!s)
        return;
    lm_assert(list_empty(&s->keepers));
    batch_fini(&s->batch);
    free(s);
}
