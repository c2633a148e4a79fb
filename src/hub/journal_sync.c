/* SPDX-License-Identifier: MIT
 *
 * journal_sync.c - when the disk is told to keep it.
 *
 * `os`: never by us. `interval`: a timer, armed by the first write after a sync, so an idle hub has no
 * wake-ups. `always`: a sync starts as soon as the previous one has ended and covers everything
 * appended meanwhile (group commit). After a failed sync nobody knows what the disk has (the kernel
 * may have thrown the pages away), so nothing more is acknowledged as synced in this life.
 */
#include "hub/journal_impl.h"

#include <errno.h>
#include <unistd.h>

static void sync_work(struct job *job)
{
    struct journal *j = LIST_ITEM(job, struct journal, sync_job);

    j->sync_err = 0;
    for (uint32_t i = 0; i < j->syncing_count; i++)
        if (fdatasync(j->syncing[i]->fd) < 0)
            j->sync_err = -errno;
    /* A file without its name would be taken for a spare after a power cut. */
    if (j->syncing_dir && fsync(j->dir_fd) < 0)
        j->sync_err = -errno;
}

static void sync_start(struct journal *j);

/* Gives back what the sync has held; what has not reached the disk is dirty again. */
static void release(struct journal *j, bool failed)
{
    for (uint32_t i = 0; i < j->syncing_count; i++) {
        j->syncing[i]->refs--;
        j->syncing[i]->dirty |= failed;
    }
    j->dir_dirty |= j->syncing_dir && failed;
}

static void sync_done(struct job *job)
{
    struct journal *j = LIST_ITEM(job, struct journal, sync_job);

    j->sync_busy = false;
    j->syncs++;
    release(j, j->sync_err < 0);
    if (j->sync_err < 0 && !j->sync_failed) {
        j->sync_failed = true;
        j->opts.on_trouble("syncing the journal", j->sync_err, j->opts.ctx);
    }
    if (j->opts.durability != DURABILITY_ALWAYS || j->sync_failed)
        return;
    j->synced_id = j->sync_upto;
    j->opts.on_synced(j->opts.ctx);
    if (j->current->dirty) /* a frame without records makes it so, too */
        sync_start(j);
}

/* Takes the dirty files, oldest first; what does not fit waits for the next round. */
static void sync_start(struct journal *j)
{
    if (j->sync_busy)
        return;
    j->syncing_count = 0;
    j->sync_upto = j->end_id;
    LIST_FOR_EACH (link, &j->files) {
        struct jfile *f = LIST_ITEM(link, struct jfile, link);
        if (!f->dirty)
            continue;
        if (j->syncing_count == sizeof j->syncing / sizeof j->syncing[0]) {
            j->sync_upto = f->first_id;
            break;
        }
        f->dirty = false;
        f->refs++;
        j->syncing[j->syncing_count++] = f;
    }
    j->syncing_dir = j->dir_dirty;
    j->dir_dirty = false;
    j->sync_busy = job_start(j->opts.loop, &j->sync_job, sync_work, sync_done) == 0;
    if (!j->sync_busy)
        release(j, true);
}

static void on_timer(uv_timer_t *timer)
{
    sync_start(timer->data);
}

int journal_sync_init(struct journal *j)
{
    j->synced_id = j->end_id;
    int err = uv_timer_init(&j->opts.loop->uv, &j->sync_timer);
    if (err == 0) /* no reason for the loop to stay: journal_close() syncs what is left */
        uv_unref((uv_handle_t *)&j->sync_timer);
    j->sync_timer.data = err == 0 ? j : NULL;
    return err;
}

void journal_sync_note(struct journal *j)
{
    j->current->dirty = true;
    if (j->opts.durability == DURABILITY_ALWAYS)
        sync_start(j);
    else if (j->opts.durability == DURABILITY_INTERVAL &&
             !uv_is_active((uv_handle_t *)&j->sync_timer))
        uv_timer_start(&j->sync_timer, on_timer, j->opts.sync_interval_ms, 0);
}
