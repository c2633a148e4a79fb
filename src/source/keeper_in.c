/* SPDX-License-Identifier: MIT
 *
 * keeper_in.c - frames from keepers in, batches out.
 *
 * All frames that arrived together make one batch. The exit record waits for END (which follows at
 * once unless a grandchild holds a pipe) so that the last words stand before it, at most EXIT_WAIT_MS.
 */
#include "source/keeper_in.h"

#include "base/clock.h"
#include "base/diag.h"
#include "record/line.h"
#include "record/parse.h"
#include "record/show.h"
#include "record/utf8.h"
#include "source/exit_record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    EXIT_WAIT_MS = 50,
    ACK_DELAY_MS = 20,        /* acknowledgements are gathered this long ... */
    ACK_AT_ONCE = 128 * 1024, /* ... unless this many bytes wait */
    SIGNAL_MAX = 64,
    ERROR_SHOWN_MAX = 300,
};

struct keeper_server {
    struct loop *loop;
    struct intake intake;
    struct supervise *supervise;
    struct list keepers;
    uv_timer_t ack_timer;
    struct batch batch; /* one for all: it is published before the next keeper's turn */
};

struct keeper {
    struct list link;
    struct keeper_server *server;
    struct conn *conn;
    struct keeper_link to_keeper;
    bool hello, running; /* HELLO came, RUN came */
    bool over; /* the connection is ending: what is not in the journal by now comes again */
    struct process *process;
    struct labels *labels;
    struct origin origin;
    struct line_splitter lines[2]; /* stdout, stderr */
    uint32_t flags;                /* RUN_EXIT_WRITTEN, RUN_ENDED */
    uint32_t journaled_flags;
    struct run_position acked, staged;
    uint64_t staged_id; /* staged is acknowledged once ids below this are; 0 = nothing staged */
    uint64_t latest_id;
    struct frame_exit exit;
    bool exit_waits;
    uv_timer_t exit_timer;
};

static uint64_t seen(const struct line_splitter *l)
{
    return l->line_end + (l->carry_used ? 0 : l->carry.n);
}

static struct run_position position_now(const struct keeper *k)
{
    return (struct run_position){k->lines[0].line_end, k->lines[1].line_end, k->flags};
}

static void send_frame(struct keeper_link *link, struct str frame)
{
    struct keeper *k = LIST_ITEM(link, struct keeper, to_keeper);
    conn_write(k->conn, frame.p, frame.n);
}

static void send_ack(struct keeper *k, enum frame_type type, const struct run_position *p)
{
    struct buf out = {0};
    struct frame_ack ack = {p->stdout_n, p->stderr_n, p->flags};

    frame_add_ack(&out, type, &ack);
    if (buf_error(&out) == 0)
        conn_write(k->conn, out.p, out.n);
    buf_fini(&out);
    k->acked = *p;
}

/* --- acknowledging --- */

static bool is_news(const struct run_position *a, const struct run_position *b)
{
    return a->stdout_n != b->stdout_n || a->stderr_n != b->stderr_n || a->flags != b->flags;
}

/* Acknowledges what is durable; with group commit the newest position is often not yet, so one
 * older position is kept staged until it is. */
static void acknowledge(struct keeper *k, uint64_t acked_id)
{
    struct run_position now = position_now(k);

    if (k->conn->out.n > 0)
        return; /* it does not read: one acknowledgement when it does (conn_drained) */
    if (k->latest_id <= acked_id) {
        if (is_news(&now, &k->acked))
            send_ack(k, FRAME_ACK, &now);
        k->staged_id = 0;
        return;
    }
    if (k->staged_id && k->staged_id <= acked_id) {
        if (is_news(&k->staged, &k->acked))
            send_ack(k, FRAME_ACK, &k->staged);
        k->staged_id = 0;
    }
    if (!k->staged_id) {
        k->staged = now;
        k->staged_id = k->latest_id;
    }
}

