/* SPDX-License-Identifier: MIT
 *
 * keeper_link.c - speaking docs/ipc-protocol.md from the keeper's side.
 *
 * EXIT and END are no part of the queue: whether their turn has come follows from how far the
 * streams were sent on this connection. They go into `out` only at a frame boundary, and `out` goes
 * before the queue, so frames never mix.
 */
#include "proc/keeper_link.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    PAUSE_FIRST_MS = 50,
    PAUSE_LAST_MS = 1000,
    GREETING_US = 10000000,
    WORKS_US = 3000000,     /* a hub that acknowledged something this recently is at work */
    NOTES_MAX = 8192,       /* more than anybody reads, while the hub is away */
    SOCKET_BYTES = 1 << 20, /* asked for; the kernel gives what it allows */
    RECEIVE_BYTES = 4096,
    PAYLOAD_MAX = FRAME_DATA_MAX + FRAME_HELLO_MAX,
};

void link_init(struct link *l, const char *path, const struct frame_run *run, struct queue *queue)
{
    *l = (struct link){
        .path = path, .run = run, .queue = queue, .fd = -1, .pause_ms = PAUSE_FIRST_MS};
}

void link_fini(struct link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    buf_fini(&l->in);
    buf_fini(&l->out);
    buf_fini(&l->notes);
}

/* ---- connection ---- */

static void hang_up(struct link *l, int64_t now_us)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->state = LINK_DOWN;
    l->due_us = now_us + (int64_t)l->pause_ms * 1000;
    l->pause_ms = l->pause_ms * 2 < PAUSE_LAST_MS ? l->pause_ms * 2 : PAUSE_LAST_MS;
}

/* A connected socket, or -errno. A Unix socket connects at once or not at all. */
static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int bytes = SOCKET_BYTES;

    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    return fd;
}

static void call_hub(struct link *l, int64_t now_us)
{
    int fd = dial(l->path);

    if (fd < 0) {
        hang_up(l, now_us);
        return;
    }
    l->fd = fd;
    l->state = LINK_GREETING;
    l->due_us = now_us + GREETING_US;
    l->sent_exit = l->sent_end = false;
    buf_clear(&l->in);
    buf_clear(&l->out);
    frame_add_hello(&l->out, &(struct frame_hello){FRAME_VERSION, 0, PAYLOAD_MAX});
    frame_add_run(&l->out, l->run);
}

void link_call_now(struct link *l, int64_t now_us)
{
    if (l->state != LINK_DOWN)
        return;
    l->due_us = now_us;
    l->pause_ms = PAUSE_FIRST_MS;
}

int64_t link_deadline(const struct link *l)
{
    return l->state == LINK_UP ? INT64_MAX : l->due_us;
}

void link_tick(struct link *l, int64_t now_us)
{
    if (now_us < link_deadline(l))
        return;
    if (l->state == LINK_DOWN)
        call_hub(l, now_us);
    else
        hang_up(l, now_us);
}

/* ---- what the hub says ---- */

static int on_resume(struct link *l, struct str payload)
{
    struct frame_ack ack;

    if (l->state != LINK_GREETING || frame_get_ack(payload, &ack) < 0)
        return -LM_E_PROTOCOL;
    l->state = LINK_UP;
    l->was_up = true;
    l->pause_ms = PAUSE_FIRST_MS;
    l->acked = ack.flags;
    l->heard_us = clock_mono_us();
    queue_resume(l->queue, &ack);
    buf_add_str(&l->out, buf_str(&l->notes));
    buf_clear(&l->notes);
    return 0;
}

static int on_ack(struct link *l, struct str payload)
{
    struct frame_ack ack;

    if (l->state != LINK_UP || frame_get_ack(payload, &ack) < 0)
        return -LM_E_PROTOCOL;
    l->acked |= ack.flags;
    l->rest_us = ack.rest_us;
    l->refusal = 0;
    queue_ack(l->queue, &ack);
    l->heard_us = clock_mono_us();
    return 0;
}

int64_t link_works_until(const struct link *l)
{
    return l->state == LINK_UP ? l->heard_us + WORKS_US : 0;
}

/* A sentence for people; the hub hangs up after it. */
static int on_error(struct link *l, struct str payload)
{
    struct str text;
    int code;

    if (frame_get_error(payload, &code, &text) == 0 && l->loud && code != l->refusal) {
        dprintf(STDERR_FILENO, "logmill: the hub refused this run: %.*s\n", STR_FMT(text));
        l->refusal = code; /* said once, not at every call */
    }
    l->pause_ms = PAUSE_LAST_MS;
    return -LM_E_REFUSED;
}

static int on_frame(struct link *l, const struct frame *f)
{
    struct frame_hello hello;

    switch (f->type) {
    case FRAME_HELLO:
        return frame_get_hello(f->payload, &hello);
    case FRAME_RESUME:
        return on_resume(l, f->payload);
    case FRAME_ACK:
        return on_ack(l, f->payload);
    case FRAME_ERROR:
        return on_error(l, f->payload);
    case FRAME_STOP:
        l->asked.stop = true;
        return frame_get_stop(f->payload, &l->asked.grace_ms);
    case FRAME_SIGNAL:
        return frame_get_signal(f->payload, &l->asked.signal);
    default: /* of a later version */
        return 0;
    }
}

