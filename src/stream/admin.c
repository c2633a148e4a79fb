/* SPDX-License-Identifier: MIT
 *
 * admin.c - lines and statuses, encoded once a turn for all clients of the admin stream.
 */
#include "stream/admin_impl.h"

#include "base/clock.h"
#include "proc/process_json.h"
#include "record/encode.h"
#include "record/json.h"
#include "record/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
    SECOND_US = 1000 * 1000,
    TELL_MS = 1000,
    PING_INTERVAL_MS = 5000,
    PING_TIMEOUT_MS = 60000,
    MESSAGE_TIMEOUT_MS = 30000,
};

/* --- frames --- */

void admin_add_frame(struct admin_frames *f, struct str json, enum level level)
{
    size_t before = f->bytes.n;

    if (!json.p)
        return;
    ws_add_frame(&f->bytes, WS_TEXT, json);
    struct admin_frame entry = {(uint32_t)(f->bytes.n - before), level};
    if (f->bytes.failed || buf_reserve(&f->entries, sizeof entry) < 0) {
        f->bytes.n = before; /* no memory: this one is missing */
        f->bytes.failed = false;
        return;
    }
    buf_add(&f->entries, &entry, sizeof entry);
}

void admin_frames_fini(struct admin_frames *f)
{
    buf_fini(&f->bytes);
    buf_fini(&f->entries);
}

static const char *level_word(enum level level)
{
    static const char *const words[LEVEL_COUNT] = {
        [LEVEL_TRACE] = "DEBUG",  [LEVEL_DEBUG] = "DEBUG", [LEVEL_INFO] = "INFO",
        [LEVEL_WARN] = "WARNING", [LEVEL_ERROR] = "ERROR", [LEVEL_FATAL] = "ERROR"};

    return words[level] ? words[level] : "INFO";
}

void admin_write_line(struct buf *out, const struct record *r, struct str process)
{
    size_t n =
        r->message.n <= ENCODE_LIVE_MAX ? r->message.n : utf8_cut(r->message, ENCODE_LIVE_MAX);

    buf_printf(out, "{\"type\":\"log_stream\",\"data\":{\"id\":%" PRIu64 ",\"source\":", r->id);
    json_add_string(out, r->labels->source);
    buf_printf(out, ",\"level\":\"%s\",\"message\":", level_word(r->level));
    json_add_string(out, str_of(r->message.p, n));
    if (n < r->message.n)
        buf_printf(out, ",\"truncated\":true,\"size\":%zu", r->message.n);
    buf_printf(out, ",\"timestamp\":%" PRId64 ".%06d,\"process_id\":", r->time_us / SECOND_US,
               (int)(r->time_us % SECOND_US));
    json_add_string(out, process);
    BUF_LIT(out, "}}");
}

void admin_add_status(struct admin *a, struct admin_frames *f, const struct process *p)
{
    struct buf *out = &a->json;

    buf_clear(out);
    BUF_LIT(out, "{\"type\":\"process_status\",\"data\":");
    process_add_json(out, p);
    if (buf_error(out) == 0)
        out->n--; /* the closing brace: one more member */
    buf_printf(out, ",\"suppressed\":%" PRIu64 "}}", p->counts.suppressed);
    if (buf_error(out) == 0)
        admin_add_frame(f, buf_str(out), LEVEL_NONE);
}

static void ask_flush(struct admin *a)
{
    if (!list_empty(&a->clients) && !a->closing)
        turn_hook_ask(a->opts.loop, &a->flush_hook);
}

static void on_turn_end(struct turn_hook *hook)
{
    struct admin *a = LIST_ITEM(hook, struct admin, flush_hook);

    LIST_FOR_EACH_SAFE (link, &a->clients)
        admin_client_take(LIST_ITEM(link, struct admin_client, link), &a->turn);
    buf_clear(&a->turn.bytes);
    buf_clear(&a->turn.entries);
}

/* --- lines --- */

struct str admin_card_of(const struct labels *l, const char *hub_name)
{
    struct str process = labels_get(l, STR("process_id"));

    if (process.p)
        return process;
    return str_is(l->source, hub_name) ? l->source : STR_NONE;
}

struct admin_source *admin_source_of(struct admin *a, struct str name)
{
    struct admin_source *s = map_find(&a->sources, name);

    if (s)
        return s;
    s = calloc(1, sizeof *s);
    if (s && map_put(&a->sources, name, s) < 0) {
        free(s);
        s = NULL;
    }
    return s;
}

/* NULL: no card shows it. Anybody may send records with a process_id; only those of processes that
 * there are count, so that the table stays as small as theirs. */
