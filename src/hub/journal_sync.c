/* SPDX-License-Identifier: MIT
 *
 * journal_sync.c - when the disk is told to keep it.
 *
 * `os`: never by us. `interval`: a timer, armed by the first write after a sync, so an idle hub has
 * no wake-ups. `always`: a sync starts as soon as the previous one has ended and covers everything
 * appended meanwhile (group commit).
 *
 * What a hub that was killed has left is in the page cache, and perhaps not on the disk: it counts
 * as written by this life. With `always` it is synced before anybody is told that it is there.
 *
 * After a failed sync nobody knows what the disk has of that file: the kernel may have thrown the
 * pages away, and would call the next sync a success. So the file is never synced again. What is
 * not known to be on the disk is copied into a file of its own (journal_rescue.c), and nothing of
 * it is acknowledged as synced before that one is.
 */
#include "hub/journal_impl.h"

#include <errno.h>
#include <unistd.h>

enum { RESCUE_AGAIN_MS = 1000 };

static void sync_work(struct job *job)
{
    struct journal *j = LIST_ITEM(job, struct journal, sync_job);

    for (uint32_t i = 0; i < j->syncing_count; i++)
        j->syncing[i].err = fdatasync(j->syncing[i].file->fd) < 0 ? -errno : 0;
    /* A file without its name would be taken for a spare after a power cut. */
    j->dir_err = j->syncing_dir && fsync(j->dir_fd) < 0 ? -errno : 0;
}

static void sync_start(struct journal *j);

/* Gives back what the sync has held. Returns the first error. */
static int release(struct journal *j)
{
    int err = j->dir_err;

    for (uint32_t i = 0; i < j->syncing_count; i++) {
        struct jfile *f = j->syncing[i].file;
        f->refs--;
        if (j->syncing[i].err == 0 && j->syncing[i].used > f->synced)
            f->synced = j->syncing[i].used;
        f->poisoned |= j->syncing[i].err < 0;
        err = err < 0 ? err : j->syncing[i].err;
    }
    j->dir_dirty |= j->dir_err < 0;
    return err;
}

static void on_timer(uv_timer_t *timer)
{
    sync_start(timer->data);
}

static void arm(struct journal *j)
{
    if (!uv_is_active((uv_handle_t *)&j->sync_timer))
        uv_timer_start(&j->sync_timer, on_timer, j->opts.sync_interval_ms, 0);
}

/* More may have come, or there was more than one sync takes. */
static void go_on(struct journal *j)
{
    bool more = j->sync_upto < j->end_id;

    if (j->opts.durability != DURABILITY_ALWAYS) {
        if (more)
            arm(j);
        return;
    }
    j->opts.on_synced(j->opts.ctx);
    if (more || (j->current && j->current->dirty)) /* a frame without records makes it so, too */
        sync_start(j);
}

static void sync_done(struct job *job)
{
    struct journal *j = LIST_ITEM(job, struct journal, sync_job);
    int err = release(j);

    j->sync_busy = false;
    j->syncs++;
    if (err == 0) {
        j->sync_failed = false;
        j->synced_id = j->sync_upto;
        go_on(j);
        return;
    }
    j->sync_failed = true;
    j->opts.on_trouble("syncing the journal", err, j->opts.ctx);
    uv_timer_start(&j->sync_timer, on_timer, RESCUE_AGAIN_MS, 0);
}

/* Takes the dirty files, oldest first; what does not fit waits for the next round, and nothing
 * behind a file that could not be rescued counts as synced. */
static void take_dirty(struct journal *j)
{
    j->syncing_count = 0;
    j->sync_upto = j->end_id;
    LIST_FOR_EACH (link, &j->files) {
        struct jfile *f = LIST_ITEM(link, struct jfile, link);
        if (!f->dirty && !f->poisoned)
            continue;
        if (f->poisoned || j->syncing_count == sizeof j->syncing / sizeof j->syncing[0]) {
            j->sync_upto = f->first_id;
            break;
        }
        f->dirty = false;
        f->refs++;
        j->syncing[j->syncing_count].file = f;
        j->syncing[j->syncing_count++].used = f->used;
    }
}

static void sync_start(struct journal *j)
{
    if (j->sync_busy || j->stopped)
        return;
    if (j->sync_failed && journal_rescue(j) < 0) {
        uv_timer_start(&j->sync_timer, on_timer, RESCUE_AGAIN_MS, 0);
        return;
    }
    take_dirty(j);
    j->syncing_dir = j->dir_dirty;
    j->dir_dirty = false;
    j->sync_busy = job_start(j->opts.loop, &j->sync_job, sync_work, sync_done) == 0;
    if (j->sync_busy)
        return;
    for (uint32_t i = 0; i < j->syncing_count; i++) {
        j->syncing[i].file->refs--;
        j->syncing[i].file->dirty = true;
    }
    j->dir_dirty |= j->syncing_dir;
}

/* --- what was found at the start --- */

/* False: there is nothing that is not in a chunk. */
static bool mark_found(struct journal *j)
{
    LIST_FOR_EACH (link, &j->files) {
        struct jfile *f = LIST_ITEM(link, struct jfile, link);
        if (f->sealed || f->used <= JFILE_HEAD)
            continue;
        f->dirty = j->dir_dirty = true;
        f->synced = JFILE_HEAD;
    }
    return j->dir_dirty;
}

static void sync_found(struct journal *j)
{
    LIST_FOR_EACH (link, &j->files) {
        struct jfile *f = LIST_ITEM(link, struct jfile, link);
        if (!f->dirty)
            continue;
        f->dirty = false;
        f->poisoned = fdatasync(f->fd) < 0;
        if (!f->poisoned)
            f->synced = f->used;
        else if (f->first_id < j->synced_id)
            j->synced_id = f->first_id;
        j->sync_failed |= f->poisoned;
    }
    j->dir_dirty = fsync(j->dir_fd) < 0;
    if (j->sync_failed)
        uv_timer_start(&j->sync_timer, on_timer, RESCUE_AGAIN_MS, 0);
}

int journal_sync_init(struct journal *j)
{
    j->synced_id = j->end_id;
    int err = uv_timer_init(&j->opts.loop->uv, &j->sync_timer);
    j->sync_timer.data = err == 0 ? j : NULL;
    if (err < 0)
        return err;
    /* No reason for the loop to stay: journal_close() syncs what is left. */
    uv_unref((uv_handle_t *)&j->sync_timer);
    bool found = j->opts.durability != DURABILITY_OS && mark_found(j);
    if (found && j->opts.durability == DURABILITY_ALWAYS)
        sync_found(j);
    else if (found && j->opts.durability == DURABILITY_INTERVAL)
        arm(j);
    return 0;
}

void journal_sync_note(struct journal *j)
{
    j->current->dirty = true;
    if (j->opts.durability == DURABILITY_ALWAYS && !j->sync_failed)
        sync_start(j);
    else if (j->opts.durability == DURABILITY_INTERVAL)
        arm(j);
}
