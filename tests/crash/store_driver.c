/* SPDX-License-Identifier: MIT
 *
 * store_driver.c - work that is to be interrupted, and opening what it has left.
 *
 *     store_driver work|steps DIR LEDGER [ROUNDS [os|interval|always [BATCHES]]]
 *     store_driver check DIR LEDGER [cut [os|interval|always]]
 *
 * `work` opens the state in DIR and does ROUNDS rounds of everything that writes: publishing, days that end,
 * files of the journal that get full and are sealed, a clear, a compaction, retention, and a clean stop.
 * BATCHES are published in each. `steps` is the same on one thread, one thing after the other: then the
 * Nth system call is the same one every time.
 *
 * `check` opens the state after whatever happened: every record that was acknowledged is there once, in
 * order, as it was written, unless it was cleared or retention took it; what was cleared is gone; ids go
 * on behind all that were given; positions are those of the last batch. After a power cut only what had
 * been synced must be there, unless durability was `always`.
 *
 * Status 3: it could not go on, and has said why.
 */
#include "store_driver.h"

#include "base/clock.h"
#include "base/diag.h"

enum { USUAL_BATCHES = 12, GAVE_UP = 3, PATIENCE_S = 10 };

#define DAY_US (INT64_C(86400) * 1000 * 1000)

/* --- a pool without threads: what is asked for is done by the loop, in the order of asking --- */

static bool pool_is_loop;

int __real_uv_queue_work(uv_loop_t *loop, uv_work_t *req, uv_work_cb work, uv_after_work_cb done);
int __wrap_uv_queue_work(uv_loop_t *loop, uv_work_t *req, uv_work_cb work, uv_after_work_cb done);

struct asked {
    uv_timer_t timer;
    uv_work_t *req;
    uv_work_cb work;
    uv_after_work_cb done;
};

static void free_asked(uv_handle_t *timer)
{
    free(timer->data);
}

static void on_turn(uv_timer_t *timer)
{
    const struct asked *a = timer->data;

    a->work(a->req);
    a->done(a->req, 0);
    uv_close((uv_handle_t *)timer, free_asked);
}

int __wrap_uv_queue_work(uv_loop_t *loop, uv_work_t *req, uv_work_cb work, uv_after_work_cb done)
{
    struct asked *a;

    if (!pool_is_loop)
        return __real_uv_queue_work(loop, req, work, done);
    a = calloc(1, sizeof *a);
    assert_non_null(a);
    *a = (struct asked){.req = req, .work = work, .done = done};
    assert_int_equal(uv_timer_init(loop, &a->timer), 0);
    a->timer.data = a;
    return uv_timer_start(&a->timer, on_turn, 0, 0);
}

/* --- opening --- */

static void give_up(const char *sentence)
{
    fprintf(stderr, "%s\n", sentence);
    exit(GAVE_UP);
}

void driver_open(struct driver *d, enum durability durability)
{
    struct errinfo info = {0};
    /* Nothing goes for want of space: what retention takes is to be known beforehand. */
    struct store_opts so = {
        .loop = &d->row.loop, .state_dir = d->dir, .min_ms = 100000 * (uint64_t)(DAY_US / 1000)};
    struct hub_opts ho = {.loop = &d->row.loop,
                          .state_dir = d->dir,
                          .journal_max = 8 * (uint64_t)JOURNAL_FILE_SIZE,
                          .durability = durability,
                          .sync_interval_ms = 5};

    if (store_open(&d->store, &so, &info) < 0)
        give_up(info.text);
    ho.sealed_end = store_end_id(d->store);
    ho.sealed_positions = store_positions(d->store);
    ho.sealed_positions_end = store_positions_end(d->store);
    if (hub_open(&d->hub, &ho, &info) < 0)
        give_up(info.text);
    if (store_attach(d->store, &d->hub) < 0)
        give_up("no memory");
}

void driver_close(struct driver *d)
{
    store_stop(d->store);
    row_settle(&d->row);
    store_close(d->store);
    hub_close(&d->hub);
    row_settle(&d->row);
}

struct origin driver_origin(uint64_t i)
{
    uint8_t run[16] = {(uint8_t)i, 1};
    return run_origin(run);
}

/* --- work --- */

static void note(struct driver *d, char what, uint64_t a, uint64_t b)
{
    ledger_note(&d->ledger, what, a, b);
}

