/* SPDX-License-Identifier: MIT
 *
 * client.c - questions out, answers in.
 *
 * The path of a call that waits is short on purpose: one send, one receive that sleeps in the kernel.
 * Everything else (calls with callbacks, lost connections, servers that say nothing) hangs on one epoll
 * descriptor with the socket and a clock in it.
 */
#include "ipc/client_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* --- the clock --- */

void client_note(struct lm_client *c, int64_t due_us)
{
    if (due_us >= c->alarm_us)
        return;
    int64_t in_us = due_us - clock_mono_us();
    if (in_us < 1)
        in_us = 1;
    struct itimerspec at = {.it_value = {in_us / 1000000, in_us % 1000000 * 1000}};
    if (timerfd_settime(c->clock, 0, &at, NULL) == 0)
        c->alarm_us = due_us;
}

static void hear_clock(struct lm_client *c)
{
    uint64_t rings;

    if (read(c->clock, &rings, sizeof rings) != sizeof rings)
        return;
    c->alarm_us = INT64_MAX;
    client_ring(c);
}

/* --- sending --- */

static void want_out(struct lm_client *c, bool want)
{
    struct epoll_event ev = {.events = want ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.fd = c->fd};

    if (want == c->wants_out)
        return;
    c->wants_out = want;
    epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

int client_send(struct lm_client *c)
{
    if (c->fd < 0)
        return -ENOTCONN;
    if (c->out.failed)
        return -ENOMEM;
    while (c->sent < c->out.n) {
        ssize_t n =
            send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            want_out(c, true);
            return 0;
        }
        if (n < 0)
            return -errno;
        c->sent += (size_t)n;
    }
    want_out(c, false);
    buf_clear(&c->out);
    c->sent = 0;
    return 0;
}

void lm_client_hold(struct lm_client *c)
{
    c->hold++;
}

int lm_client_flush(struct lm_client *c)
{
    if (c->hold)
        c->hold--;
    return c->hold || c->fd < 0 ? 0 : client_send(c);
}

/* --- asking --- */

static uint8_t flags_of(const struct lm_ask *ask)
{
    return (uint8_t)((ask->no_reply ? CALL_NO_REPLY : 0) | (ask->fresh ? CALL_FRESH : 0));
}

enum { WINDOW_DEFAULT = 1024 * 1024 };

static uint32_t window_of(uint32_t window)
{
    return window ? window : WINDOW_DEFAULT;
}

/* Writes the CALL. -EMSGSIZE when the server would not take it. */
static int add_frame(struct lm_client *c, const struct lm_ask *ask, uint64_t request,
                     struct buf *out)
{
    struct str attached[CALL_PIECES_MAX];
    struct call_frame call = {.request = request,
                              .flags = flags_of(ask),
                              .timeout_ms = ask->timeout_ms ? ask->timeout_ms : c->opts.timeout_ms,
                              .credit = ask->on_chunk ? window_of(ask->window) : 0,
                              .channel = str_from(ask->channel),
                              .args = str_of(ask->args.p, ask->args.n)};

    if (!call_channel_ok(call.channel) || ask->attachment_count > CALL_PIECES_MAX)
        return -EINVAL;
    for (uint32_t i = 0; i < ask->attachment_count; i++)
        attached[i] = str_of(ask->attachments[i].p, ask->attachments[i].n);
    if (call_payload_n(CALL_HEAD + call.channel.n, call.args, attached, ask->attachment_count) >
        c->frame_max)
        return -EMSGSIZE;
    call_add(out, &call, attached, ask->attachment_count);
    return buf_error(out);
}

static int keep_again(struct lm_client *c, struct pending *p, size_t at)
{
    p->again_n = c->out.n - at;
    p->again = malloc(p->again_n);
    if (!p->again)
        return -ENOMEM;
    memcpy(p->again, c->out.p + at, p->again_n);
    return 0;
}