static struct admin_source *find_source(struct admin *a, const struct labels *l, struct str *ret)
{
    struct str name = admin_card_of(l, a->opts.hub_name);

    *ret = name;
    if (!name.p)
        return NULL;
    bool known = supervise_find(a->opts.supervise, name) || str_is(name, a->opts.hub_name);
    return known ? admin_source_of(a, name) : NULL;
}

static void on_tell(uv_timer_t *timer)
{
    struct admin *a = timer->data;

    for (struct map_slot *slot = map_next(&a->sources, NULL); slot;
         slot = map_next(&a->sources, slot)) {
        struct admin_source *s = slot->value;
        struct str name = str_of(slot->key, slot->key_n);
        const struct process *p = s->untold ? supervise_find(a->opts.supervise, name) : NULL;
        if (p)
            supervise_count_suppressed(a->opts.supervise, name, s->untold);
        if (p)
            admin_add_status(a, &a->turn, p);
        s->untold = 0;
    }
    ask_flush(a);
}

/* May another line of it be shown in this second? */
static bool is_within_rate(struct admin *a, struct admin_source *s)
{
    int64_t now_us = clock_mono_us();

    if (now_us - s->second_us >= SECOND_US) {
        s->second_us = now_us;
        s->sent = 0;
    }
    if (s->sent < a->opts.rate_limit) {
        s->sent++;
        return true;
    }
    s->untold++;
    if (!uv_is_active((uv_handle_t *)&a->told))
        uv_timer_start(&a->told, on_tell, TELL_MS, 0);
    return false;
}

static void offer(struct admin *a, const struct record *r, struct admin_source *s,
                  struct str process)
{
    if (r->level < LEVEL_INFO && !a->debug && !s->debug)
        return;
    if (!is_within_rate(a, s))
        return;
    buf_clear(&a->json);
    admin_write_line(&a->json, r, process);
    if (buf_error(&a->json) == 0)
        admin_add_frame(&a->turn, buf_str(&a->json), r->level);
}

void admin_sink(const struct batch *b, void *ctx)
{
    struct admin *a = ctx;
    const struct labels *last = NULL;
    struct admin_source *source = NULL;
    struct str process = STR_NONE;

    if (list_empty(&a->clients) || a->closing)
        return;
    for (uint32_t i = 0; i < b->count; i++) {
        const struct record *r = &b->records[i];
        if (r->labels != last)
            source = find_source(a, r->labels, &process);
        last = r->labels;
        if (source)
            offer(a, r, source, process);
    }
    ask_flush(a);
}

/* --- statuses --- */

static void on_process(struct process_observer *o, const struct process *p)
{
    struct admin *a = LIST_ITEM(o, struct admin, observer);

    if (list_empty(&a->clients) || a->closing)
        return;
    admin_add_status(a, &a->turn, p);
    ask_flush(a);
}

/* --- life --- */

int admin_new(struct admin **ret, const struct admin_opts *opts)
{
    struct admin *a = calloc(1, sizeof *a);

    if (!a)
        return -ENOMEM;
    a->opts = *opts;
    a->debug = opts->debug;
    list_init(&a->clients);
    turn_hook_init(&a->flush_hook, on_turn_end);
    ws_watch_init(&a->watch, opts->loop, PING_INTERVAL_MS, PING_TIMEOUT_MS, MESSAGE_TIMEOUT_MS);
    uv_timer_init(&opts->loop->uv, &a->told);
    a->told.data = a;
    a->observer.changed = on_process;
    supervise_observe(opts->supervise, &a->observer);
    *ret = a;
    return 0;
}

void admin_close(struct admin *a)
{
    if (!a || a->closing)
        return;
    on_turn_end(&a->flush_hook);
    a->closing = true;
    supervise_unobserve(&a->observer);
    turn_hook_cancel(&a->flush_hook);
    LIST_FOR_EACH_SAFE (link, &a->clients)
        ws_link_close(&LIST_ITEM(link, struct admin_client, link)->ws, WS_CLOSE_AWAY,
                      STR("the hub is stopping"));
    ws_watch_close(&a->watch);
    uv_close((uv_handle_t *)&a->told, NULL);
}

void admin_free(struct admin *a)
{
    if (!a)
        return;
    lm_assert(list_empty(&a->clients));
    for (struct map_slot *slot = map_next(&a->sources, NULL); slot;
         slot = map_next(&a->sources, slot))
        free(slot->value);
    map_fini(&a->sources);
    admin_frames_fini(&a->turn);
    buf_fini(&a->json);
    free(a);
}
