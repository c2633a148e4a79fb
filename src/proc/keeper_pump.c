/* SPDX-License-Identifier: MIT
 *
 * keeper_pump.c - reading the pipes.
 *
 * Lines and frames. A read that fills its buffer usually ends inside a line while the rest of it is
 * in the pipe already. That start of a line is held back and goes in front of the next read, so
 * that frames end with lines and the other stream never cuts into one. Nothing is held back when
 * the pipe is empty: an unfinished line that the child left there passes at once.
 */
#include "proc/keeper_pump.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    REST_US = 500,       /* of a busy child: one that writes again within this time */
    REST_MAX_US = 5000,  /* whatever the hub says */
    REST_LONG_US = 2000, /* at least, when more than REST_BYTES came last time */
    REST_BYTES = 64 * 1024,
    TERMINAL_BYTES = 4096,    /* what a terminal holds for its reader */
    TURN_BYTES = 1024 * 1024, /* from one pipe before the other one and the hub get their turn */
};

void pump_init(struct pump *p, const int fds[2])
{
    for (int i = 0; i < 2; i++)
        p->streams[i].fd = fds[i];
    int bytes = fcntl(fds[0], F_GETPIPE_SZ);
    p->pipe_bytes = bytes > 0 ? (size_t)bytes : TERMINAL_BYTES;
}

void pump_close(struct pump *p)
{
    for (int i = 0; i < 2; i++)
        if (p->streams[i].fd >= 0)
            close(p->streams[i].fd);
}

/* ---- one read ---- */

static void write_file(struct pump *p, uint32_t stream, struct str bytes, bool last)
{
    struct errinfo info = {0};
    int64_t now_us = clock_mono_us();

    switch (p->lines ? keeper_lines_write(p->lines, p->file, stream, bytes, last, now_us, &info)
                     : file_write(p->file, stream, bytes, now_us, &info)) {
    case FILE_FAILED:
        link_note(p->link, NOTE_WARN,
                  "%s; its lines go to the hub only until it can be written again", info.text);
        break;
    case FILE_ASTRAY:
        link_note(p->link, NOTE_WARN, "%s; lines go on into the file that was there", info.text);
        break;
    case FILE_BACK:
        link_note(p->link, NOTE_INFO,
                  "the log file %s is written again; %" PRIu64 " bytes are not in it",
                  p->file->path, p->file->missing);
        p->file->missing = 0;
        break;
    case FILE_OK:
        break;
    }
}

static void keep_tail(struct pump_stream *s, const char *bytes, size_t n)
{
    if (n >= FRAME_LAST_MAX) {
        memcpy(s->tail, bytes + n - FRAME_LAST_MAX, FRAME_LAST_MAX);
        s->tail_n = FRAME_LAST_MAX;
        return;
    }
    size_t kept = s->tail_n + n > FRAME_LAST_MAX ? FRAME_LAST_MAX - n : s->tail_n;
    memmove(s->tail, s->tail + s->tail_n - kept, kept);
    memcpy(s->tail + kept, bytes, n);
    s->tail_n = kept + n;
}

struct str pump_last_lines(const struct pump *p, int stream)
{
    const struct pump_stream *s = &p->streams[stream];
    struct str text = str_of(s->tail, s->tail_n);
    const char *cut = s->total > s->tail_n && text.n ? memchr(text.p, '\n', text.n - 1) : NULL;

    if (cut) /* the first line began before it */
        text = str_of(cut + 1, text.n - (size_t)(cut + 1 - text.p));
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    return text;
}

/* The first n bytes of the room go to everybody. */
static void pass_on(struct pump *p, int i, const char *room, size_t n)
{
    struct frame_data data = {
        .offset = p->streams[i].total,
        .read_us = clock_wall_us(),
        .stream = i ? FRAME_STDERR : FRAME_STDOUT,
        .bytes = str_of(room, n),
    };

    if (n == 0)
        return;
    if (p->file)
        write_file(p, data.stream, data.bytes, false);
    if (p->console)
        console_write(p->console, i, data.bytes);
    queue_commit(p->queue, &data);
    keep_tail(&p->streams[i], room, n);
    const char *end = memrchr(room, '\n', n);
    if (end)
        p->streams[i].line_at = data.offset + (uint64_t)(end - room) + 1;
    p->streams[i].total += n;
}

/* The bytes after the last line end, when they are few enough to be held back. */
static size_t start_of_line(const char *bytes, size_t n)
{
    size_t looked = n < PUMP_HELD_MAX ? n : PUMP_HELD_MAX;
    const char *end = memrchr(bytes + n - looked, '\n', looked);
    return end ? (size_t)(bytes + n - end - 1) : 0;
}