static int put(struct lm_client *c, const struct lm_ask *ask, uint64_t *ret_request)
{
    uint32_t timeout_ms = ask->timeout_ms ? ask->timeout_ms : c->opts.timeout_ms;
    size_t at = c->out.n;

    if (c->fd < 0)
        return -ENOTCONN;
    struct pending *p = pending_add(c);
    if (!p)
        return -ENOMEM;
    uint64_t request = p->request;
    int err = add_frame(c, ask, request, &c->out);
    if (err == 0 && (ask->idempotent || ask->resume))
        err = keep_again(c, p, at);
    if (err < 0) {
        c->out.n = at;
        c->out.failed = false;
        pending_remove(c, p);
        return err;
    }
    p->due_us = clock_mono_us() + ((int64_t)timeout_ms + GRACE_MS) * 1000;
    p->on_answer = ask->on_answer;
    p->on_chunk = ask->on_chunk;
    p->resume = ask->resume;
    p->ctx = ask->ctx;
    p->window = window_of(ask->window);
    *ret_request = request;
    if (ask->no_reply)
        pending_remove(c, p);
    return 0;
}

int lm_client_ask(struct lm_client *c, const struct lm_ask *ask, uint64_t *ret_request)
{
    uint64_t request;
    int err = put(c, ask, &request);

    if (err < 0)
        return err;
    const struct pending *p = pending_find(c, request);
    if (p)
        client_note(c, p->due_us);
    if (ret_request)
        *ret_request = request;
    /* What cannot be sent is noticed where the connection is read. */
    if (!c->hold || c->out.n - c->sent > CLIENT_OUT_SOON)
        (void)client_send(c);
    return 0;
}

int lm_client_cancel(struct lm_client *c, uint64_t request)
{
    if (!pending_find(c, request))
        return -ENOENT;
    call_add_cancel(&c->out, request);
    return c->hold ? 0 : client_send(c);
}

int lm_client_listen(struct lm_client *c, uint64_t request, lm_chunk_fn *on_chunk, void *ctx,
                     uint32_t window)
{
    struct pending *p = pending_find(c, request);

    if (!p || p->on_chunk)
        return -ENOENT;
    p->on_chunk = on_chunk;
    p->ctx = ctx;
    p->window = window_of(window);
    call_add_credit(&c->out, request, p->window);
    return c->hold ? 0 : client_send(c);
}

/* --- answers --- */

struct lm_str lm_attachment(const struct lm_attachments *a, uint32_t i)
{
    struct pieces p = {a->count, a->lengths, {a->bytes.p, a->bytes.n}};
    struct str s = i < a->count ? pieces_at(&p, i) : STR_NONE;

    return (struct lm_str){s.p, s.n};
}

static struct lm_attachments attachments_of(const struct pieces *p)
{
    return (struct lm_attachments){p->count, p->lengths, {p->bytes.p, p->bytes.n}};
}

static struct lm_str view(struct str s)
{
    return (struct lm_str){s.p, s.n};
}

static int read_answer(const struct frame *f, struct lm_answer *ret)
{
    struct result_frame result;
    struct failure_frame failure;

    *ret = (struct lm_answer){.request = f->request,
                              .cached = f->flags & RESULT_CACHED,
                              .batched = f->flags & RESULT_BATCHED};
    if (f->type == FRAME_FAILURE) {
        int err = call_get_failure(f, &failure);
        if (err < 0)
            return err;
        ret->code = failure.code >= LM_HANDLER_ERROR && failure.code <= LM_TOO_LARGE
                        ? (enum lm_code)failure.code
                        : LM_HANDLER_ERROR;
        ret->message = view(failure.message);
        ret->details = view(failure.details);
        ret->execution_us = failure.execution_us;
        return 0;
    }
    int err = call_get_result(f, &result);
    if (err < 0)
        return err;
    ret->data = view(result.data);
    ret->attachments = attachments_of(&result.pieces);
    ret->execution_us = result.execution_us;
    ret->stream = f->flags & RESULT_STREAM;
    return 0;
}

