/* SPDX-License-Identifier: MIT
 *
 * ipc_world_test.h - a manager and its clients in one thread, for tests: real sockets, turned by
 * hand.
 */
#ifndef LM_IPC_WORLD_TEST_H
#define LM_IPC_WORLD_TEST_H

#include <logmill/client.h>
#include <logmill/manager.h>

#include "base/clock.h"
#include "ipc/call_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    char dir[64], path[96];
    struct lm_manager *manager;
    struct lm_client *clients[8];
    int client_count;
};

static inline void world_open(struct world *w, const struct lm_manager_opts *opts)
{
    *w = (struct world){.dir = "/tmp/logmill-ipc-XXXXXX"};
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/socket", w->dir);
    assert_int_equal(lm_manager_new(&w->manager, opts), 0);
    assert_int_equal(lm_manager_listen(w->manager, w->path), 0);
}

static inline struct lm_client *world_client(struct world *w)
{
    struct lm_client **c = &w->clients[w->client_count++];
    assert_int_equal(
        lm_client_open(c, &(struct lm_client_opts){.socket = w->path, .no_retry = true}), 0);
    return *c;
}

static inline void world_turn(struct world *w)
{
    if (w->manager)
        assert_true(lm_manager_dispatch(w->manager, 0) >= 0);
    for (int i = 0; i < w->client_count; i++)
        if (w->clients[i])
            assert_true(lm_client_dispatch(w->clients[i], 0) >= 0);
}

/* Turns until the condition holds, at most 20 s. */
#define WORLD_UNTIL(w, condition)                                                                  \
    do {                                                                                           \
        time_t world_end = time(NULL) + 20;                                                        \
        while (!(condition)) {                                                                     \
            world_turn(w);                                                                         \
            assert_true(time(NULL) < world_end);                                                   \
        }                                                                                          \
    } while (0)

static inline void world_close(struct world *w)
{
    for (int i = 0; i < w->client_count; i++)
        lm_client_close(w->clients[i]);
    lm_manager_free(w->manager);
    assert_int_equal(access(w->path, F_OK), -1);
    rmdir(w->dir);
}

/* What an answer said, kept. */
struct heard {
    int answers, chunks, last;
    enum lm_code code;
    bool cached, batched, stream;
    uint32_t next_index;
    size_t bytes;
    double percentage;
    char data[512], message[256], details[256];
};

static inline void keep_text(char *out, size_t size, struct lm_str text)
{
    snprintf(out, size, "%.*s", (int)text.n, text.p ? text.p : "");
}

static inline void hear(struct lm_client *c, const struct lm_answer *a, void *ctx)
{
    struct heard *h = ctx;

    (void)c;
    if (a->stream)
        h->stream = true;
    else
        h->answers++;
    h->code = a->code;
    h->cached = a->cached;
    h->batched = a->batched;
    keep_text(h->data, sizeof h->data, a->data);
    keep_text(h->message, sizeof h->message, a->message);
    keep_text(h->details, sizeof h->details, a->details);
}

static inline void hear_chunk(struct lm_client *c, const struct lm_chunk *chunk, void *ctx)
{
    struct heard *h = ctx;

    (void)c;
    assert_int_equal(chunk->index, h->next_index++);
    h->chunks++;
    h->bytes += chunk->data.n + chunk->attachments.bytes.n;
    h->percentage = chunk->percentage;
    h->last += chunk->last;
    h->answers += chunk->last;
    keep_text(h->data, sizeof h->data, chunk->data);
}

static inline uint64_t ask(struct lm_client *c, const char *channel, const char *args,
                           struct heard *h)
{
    uint64_t request;
    struct lm_ask a = {.channel = channel, .args = lm_str(args), .on_answer = hear, .ctx = h};

    assert_int_equal(lm_client_ask(c, &a, &request), 0);
    return request;
}

static inline uint64_t ask_stream(struct lm_client *c, const char *channel, const char *args,
                                  uint32_t window, struct heard *h)
{
    uint64_t request;
    struct lm_ask a = {.channel = channel,
                       .args = lm_str(args),
                       .window = window,
                       .on_answer = hear,
                       .on_chunk = hear_chunk,
                       .ctx = h};

    assert_int_equal(lm_client_ask(c, &a, &request), 0);
    return request;
}

static inline void must_register(struct world *w, const char *channel, struct lm_handler h)
{
    const char *reason = NULL;
    int err = lm_manager_register(w->manager, channel, &h, &reason);
    if (err < 0)
        print_error("%s: %s\n", channel, reason);
    assert_int_equal(err, 0);
}

#endif