/* What the disk has by now. Before its first sync a journal only believes that it has everything. */
static void note_durable(struct driver *d)
{
    const struct journal *j = d->hub.journal;

    if (journal_syncs(j) > d->syncs && !j->sync_failed)
        note(d, 'y', j->synced_id, 0);
    d->syncs = journal_syncs(j);
    if (store_end_id(d->store) > d->ledger.sealed) {
        d->ledger.sealed = store_end_id(d->store);
        note(d, 's', d->ledger.sealed, 0);
    }
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static bool is_taken(struct driver *d, uint64_t end, bool *published)
{
    *published = *published || hub_publish(&d->hub, &d->row.batch) == 0;
    return *published && hub_acked_id(&d->hub) >= end;
}

/* Until the batch is acknowledged; what never comes is not waited for. */
static void publish(struct driver *d, uint64_t end)
{
    int64_t until_us = clock_mono_us() + PATIENCE_S * INT64_C(1000000);
    bool published = false;
    uv_timer_t tick; /* keeps the loop turning, as the connections of a hub do */

    if (is_taken(d, end, &published))
        return;
    assert_int_equal(uv_timer_init(&d->row.loop.uv, &tick), 0);
    uv_timer_start(&tick, on_tick, 1, 1);
    while (!is_taken(d, end, &published)) {
        if (clock_mono_us() > until_us)
            give_up("nothing more is taken: the disk is full or broken");
        uv_run(&d->row.loop.uv, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&d->row.loop.uv, UV_RUN_NOWAIT);
}

static void publish_one(struct driver *d, int64_t day)
{
    uint64_t i = row_below(&d->row, ORIGINS), count = 1 + row_below(&d->row, 30);
    uint64_t first_id = hub_last_id(&d->hub) + 1, end = first_id + count;
    struct origin o = driver_origin(i);
    struct run_position position = {end, ~end, 0};

    row_fill(&d->row, &o, first_id, (uint32_t)count);
    d->row.batch.arrival_us = clock_wall_us() + day * DAY_US;
    d->row.batch.position = run_position_encode(&position);
    note(d, 'b', i, end);
    publish(d, end);
    note(d, 'a', i, end);
    uv_run(&d->row.loop.uv, UV_RUN_NOWAIT);
    note_durable(d);
}

static void on_cleared(int err, void *ctx)
{
    struct driver *d = ctx;

    d->clearing = false;
    if (err == 0)
        note(d, 'C', d->ledger.clear_begun, 0);
}

static void clear_job(struct driver *d)
{
    struct label b = {STR("job_run_id"), STR("b")};

    if (d->clearing)
        return;
    d->ledger.clear_begun = hub_last_id(&d->hub);
    note(d, 'c', d->ledger.clear_begun, 0);
    d->clearing = store_clear(d->store, &b, 1, on_cleared, d) == 0;
}

static void on_compacted(int err, const struct store_compacted *c, void *ctx)
{
    (void)err;
    (void)c;
    (void)ctx;
}

/* All but the newest chunk. */
static void take_old(struct driver *d)
{
    const struct chunk_row *row = d->store->row;

    if (row->count < 2)
        return;
    note(d, 'f', row->at[row->count - 2]->end_id, 0);
    d->store->opts.max_bytes = 1;
    keeping_check_bytes(d->store);
    d->store->opts.max_bytes = 0;
}

static void work(struct driver *d, int rounds, enum durability durability, int batches)
{
    driver_open(d, durability);
    d->row.random = hub_last_id(&d->hub) + 1;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < batches; i++)
            publish_one(d, round / 2 % 4); /* after some days the clock goes back */
        journal_end_file(d->hub.journal);
        if (round % 4 == 1)
            clear_job(d);
        if (round % 4 == 2)
            (void)!store_compact(d->store, on_compacted, d);
        if (round % 4 == 3)
            take_old(d);
        if (d->in_steps)
            row_settle(&d->row);
        note_durable(d);
    }
    driver_close(d);
}

static enum durability durability_of(const char *name)
{
    static const char *const names[] = {"os", "interval", "always"};

    for (int i = 0; i < 3; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum durability)i;
    fail_msg("there is no durability '%s'", name);
    return DURABILITY_OS;
}

int main(int argc, char **argv)
{
    static struct driver d;

    if (argc < 4) {
        fprintf(stderr, "usage: store_driver work|steps|check DIR LEDGER ...\n");
        return 2;
    }
    diag_min_level(DIAG_ERROR);
    row_init(&d.row);
    row_remove_dir(d.row.dir);
    d.dir = argv[2];
    mkdir(d.dir, 0700);
    ledger_read(&d.ledger, argv[3]);
    d.in_steps = pool_is_loop = strcmp(argv[1], "steps") == 0;
    if (strcmp(argv[1], "check") == 0)
        driver_check(&d, argc < 6 || strcmp(argv[4], "cut") != 0       ? AFTER_KILL
                         : durability_of(argv[5]) == DURABILITY_ALWAYS ? AFTER_CUT
                                                                       : AFTER_CUT_SYNCED);
    else
        work(&d, argc > 4 ? atoi(argv[4]) : 8,
             argc > 5 ? durability_of(argv[5]) : DURABILITY_INTERVAL,
             argc > 6 ? atoi(argv[6]) : USUAL_BATCHES);
    close(d.ledger.fd);
    return 0;
}