static int on_answer(struct lm_client *c, const struct frame *f)
{
    struct lm_answer answer;
    struct pending *p = pending_find(c, f->request);
    int err = read_answer(f, &answer);

    if (err < 0 || !p)
        return err < 0 ? err : 0; /* an answer nobody waits for any more */
    bool waits = c->waiting_call && c->answer_request == f->request;
    struct pending copy = *p;
    if (answer.stream) {
        p->streaming = true;
        p->due_us = INT64_MAX; /* the server watches over its progress */
    } else {
        pending_remove(c, p);
    }
    if (waits) {
        *c->answer = answer;
        c->answered = !answer.stream || !copy.on_chunk;
    } else if (copy.on_answer) {
        copy.on_answer(c, &answer, copy.ctx);
    }
    return 1;
}

static void give_credit(struct lm_client *c, struct pending *p, size_t n)
{
    p->taken += (uint32_t)n;
    if (p->taken < p->window / 2)
        return;
    call_add_credit(&c->out, p->request, p->taken);
    p->taken = 0;
}

static int on_chunk(struct lm_client *c, const struct frame *f)
{
    struct chunk_frame chunk;
    struct pending *p = pending_find(c, f->request);
    int err = call_get_chunk(f, &chunk);

    if (err < 0 || !p)
        return err < 0 ? err : 0;
    struct lm_chunk out = {
        .index = chunk.index,
        .data = view(chunk.data),
        .attachments = attachments_of(&chunk.pieces),
        .current = chunk.current,
        .total = chunk.total,
        .percentage = chunk.total ? 100.0 * (double)chunk.current / (double)chunk.total : 0,
        .last = chunk.flags & CHUNK_LAST,
        .request = f->request};
    lm_chunk_fn *fn = p->on_chunk;
    void *ctx = p->ctx;
    if (out.last) {
        pending_remove(c, p);
        if (c->waiting_call && c->answer_request == f->request)
            c->answered = true;
    }
    if (fn)
        fn(c, &out, ctx);
    p = out.last ? NULL : pending_find(c, f->request); /* the table may have moved */
    if (p)
        give_credit(c, p, f->payload.n);
    return 1;
}

static int on_hello(struct lm_client *c, struct str payload)
{
    struct frame_hello hello;
    int err = frame_get_hello(payload, &hello);

    if (err < 0 || !(hello.features & FRAME_FEATURE_CALLS))
        return -LM_E_PROTOCOL;
    c->frame_max = hello.max_frame;
    c->attempts = 0;
    return 0;
}

static int on_frame(struct lm_client *c, const struct frame *f)
{
    switch (f->type) {
    case FRAME_HELLO:
        return on_hello(c, f->payload);
    case FRAME_RESULT:
    case FRAME_FAILURE:
        return on_answer(c, f);
    case FRAME_CHUNK:
        return on_chunk(c, f);
    case FRAME_ERROR:
        return -LM_E_PROTOCOL;
    default:
        return 0;
    }
}

int client_handle(struct lm_client *c)
{
    struct frame f;
    int64_t n = 0;
    int handled = 0, got = 0;

    c->hold++; /* what callbacks ask leaves together */
    while (got >= 0 && !c->answered && c->fd >= 0 &&
           (n = frame_read(str_of(c->in.p + c->taken, c->in.n - c->taken), c->opts.frame_max, &f)) >
               0) {
        c->taken += (size_t)n;
        got = on_frame(c, &f);
        handled += got > 0;
    }
    c->hold--;
    if (n < 0 || got < 0)
        return -LM_E_PROTOCOL;
    if (c->out.n > c->sent && c->fd >= 0 && client_send(c) < 0)
        return -EPIPE;
    return handled;
}

/* --- receiving --- */

/* How much to read: large frames exactly to their end and the head of the next, so that nothing has to be
 * moved. */
static size_t wanted(const struct lm_client *c)
{
    uint32_t length;

    if (c->in.n < sizeof length)
        return CLIENT_READ;
    memcpy(&length, c->in.p, sizeof length);
    size_t whole = FRAME_HEADER + (size_t)length;
    if (length > c->opts.frame_max || whole <= c->in.n || whole < CLIENT_READ / 2)
        return CLIENT_READ;
    return whole - c->in.n + FRAME_HEADER + CHUNK_HEAD;
}

