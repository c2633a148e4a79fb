/* SPDX-License-Identifier: MIT
 *
 * world_test.h - a hub without doors, for tests: a real journal in a temporary folder, a real loop,
 * and clients at the other end of socket pairs.
 *
 * A client is the test's blocking view of one stream: it takes bytes apart by the standards (not
 * with our own readers), checks that every JSON text is one, and keeps what a person would look at:
 * the ids of records in order, and each notice whole.
 *
 * Included by each *_test.c once; everything here is static.
 */
#ifndef LM_STREAM_WORLD_TEST_H
#define LM_STREAM_WORLD_TEST_H

#include "stream/fanout_impl.h"
#include "stream/sse_out.h"
#include "stream/ws_out.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLIENTS_MAX = 100, KEPT_MAX = 512, DEADLINE_S = 20 };

enum kind { LOG, DROPPED, GAP, BEAT, PING, PONG, CLOSE, ERROR_TEXT, KIND_COUNT };

/* A notice or control frame, and how many records came before it. */
struct kept {
    enum kind kind;
    uint32_t after_logs;
    json_t *json;
    char cursor[CURSOR_MAX + 1];
    uint16_t code; /* of CLOSE */
    char payload[126];
};

struct client {
    int fd;
    struct conn *conn; /* the hub's end; invalid after on_close */
    bool ws, v1, stalled, eof;
    struct buf in;
    uint64_t *ids;
    uint32_t count, cap, batches;
    struct kept kept[KEPT_MAX];
    uint32_t kept_count, seen[KIND_COUNT];
    json_t *last; /* the last record */
    char cursor[CURSOR_MAX + 1];
};

struct world {
    char dir[64];
    struct loop loop;
    struct hub hub;
    struct store *store;
    struct metrics metrics;
    struct fanout *fanout;
    struct batch batch;
    struct client *clients[CLIENTS_MAX];
    uint32_t client_count, published;
    uint64_t random;
};

/* --- the hub --- */

static inline void world_open(struct world *w, const struct fanout_opts *limits)
{
    struct errinfo info;
    struct fanout_opts opts = *limits;

    *w = (struct world){.dir = "/tmp/stream_test.XXXXXX", .random = 4711};
    assert_non_null(mkdtemp(w->dir));
    assert_int_equal(loop_init(&w->loop), 0);
    struct hub_opts hub = {.loop = &w->loop,
                           .state_dir = w->dir,
                           .journal_max = 4 * JOURNAL_FILE_SIZE,
                           .durability = DURABILITY_OS};
    struct store_opts store = {.loop = &w->loop, .state_dir = w->dir};
    assert_int_equal(store_open(&w->store, &store, &info), 0);
    hub.sealed_end = store_end_id(w->store);
    hub.sealed_positions = store_positions(w->store);
    hub.sealed_positions_end = store_positions_end(w->store);
    assert_int_equal(hub_open(&w->hub, &hub, &info), 0);
    assert_int_equal(store_attach(w->store, &w->hub), 0);
    opts.loop = &w->loop;
    opts.hub = &w->hub;
    opts.store = w->store;
    opts.metrics = &w->metrics;
    if (opts.resume_limit == 0)
        opts.resume_limit = 1000000;
    assert_int_equal(fanout_new(&w->fanout, &opts), 0);
    hub_add_sink(&w->hub, fanout_sink, w->fanout);
}

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void client_free(struct client *c)
{
    close(c->fd);
    for (uint32_t i = 0; i < c->kept_count; i++)
        json_decref(c->kept[i].json);
    json_decref(c->last);
    buf_fini(&c->in);
    free(c->ids);
    free(c);
}

