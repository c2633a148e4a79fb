/* SPDX-License-Identifier: MIT
 *
 * store_driver.c - journal and store without a hub around them, made to be killed.
 *
 *     store_driver work DIR LEDGER ROUNDS [os|interval|always]
 *     store_driver check DIR LEDGER
 *
 * `work` opens the state in DIR and does ROUNDS rounds of everything that writes: publishing, files of the
 * journal that get full and are sealed, a clear, retention, and a clean stop. What it is about to do and
 * what has been acknowledged it appends to LEDGER, which may lie on another disk.
 *
 * `check` opens the same state after whatever happened: every record that was acknowledged is there
 * once, in order, as it was written, unless it was cleared or retention took it; what was cleared is
 * gone; ids go on behind all that were given; positions are those of the last batch.
 */
#include "store/chunk.h"
#include "store/store_impl.h"

#include "base/clock.h"
#include "base/diag.h"
#include "hub/row_test.h"

#include <inttypes.h>
#include <sys/uio.h>

enum { ORIGINS = 4, BATCHES = 12 };

/* One line of the ledger: a letter and up to three numbers. */
struct ledger {
    uint64_t begun_end, acked_end;           /* one past the last id */
    uint64_t begun[ORIGINS], acked[ORIGINS]; /* positions */
    uint64_t clear_begun, cleared;           /* bounds of the clear of job b */
    uint64_t floor;                          /* retention may have taken ids below */
    uint64_t sealed;                         /* ids below are in chunks */
};

struct driver {
    struct row row; /* loop, records, label sets; its journal stays closed */
    const char *dir;
    int log;
    struct hub hub;
    struct store *store;
    struct ledger ledger;
    uint64_t next_id; /* check: expected */
    uint64_t seen;
};

/* --- the ledger --- */

static void note(struct driver *d, char what, uint64_t a, uint64_t b)
{
    char line[64];
    int n = snprintf(line, sizeof line, "%c %" PRIu64 " %" PRIu64 "\n", what, a, b);
    struct iovec piece = {line, (size_t)n};

    /* A call that nothing else here makes, so that faults can be told to spare it. */
    assert_int_equal(writev(d->log, &piece, 1), n);
}

static void read_ledger(struct driver *d, const char *path)
{
    struct ledger *l = &d->ledger;
    FILE *f = fopen(path, "re");
    char line[128], what;
    uint64_t a, b;

    *l = (struct ledger){.begun_end = 1, .acked_end = 1, .floor = 1};
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%c %" SCNu64 " %" SCNu64, &what, &a, &b) != 3)
            continue;
        if (what == 'b' || what == 'a')
            *(what == 'b' ? &l->begun[a] : &l->acked[a]) = b;
        if (what == 'b')
            l->begun_end = b;
        else if (what == 'a')
            l->acked_end = b;
        else if (what == 'c')
            l->clear_begun = a;
        else if (what == 'C')
            l->cleared = a;
        else if (what == 'f')
            l->floor = a;
        else if (what == 's')
            l->sealed = a;
    }
    if (f)
        fclose(f);
}

/* --- opening --- */

static void open_all(struct driver *d, enum durability durability)
{
    struct errinfo info = {0};
    struct store_opts so = {.loop = &d->row.loop, .state_dir = d->dir};
    struct hub_opts ho = {.loop = &d->row.loop,
                          .state_dir = d->dir,
                          .journal_max = 8 * (uint64_t)JOURNAL_FILE_SIZE,
                          .durability = durability,
                          .sync_interval_ms = 5};

    if (store_open(&d->store, &so, &info) < 0)
        fail_msg("%s", info.text);
    ho.sealed_end = store_end_id(d->store);
    ho.sealed_positions = store_positions(d->store);
    if (hub_open(&d->hub, &ho, &info) < 0)
        fail_msg("%s", info.text);
    assert_int_equal(store_attach(d->store, &d->hub), 0);
}

static void close_all(struct driver *d)
{
    store_stop(d->store);
    row_settle(&d->row);
    store_close(d->store);
    hub_close(&d->hub);
    row_settle(&d->row);
}

static struct origin origin_of(uint64_t i)
{
    uint8_t run[16] = {(uint8_t)i, 1};
    return run_origin(run);
}

/* --- work --- */

static void publish_one(struct driver *d)
{
    uint64_t i = row_below(&d->row, ORIGINS), count = 1 + row_below(&d->row, 30);
    uint64_t first_id = hub_last_id(&d->hub) + 1, end = first_id + count;
    struct origin o = origin_of(i);
    struct run_position position = {end, ~end, 0};
    int err;

    row_fill(&d->row, &o, first_id, (uint32_t)count);
    d->row.batch.arrival_us = clock_wall_us();
    d->row.batch.position = run_position_encode(&position);
    note(d, 'b', i, end);
    while ((err = hub_publish(&d->hub, &d->row.batch)) == -EAGAIN || err == -ENOSPC || err == -EIO)
        uv_run(&d->row.loop.uv, UV_RUN_ONCE);
    assert_int_equal(err, 0);
    while (hub_acked_id(&d->hub) < end)
        uv_run(&d->row.loop.uv, UV_RUN_ONCE);
    note(d, 'a', i, end);
}

static void on_cleared(int err, void *ctx)
{
    struct driver *d = ctx;
    if (err == 0)
        note(d, 'C', d->ledger.clear_begun, 0);
}

