/* SPDX-License-Identifier: MIT
 *
 * keeper_in_fuzz.c - a hostile keeper: arbitrary frames to the hub's end of a connection.
 *
 * The first byte says where the stream is cut: its first part comes on one connection, all of it
 * once more on a second, as from a keeper that lost the first. What must hold: no memory error, no
 * assertion, texts that are text, a position that never moves back while its run is remembered.
 */
#include "source/keeper_in.h"

#include "base/diag.h"
#include "record/utf8.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct hub {
    struct position_of {
        struct origin origin;
        struct position position;
    } runs[8];
    uint32_t run_count;
    uint64_t next_id;
};

static struct position_of *find(struct hub *h, const struct origin *o)
{
    for (uint32_t i = 0; i < h->run_count; i++)
        if (memcmp(&h->runs[i].origin, o, sizeof *o) == 0)
            return &h->runs[i];
    return NULL;
}

static int publish(void *hub, struct batch *b)
{
    struct hub *h = hub;
    struct position_of *run = find(h, &b->origin);
    struct run_position old = run_position_decode(run ? &run->position : NULL);
    struct run_position now = run_position_decode(&b->position);

    lm_assert(b->origin.kind == ORIGIN_RUN);
    lm_assert(now.stdout_n >= old.stdout_n && now.stderr_n >= old.stderr_n);
    lm_assert((now.flags & old.flags) == old.flags);
    for (uint32_t i = 0; i < b->count; i++) {
        const struct record *r = &b->records[i];
        lm_assert(utf8_valid_prefix(r->message) == r->message.n);
        lm_assert(utf8_valid_prefix(r->labels->json) == r->labels->json.n);
        lm_assert(r->level > LEVEL_NONE && r->level < LEVEL_COUNT && r->stream != STREAM_NONE);
    }
    if (!run && h->run_count == 8)
        return -LM_E_FULL;
    if (!run)
        run = &h->runs[h->run_count++];
    *run = (struct position_of){b->origin, b->position};
    b->first_id = h->next_id;
    h->next_id += b->count;
    return 0;
}

static const struct position *position(void *hub, const struct origin *o)
{
    const struct position_of *run = find(hub, o);
    return run ? &run->position : NULL;
}

static void forget(void *hub, const struct origin *o)
{
    struct hub *h = hub;
    struct position_of *run = find(h, o);

    if (run)
        *run = h->runs[--h->run_count];
}

static bool has_room(void *hub)
{
    (void)hub;
    return true;
}

static uint64_t acked_id(void *hub)
{
    return ((struct hub *)hub)->next_id;
}

/* One connection that says these bytes. Its end is left open until the hub has heard all. */
static int say(struct loop *l, struct keeper_server *server, const uint8_t *bytes, size_t n)
{
    static const struct conn_ops nobody = {0};
    struct conn *c;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        abort();
    if (conn_open(l, pair[1], true, &nobody, NULL, &c) < 0 || keeper_serve(server, c) < 0)
        abort();
    if (n > 0)
        (void)!send(pair[0], bytes, n, MSG_NOSIGNAL);
    for (int i = 0; i < 3; i++)
        uv_run(&l->uv, UV_RUN_NOWAIT);
    return pair[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char nowhere[] = "/nonexistent";
    struct settings settings = {.state_dir = nowhere, .log_dir = nowhere};
    struct hub hub = {.next_id = 1};
    struct metrics metrics = {0};
    struct label_table labels = {0};
    struct loop loop;
    struct supervise *supervise;
    struct keeper_server *server;
    struct errinfo info;

    if (size < 2 || size > 100000 || loop_init(&loop) < 0)
        return 0;
    diag_min_level(DIAG_ERROR);
    struct supervise_opts opts = {.loop = &loop, .settings = &settings};
    struct intake intake = {.hub = &hub,
                            .publish = publish,
                            .position = position,
                            .forget = forget,
                            .has_room = has_room,
                            .acked_id = acked_id,
                            .labels = &labels,
                            .metrics = &metrics};
    if (supervise_new(&supervise, &opts, &info) < 0 ||
        keeper_server_new(&server, &loop, &intake, supervise) < 0)
        abort();
    int first = say(&loop, server, data + 1, data[0] * (size - 1) / 255);
    int second = say(&loop, server, data + 1, size - 1);
    close(first);
    uv_run(&loop.uv, UV_RUN_NOWAIT);
    close(second);
    uv_run(&loop.uv, UV_RUN_NOWAIT);
    keeper_server_close(server);
    supervise_free(supervise);
    loop_run(&loop);
    lm_assert(metrics.keepers == 0);
    keeper_server_free(server);
    loop_fini(&loop);
    label_table_fini(&labels);
    return 0;
}