static int read_frames(struct link *l)
{
    struct frame f;
    size_t at = 0;
    int rc = 0;

    for (;;) {
        int64_t n = frame_read(str_of(l->in.p + at, l->in.n - at), PAYLOAD_MAX, &f);
        if (n <= 0) {
            rc = (int)n;
            break;
        }
        if ((rc = on_frame(l, &f)) < 0)
            break;
        at += (size_t)n;
    }
    buf_consume(&l->in, at);
    return rc;
}

void link_receive(struct link *l, int64_t now_us)
{
    ssize_t n = 0;

    do {
        if (buf_reserve(&l->in, RECEIVE_BYTES) < 0)
            break;
        n = recv(l->fd, l->in.p + l->in.n, RECEIVE_BYTES, 0);
        if (n > 0)
            l->in.n += (size_t)n;
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || read_frames(l) < 0) {
            hang_up(l, now_us);
            return;
        }
    } while (n == RECEIVE_BYTES);
}

/* ---- what the hub is told ---- */

void link_set_exit(struct link *l, const struct frame_exit *exit)
{
    l->exit = *exit;
    for (int i = 0; i < 2; i++) {
        lm_assert(exit->last[i].n <= FRAME_LAST_MAX);
        if (exit->last[i].n > 0)
            memcpy(l->last[i], exit->last[i].p, exit->last[i].n);
        l->exit.last[i].p = l->last[i];
    }
    l->has_exit = true;
}

void link_set_end(struct link *l, uint64_t stdout_n, uint64_t stderr_n)
{
    l->end[0] = stdout_n;
    l->end[1] = stderr_n;
    l->has_end = true;
}

void link_note(struct link *l, enum note_level level, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (l->loud)
        dprintf(STDERR_FILENO, "logmill: %s\n", text);
    if (l->notes.n < NOTES_MAX)
        frame_add_note(&l->notes, &(struct frame_note){level, str_from(text)});
}

/* What the queue had to jump over on this connection. */
static void add_lost(struct link *l)
{
    uint64_t *lost = l->queue->lost;

    if (lost[0] + lost[1] == 0 || queue_has_unsent(l->queue))
        return;
    link_note(l, NOTE_WARN,
              "%" PRIu64 " bytes of stdout and %" PRIu64 " of stderr were given up because the hub "
              "did not take them for too long%s",
              lost[0], lost[1], l->run->log_file.n ? "; the plain file has them" : "");
    l->given_up += lost[0] + lost[1];
    lost[0] = lost[1] = 0;
}

/* What was given up at the very end of a stream shows as no jump. */
static void count_lost_end(struct link *l)
{
    struct queue *q = l->queue;

    for (int i = 0; i < 2; i++) {
        if (l->end[i] <= q->sent_to[i])
            continue;
        q->lost[i] += l->end[i] - q->sent_to[i];
        q->sent_to[i] = l->end[i];
    }
}

/* Fills `out` with what is due between two frames of the queue. */
static void add_due(struct link *l)
{
    const uint64_t *sent_to = l->queue->sent_to;
    bool all_sent = !queue_has_unsent(l->queue);

    if (l->has_end && all_sent)
        count_lost_end(l);
    add_lost(l);
    buf_add_str(&l->out, buf_str(&l->notes));
    buf_clear(&l->notes);
    if (l->has_exit && !l->sent_exit &&
        (all_sent || (sent_to[0] >= l->exit.stdout_n && sent_to[1] >= l->exit.stderr_n))) {
        frame_add_exit(&l->out, &l->exit);
        l->sent_exit = true;
    }
    if (l->has_end && !l->sent_end && all_sent) {
        frame_add_end(&l->out, l->end[0], l->end[1]);
        l->sent_end = true;
    }
}

static bool something_is_due(const struct link *l)
{
    return l->notes.n > 0 || (l->has_exit && !l->sent_exit) || (l->has_end && !l->sent_end);
}

short link_events(const struct link *l)
{
    bool more = l->out.n > 0 || (l->state == LINK_UP && queue_has_unsent(l->queue));
    return more ? POLLIN | POLLOUT : POLLIN;
}

/* What goes next: our own frames, when a frame of the queue is not half sent; else the queue, up to
 * the end of that frame only if something of our own waits for it. */
static struct str next_piece(struct link *l, bool *ret_own)
{
    bool up = l->state == LINK_UP;

    if (up && l->out.n == 0 && l->queue->mid == 0)
        add_due(l);
    *ret_own = l->out.n > 0;
    if (*ret_own)
        return buf_str(&l->out);
    return up ? queue_next(l->queue, something_is_due(l)) : STR_NONE;
}

void link_send(struct link *l, int64_t now_us)
{
    bool own;

    for (;;) {
        struct str piece = l->state == LINK_DOWN ? STR_NONE : next_piece(l, &own);
        if (piece.n == 0)
            return;
        ssize_t n = send(l->fd, piece.p, piece.n, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                hang_up(l, now_us);
            return;
        }
        if (own)
            buf_consume(&l->out, (size_t)n);
        else
            queue_sent(l->queue, (size_t)n);
        if ((size_t)n < piece.n) /* the socket is full */
            return;
    }
}
