/* SPDX-License-Identifier: MIT
 *
 * http_in.c - requests that bring records: their headers, their turns, their answers.
 *
 *     serve ─▶ reading ─┬─(slice used up)─▶ queue ─(next turn)─▶ reading
 *                       ├─(no room in the journal)─▶ stalled ─(room)─▶ queue
 *                       ├─(refused)───────────────────────────────────────▶ answered
 *                       └─(whole, published)─▶ waiting for the disk ──────▶ answered
 *
 * What is said to the client is in http_in_answer.c.
 *
 * Threads: loop thread. Owns: see http_in.h.
 */
#include "source/http_in_impl.h"

#include "base/clock.h"
#include "base/diag.h"
#include "net/grant.h"

#include <errno.h>
#include <stdlib.h>

enum {
    TELL_EVERY_US = 60 * 1000 * 1000,
    STALLED_MAX_US = 10 * 1000 * 1000, /* as long as this the sealer may be behind */
    STALLED_LOOK_MS = 1000,
};

/* --- waiting for the disk --- */

static void settle(struct request *r, uint64_t acked_id)
{
    struct intake *in = &r->server->opts.intake;

    if (r->push.wait_id <= acked_id)
        http_in_answer_taken(r);
    else if (!in->can_acknowledge(in->hub))
        http_in_refuse_unstored(r, -EIO);
}

void http_in_acked(struct http_in *s, uint64_t acked_id)
{
    LIST_FOR_EACH_SAFE (link, &s->waiting)
        settle(LIST_ITEM(link, struct request, link), acked_id);
}

/* The body is whole and published. */
static void on_whole(struct request *r)
{
    struct http_in *s = r->server;
    struct intake *in = &s->opts.intake;

    if (!r->push.is_repeat)
        in->metrics->push_accepted_total += r->push.accepted;
    in->metrics->push_rejected_total += r->push.rejected;
    if (r->push.accepted == 0 && (r->push.rejected > 0 || r->push.split.shape != PUSH_OVER)) {
        http_in_answer_nothing(r);
        return;
    }
    push_end_reading(&r->push);
    list_remove(&r->link);
    list_push(&s->waiting, &r->link);
    settle(r, in->acked_id(in->hub));
}

/* --- reading --- */

/* Says once a minute that labels did not fit; the counter has them all. */
static void tell_moved(struct http_in *s)
{
    int64_t now_us = clock_mono_us();

    if (!s->shared.mapper.moved)
        return;
    s->shared.mapper.moved = false;
    if (s->told_us && now_us - s->told_us < TELL_EVERY_US)
        return;
    s->told_us = now_us;
    diag_warn("Labels over the limits (%d a record, names [a-z_][a-z0-9_.]{0,63}, values to %d "
              "bytes) came over HTTP and became fields",
              LABEL_COUNT_MAX, LABEL_VALUE_MAX);
}

static void use_slice(struct http_in *s, size_t n)
{
    s->slice -= n < s->slice ? n : s->slice;
    turn_hook_ask(s->opts.loop, &s->turn);
}

static int take_plain(struct request *r, struct str *bytes, bool last)
{
    struct http_in *s = r->server;
    size_t n = bytes->n < s->slice ? bytes->n : s->slice;

    use_slice(s, n);
    int err = push_take(&r->push, str_of(bytes->p, n), last && n == bytes->n);
    *bytes = str_of(bytes->p + n, bytes->n - n);
    return err;
}

/* Unpacks as much as the slice allows, a little more when input has no part in it any more. Sets
 * *ret_packed when it is the packing that is at fault. */
static int take_packed(struct request *r, struct str *bytes, bool last, bool *ret_packed)
{
    struct http_in *s = r->server;
    int err = 0;
    ssize_t n;

    do {
        n = inflate_next(r->inflate, bytes, s->room, sizeof s->room);
        if (n < 0)
            break;
        use_slice(s, (size_t)n);
        err = push_take(&r->push, str_of(s->room, (size_t)n), false);
    } while (err == 0 && (n == sizeof s->room || bytes->n > 0) && (s->slice > 0 || bytes->n == 0));
    *ret_packed = n < 0 || (last && bytes->n == 0 && !inflate_is_whole(r->inflate));
    if (*ret_packed)
        return n < 0 ? (int)n : -LM_E_DAMAGED;
    return err == 0 && last && bytes->n == 0 ? push_take(&r->push, STR_NONE, true) : err;
}