void keeper_server_acked(struct keeper_server *s, uint64_t acked_id)
{
    LIST_FOR_EACH (link, &s->keepers) {
        struct keeper *k = LIST_ITEM(link, struct keeper, link);
        if (k->running && !k->over)
            acknowledge(k, acked_id);
    }
}

static void conn_drained(struct conn *c)
{
    struct keeper *k = c->self;
    if (k->running && !k->over)
        acknowledge(k, k->server->intake.acked_id(k->server->intake.hub));
}

static void on_ack_timer(uv_timer_t *timer)
{
    struct keeper_server *s = timer->data;
    keeper_server_acked(s, s->intake.acked_id(s->intake.hub));
}

static void acknowledge_soon(struct keeper *k)
{
    struct keeper_server *s = k->server;
    uint64_t waiting =
        k->lines[0].line_end - k->acked.stdout_n + k->lines[1].line_end - k->acked.stderr_n;

    if (waiting >= ACK_AT_ONCE || k->flags != k->acked.flags)
        acknowledge(k, s->intake.acked_id(s->intake.hub));
    else if (!uv_is_active((uv_handle_t *)&s->ack_timer))
        uv_timer_start(&s->ack_timer, on_ack_timer, ACK_DELAY_MS, 0);
}

/* --- records --- */

static int publish(struct keeper *k)
{
    struct keeper_server *s = k->server;
    struct run_position now = position_now(k);

    s->batch.position = run_position_encode(&now);
    s->batch.unstored = k->process->unstored;
    int err = s->intake.publish(s->intake.hub, &s->batch);
    if (err == 0) {
        k->latest_id = s->batch.first_id + s->batch.count;
        k->journaled_flags = now.flags;
    }
    batch_begin(&s->batch, &k->origin, clock_wall_us());
    return err;
}

static int add_record(struct keeper *k, const struct record *r)
{
    struct batch *b = &k->server->batch;
    int err = batch_add(b, r);
    return err == 0 && batch_full(b) ? publish(k) : err;
}

/* `{"part":2,"last":false}` */
static int add_part_fields(struct batch *b, const struct line *line, struct record *r)
{
    struct buf text = {0};

    buf_printf(&text, "{\"part\":%u,\"last\":%s}", line->part, line->last ? "true" : "false");
    if (buf_error(&text) == 0)
        r->fields = arena_copy(&b->scratch, buf_str(&text));
    buf_fini(&text);
    r->flags |= RECORD_PART;
    return r->fields.p ? 0 : -ENOMEM;
}

static int add_line(struct keeper *k, enum stream stream, const struct line *line, int64_t read_us)
{
    struct keeper_server *s = k->server;
    struct record r = {.time_us = read_us, .labels = k->labels, .stream = stream};
    struct str text = line->text;
    bool replaced;

    if (k->lines[stream - 1].carry_used) {
        text = arena_copy(&s->batch.scratch, text); /* the carry is overwritten by the next line */
        if (!text.p)
            return -ENOMEM;
    }
    int err = parse_line(&r, text, &s->batch.scratch, &replaced);
    if (err < 0)
        return err;
    s->intake.metrics->lines_invalid_utf8_total += replaced;
    if (line->unterminated)
        r.flags |= RECORD_UNTERMINATED;
    if (line->part > 0 && (err = add_part_fields(&s->batch, line, &r)) < 0)
        return err;
    return add_record(k, &r);
}

static int add_system(struct keeper *k, enum level level, int64_t time_us, struct str message,
                      struct str fields)
{
    struct batch *b = &k->server->batch;
    struct record r = {.time_us = time_us,
                       .labels = k->labels,
                       .message = arena_copy(&b->scratch, message),
                       .level = level,
                       .stream = STREAM_SYSTEM};
    if (fields.n)
        r.fields = arena_copy(&b->scratch, fields);
    if (!r.message.p || (fields.n && !r.fields.p))
        return -ENOMEM;
    return add_record(k, &r);
}

static int finish_line(struct keeper *k, enum stream stream, int64_t time_us)
{
    struct line line;
    int n = line_finish(&k->lines[stream - 1], &line);
    return n <= 0 ? n : add_line(k, stream, &line, time_us);
}

