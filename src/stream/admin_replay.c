/* SPDX-License-Identifier: MIT
 *
 * admin_replay.c - what a client of the admin stream missed while it was away.
 *
 * The newest records are looked at first, in the pool, until each process has its share or the place is
 * reached where the client was. It is given a snapshot that ends with the last record before the client
 * joined; what comes later waits in the client's queue, so nothing is missing between the two.
 */
#include "stream/admin_impl.h"

#include "store/query.h"

#include <errno.h>
#include <stdlib.h>

enum { LOOKED_AT_MAX = 200000 }; /* records with the level of interest */

struct admin_replay {
    struct job job;
    struct admin_client *client; /* NULL: it is gone */
    struct admin *admin;
    struct store_view *view;
    struct filter filter;
    struct query query;
    atomic_bool cancel;
    struct map counts;  /* name of a card -> 1 + number of its lines, as a pointer */
    struct buf lines;   /* their JSON, newest first ... */
    struct buf lengths; /* ... and the length of each */
    char *hub_name;
    int err;
};

/* One more line of this card. False: it has enough, or there is no such card. */
static bool count_line(struct admin_replay *r, struct str name)
{
    uintptr_t n = (uintptr_t)map_find(&r->counts, name);

    return n > 0 && n <= ADMIN_REPLAY_MAX && map_put(&r->counts, name, (void *)(n + 1)) == 0;
}

/* In the pool. */
static int on_row(const struct record *rec, void *ctx)
{
    struct admin_replay *r = ctx;
    struct str name = admin_card_of(rec->labels, r->hub_name);
    size_t before = r->lines.n;

    if (!name.p || !count_line(r, name))
        return 0;
    admin_write_line(&r->lines, rec, name);
    uint32_t n = (uint32_t)(r->lines.n - before);
    buf_add(&r->lengths, &n, sizeof n);
    return buf_error(&r->lines) < 0 ? -ENOMEM : buf_error(&r->lengths);
}

static void work(struct job *job)
{
    struct admin_replay *r = LIST_ITEM(job, struct admin_replay, job);
    struct query_result result;

    r->err = query_run(&r->query, r->view, on_row, r, &result);
}

/* Oldest first. */
static void collect(struct admin_replay *r, struct admin_frames *f)
{
    const uint32_t *lengths = (const void *)r->lengths.p;
    size_t at = r->lines.n;

    for (size_t i = r->lengths.n / sizeof *lengths; i-- > 0;) {
        at -= lengths[i];
        admin_add_frame(f, str_of(r->lines.p + at, lengths[i]), LEVEL_INFO);
    }
}

static void free_replay(struct admin_replay *r)
{
    filter_fini(&r->filter);
    map_fini(&r->counts);
    buf_fini(&r->lines);
    buf_fini(&r->lengths);
    free(r->hub_name);
    free(r);
}

static void done(struct job *job)
{
    struct admin_replay *r = LIST_ITEM(job, struct admin_replay, job);
    struct admin_frames frames = {0};

    store_view_drop(r->admin->opts.store, r->view);
    if (r->client) {
        r->client->replay = NULL;
        if (r->err == 0)
            collect(r, &frames);
        admin_client_go_live(r->client, &frames);
    }
    admin_frames_fini(&frames);
    free_replay(r);
}

/* The cards there are now. */
static int note_cards(struct admin_replay *r)
{
    const struct admin_opts *opts = &r->admin->opts;
    const struct process *p;
    int err = map_put(&r->counts, str_from(opts->hub_name), (void *)1);

    for (size_t i = 0; err == 0 && (p = supervise_at(opts->supervise, i)); i++)
        err = map_put(&r->counts, str_from(p->name), (void *)1);
    return err;
}

static int prepare(struct admin_replay *r, uint64_t after)
{
    struct admin *a = r->admin;
    bool debug = a->debug;

    filter_init(&r->filter);
    r->hub_name = strdup(a->opts.hub_name);
    if (!r->hub_name || note_cards(r) < 0)
        return -ENOMEM;
    for (struct map_slot *slot = map_next(&a->sources, NULL); slot;
         slot = map_next(&a->sources, slot))
        debug |= ((const struct admin_source *)slot->value)->debug;
    int err = debug ? 0 : filter_add(&r->filter, STR("level"), STR("info"), NULL);
    query_init(&r->query, &r->filter);
    r->query.min_id = after + 1;
    r->query.max_id = hub_last_id(a->opts.hub);
    r->query.order = QUERY_NEWEST_FIRST;
    r->query.count = QUERY_COUNT_NONE;
    r->query.limit = LOOKED_AT_MAX;
    r->query.cancel = &r->cancel;
    return err;
}

int admin_replay_start(struct admin_client *c, uint64_t after)
{
    struct admin_replay *r = calloc(1, sizeof *r);
    struct admin *a = c->admin;

    if (!r)
        return -ENOMEM;
    r->client = c;
    r->admin = a;
    int err = prepare(r, after);
    if (err == 0) {
        r->view = store_view_take(a->opts.store, after + 1);
        err = r->view ? job_ask(a->opts.loop, &r->job, JOB_SHORT, work, done) : -ENOMEM;
    }
    if (err < 0) {
        store_view_drop(a->opts.store, r->view);
        free_replay(r);
        return err;
    }
    c->replay = r;
    return 0;
}

void admin_replay_forget(struct admin_replay *r)
{
    r->client = NULL;
    atomic_store(&r->cancel, true);
}