static void clear_job(struct driver *d)
{
    struct label b = {STR("job_run_id"), STR("b")};

    d->ledger.clear_begun = hub_last_id(&d->hub);
    note(d, 'c', d->ledger.clear_begun, 0);
    (void)!store_clear(d->store, &b, 1, on_cleared, d);
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

static void work(struct driver *d, int rounds, enum durability durability)
{
    open_all(d, durability);
    d->row.random = hub_last_id(&d->hub) + 1;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < BATCHES; i++)
            publish_one(d);
        journal_end_file(d->hub.journal);
        if (round % 4 == 2)
            clear_job(d);
        if (round % 4 == 3)
            take_old(d);
        row_settle(&d->row);
        note(d, 's', store_end_id(d->store), 0);
    }
    close_all(d);
}

/* --- check --- */

static bool is_job_b(struct driver *d, uint64_t id)
{
    struct record r = row_record(&d->row, id);
    return str_is(labels_get(r.labels, STR("job_run_id")), "b");
}

/* May it be missing? */
static bool may_be_gone(struct driver *d, uint64_t id)
{
    const struct ledger *l = &d->ledger;

    return id < l->floor || id >= l->acked_end || (is_job_b(d, id) && id <= l->clear_begun);
}

static int see(const struct record *r, void *ctx)
{
    struct driver *d = ctx;

    for (; d->next_id < r->id; d->next_id++)
        if (!may_be_gone(d, d->next_id))
            fail_msg("record %" PRIu64 " is missing", d->next_id);
    if (r->id != d->next_id)
        fail_msg("record %" PRIu64 " where %" PRIu64 " was due", r->id, d->next_id);
    if (r->id >= d->ledger.begun_end)
        fail_msg("record %" PRIu64 " was never written", r->id);
    if (is_job_b(d, r->id) && r->id <= d->ledger.cleared)
        fail_msg("record %" PRIu64 " was cleared", r->id);
    row_check_record(&d->row, r);
    d->next_id = r->id + 1;
    d->seen++;
    return 0;
}

static void see_journal(struct driver *d, const struct store_view *v)
{
    struct journal_cursor c = journal_seek(v->journal, v->journal_from);
    struct jframe_reader reader = {0};
    struct record r;
    struct jframe f;

    while (journal_next(&c, &f)) {
        assert_int_equal(jframe_open(&reader, &f, &d->hub.labels), 0);
        while (jframe_next(&reader, &r))
            if (r.id > tombs_dead_to(v->tombs, r.labels))
                see(&r, d);
    }
    jframe_close(&reader);
}

static void see_everything(struct driver *d)
{
    struct store_view *v = store_view_take(d->store, 0);
    struct chunk_scan scan = {
        .max_id = UINT64_MAX, .tombs = v->tombs, .now_us = v->now_us, .emit = see, .ctx = d};

    d->next_id = 1;
    for (uint32_t i = 0; i < v->chunk_count; i++)
        assert_int_equal(chunk_scan(v->chunks[i], &scan), 0);
    see_journal(d, v);
    for (; d->next_id < d->ledger.acked_end; d->next_id++)
        if (!may_be_gone(d, d->next_id))
            fail_msg("record %" PRIu64 " is missing at the end", d->next_id);
    store_view_drop(d->store, v);
}

static void check_positions(struct driver *d)
{
    for (uint64_t i = 0; i < ORIGINS; i++) {
        struct origin o = origin_of(i);
        struct run_position p = run_position_decode(positions_get(&d->hub.positions, &o));
        if (p.stdout_n < d->ledger.acked[i] || p.stdout_n > d->ledger.begun[i])
            fail_msg("the position of origin %" PRIu64 " is %" PRIu64 ", not %" PRIu64, i,
                     p.stdout_n, d->ledger.acked[i]);
    }
}

static void check(struct driver *d)
{
    int64_t start = clock_mono_us();

    open_all(d, DURABILITY_OS);
    int64_t took = clock_mono_us() - start;
    if (store_end_id(d->store) < d->ledger.sealed)
        fail_msg("chunks end at %" PRIu64 ", not %" PRIu64, store_end_id(d->store),
                 d->ledger.sealed);
    if (hub_last_id(&d->hub) + 1 < d->ledger.acked_end)
        fail_msg("ids go on at %" PRIu64 ", which were given already", hub_last_id(&d->hub) + 1);
    see_everything(d);
    check_positions(d);
    const struct store_report *r = store_recovered(d->store);
    printf("%" PRIu64 " records, %u chunks; opened in %.1f ms, %" PRIu64 " bytes cut, %u records "
           "of the index made anew, %u files set aside\n",
           d->seen, d->store->row->count, (double)took / 1000, r->cut_bytes, r->rebuilt,
           r->set_aside);
    close_all(d);
    /* What was lost with a power cut may be written anew: the next life starts its own ledger. */
    note(d, 'b', 0, hub_last_id(&d->hub) + 1);
}

int main(int argc, char **argv)
{
    static struct driver d;
    static const char *const names[] = {"os", "interval", "always"};
    enum durability durability = DURABILITY_INTERVAL;

    if (argc < 4) {
        fprintf(stderr, "usage: store_driver work|check DIR LEDGER [ROUNDS [DURABILITY]]\n");
        return 2;
    }
    diag_min_level(DIAG_ERROR);
    row_init(&d.row);
    row_remove_dir(d.row.dir);
    d.dir = argv[2];
    mkdir(d.dir, 0700);
    read_ledger(&d, argv[3]);
    d.log = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(d.log >= 0);
    for (int i = 0; argc > 5 && i < 3; i++)
        if (strcmp(argv[5], names[i]) == 0)
            durability = (enum durability)i;
    if (strcmp(argv[1], "work") == 0)
        work(&d, argc > 4 ? atoi(argv[4]) : 8, durability);
    else
        check(&d);
    close(d.log);
    return 0;
}