/* Closes everything in the daemon's order. What is left behind is for the sanitizer to find. */
static inline void world_close(struct world *w)
{
    if (!w->fanout->closing)
        fanout_close(w->fanout);
    for (uint32_t i = 0; i < w->client_count; i++)
        client_free(w->clients[i]);
    loop_run(&w->loop);
    assert_int_equal(w->metrics.feeds, 0);
    assert_int_equal(w->fanout->pool.used, 0);
    fanout_free(w->fanout);
    batch_fini(&w->batch);
    store_close(w->store);
    hub_close(&w->hub);
    loop_fini(&w->loop);
    nftw(w->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static inline uint32_t dice(struct world *w, uint32_t sides)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(w->random >> 33) % sides;
}

/* --- publishing --- */

static inline enum level level_of(uint32_t nth)
{
    return (enum level)(LEVEL_TRACE + nth % (LEVEL_COUNT - 1));
}

/* Adds a record of this job; the message is filled up to n bytes. Levels go round. */
static inline void add(struct world *w, const char *job, size_t n)
{
    struct label label = {STR("job_run_id"), str_from(job)};
    struct record r = {
        .time_us = 1768473045123456, .level = level_of(w->published), .stream = STREAM_STDOUT};
    char *text = arena_alloc(&w->batch.scratch, n + 32);

    assert_non_null(text);
    int head = snprintf(text, 32, "line %u ", w->published++);
    size_t rest = n > (size_t)head ? n - (size_t)head : 0;
    memset(text + head, 'x', rest);
    r.message = str_of(text, (size_t)head + rest);
    assert_int_equal(labels_make(&w->hub.labels, STR("demo"), &label, 1, &r.labels), 0);
    assert_int_equal(batch_add(&w->batch, &r), 0);
    labels_unref(r.labels);
}

static inline void begin_batch(struct world *w)
{
    batch_begin(&w->batch, &(struct origin){0}, 1768473045123456);
}

static inline void send_batch(struct world *w)
{
    int err;

    while ((err = hub_publish(&w->hub, &w->batch)) == -EAGAIN) /* sealing is behind */
        uv_run(&w->loop.uv, UV_RUN_ONCE);
    assert_int_equal(err, 0);
    batch_clear(&w->batch);
}

static inline void publish(struct world *w, const char *job, uint32_t count, size_t n)
{
    begin_batch(w);
    for (uint32_t i = 0; i < count; i++)
        add(w, job, n);
    send_batch(w);
}

static inline uint64_t last_id(const struct world *w)
{
    return hub_last_id(&w->hub);
}

/* --- clients --- */

static inline void no_op(struct conn *c)
{
    (void)c;
}

/* `params`: "job_run_id=a&level=error". */
static inline struct filter *make_filter(const char *params)
{
    struct filter *f = malloc(sizeof *f);
    struct str rest = str_from(params), value;
    struct errinfo info;

    assert_non_null(f);
    filter_init(f);
    while (rest.n) {
        struct str name = str_cut(str_cut(rest, '&', &rest), '=', &value);
        assert_int_equal(filter_add(f, name, value, &info), 0);
    }
    return f;
}

/* A connection that is no stream yet. `small`: the kernel holds next to nothing for it. */
static inline struct client *open_client(struct world *w, const char *wire, bool small)
{
    static const struct conn_ops nobody = {.on_data = no_op, .on_close = no_op};
    struct client *c = calloc(1, sizeof *c);
    int pair[2], least = 1;

    assert_non_null(c);
    assert_true(w->client_count < CLIENTS_MAX);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    if (small)
        assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
    c->fd = pair[0];
    c->v1 = strcmp(wire, "v1") == 0;
    c->ws = c->v1 || strcmp(wire, "ws") == 0;
    assert_int_equal(conn_open(&w->loop, pair[1], true, &nobody, NULL, &c->conn), 0);
    w->clients[w->client_count++] = c;
    return c;
}

static inline void begin_stream(struct world *w, const struct client *c, const char *params,
                                const struct sub_start *start)
{
    if (c->ws)
        ws_out_open(w->fanout, c->conn, make_filter(params), start,
                    &(struct ws_terms_out){.v1 = c->v1});
    else
        sse_out_open(w->fanout, c->conn, make_filter(params), (struct form){0}, start);
}

static inline struct client *connect_client(struct world *w, const char *wire, const char *params,
                                            const struct sub_start *start, bool small)
{
    struct client *c = open_client(w, wire, small);

    begin_stream(w, c, params, start);
    return c;
}

static inline struct client *connect_now(struct world *w, const char *wire, const char *params)
{
    return connect_client(w, wire, params, &(struct sub_start){.from = SUB_FROM_NOW}, false);
}

static inline struct client *connect_after(struct world *w, const char *wire, uint64_t after)
{
    struct sub_start start = {.from = SUB_FROM_CURSOR, .after = after};
    return connect_client(w, wire, "", &start, false);
}

/* The hub's side of a client; NULL when it is gone. */
static inline struct sub *sub_of(const struct world *w, const struct client *c)
{
    LIST_FOR_EACH (link, &w->fanout->subs) {
        struct sub *sub = LIST_ITEM(link, struct sub, link);
        if (sub->out->conn == c->conn)
            return sub;
    }
    return NULL;
}

static inline bool is_live(const struct world *w, const struct client *c)
{
    const struct sub *sub = sub_of(w, c);
    return sub && sub->state == SUB_LIVE;
}

static inline struct kept *keep(struct client *c, enum kind kind, json_t *json)
{
    static struct kept overflow;
    struct kept *k = c->kept_count < KEPT_MAX ? &c->kept[c->kept_count++] : &overflow;

    c->seen[kind]++;
    if (k == &overflow)
        json_decref(json);
    *k = (struct kept){.kind = kind, .after_logs = c->count, .json = k == &overflow ? NULL : json};
    snprintf(k->cursor, sizeof k->cursor, "%s", c->cursor);
    return k;
}

static inline void take_record(struct client *c, json_t *json)
{
    if (c->count == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 1024;
        c->ids = realloc(c->ids, c->cap * sizeof *c->ids);
        assert_non_null(c->ids);
    }
    c->ids[c->count++] = (uint64_t)json_integer_value(json_object_get(json, "id"));
    json_decref(c->last);
    c->last = json;
    c->seen[LOG]++;
}

/* A message of logmill.v1 that holds records. */
static inline void take_batch(struct client *c, json_t *json)
{
    json_t *logs = json_object_get(json, "logs");
    char end[24];

    for (size_t i = 0; i < json_array_size(logs); i++)
        take_record(c, json_incref(json_array_get(logs, i)));
    snprintf(end, sizeof end, ".%" PRIu64, c->ids[c->count - 1]);
    assert_non_null(strstr(json_string_value(json_object_get(json, "cursor")), end));
    c->batches++;
    json_decref(json);
}

static inline void take_json(struct client *c, struct str text)
{
    json_error_t why;
    json_t *json = json_loadb(text.p, text.n, 0, &why);

    if (!json)
        fail_msg("not JSON (%s): %.*s", why.text, STR_FMT(text));
    const char *type = json_string_value(json_object_get(json, "type"));
    if (type && strcmp(type, "batch") == 0) {
        take_batch(c, json);
        return;
    }
    if (type) {
        keep(c,
             strcmp(type, "gap") == 0         ? GAP
             : strcmp(type, "dropped") == 0   ? DROPPED
             : strcmp(type, "heartbeat") == 0 ? BEAT
                                              : ERROR_TEXT,
             json);
        return;
    }
    take_record(c, json);
}

/* --- Server-Sent Events --- */

static inline void take_sse_event(struct client *c, struct str event)
{
    struct str type = STR(""), data = STR_NONE;

    for (struct str line, rest = event; rest.n;) {
        line = str_cut(rest, '\n', &rest);
        if (str_starts(line, STR("id: ")))
            snprintf(c->cursor, sizeof c->cursor, "%.*s", (int)line.n - 4, line.p + 4);
        else if (str_starts(line, STR("event: ")))
            type = str_of(line.p + 7, line.n - 7);
        else if (str_starts(line, STR("data: ")))
            data = str_of(line.p + 6, line.n - 6);
        else
            assert_true(line.n > 0 && line.p[0] == ':');
    }
    if (data.p) {
        take_json(c, data);
        assert_true(type.n > 0);
    } else {
        keep(c, str_starts(event, STR(": hb\n")) ? BEAT : CLOSE, NULL);
    }
}

static inline size_t take_sse(struct client *c, struct str bytes)
{
    const char *end = memmem(bytes.p, bytes.n, "\n\n", 2);

    if (!end)
        return 0;
    take_sse_event(c, str_of(bytes.p, (size_t)(end - bytes.p)));
    return (size_t)(end - bytes.p) + 2;
}

/* --- WebSocket --- */

static inline size_t take_ws(struct client *c, struct str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    uint64_t n;
    size_t head = 2;

    if (bytes.n < 10 && (bytes.n < 2 || (p[1] < 126 ? bytes.n < 2u + p[1] : bytes.n < 10)))
        return 0;
    assert_int_equal(p[0] & 0xf0, 0x80); /* whole, nothing reserved */
    assert_int_equal(p[1] & 0x80, 0);    /* unmasked */
    n = p[1];
    if (n >= 126) {
        size_t wide = n == 126 ? 2 : 8;
        n = 0;
        for (size_t i = 0; i < wide; i++)
            n = n << 8 | p[2 + i];
        head += wide;
    }
    if (bytes.n < head + n)
        return 0;
    struct str payload = str_of(bytes.p + head, n);
    if ((p[0] & 15) == 1) {
        take_json(c, payload);
        return head + n;
    }
    assert_true(n <= 125);
    struct kept *k = keep(c, (p[0] & 15) == 8 ? CLOSE : (p[0] & 15) == 9 ? PING : PONG, NULL);
    snprintf(k->payload, sizeof k->payload, "%.*s", STR_FMT(payload));
    if (k->kind == CLOSE && n >= 2)
        k->code = (uint16_t)((uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1]);
    return head + n;
}

/* Reads what is there; at most `most` bytes. */
static inline void client_read(struct client *c, size_t most)
{
    char bytes[64 * 1024];
    size_t at = 0, taken;

    while (most > 0 && !c->eof) {
        ssize_t n = recv(c->fd, bytes, most < sizeof bytes ? most : sizeof bytes, MSG_DONTWAIT);
        c->eof = n == 0 || (n < 0 && errno != EAGAIN);
        if (n <= 0)
            break;
        buf_add(&c->in, bytes, (size_t)n);
        most -= (size_t)n;
    }
    do {
        struct str rest = str_of(c->in.p + at, c->in.n - at);
        taken = rest.n == 0 ? 0 : c->ws ? take_ws(c, rest) : take_sse(c, rest);
        at += taken;
    } while (taken > 0);
    buf_consume(&c->in, at);
}

static inline void turn(struct world *w)
{
    uv_run(&w->loop.uv, UV_RUN_NOWAIT);
    for (uint32_t i = 0; i < w->client_count; i++)
        if (!w->clients[i]->stalled)
            client_read(w->clients[i], SIZE_MAX);
}

/* Turns of the loop until something is so. */
#define UNTIL(w, cond)                                                                             \
    do {                                                                                           \
        uint64_t until_ = uv_hrtime() + DEADLINE_S * UINT64_C(1000000000);                         \
        while (!(cond)) {                                                                          \
            turn(w);                                                                               \
            if (uv_hrtime() > until_)                                                              \
                fail_msg("waited too long for " #cond);                                            \
        }                                                                                          \
    } while (0)

static inline void until_all_live(struct world *w)
{
    for (uint32_t i = 0; i < w->client_count; i++)
        UNTIL(w, is_live(w, w->clients[i]));
}

static inline bool is_up_to_date(const struct world *w, const struct client *c)
{
    return c->count > 0 && c->ids[c->count - 1] == last_id(w);
}

/* A client that got every id from `first` to `last`, once, in order. */
static inline void expect_ids(const struct client *c, uint64_t first, uint64_t last)
{
    assert_int_equal(c->count, last + 1 - first);
    for (uint32_t i = 0; i < c->count; i++)
        if (c->ids[i] != first + i)
            fail_msg("id %" PRIu64 " where %" PRIu64 " was due", c->ids[i], first + i);
}

static inline uint64_t number(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);

    if (!json_is_integer(value))
        fail_msg("no number %s", name);
    return (uint64_t)json_integer_value(value);
}

static inline const char *word(const json_t *json, const char *name)
{
    const char *value = json_string_value(json_object_get(json, name));
    return value ? value : "";
}

#endif