/* -EAGAIN: nothing there. */
static int receive(struct lm_client *c, int flags)
{
    if (c->taken == c->in.n)
        buf_clear(&c->in);
    else
        buf_consume(&c->in, c->taken);
    c->taken = 0;
    size_t want = wanted(c);
    if (buf_reserve(&c->in, want) < 0)
        return -ENOMEM;
    ssize_t n = recv(c->fd, c->in.p + c->in.n, want, flags);
    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    if (n == 0)
        return -ECONNRESET;
    c->in.n += (size_t)n;
    return 0;
}

static int read_socket(struct lm_client *c)
{
    int err = receive(c, MSG_DONTWAIT);
    int handled = err == 0 ? client_handle(c) : 0;

    if (err == -EAGAIN)
        return 0;
    if (err < 0 || handled < 0) {
        client_lost(c);
        return 0;
    }
    return handled;
}

int lm_client_fd(const struct lm_client *c)
{
    return c->epoll;
}

int lm_client_dispatch(struct lm_client *c, int timeout_ms)
{
    struct epoll_event events[2];
    int handled = 0;

    if (c->taken < c->in.n) { /* left behind by a call that did not read on */
        handled = client_handle(c);
        if (handled != 0) {
            if (handled < 0)
                client_lost(c);
            return handled < 0 ? 0 : handled;
        }
    }
    if (c->fd >= 0 && c->out.n > c->sent && !c->wants_out && client_send(c) < 0)
        client_lost(c);
    int n = epoll_wait(c->epoll, events, 2, timeout_ms);
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    if (n == 0)
        return 0;
    bool clock = false, socket = false;
    for (int i = 0; i < n; i++) {
        clock |= events[i].data.fd == c->clock;
        socket |= events[i].data.fd != c->clock;
    }
    if (c->fd >= 0 && c->wants_out && client_send(c) < 0)
        client_lost(c);
    if (c->fd >= 0 && socket)
        handled = read_socket(c);
    if (clock)
        hear_clock(c);
    return handled;
}

/* --- a call that waits --- */

/* The socket's own time-out is set anew only when it would be too long, or far too short: so nearly
 * every call sleeps in one system call. Who wakes early looks at the clock and sleeps again. */
static int sleep_in_receive(struct lm_client *c, int64_t left_ms)
{
    int64_t most_ms = left_ms < SLEEP_MAX_MS ? left_ms : SLEEP_MAX_MS;

    if (c->sleep_ms > most_ms || c->sleep_ms <= most_ms / 8) {
        c->sleep_ms = most_ms / 2 + 1;
        struct timeval t = {c->sleep_ms / 1000, c->sleep_ms % 1000 * 1000};
        if (setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) < 0)
            return -errno;
    }
    return receive(c, 0);
}

/* Sleeps until bytes come or the time is over. */
static int await_bytes(struct lm_client *c, int64_t due_us)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN | POLLOUT};
    int64_t now_us = clock_mono_us();
    int64_t spin_us = now_us + c->opts.spin_us;
    int err;

    while (c->opts.spin_us && now_us < spin_us) {
        err = receive(c, MSG_DONTWAIT);
        if (err != -EAGAIN)
            return err;
        now_us = clock_mono_us();
    }
    int64_t left_ms = (due_us - now_us + 999) / 1000;
    if (left_ms <= 0)
        return -ETIMEDOUT;
    if (!c->wants_out)
        return sleep_in_receive(c, left_ms);
    int n = poll(&p, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
    if (n <= 0)
        return n == 0 ? -ETIMEDOUT : -EAGAIN;
    if ((p.revents & POLLOUT) && client_send(c) < 0)
        return -EPIPE;
    return p.revents & ~POLLOUT ? receive(c, MSG_DONTWAIT) : -EAGAIN;
}

