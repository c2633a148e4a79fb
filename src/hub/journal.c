/* SPDX-License-Identifier: MIT
 *
 * journal.c - appending, and going on to the next file.
 *
 * The spare is made in the pool while the current file fills. Only when writers are faster than the
 * disk can allocate 8 MiB does the loop make one itself.
 */
#include "hub/journal_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SPARE_RETRY_BYTES = 1024 * 1024,
    ROOM_BYTES = 4 * 1024 * 1024, /* for what is read before sources have stopped */
};

/* Spares of an earlier life. */
static void remove_spares(const struct journal *j)
{
    DIR *d = opendir(j->dir);

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        if (strncmp(e->d_name, "spare-", 6) == 0)
            unlinkat(j->dir_fd, e->d_name, 0);
    if (d)
        closedir(d);
}

/* Would the row be too long with `more` files? */
static bool over_limit(const struct journal *j, uint32_t more)
{
    return (uint64_t)(j->file_count + more) * JOURNAL_FILE_SIZE > j->opts.max_bytes;
}

/* May one more file be waiting to be sealed? */
static bool may_grow(const struct journal *j)
{
    return (uint64_t)(j->unsealed_count + 1) * JOURNAL_FILE_SIZE <= j->opts.max_bytes;
}

bool journal_has_room(const struct journal *j)
{
    const struct jfile *f = j->current;
    return j->spare || may_grow(j) || (f && f->size - f->used >= ROOM_BYTES);
}

static void say_room(const struct journal *j)
{
    if (j->opts.on_room && journal_has_room(j))
        j->opts.on_room(j->opts.ctx);
}

bool journal_frees_file(const struct journal *j)
{
    return j->file_count >= 3;
}

/* Takes the oldest file out of the row: to be used again, or to be removed when the row has grown
 * (while it waited for the sealer, or was being read) or when the file is short. Not before it is
 * sealed, not while it is read, and never the last two. */
static bool take_oldest(struct journal *j)
{
    struct jfile *f = LIST_ITEM(j->files.next, struct jfile, link);

    if (!journal_frees_file(j) || !f->sealed || f->refs > 0)
        return false;
    list_remove(&f->link);
    j->file_count--;
    if (j->recycling || f->size != JOURNAL_FILE_SIZE)
        list_push(&j->dropping, &f->link);
    else
        j->recycling = f;
    return true;
}

/* The current one, and JOURNAL_KEPT before it. */
static bool has_enough(const struct journal *j)
{
    return j->file_count > JOURNAL_KEPT + 1 || over_limit(j, 2);
}

static void spare_work(struct job *job)
{
    struct journal *j = LIST_ITEM(job, struct journal, spare_job);

    LIST_FOR_EACH (link, &j->dropping)
        jfile_remove(LIST_ITEM(link, struct jfile, link), j->dir);
    j->made = j->recycling;
    if (!j->recycling) {
        j->spare_err = jfile_create(j->dir, j->job_number, &j->made);
        return;
    }
    j->spare_err = jfile_reserve(j->made);
    if (j->spare_err == 0)
        j->spare_err = jfile_retire(j->made, j->dir, j->job_number);
}

static void spare_done(struct job *job);

static void start_spare(struct journal *j)
{
    j->job_number = ++j->spare_number;
    j->spare_busy = job_start(j->opts.loop, &j->spare_job, spare_work, spare_done) == 0;
}

void journal_make_spare(struct journal *j)
{
    if (j->spare || j->spare_busy || j->stopped)
        return;
    while (has_enough(j) && take_oldest(j))
        continue;
    if (j->recycling || !list_empty(&j->dropping) || may_grow(j))
        start_spare(j);
}

