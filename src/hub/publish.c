/* SPDX-License-Identifier: MIT
 *
 * publish.c - number, journal, sinks: the whole of what happens to a line in the middle.
 */
#include "hub/publish.h"

#include "base/clock.h"
#include "base/diag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TROUBLE_AGAIN_US = 60 * 1000 * 1000 };

int hub_publish(struct hub *h, struct batch *b)
{
    uint64_t next = h->numbers.next;
    struct position_entry *entry = NULL;

    /* Whatever needs memory comes first: once it is in the journal the batch has happened. */
    if (b->origin.kind != ORIGIN_HUB && !(entry = positions_entry(&h->positions, &b->origin)))
        return -ENOMEM;
    int err = numbers_take(&h->numbers, b->count, &b->first_id);
    for (uint32_t i = 0; i < b->count && err == 0; i++)
        b->records[i].id = b->first_id + i;
    if (err == 0)
        err = space_keep(h->space, b);
    if (err < 0) {
        h->numbers.next = next;
        if (entry && !entry->known)
            positions_forget(&h->positions, &b->origin);
        return err;
    }
    if (entry) {
        entry->ahead = b->live_only;
        positions_note(&h->positions, entry, &b->position, b->arrival_us);
    }
    if (b->count > 0)
        for (uint32_t i = 0; i < h->sink_count; i++)
            h->sinks[i].fn(b, h->sinks[i].ctx);
    return 0;
}

void hub_add_sink(struct hub *h, hub_sink_fn *fn, void *ctx)
{
    lm_assert(h->sink_count < HUB_SINKS_MAX);
    h->sinks[h->sink_count].fn = fn;
    h->sinks[h->sink_count].ctx = ctx;
    h->sink_count++;
}

bool hub_has_room(const struct hub *h)
{
    const struct space *s = h->space;
    return s->state == SPACE_NONE || s->seal_err < 0 ||
           (journal_has_room(h->journal) && !space_asks_to_wait(s));
}

const struct live_only *hub_live_only(const struct hub *h)
{
    return h->space->live.first_id ? &h->space->live : NULL;
}

bool hub_is_live_only(const struct hub *h)
{
    return h->space->state == SPACE_NONE;
}

uint64_t hub_acked_id(const struct hub *h)
{
    return journal_acked_id(h->journal);
}

uint64_t hub_last_id(const struct hub *h)
{
    return h->numbers.next - 1;
}

static void recovered_frame(const struct jframe *f, void *ctx)
{
    struct hub *h = ctx;

    if (jframe_is_below(f,
                        h->opts.sealed_positions_end)) /* a newer file was lost, this one was not */
        return;
    int err = positions_set(&h->positions, &f->origin, &f->position, f->arrival_us);
    lm_assert(err == 0);
}

static void journal_full(void *ctx)
{
    struct hub *h = ctx;
    if (h->on_full)
        h->on_full(h->full_ctx);
}

static void journal_room(void *ctx)
{
    struct hub *h = ctx;
    space_may_be_there(h->space);
    if (h->on_room && hub_has_room(h))
        h->on_room(h->room_ctx);
}

static void journal_no_file(int err, void *ctx)
{
    space_no_file(((struct hub *)ctx)->space, err);
}

static void journal_synced(void *ctx)
{
    struct hub *h = ctx;
    if (h->on_acked)
        h->on_acked(journal_acked_id(h->journal), h->acked_ctx);
}

static void journal_trouble(const char *doing, int err, void *ctx)
{
    struct hub *h = ctx;
    int64_t now = clock_mono_us();

    journal_synced(h); /* who waits for the disk may have waited in vain */
    /* Every keeper tries again each second: once a minute is enough. */
    if (err == h->trouble.err && now - h->trouble.said_us < TROUBLE_AGAIN_US)
        return;
    h->trouble.err = err;
    h->trouble.said_us = now;
    diag_error("%s failed: %s; it is tried again, and what the journal cannot take stays with the "
               "keepers",
               doing, err_text(err));
}

static void report_recovery(const struct hub *h)
{
    const struct journal_report *r = &h->recovered;

    if (r->files == 0 && r->damaged_files == 0)
        return;
    diag_info("Journal: %" PRIu64 " frames in %u files read in %.1f ms", r->frames, r->files,
              (double)r->took_us / 1000);
    if (r->damaged_places || r->damaged_files)
        diag_warn("Journal damage: %u files set aside, %" PRIu64 " places and %" PRIu64
                  " bytes skipped; what is missing will show as a gap",
                  r->damaged_files, r->damaged_places, r->damaged_bytes);
}

int hub_open(struct hub *h, const struct hub_opts *opts, struct errinfo *info)
{
    char dir[4096];
    struct journal_report *r = &h->recovered;

    *h = (struct hub){.opts = *opts, .limit.rate = opts->push_rate};
    positions_init(&h->positions);
    int err = numbers_open(&h->numbers, opts->loop, opts->state_dir, info);
    if (err == 0 && positions_decode(&h->positions, opts->sealed_positions) < 0)
        diag_warn("The table of positions in the store is damaged; what came since it was written "
                  "is known from the journal");
    if (err < 0)
        return err;
    snprintf(dir, sizeof dir, "%s/journal", opts->state_dir);
    struct journal_opts jo = {.loop = opts->loop,
                              .dir = dir,
                              .epoch = h->numbers.epoch,
                              .max_bytes = opts->journal_max,
                              .sealed_end = opts->sealed_end,
                              .durability = opts->durability,
                              .sync_interval_ms = opts->sync_interval_ms,
                              .on_frame = recovered_frame,
                              .on_full = journal_full,
                              .on_room = journal_room,
                              .on_synced = journal_synced,
                              .on_trouble = journal_trouble,
                              .on_no_file = journal_no_file,
                              .ctx = h};
    err = space_new(&h->space, h);
    if (err == 0)
        err = journal_open(&h->journal, &jo, r, info);
    if (err < 0)
        return err;
    report_recovery(h);
    err = numbers_start(&h->numbers, journal_end_id(h->journal),
                        r->files > 0 && !r->damaged_places && !r->damaged_files);
    if (err < 0)
        return err_set(info, err, "cannot write %s: %s", h->numbers.path, err_text(err));
    space_watch_numbers(h->space);
    return 0;
}

void hub_close(struct hub *h)
{
    space_close(h->space);
    h->space = NULL;
    journal_close(h->journal);
    h->journal = NULL;
    numbers_close(&h->numbers);
    positions_fini(&h->positions);
    label_table_fini(&h->labels);
    limit_fini(&h->limit);
}

size_t hub_cursor(const struct hub *h, uint64_t id, char out[CURSOR_MAX])
{
    return (size_t)snprintf(out, CURSOR_MAX, "%08" PRIx32 ".%" PRIu64, h->numbers.epoch, id);
}

/* Exactly eight lower-case hex digits. */
static bool parse_epoch(struct str text, uint32_t *ret)
{
    uint32_t v = 0;

    if (text.n != 8)
        return false;
    for (size_t i = 0; i < 8; i++) {
        char c = text.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret = v;
    return true;
}

bool hub_cursor_parse(const struct hub *h, struct str text, uint64_t *ret_id, bool *ret_foreign)
{
    struct str id;
    struct str head = str_cut(text, '.', &id);
    uint32_t epoch = h->numbers.epoch;

    if (!id.p)
        id = head;
    else if (!parse_epoch(head, &epoch))
        return false;
    if (!str_to_u64(id, ret_id) || *ret_id >= UINT64_C(1) << 53)
        return false;
    *ret_foreign = epoch != h->numbers.epoch;
    return true;
}
