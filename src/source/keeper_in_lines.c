/* SPDX-License-Identifier: MIT
 *
 * keeper_in_lines.c - raw bytes with offsets to records, once each.
 *
 * What is already known of a stream is cut away by its offset; what is missing is said in its
 * place. The position that goes into the journal with a batch is the end of the last line in it.
 */
#include "base/clock.h"
#include "record/utf8.h"
#include "source/exit_record.h"
#include "source/keeper_in_impl.h"
#include "source/line_in.h"

#include <errno.h>
#include <stdio.h>

int lines_publish(struct keeper *k)
{
    struct keeper_server *s = k->server;
    struct run_position now = keeper_position(k);

    s->batch.position = run_position_encode(&now);
    s->batch.unstored = k->process->unstored;
    s->batch.or_live = true;
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
    return err == 0 && batch_full(b) ? lines_publish(k) : err;
}

static int add_line(struct keeper *k, enum stream stream, const struct line *line, int64_t read_us)
{
    struct keeper_server *s = k->server;
    struct record r = {.time_us = read_us, .labels = k->labels, .stream = stream};
    struct line whole = *line;

    if (k->lines[stream - 1].carry_used) {
        /* the carry is overwritten by the next line */
        whole.text = arena_copy(&s->batch.scratch, line->text);
        if (!whole.text.p)
            return -ENOMEM;
    }
    int err = line_in(&k->parser, &s->batch, &whole, &r, s->intake.metrics);
    if (err < 0)
        return err;
    k->process->counts.lines++;
    k->process->counts.errors += r.level >= LEVEL_ERROR;
    if (k->process->wants_lines)
        supervise_on_line(s->supervise, k->process, r.message);
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
static int add_gap(struct keeper *k, enum stream stream, int64_t time_us, uint64_t missing)
{
    char text[160];
    int err = finish_line(k, stream, time_us);

    if (err < 0)
        return err;
    line_skip(&k->lines[stream - 1], missing);
    k->server->intake.metrics->gap_bytes_total += missing;
    int n = snprintf(
        text, sizeof text,
        "%llu bytes of %s are missing here: the keeper could not hold more while the hub was "
        "away%s",
        (unsigned long long)missing, stream_name(stream),
        k->process->log_file[0] ? "; the plain file has them" : "");
    return add_system(k, LEVEL_WARN, time_us, str_of(text, (size_t)n), STR_NONE);
}

/* Bytes of the stream that have come, in whole lines or not. */
static uint64_t seen(const struct line_splitter *l)
{
    return l->line_end + (l->carry_used ? 0 : l->carry.n);
}

int lines_add_data(struct keeper *k, struct frame_data d)
{
    struct line_splitter *l = &k->lines[d.stream - 1];
    uint64_t have = seen(l);
    struct line line;
    enum stream stream = (enum stream)d.stream;
    int err;

    if (d.offset + d.bytes.n <= have)
        return 0;
    if (d.offset < have)
        d.bytes = str_of(d.bytes.p + (have - d.offset), d.bytes.n - (size_t)(have - d.offset));
    else if (d.offset > have && (err = add_gap(k, stream, d.read_us, d.offset - have)) < 0)
        return err;
    k->process->counts.bytes += d.bytes.n;
    while ((err = line_next(l, &d.bytes, &line)) > 0) {
        err = add_line(k, stream, &line, d.read_us);
        if (err < 0)
            return err;
    }
    partial_look(k, stream);
    return err;
}

int lines_end(struct keeper *k, const uint64_t total[2])
{
    int64_t now = clock_wall_us();
    int err = 0;

    for (int i = 0; i < 2 && err == 0; i++) {
        enum stream stream = (enum stream)(i + 1);
        uint64_t have = seen(&k->lines[i]);
        if (total[i] > have)
            err = add_gap(k, stream, now, total[i] - have);
        if (err == 0)
            err = finish_line(k, stream, now);
    }
    return err;
}

int lines_add_exit(struct keeper *k)
{
    struct buf message = {0}, fields = {0};
    enum level level = exit_record(&k->exit, &message, &fields);
    int err = buf_error(&message) | buf_error(&fields);

    if (k->process->state == PROCESS_EXITED)
        level = LEVEL_INFO; /* however it ended: it was asked to */
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

int lines_add_note(struct keeper *k, const struct frame_note *note)
{
    struct str text = utf8_clean(&k->server->batch.scratch, note->text);

    return text.p ? add_system(k, (enum level)note->level, clock_wall_us(), text, STR_NONE)
                  : -ENOMEM;
}