/* What this request holds now. False: all of them together hold too much. */
static bool account(struct request *r)
{
    struct http_in *s = r->server;
    size_t held = sizeof *r + push_memory(&r->push) + (r->inflate ? inflate_memory(r->inflate) : 0);

    s->held += held - r->held;
    r->held = held;
    s->opts.intake.metrics->push_bytes = s->held;
    return s->held <= s->opts.memory_max;
}

/* --- waiting for room --- */

static void queue_stalled(struct http_in *s)
{
    LIST_FOR_EACH_SAFE (link, &s->stalled) {
        list_remove(link);
        list_push(&s->queued, link);
    }
    turn_hook_ask(s->opts.loop, &s->turn);
}

/* Each looks for itself whether it has waited too long. */
static void on_stalled_timer(uv_timer_t *timer)
{
    queue_stalled(timer->data);
}

void http_in_go_on(struct http_in *s)
{
    if (!list_empty(&s->stalled))
        queue_stalled(s);
}

/* The sealer is behind: the sender waits, as a child does. False: it may be read. */
static bool must_stall(struct request *r)
{
    struct http_in *s = r->server;
    struct intake *in = &s->opts.intake;
    int64_t now_us = clock_mono_us();

    if (in->has_room(in->hub)) {
        r->stalled_us = 0;
        return false;
    }
    r->stalled_us = r->stalled_us ? r->stalled_us : now_us;
    if (!uv_is_active((uv_handle_t *)&s->timer))
        uv_timer_start(&s->timer, on_stalled_timer, STALLED_LOOK_MS, 0);
    return true;
}

static bool stalled_too_long(const struct request *r)
{
    return r->stalled_us && clock_mono_us() - r->stalled_us > STALLED_MAX_US;
}

static size_t on_piece(struct http_req *req, struct str bytes, bool last)
{
    struct request *r = req->ctx;
    struct http_in *s = r->server;
    size_t all = bytes.n;
    bool packed = false;

    list_remove(&r->link);
    if (all > 0 && !stalled_too_long(r) && must_stall(r)) {
        list_push(&s->stalled, &r->link);
        return 0;
    }
    if (s->slice == 0 && all > 0) {
        list_push(&s->queued, &r->link);
        return 0;
    }
    list_push(&s->reading, &r->link);
    if (stalled_too_long(r)) {
        http_in_refuse_behind(r);
        return all;
    }
    int err = r->inflate ? take_packed(r, &bytes, last, &packed) : take_plain(r, &bytes, last);
    tell_moved(s);
    if (packed)
        http_in_refuse_unpacking(r, err);
    else if (err < 0)
        http_in_refuse_error(r, err);
    else if (last && bytes.n == 0)
        on_whole(r);
    else if (!account(r))
        http_in_refuse_full(r);
    else if (bytes.n > 0) {
        list_remove(&r->link);
        list_push(&s->queued, &r->link);
    }
    return all - bytes.n;
}

/* A new turn has a new slice; those that were cut off come first. */
static void on_turn(struct turn_hook *hook)
{
    struct http_in *s = LIST_ITEM(hook, struct http_in, turn);

    s->slice = HTTP_IN_SLICE;
    while (!list_empty(&s->queued) && s->slice > 0) {
        struct request *r = LIST_ITEM(s->queued.next, struct request, link);
        list_remove(&r->link);
        list_push(&s->reading, &r->link);
        http_go_on(r->req);
    }
}

static void on_gone(struct http_req *req)
{
    http_reply(http_in_release(req->ctx), 408, NULL, STR_NONE);
}

/* --- the beginning of a request --- */

static bool says_lines(struct str type)
{
    static const char *const ends[] = {"ndjson", "jsonl", "jsonlines", "json-lines"};
    struct str rest, name = str_trim(str_cut(type, ';', &rest));

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct str end = str_from(ends[i]);
        if (name.n >= end.n && str_eq_nocase(str_of(name.p + name.n - end.n, end.n), end))
            return true;
    }
    return false;
}