/* The keeper had to give up bytes: says so in the place where they are missing. */
static int add_gap(struct keeper *k, const struct frame_data *d, uint64_t missing)
{
    char text[160];
    enum stream stream = (enum stream)d->stream;
    int err = finish_line(k, stream, d->read_us);

    if (err < 0)
        return err;
    line_skip(&k->lines[stream - 1], missing);
    k->server->intake.metrics->gap_bytes_total += missing;
    int n = snprintf(text, sizeof text,
                     "%llu bytes of %s are missing here: the keeper could not hold more while the "
                     "hub was away%s",
                     (unsigned long long)missing, stream_name(stream),
                     k->process->log_file[0] ? "; the plain file has them" : "");
    return add_system(k, LEVEL_WARN, d->read_us, str_of(text, (size_t)n), STR_NONE);
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

/* Texts of the keeper's own become text before anybody sees them; p NULL when memory is short. */
static struct str clean(struct arena *scratch, struct str text)
{
    struct buf out = {0};
    struct str cleaned;

    if (utf8_valid_prefix(text) == text.n)
        return arena_copy(scratch, text);
    utf8_add_clean(&out, text);
    cleaned = buf_error(&out) < 0 ? STR_NONE : arena_copy(scratch, buf_str(&out));
    buf_fini(&out);
    return cleaned;
}

/* The labels of a run: what the keeper was given, and its name as process_id. */
static int make_labels(struct keeper *k, const struct frame_run *run)
{
    struct label pairs[FRAME_LABELS_MAX + 1];
    uint16_t n = 0;

    for (; n < run->label_count; n++) {
        pairs[n].name = run->labels[n].name;
        pairs[n].value = clean(&k->server->batch.scratch, run->labels[n].value);
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

/* The connection leads nowhere any more: nothing of it may change the position now. */
static void give_up(struct keeper *k, unsigned linger_ms)
{
    k->over = true;
    uv_timer_stop(&k->exit_timer);
    conn_close(k->conn, linger_ms);
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
    displace(k);
    k->acked = run_position_decode(s->intake.position(s->intake.hub, &k->origin));
    line_start(&k->lines[0], k->acked.stdout_n);
    line_start(&k->lines[1], k->acked.stderr_n);
    k->flags = k->journaled_flags = k->acked.flags;
    k->running = true;
    s->intake.metrics->keepers++;
    batch_begin(&s->batch, &k->origin, clock_wall_us());
    send_ack(k, FRAME_RESUME, &k->acked);
    return 0;
}

static int on_data(struct keeper *k, struct str payload)
{
    struct frame_data d;
    struct line line;
    int err = frame_get_data(payload, &d);

    if (err < 0)
        return err;
    struct line_splitter *l = &k->lines[d.stream - 1];
    uint64_t have = seen(l);
    if (d.offset + d.bytes.n <= have)
        return 0;
    if (d.offset < have)
        d.bytes = str_of(d.bytes.p + (have - d.offset), d.bytes.n - (size_t)(have - d.offset));
    else if (d.offset > have && (err = add_gap(k, &d, d.offset - have)) < 0)
        return err;
    while ((err = line_next(l, &d.bytes, &line)) > 0) {
        err = add_line(k, (enum stream)d.stream, &line, d.read_us);
        if (err < 0)
            return err;
    }
    return err;
}

static int write_exit(struct keeper *k)
{
    struct buf message = {0}, fields = {0};
    enum level level = exit_record(&k->exit, &message, &fields);
    int err = buf_error(&message) | buf_error(&fields);

    k->exit_waits = false;
    uv_timer_stop(&k->exit_timer);
    if (err == 0) {
        k->flags |= RUN_EXIT_WRITTEN;
        err = add_system(k, level, k->exit.ended_us, buf_str(&message), buf_str(&fields));
    }
    buf_fini(&message);
    buf_fini(&fields);
    return err;
}

static int end_turn(struct keeper *k);
static void refuse(struct keeper *k, int err);

static void on_exit_timer(uv_timer_t *timer)
{
    struct keeper *k = timer->data;

    batch_begin(&k->server->batch, &k->origin, clock_wall_us());
    int err = write_exit(k);
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
    supervise_on_exit(k->server->supervise, k->process, &k->exit);
    if (k->flags & RUN_EXIT_WRITTEN)
        return 0;
    if (k->flags & RUN_ENDED)
        return write_exit(k);
    k->exit_waits = true;
    return uv_timer_start(&k->exit_timer, on_exit_timer, EXIT_WAIT_MS, 0);
}

static int on_end(struct keeper *k, struct str payload)
{
    uint64_t total[2];
    int64_t now = clock_wall_us();
    int err = frame_get_end(payload, &total[0], &total[1]);

    for (int i = 0; i < 2 && err == 0; i++) {
        struct frame_data hole = {.offset = total[i], .read_us = now, .stream = (uint32_t)i + 1};
        if (total[i] > seen(&k->lines[i]))
            err = add_gap(k, &hole, total[i] - seen(&k->lines[i]));
        if (err == 0)
            err = finish_line(k, (enum stream)(i + 1), now);
    }
    if (err == 0 && k->exit_waits)
        err = write_exit(k);
    k->flags |= RUN_ENDED;
    return err;
}

static int on_note(struct keeper *k, struct str payload)
{
    struct frame_note note;
    int err = frame_get_note(payload, &note);

    if (err < 0)
        return err;
    struct str text = clean(&k->server->batch.scratch, note.text);
    return text.p ? add_system(k, (enum level)note.level, clock_wall_us(), text, STR_NONE)
                  : -ENOMEM;
}

static int on_error(struct keeper *k, struct str payload)
{
    int code;
    struct str text;
    struct buf valid = {0}, shown = {0};

    if (frame_get_error(payload, &code, &text) == 0) {
        utf8_add_clean(&valid, str_of(text.p, text.n < ERROR_SHOWN_MAX ? text.n : ERROR_SHOWN_MAX));
        show_text(&shown, buf_str(&valid), SHOW_PLAIN);
        diag_warn("%s reports: %.*s", k->conn->peer, STR_FMT(buf_str(&shown)));
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

/* Publishes what this turn brought and says what is safe. */
static int end_turn(struct keeper *k)
{
    struct keeper_server *s = k->server;
    struct run_position now = position_now(k);
    int err = 0;

    if (!k->running)
        return 0;
    if (s->batch.count > 0 || now.flags != k->journaled_flags)
        err = publish(k);
    if (err < 0)
        return err;
    if (is_news(&now, &k->acked))
        acknowledge_soon(k);
    return 0;
}

static void refuse(struct keeper *k, int err)
{
    struct buf out = {0};

    diag_warn("Ending the connection of %s (%s): %s",
              k->process ? k->process->name : "a local program", k->conn->peer, err_text(err));
    frame_add_error(&out, err, str_from(err_text(err)));
    if (buf_error(&out) == 0)
        conn_write(k->conn, out.p, out.n);
    buf_fini(&out);
    give_up(k, 100);
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
    labels_unref(k->labels);
    line_fini(&k->lines[0]);
    line_fini(&k->lines[1]);
    uv_close((uv_handle_t *)&k->exit_timer, free_keeper);
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
    k->to_keeper.send = send_frame;
    uv_timer_init(&s->loop->uv, &k->exit_timer);
    k->exit_timer.data = k;
    list_push(&s->keepers, &k->link);
    c->in_max = FRAME_MAX + FRAME_HEADER;
    c->self = k;
    c->ops = &keeper_ops;
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
    *ret = s;
    return 0;
}

void keeper_server_close(struct keeper_server *s)
{
    LIST_FOR_EACH_SAFE (link, &s->keepers)
        conn_close(LIST_ITEM(link, struct keeper, link)->conn, 0);
    uv_close((uv_handle_t *)&s->ack_timer, NULL);
}

void keeper_server_free(struct keeper_server *s)
{
    if (!s)
        return;
    lm_assert(list_empty(&s->keepers));
    batch_fini(&s->batch);
    free(s);
}
