/* SPDX-License-Identifier: MIT
 *
 * store.c - the history as one thing: opened, attached to the journal, looked at.
 */
#include "store/store_impl.h"

#include "base/clock.h"
#include "base/diag.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int store_open(struct store **ret, const struct store_opts *opts, struct errinfo *info)
{
    struct store *s = calloc(1, sizeof *s);
    int err = -ENOMEM;

    if (!s)
        goto out;
    s->opts = *opts;
    s->end_id = 1;
    list_init(&s->view_list);
    list_init(&s->tasks);
    list_init(&s->segments);
    positions_init(&s->sealing.positions);
    if (asprintf(&s->dir, "%s/history", opts->state_dir) < 0) {
        s->dir = NULL;
        goto out;
    }
    err = store_load(s, info);
    if (err == 0) {
        *ret = s;
        s = NULL;
    }
out:
    store_close(s);
    return err < 0 && info && !info->code
               ? err_set(info, err, "cannot open the store: %s", err_text(err))
               : err;
}

static void report_recovery(const struct store_report *r)
{
    if (r->chunks > 0)
        diag_info("History: %u chunks in %u files, %.1f MB, opened in %.1f ms", r->chunks,
                  2 * r->segments, (double)r->bytes / 1e6, (double)r->took_us / 1000);
    if (r->cut_bytes > 0)
        diag_info("History: %" PRIu64
                  " bytes that a crash had left behind the last commit were cut",
                  r->cut_bytes);
    if (r->rebuilt || r->lost_bytes || r->set_aside)
        diag_warn("History damage: the index of %u chunks was made anew, %" PRIu64
                  " bytes are missing, %u files were set aside; what is missing will show as a gap",
                  r->rebuilt, r->lost_bytes, r->set_aside);
}

int store_attach(struct store *s, struct hub *hub)
{
    lm_assert(!s->hub);
    s->hub = hub;
    s->epoch = hub->numbers.epoch;
    report_recovery(&s->recovered);
    int err = sealing_init(s);
    return err < 0 ? err : aging_init(s);
}

void store_close(struct store *s)
{
    if (!s)
        return;
    lm_assert(list_empty(&s->view_list) && !s->task);
    store_stop(s);
    LIST_FOR_EACH_SAFE (link, &s->tasks) {
        list_remove(link);
        LIST_ITEM(link, struct store_task, link)->done(LIST_ITEM(link, struct store_task, link));
    }
    LIST_FOR_EACH_SAFE (link, &s->segments) {
        list_remove(link);
        segment_close(LIST_ITEM(link, struct segment, link));
    }
    chunk_row_unref(s->row);
    tombs_unref(s->tombs);
    buf_fini(&s->positions.bytes);
    free(s->damage.places);
    free(s->dir);
    sealing_close(s);
}

void store_stop(struct store *s)
{
    s->sealing.stopped = true;
}

uint64_t store_end_id(const struct store *s)
{
    return s->end_id;
}

struct str store_positions(const struct store *s)
{
    return buf_str(&s->positions.bytes);
}

uint64_t store_positions_end(const struct store *s)
{
    return s->positions.end_id;
}

const struct store_report *store_recovered(const struct store *s)
{
    return &s->recovered;
}

uint32_t store_chunks(const struct store *s)
{
    return s->row->count;
}

uint64_t store_bytes(const struct store *s)
{
    uint64_t bytes = 0;

    LIST_FOR_EACH (link, &s->segments) {
        const struct segment *g = LIST_ITEM(link, struct segment, link);
        bytes += segment_disk_n(g->files->seg_fd, g->seg_n) + g->idx_n;
    }
    return bytes;
}

uint64_t store_raw_id(const struct store *s)
{
    uint64_t start = journal_start_id(s->hub->journal), floor = tombs_floor(s->tombs);
    return start > floor ? start : floor;
}

uint64_t store_start_id(const struct store *s)
{
    uint64_t raw = store_raw_id(s);
    return s->row->count && s->row->at[0]->first_id < raw ? s->row->at[0]->first_id : raw;
}

const struct tombs *store_tombs(const struct store *s)
{
    return s->tombs;
}

void store_set_tombs(struct store *s, const struct tombs *t)
{
    tombs_unref(s->tombs);
    s->tombs = t;
    s->generation++;
}

/* --- views --- */

/* The first chunk that may have ids >= from_id. */
static uint32_t find_chunk(const struct chunk_row *row, uint64_t from_id)
{
    uint32_t low = 0, high = row->count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (row->at[mid]->end_id <= from_id)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* What was punched out because it had expired stays expired when the clock goes back. */
static int64_t store_now_us(const struct store *s)
{
    int64_t now_us = clock_wall_us();
    return now_us > s->watch.agreed_us ? now_us : s->watch.agreed_us;
}

struct store_view *store_view_take(struct store *s, uint64_t from_id)
{
    struct store_own_view *v = calloc(1, sizeof *v);

    if (!v)
        return NULL;
    v->view.journal_from = s->end_id;
    v->view.journal = journal_view_take(s->hub->journal, from_id > s->end_id ? from_id : s->end_id);
    if (!v->view.journal) {
        free(v);
        return NULL;
    }
    uint32_t first = find_chunk(s->row, from_id);
    v->row = s->row;
    v->row->refs++;
    v->view.chunks = s->row->at + first;
    v->view.chunk_count = s->row->count - first;
    v->view.tombs = tombs_ref(s->tombs);
    v->view.now_us = store_now_us(s);
    v->generation = s->generation;
    unread_init(&v->unread);
    v->view.unread = &v->unread;
    list_push(&s->view_list, &v->link);
    return &v->view;
}

void store_view_unread(const struct store_view *v, struct store_unread *ret)
{
    if (v->unread)
        unread_sum(v->unread, ret);
    else
        *ret = (struct store_unread){0};
}

void store_view_drop(struct store *s, struct store_view *view)
{
    struct store_own_view *v = (struct store_own_view *)(void *)view;

    if (!v)
        return;
    damage_say(s, &v->unread);
    unread_fini(&v->unread);
    journal_view_drop(s->hub->journal, v->view.journal);
    tombs_unref(v->view.tombs);
    chunk_row_unref(v->row);
    list_remove(&v->link);
    free(v);
    tasks_wake(s);
}