/* Two attempts at the same batch at the same time would both store it. */
static bool is_being_read(const struct http_in *s, struct str key)
{
    const struct list *lists[] = {&s->reading, &s->queued, &s->stalled, &s->waiting};

    for (size_t i = 0; i < sizeof lists / sizeof *lists && key.n; i++)
        LIST_FOR_EACH (link, lists[i])
            if (str_eq(LIST_ITEM(link, struct request, link)->key, key))
                return true;
    return false;
}

static struct str scoped_key(const struct http_req *req, struct str key, char out[PUSH_KEY_MAX])
{
    bool limited = grant_is_limited(req->grant);

    return push_key(key, limited ? req->grant->labels : NULL, limited ? req->grant->label_count : 0,
                    out);
}

/* False: answered. */
static bool check_key(struct http_in *s, struct http_req *req, struct str key)
{
    char scoped[PUSH_KEY_MAX];

    if (key.p && (key.n == 0 || key.n > ORIGIN_KEY_MAX)) {
        http_reply_error(req, 400, "bad_parameter", NULL, "X-Logmill-Batch has 1 to %d bytes",
                         ORIGIN_KEY_MAX);
        return false;
    }
    if (is_being_read(s, scoped_key(req, key, scoped))) {
        http_add_header(req, "Retry-After", "1");
        http_reply_error(req, 503, "batch_in_progress", NULL,
                         "an earlier attempt at this batch is still being read: try again in a "
                         "moment");
        return false;
    }
    return true;
}

static void refuse_coding(struct http_req *req, int err)
{
    if (err == -ENOMEM) {
        http_add_header(req, "Retry-After", "1");
        http_reply_error(req, 503, "unavailable", NULL, "out of memory");
        return;
    }
    http_add_header(req, "Accept-Encoding", "gzip, zstd");
    http_reply_error(req, 415, "unknown_encoding", NULL,
                     "Content-Encoding can be gzip or zstd, and only one of them");
}

void http_in_serve(struct http_in *s, struct http_req *req, struct str source, uint16_t class)
{
    struct str key = http_header(req, "x-logmill-batch");
    struct inflate *inflate = NULL;

    if (!check_key(s, req, key))
        return;
    int err = inflate_new(&inflate, http_header(req, "content-encoding"), s->opts.body_max);
    struct request *r = err == 0 ? calloc(1, sizeof *r) : NULL;
    if (!r) {
        inflate_free(inflate);
        refuse_coding(req, err < 0 ? err : -ENOMEM);
        return;
    }
    *r = (struct request){.server = s, .req = req, .inflate = inflate};
    r->key = scoped_key(req, key, r->scoped);
    push_begin(&r->push, &s->shared, source, r->key, says_lines(http_header(req, "content-type")));
    r->push.class = class;
    if (grant_is_limited(req->grant)) {
        r->push.must = req->grant->labels;
        r->push.must_count = req->grant->label_count;
    }
    list_push(&s->reading, &r->link);
    req->ctx = r;
    if (!http_stream_body(req, &s->stream))
        http_in_release(r); /* it has been told that it is too large */
}

int http_in_new(struct http_in **ret, const struct http_in_opts *opts)
{
    struct http_in *s = calloc(1, sizeof *s);

    if (!s)
        return -ENOMEM;
    s->opts = *opts;
    s->stream =
        (struct http_stream){.max = opts->body_max, .on_piece = on_piece, .on_gone = on_gone};
    s->slice = HTTP_IN_SLICE;
    push_shared_init(&s->shared, &opts->intake);
    list_init(&s->reading);
    list_init(&s->queued);
    list_init(&s->stalled);
    list_init(&s->waiting);
    turn_hook_init(&s->turn, on_turn);
    uv_timer_init(&opts->loop->uv, &s->timer);
    uv_unref((uv_handle_t *)&s->timer);
    s->timer.data = s;
    *ret = s;
    return 0;
}

static void free_http_in(uv_handle_t *timer)
{
    free(timer->data);
}

void http_in_free(struct http_in *s)
{
    if (!s)
        return;
    lm_assert(list_empty(&s->reading) && list_empty(&s->queued) && list_empty(&s->stalled) &&
              list_empty(&s->waiting));
    turn_hook_cancel(&s->turn);
    push_shared_fini(&s->shared);
    uv_close((uv_handle_t *)&s->timer, free_http_in);
}
