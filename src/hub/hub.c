/* SPDX-License-Identifier: MIT
 *
 * hub.c - the hub from its opening to its end, and what the journal tells it meanwhile.
 *
 *     numbers (epoch, watermark) ─▶ journal recovered, frame by frame ─▶ positions ─▶ numbering goes on behind it
 *
 * Threads: loop thread. Owns: see publish.h.
 */
#include "hub/publish.h"

#include "base/clock.h"
#include "base/diag.h"

#include <inttypes.h>
#include <stdio.h>

enum { TROUBLE_AGAIN_US = 60 * 1000 * 1000 };

static void recovered_frame(const struct jframe *f, void *ctx)
{
    struct hub *h = ctx;

    /* A file of the journal that is newer than the last chunk was lost, and this one was not. */
    if (jframe_is_below(f, h->opts.sealed_positions_end))
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

/* What is in state_dir/journal, and what becomes of it from now on. */
static int open_journal(struct hub *h, struct errinfo *info)
{
    char dir[4096];
    struct journal_opts opts = {.loop = h->opts.loop,
                                .dir = dir,
                                .epoch = h->numbers.epoch,
                                .max_bytes = h->opts.journal_max,
                                .sealed_end = h->opts.sealed_end,
                                .durability = h->opts.durability,
                                .sync_interval_ms = h->opts.sync_interval_ms,
                                .on_frame = recovered_frame,
                                .on_full = journal_full,
                                .on_room = journal_room,
                                .on_synced = journal_synced,
                                .on_trouble = journal_trouble,
                                .on_no_file = journal_no_file,
                                .ctx = h};

    snprintf(dir, sizeof dir, "%s/journal", h->opts.state_dir);
    int err = journal_open(&h->journal, &opts, &h->recovered, info);
    if (err == 0)
        report_recovery(h);
    return err;
}

int hub_open(struct hub *h, const struct hub_opts *opts, struct errinfo *info)
{
    const struct journal_report *r = &h->recovered;

    *h = (struct hub){.opts = *opts, .limit.rate = opts->push_rate};
    positions_init(&h->positions);
    int err = numbers_open(&h->numbers, opts->loop, opts->state_dir, info);
    if (err == 0 && positions_decode(&h->positions, opts->sealed_positions) < 0)
        diag_warn("The table of positions in the store is damaged; what came since it was written "
                  "is known from the journal");
    if (err == 0)
        err = space_new(&h->space, h);
    if (err == 0)
        err = open_journal(h, info);
    if (err < 0)
        return err;
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