/* Reads once. Returns the bytes that came, 0 when there is nothing more for now. */
static size_t read_once(struct pump *p, int i)
{
    struct pump_stream *s = &p->streams[i];
    char *room = queue_room(p->queue);
    size_t held = s->held, asked = FRAME_DATA_MAX - held;

    memcpy(room, s->held_bytes, held);
    ssize_t n = read(s->fd, room + held, asked);
    size_t got = n > 0 ? (size_t)n : 0;
    s->held = got == asked ? start_of_line(room, held + got) : 0;
    memcpy(s->held_bytes, room + held + got - s->held, s->held);
    pass_on(p, i, room, held + got - s->held);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close(s->fd);
        s->fd = -1;
        if (p->lines)
            write_file(p, i ? FRAME_STDERR : FRAME_STDOUT, STR_NONE, true);
    }
    return got == asked ? got : 0;
}

/* Empties one pipe, within limits. Returns the bytes that came. */
static size_t empty_pipe(struct pump *p, int i, bool *ret_more)
{
    uint64_t before = p->streams[i].total;
    size_t came = 0, n;

    if (p->streams[i].fd < 0 || (p->console && console_blocked(p->console)))
        return 0;
    do {
        n = read_once(p, i);
        came += n;
    } while (n > 0 && came < TURN_BYTES && !(p->console && console_blocked(p->console)));
    *ret_more |= n > 0;
    return (size_t)(p->streams[i].total - before) + p->streams[i].held;
}

/* ---- when to read ---- */

static int64_t usual_rest(const struct pump *p)
{
    uint32_t asked = p->link->rest_us;

    return asked < REST_US ? REST_US : asked < REST_MAX_US ? asked : REST_MAX_US;
}

/* When to look again at a busy child that wrote `came` bytes in `interval_us`. Keepers that are
 * asked to rest longer wake at the same moments, so that the hub need not wake for each of them. */
static int64_t rest_end(const struct pump *p, size_t came, int64_t interval_us, int64_t now_us)
{
    int64_t rest = usual_rest(p), end = now_us + rest;
    int64_t half_full = now_us + interval_us * (int64_t)(p->pipe_bytes / 2) / (int64_t)came;

    if (rest > REST_US)
        end -= end % rest;
    if (came > REST_BYTES && end < now_us + REST_LONG_US)
        end = now_us + REST_LONG_US;
    return half_full < end ? half_full : end;
}

void pump_wake(struct pump *p, const bool readable[2], int64_t now_us)
{
    for (int i = 0; i < 2; i++)
        p->streams[i].due |= readable[i];
    if (p->rest_us == 0 && now_us - p->last_us < usual_rest(p))
        p->rest_us = p->last_us + usual_rest(p);
    else
        pump_drain(p, now_us);
}

void pump_drain(struct pump *p, int64_t now_us)
{
    bool was_resting = p->rest_us != 0, more = false;
    size_t came[2] = {0, 0};

    for (int i = 0; i < 2; i++) {
        if (p->streams[i].due)
            came[i] = empty_pipe(p, i, &more);
        p->streams[i].due = came[i] > 0;
    }
    p->rest_us = 0;
    if (more)
        p->rest_us = now_us;
    else if (was_resting && came[0] + came[1] > 0)
        p->rest_us = rest_end(p, came[0] + came[1], now_us - p->last_us, now_us);
    p->last_us = now_us;
}

void pump_drain_all(struct pump *p, int64_t now_us)
{
    p->streams[0].due = p->streams[1].due = true;
    pump_drain(p, now_us);
}

/* ---- the end ---- */

void pump_add_last_words(struct pump *p, struct str text)
{
    char *room = queue_room(p->queue);

    lm_assert(text.n <= FRAME_DATA_MAX);
    memcpy(room, text.p, text.n);
    pass_on(p, 1, room, text.n);
}

void pump_set_goal(struct pump *p)
{
    for (int i = 0; i < 2; i++) {
        struct pump_stream *s = &p->streams[i];
        int waiting = 0;
        if (s->fd >= 0 && ioctl(s->fd, FIONREAD, &waiting) < 0)
            waiting = 0;
        s->goal = s->total + s->held + (uint64_t)waiting;
    }
}

bool pump_reached_goal(const struct pump *p)
{
    for (int i = 0; i < 2; i++)
        if (p->streams[i].fd >= 0 && p->streams[i].total < p->streams[i].goal)
            return false;
    return true;
}

bool pump_at_end(const struct pump *p)
{
    return p->streams[0].fd < 0 && p->streams[1].fd < 0;
}