static void spare_done(struct job *job)
{
    struct journal *j = LIST_ITEM(job, struct journal, spare_job);
    bool created = !j->recycling;
    int err = j->spare_err; /* of this job: another one may be begun below */

    j->spare_busy = false;
    j->recycling = NULL;
    LIST_FOR_EACH_SAFE (link, &j->dropping) {
        list_remove(link);
        jfile_close(LIST_ITEM(link, struct jfile, link));
    }
    if (err == 0) {
        j->spare = j->made;
        say_room(j);
        return;
    }
    if (!created)
        jfile_close(j->made);
    /* The disk is full: a sealed file goes, although it is young. */
    if (created && take_oldest(j))
        start_spare(j);
    j->opts.on_trouble("making the next journal file", err, j->opts.ctx);
    if (j->opts.on_no_file && !j->spare_busy)
        j->opts.on_no_file(err, j->opts.ctx);
}

bool journal_has_spare(const struct journal *j)
{
    return j->spare != NULL;
}

bool journal_is_tight(const struct journal *j)
{
    const struct jfile *f = j->current;
    return !j->spare && (!f || f->size - f->used < ROOM_BYTES);
}

/* Files that begin with the same id: one that holds positions only, or nothing that can be read. */
static uint32_t count_twins(const struct journal *j, uint64_t first_id)
{
    const struct jfile *last = LIST_ITEM(j->files.prev, struct jfile, link);
    return !list_empty(&j->files) && last->first_id == first_id ? last->twin + 1 : 0;
}

void journal_add_file(struct journal *j, struct jfile *f)
{
    list_push(&j->files, &f->link);
    j->file_count++;
    f->number = ++j->last_number;
    j->unsealed_count += !f->sealed;
}

/* The next file becomes the current one. */
static int roll(struct journal *j, uint64_t first_id)
{
    struct jfile *f = j->spare, *before = j->current;
    int err = 0;

    if (!f)
        err = may_grow(j) ? jfile_create(j->dir, ++j->spare_number, &f) : -EAGAIN;
    if (err < 0)
        return err;
    j->spare = NULL;
    err = jfile_begin(f, j->dir, j->opts.epoch, first_id, count_twins(j, first_id), false);
    if (err < 0) {
        jfile_remove(f, j->dir);
        jfile_close(f);
        return err;
    }
    journal_add_file(j, f);
    j->current = f;
    j->dir_dirty = true;
    if (before)
        jfile_rest(before); /* many may wait for the sealer: they cost disk, not memory */
    if (before && j->opts.on_full)
        j->opts.on_full(j->opts.ctx);
    journal_make_spare(j);
    return 0;
}

/* A chunk has the records of one day, as far as the clock goes forwards. */
static bool is_of_earlier_day(const struct jfile *f, int64_t arrival_us)
{
    const int64_t day_us = INT64_C(86400) * 1000 * 1000;
    return f->began_us && arrival_us / day_us > f->began_us / day_us;
}

/* Makes the current file one with room for n bytes. */
static int make_room(struct journal *j, uint32_t n, uint64_t first_id, int64_t arrival_us)
{
    struct jfile *f = j->current;
    bool fits = f && f->size - f->used >= n;

    if (fits && !is_of_earlier_day(f, arrival_us))
        return 0;
    int err = roll(j, first_id);
    if (err < 0 && f)
        journal_make_spare(j);
    return fits ? 0 : err;
}

int journal_append(struct journal *j, struct batch *b)
{
    struct jframe_layout layout;

    jframe_measure(b, &layout);
    lm_assert(layout.length <= JOURNAL_FILE_SIZE - JFILE_HEAD);
    lm_assert(batch_ids(b) == 0 || b->first_id >= j->end_id); /* of an unstored batch as well */
    int err = make_room(j, layout.length, batch_ids(b) ? b->first_id : j->end_id, b->arrival_us);
    if (err < 0)
        return err;
    struct jfile *f = j->current;
    if (batch_ids(b) == 0)
        b->first_id = j->end_id;
    size_t at = f->used;
    jframe_write(f->map + at, b, &layout, f->seed, f->size - at - layout.length >= 8);
    jframe_commit(f->map + at, &layout);
    f->used += layout.length;
    f->began_us = f->began_us ? f->began_us : b->arrival_us;
    j->written += layout.length;
    f->end_id = b->first_id + batch_ids(b);
    j->end_id = f->end_id;
    journal_sync_note(j);
    if (at / SPARE_RETRY_BYTES != f->used / SPARE_RETRY_BYTES)
        journal_make_spare(j); /* when the last attempt failed */
    return 0;
}

