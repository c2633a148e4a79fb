/* SPDX-License-Identifier: MIT
 *
 * store_check.c - is everything there that must be, once, in order, as it was written?
 */
#include "store_driver.h"

#include "base/clock.h"

enum { OPEN_MAX_US = 1000 * 1000 };

static bool is_job_b(struct driver *d, uint64_t id)
{
    struct record r = row_record(&d->row, id);
    return str_is(labels_get(r.labels, STR("job_run_id")), "b");
}

/* Past the end of the lost ones among which this id is; the id itself when it is not. */
static uint64_t behind_lost(const struct ledger *l, uint64_t id)
{
    for (uint32_t i = l->lost_count; i-- > 0;)
        if (id >= l->lost[i].from && id < l->lost[i].to)
            return l->lost[i].to;
    return id;
}

/* Was it taken away, or may it have been? */
static bool is_gone(struct driver *d, uint64_t id)
{
    const struct ledger *l = &d->ledger;

    return id < l->floor || (id <= l->clear_begun && is_job_b(d, id));
}

/* What is missing up to here may be. With a power cut it is lost for good. */
static void skip_to(struct driver *d, uint64_t id)
{
    uint64_t end = id < d->ledger.acked_end ? id : d->ledger.acked_end;

    while (d->next_id < end) {
        uint64_t behind = behind_lost(&d->ledger, d->next_id);
        if (behind > d->next_id) {
            d->next_id = behind;
            continue;
        }
        if (!is_gone(d, d->next_id)) {
            if (d->next_id < d->due_end)
                fail_msg("record %" PRIu64 " is missing", d->next_id);
            ledger_lose(&d->ledger, d->next_id, d->next_id + 1);
            d->lost++;
        }
        d->next_id++;
    }
    if (d->next_id < id)
        d->next_id = id;
}

static int see(const struct record *r, void *ctx)
{
    struct driver *d = ctx;

    skip_to(d, r->id);
    if (r->id != d->next_id)
        fail_msg("record %" PRIu64 " where %" PRIu64 " was due", r->id, d->next_id);
    if (r->id >= d->ledger.begun_end)
        fail_msg("record %" PRIu64 " was never written", r->id);
    if (r->id <= d->ledger.cleared && is_job_b(d, r->id))
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
    skip_to(d, d->ledger.acked_end);
    store_view_drop(d->store, v);
}

/* A position that is ahead of the records would lose what its origin never sends again. */
static void check_position(struct driver *d, uint64_t i)
{
    struct origin o = driver_origin(i);
    uint64_t end = run_position_decode(positions_get(&d->hub.positions, &o)).stdout_n;

    if (end < d->due[i] || end > d->ledger.begun[i])
        fail_msg("the position of origin %" PRIu64 " is %" PRIu64 ", not %" PRIu64, i, end,
                 d->due[i]);
    if (end > 1 && !is_gone(d, end - 1) && behind_lost(&d->ledger, end - 1) > end - 1)
        fail_msg("the position of origin %" PRIu64 " is %" PRIu64 ", and the record before is lost",
                 i, end);
    d->ledger.begun[i] = d->ledger.acked[i] = end;
}

static void say(const struct driver *d, int64_t took_us)
{
    const struct store_report *r = store_recovered(d->store);

    printf("%" PRIu64 " records, %" PRIu64 " lost, %u chunks; opened in %.1f ms, %" PRIu64
           " bytes cut, %u records of the index made anew, %u files set aside\n",
           d->seen, d->lost, d->store->row->count, (double)took_us / 1000, r->cut_bytes, r->rebuilt,
           r->set_aside);
}

void driver_check(struct driver *d, enum after after)
{
    bool only_synced = after == AFTER_CUT_SYNCED;
    struct ledger *l = &d->ledger;
    int64_t start = clock_mono_us();

    driver_open(d, DURABILITY_OS);
    int64_t took_us = clock_mono_us() - start;
    if (took_us > OPEN_MAX_US)
        fail_msg("opening took %" PRIi64 " ms", took_us / 1000);
    if (store_end_id(d->store) < l->sealed)
        fail_msg("chunks end at %" PRIu64 ", not %" PRIu64, store_end_id(d->store), l->sealed);
    uint64_t synced_end = l->synced > l->sealed ? l->synced : l->sealed;
    d->due_end = only_synced ? synced_end : l->acked_end;
    d->due = only_synced ? l->safe : l->acked;
    uint64_t next = hub_last_id(&d->hub) + 1;
    if (next < (after == AFTER_KILL ? l->acked_end : l->begun_end))
        fail_msg("ids go on at %" PRIu64 ", which were given already", next);
    see_everything(d);
    for (uint64_t i = 0; i < ORIGINS; i++)
        check_position(d, i);
    say(d, took_us);
    driver_close(d);
    ledger_lose(l, d->next_id, next); /* jumped over */
    l->begun_end = l->acked_end = next;
    ledger_shorten(l);
}
