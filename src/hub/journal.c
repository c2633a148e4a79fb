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
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void remove_file(const char *dir, const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
}

/* Spares of an earlier life. */
static void remove_spares(const char *dir)
{
    DIR *d = opendir(dir);

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        if (strncmp(e->d_name, "spare-", 6) == 0)
            remove_file(dir, e->d_name);
    if (d)
        closedir(d);
}

static struct jfile *oldest(struct journal *j)
{
    return LIST_ITEM(j->files.next, struct jfile, link);
}

static bool at_limit(const struct journal *j)
{
    return (uint64_t)(j->file_count + 2) * JOURNAL_FILE_SIZE > j->opts.max_bytes;
}

static void spare_work(struct job *job)
{
    struct journal *j = LIST_ITEM(job, struct journal, spare_job);

    if (!j->recycling) {
        j->spare_err = jfile_create(j->dir, j->job_number, &j->made);
        return;
    }
    /* The restated positions must be on disk before the file that held them is gone. */
    j->made = j->recycling;
    j->spare_err = fdatasync(j->spare_pin->fd) < 0 ? -errno : 0;
    if (j->spare_err == 0)
        j->spare_err = jfile_retire(j->made, j->dir, j->job_number);
}

/* Takes the oldest file out of the row, once its positions have been restated. Not while it is
 * read, and never the last two. */
static bool take_oldest(struct journal *j)
{
    struct jfile *f = oldest(j);

    if (j->file_count < 3 || f->refs > 0 || f->size != JOURNAL_FILE_SIZE ||
        j->opts.on_recycle(f->end_id, j->opts.ctx) < 0)
        return false;
    list_remove(&f->link);
    j->file_count--;
    j->recycling = f;
    return true;
}

/* A burst, or a file that was being read when its turn came, may have let the row grow. */
static void drop_excess(struct journal *j)
{
    while ((uint64_t)(j->file_count + 1) * JOURNAL_FILE_SIZE > j->opts.max_bytes && !j->recycling &&
           take_oldest(j)) {
        remove_file(j->dir, j->recycling->name);
        jfile_close(j->recycling);
        j->recycling = NULL;
    }
}

static void spare_done(struct job *job);

static void prepare_spare(struct journal *j)
{
    if (j->spare || j->spare_busy)
        return;
    drop_excess(j);
    if (!j->recycling && at_limit(j))
        take_oldest(j);
    j->job_number = ++j->spare_number;
    j->made = NULL;
    j->current->refs++;
    j->spare_pin = j->current;
    j->spare_busy = job_start(j->opts.loop, &j->spare_job, spare_work, spare_done) == 0;
    if (!j->spare_busy)
        j->spare_pin->refs--;
}

static void spare_done(struct job *job)
{
    struct journal *j = LIST_ITEM(job, struct journal, spare_job);
    bool created = !j->recycling;

    j->spare_busy = false;
    j->spare_pin->refs--;
    j->recycling = NULL;
    if (j->spare_err == 0) {
        j->spare = j->made;
        return;
    }
    j->opts.on_trouble("making the next journal file", j->spare_err, j->opts.ctx);
    jfile_close(j->made);
    if (created &&
        take_oldest(j)) /* the disk is full: the oldest goes, so that the newest is kept */
        prepare_spare(j);
}

/* The next file becomes the current one. */
static int roll(struct journal *j, uint64_t first_id)
{
    struct jfile *f = j->spare;
    int err = f ? 0 : jfile_create(j->dir, ++j->spare_number, &f);

    if (err < 0)
        return err;
    j->spare = NULL;
    err = jfile_begin(f, j->dir, j->opts.epoch, first_id);
    if (err < 0) {
        jfile_close(f);
        return err;
    }
    list_push(&j->files, &f->link);
    j->file_count++;
    j->current = f;
    prepare_spare(j);
    return 0;
}

int journal_append(struct journal *j, struct batch *b)
{
    struct jframe_layout layout;

    jframe_measure(b, &layout);
    lm_assert(layout.length <= JOURNAL_FILE_SIZE - JFILE_HEAD);
    if (!j->current || j->current->size - j->current->used < layout.length) {
        int err = roll(j, b->count ? b->first_id : j->end_id);
        if (err < 0)
            return err;
    }
    struct jfile *f = j->current;
    if (b->count == 0)
        b->first_id = f->end_id;
    char *at = f->map + f->used;
    jframe_write(at, b, &layout, j->opts.epoch, f->size - f->used - layout.length >= 8);
    jframe_commit(at, &layout);
    f->used += layout.length;
    j->written += layout.length;
    f->end_id = b->first_id + b->count;
    j->end_id = f->end_id;
    journal_sync_note(j);
    return 0;
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
    list_init(&j->files);
    j->dir = strdup(opts->dir);
    if (!j->dir) {
        err = -ENOMEM;
        goto out;
    }
    if (mkdir(j->dir, 0700) < 0 && errno != EEXIST) {
        err = err_set(info, -errno, "cannot make the journal folder %s: %s", j->dir,
                      err_text(-errno));
        goto out;
    }
    remove_spares(j->dir);
    err = journal_recover(j, report, info);
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
        remove_file(j->dir, j->spare->name);
    jfile_close(j->spare);
    free(j->dir);
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

uint64_t journal_written(const struct journal *j)
{
    return j->written;
}

uint64_t journal_syncs(const struct journal *j)
{
    return j->syncs;
}