/* --- sealing --- */

uint32_t journal_unsealed(const struct journal *j)
{
    return j->unsealed_count - (j->current != NULL);
}

static void mark_sealed(struct journal *j, struct jfile *f)
{
    j->unsealed_count -= !f->sealed;
    f->sealed = true;
    jfile_rest(f);
}

void journal_sealed(struct journal *j, struct journal_view *v)
{
    struct jfile *f = v->files[0].file;

    lm_assert(v->count == 1 && f != j->current);
    mark_sealed(j, f);
    for (struct list *next = f->link.next; next != &j->files; next = next->next) {
        struct jfile *copy = LIST_ITEM(next, struct jfile, link);
        if (!copy->again || copy == j->current || copy->end_id > v->files[0].end_id)
            break;
        mark_sealed(j, copy); /* what a failed sync had written again was in the view, too */
    }
    journal_view_drop(j, v);
    if (!j->spare)
        journal_make_spare(j);
    say_room(j);
}

void journal_end_file(struct journal *j)
{
    struct jfile *f = j->current;

    if (!f || f->used == JFILE_HEAD)
        return;
    j->current = NULL;
    if (j->opts.on_full)
        j->opts.on_full(j->opts.ctx);
}

int journal_open(struct journal **ret, const struct journal_opts *opts,
                 struct journal_report *report, struct errinfo *info)
{
    struct journal *j = calloc(1, sizeof *j);
    int err;

    if (!j)
        return -ENOMEM;
    j->opts = *opts;
    j->end_id = 1;
    j->dir_fd = -1;
    list_init(&j->files);
    list_init(&j->dropping);
    j->dir = strdup(opts->dir);
    if (!j->dir) {
        err = -ENOMEM;
        goto out;
    }
    if (mkdir(j->dir, 0700) == 0 || errno == EEXIST)
        j->dir_fd = open(j->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (j->dir_fd < 0) {
        err = err_set(info, -errno, "cannot make the journal folder %s: %s", j->dir,
                      err_text(-errno));
        goto out;
    }
    remove_spares(j);
    err = journal_recover(j, report, info);
    if (j->end_id < opts->sealed_end) /* the journal was removed by hand, or an old copy put back */
        j->end_id = opts->sealed_end;
    if (err == 0)
        err = journal_sync_init(j);
    if (err == 0) {
        *ret = j;
        j = NULL;
    }
out:
    journal_close(j);
    return err;
}

void journal_stop(struct journal *j)
{
    j->stopped = true;
}

static void free_journal(uv_handle_t *timer)
{
    free(timer->data);
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    LIST_FOR_EACH_SAFE (link, &j->files) {
        struct jfile *f = LIST_ITEM(link, struct jfile, link);
        if (f->dirty)
            (void)fdatasync(f->fd);
        list_remove(link);
        jfile_close(f);
    }
    if (j->spare)
        jfile_remove(j->spare, j->dir);
    jfile_close(j->spare);
    if (j->dir_dirty)
        (void)fsync(j->dir_fd);
    if (j->dir_fd >= 0)
        close(j->dir_fd);
    free(j->dir);
    if (j->sync_timer.data)
        uv_close((uv_handle_t *)&j->sync_timer, free_journal);
    else
        free(j);
}

uint64_t journal_end_id(const struct journal *j)
{
    return j->end_id;
}

uint64_t journal_start_id(const struct journal *j)
{
    return list_empty(&j->files) ? j->end_id
                                 : LIST_ITEM(j->files.next, struct jfile, link)->first_id;
}

uint64_t journal_acked_id(const struct journal *j)
{
    return j->opts.durability == DURABILITY_ALWAYS ? j->synced_id : j->end_id;
}

bool journal_is_stuck(const struct journal *j)
{
    return j->opts.durability == DURABILITY_ALWAYS && j->sync_failed;
}

uint64_t journal_written(const struct journal *j)
{
    return j->written;
}

uint64_t journal_syncs(const struct journal *j)
{
    return j->syncs;
}