static void wait_for_answer(struct lm_client *c)
{
    while (!c->answered) {
        const struct pending *p = pending_find(c, c->answer_request);
        if (!p) { /* its stream was cancelled by a callback and has ended */
            c->answered = true;
            return;
        }
        if (c->fd < 0) {
            (void)lm_client_dispatch(c, 100);
            continue;
        }
        int err = await_bytes(c, p->due_us);
        if (err == 0)
            err = client_handle(c);
        if (err == -ETIMEDOUT)
            pending_fail(c, pending_find(c, c->answer_request), LM_TIMEOUT,
                         "the server did not answer in time");
        else if (err < 0 && err != -EAGAIN)
            client_lost(c);
    }
}

int lm_client_call_with(struct lm_client *c, const struct lm_ask *ask, struct lm_answer *ret)
{
    struct lm_answer answer = {0};

    if (c->waiting_call || c->hold)
        return -EBUSY;
    if (c->fd < 0) {
        int err = client_connect(c);
        if (err < 0)
            return err;
    }
    int err = put(c, ask, &c->answer_request);
    if (err == 0 && client_send(c) < 0) {
        client_lost(c);
        err = -ENOTCONN;
    }
    if (err < 0 || ask->no_reply) {
        *ret = answer;
        return err;
    }
    c->answer = &answer;
    c->answered = false;
    c->waiting_call = true;
    wait_for_answer(c);
    c->waiting_call = c->answered = false;
    c->answer = NULL;
    *ret = answer;
    if (c->taken < c->in.n)
        client_note(c, 0); /* more has come: let the descriptor say so */
    return 0;
}

int lm_client_call(struct lm_client *c, const char *channel, struct lm_str args,
                   struct lm_answer *ret)
{
    return lm_client_call_with(c, &(struct lm_ask){.channel = channel, .args = args}, ret);
}

/* --- life --- */

static void set_defaults(struct lm_client_opts *o)
{
    if (!o->frame_max)
        o->frame_max = 16 << 20;
    if (o->frame_max < FRAME_MAX)
        o->frame_max = FRAME_MAX;
    if (!o->timeout_ms)
        o->timeout_ms = 30000;
    if (!o->retry_min_ms)
        o->retry_min_ms = 50;
    if (!o->retry_max_ms)
        o->retry_max_ms = 5000;
}

static int open_clock(struct lm_client *c)
{
    struct epoll_event ev = {.events = EPOLLIN};

    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    ev.data.fd = c->clock;
    if (c->epoll < 0 || c->clock < 0 || epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->clock, &ev) < 0)
        return -errno;
    return 0;
}

int lm_client_open(struct lm_client **ret, const struct lm_client_opts *opts)
{
    struct lm_client *c = calloc(1, sizeof *c);

    *ret = NULL;
    if (!c)
        return -ENOMEM;
    c->opts = *opts;
    set_defaults(&c->opts);
    c->fd = c->epoll = c->clock = -1;
    c->retry_us = c->alarm_us = INT64_MAX;
    c->path = strdup(opts->socket);
    int err = c->path ? open_clock(c) : -ENOMEM;
    if (err < 0) {
        lm_client_close(c);
        return err;
    }
    err = client_connect(c);
    if (err == -ENOMEM || (err < 0 && opts->no_retry)) {
        lm_client_close(c);
        return err;
    }
    *ret = c;
    if (err < 0) {
        c->retry_us = clock_mono_us() + (int64_t)c->opts.retry_min_ms * 1000;
        client_note(c, c->retry_us);
    }
    return err;
}

void lm_client_close(struct lm_client *c)
{
    if (!c)
        return;
    c->opts.no_retry = true;
    c->opts.on_state = NULL;
    if (c->fd >= 0)
        client_lost(c);
    for (uint32_t i = 0; i < c->size; i++)
        if (c->table[i].request)
            pending_fail(c, &c->table[i], LM_DISCONNECTED, "the client was closed");
    if (c->clock >= 0)
        close(c->clock);
    if (c->epoll >= 0)
        close(c->epoll);
    buf_fini(&c->in);
    buf_fini(&c->out);
    free(c->table);
    free(c->path);
    free(c);
}

bool lm_client_connected(const struct lm_client *c)
{
    return c->fd >= 0;
}
