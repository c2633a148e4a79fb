/* SPDX-License-Identifier: MIT
 *
 * journal_recover.c - what is in the files after whatever happened (docs/journal-format.md,
 * "Recovery").
 *
 * Every frame is checked once, here. Damage costs the frames it touches: reading goes on at the
 * next valid frame, and the ids between are known to be missing.
 */
#include "hub/journal_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_magic(const struct jfile *f, size_t at)
{
    uint32_t word;

    memcpy(&word, f->map + at + 4, sizeof word);
    return word == JFRAME_MAGIC;
}

/* The next multiple of 8 from `at` on that could be the start of a frame; from where no head fits
 * when there is none. Nearly always it is `at` itself. */
static size_t find_frame(const struct jfile *f, size_t used, size_t at)
{
    while (at + JFRAME_HEAD <= used && !has_magic(f, at))
        at += 8;
    return at;
}

bool jfile_next_frame(const struct jfile *f, size_t used, size_t *at, uint64_t *next_id,
                      struct jframe *ret, size_t *ret_skipped)
{
    for (size_t i = *at; (i = find_frame(f, used, i)) + JFRAME_HEAD <= used; i += 8) {
        if (jframe_check(str_of(f->map + i, used - i), f->seed, ret) != 1 ||
            ret->first_id < *next_id)
            continue;
        *ret_skipped = i - *at;
        *at = i + ret->length;
        *next_id = ret->first_id + ret->count;
        return true;
    }
    *ret_skipped = 0;
    return false;
}

bool jfile_has_torn_tail(const struct jfile *f)
{
    uint32_t length;

    if (f->size < JOURNAL_FILE_SIZE)
        return true;
    if (f->used + JFRAME_HEAD > f->size)
        return false;
    memcpy(&length, f->map + f->used, sizeof length);
    return length != 0 || jframe_lost_length(str_of(f->map + f->used, f->size - f->used), f->seed);
}

static void recover_file(struct journal *j, struct jfile *f, struct journal_report *report)
{
    struct jframe frame;
    size_t at = JFILE_HEAD, skipped;
    uint64_t next_id = f->first_id;
    struct journal_report found = {0};

    while (jfile_next_frame(f, f->size, &at, &next_id, &frame, &skipped)) {
        found.frames++;
        found.damaged_places += skipped > 0;
        found.damaged_bytes += skipped;
        f->used = at;
        f->end_id = next_id;
        f->began_us = f->began_us ? f->began_us : frame.arrival_us;
        if (j->opts.on_frame)
            j->opts.on_frame(&frame, j->opts.ctx);
    }
    found.damaged_places += jfile_has_torn_tail(f);
    f->synced = f->used;
    f->whole = found.damaged_places == 0;
    f->sealed = f->end_id > f->first_id && f->end_id <= j->opts.sealed_end;
    report->frames += found.frames;
    if (f->sealed) /* a chunk has it, whatever became of the file */
        return;
    report->damaged_places += found.damaged_places;
    report->damaged_bytes += found.damaged_bytes;
}

/* 16 digits; a twin has a dash and 8 more. */
static int is_journal_name(const struct dirent *e)
{
    static const char digits[] = "0123456789";
    const char *end = e->d_name + strspn(e->d_name, digits);

    return end - e->d_name == 16 &&
           (*end == '\0' || (*end == '-' && strspn(end + 1, digits) == 8 && end[9] == '\0'));
}

int journal_list(const char *dir, struct dirent ***ret)
{
    int n = scandir(dir, ret, is_journal_name, alphasort);
    return n < 0 ? -errno : n;
}

static int set_aside(struct journal *j, const char *name, struct errinfo *info)
{
    char from[4096], to[4096];

    snprintf(from, sizeof from, "%s/%s", j->dir, name);
    snprintf(to, sizeof to, "%s/damaged-%s", j->dir, name);
    return rename(from, to) == 0
               ? 0
               : err_set(info, -errno, "cannot rename the damaged %s: %s", from, err_text(-errno));
}

static int is_set_aside(const struct dirent *e)
{
    return strncmp(e->d_name, "damaged-", 8) == 0;
}

/* They are for a person to look at, and that may be never: the oldest go, so that they do not fill
 * the disk. */
static void tidy_set_aside(const struct journal *j)
{
    struct dirent **names = NULL;
    int n = scandir(j->dir, &names, is_set_aside, alphasort);

    for (int i = 0; i < n; i++) {
        if (i + JOURNAL_SET_ASIDE < n)
            (void)unlinkat(j->dir_fd, names[i]->d_name, 0);
        free(names[i]);
    }
    free(names);
}

/* The last file could not be synced from this id on; what it has is in the next one, too. */
static void cut_last(struct journal *j, uint64_t first_id)
{
    struct jfile *f = LIST_ITEM(j->files.prev, struct jfile, link);
    struct jframe frame;
    size_t at = JFILE_HEAD, skipped;
    uint64_t next_id = f->first_id;

    if (list_empty(&j->files) || f->first_id > first_id)
        return;
    f->used = JFILE_HEAD;
    f->end_id = next_id;
    while (jfile_next_frame(f, f->size, &at, &next_id, &frame, &skipped) && next_id <= first_id) {
        f->used = at;
        f->end_id = next_id;
    }
    j->end_id = f->end_id;
}

static int add_file(struct journal *j, const char *name, struct journal_report *report,
                    struct errinfo *info)
{
    struct jfile *f;
    int err = jfile_open(j->dir, name, j->opts.epoch, false, &f);

    if (err == -LM_E_DAMAGED) {
        report->damaged_files++;
        return set_aside(j, name, info);
    }
    if (err == -LM_E_VERSION)
        return err_set(info, err, "%s/%s was written by a later version of logmill: use that",
                       j->dir, name);
    if (err < 0)
        return err_set(info, err, "cannot open %s/%s: %s", j->dir, name, err_text(err));
    if (f->first_id < j->end_id && f->again)
        cut_last(j, f->first_id);
    if (f->first_id < j->end_id) { /* a copy of older files was put back: its ids are taken */
        jfile_close(f);
        report->damaged_files++;
        return set_aside(j, name, info);
    }
    report->files++;
    recover_file(j, f, report);
    journal_add_file(j, f);
    if (f->end_id > j->end_id)
        j->end_id = f->end_id;
    return 0;
}

/* Files before one that is sealed are sealed, too. A file that is not whole although its records
 * are safe in a chunk is of no use, and neither is what lies before it: what remains has no
 * hole. */
static void tidy_sealed(struct journal *j)
{
    bool sealed = false, drop = false;

    for (struct list *link = j->files.prev, *prev; link != &j->files; link = prev) {
        struct jfile *f = LIST_ITEM(link, struct jfile, link);
        prev = link->prev;
        sealed |= f->sealed;
        drop |= sealed && !f->whole;
        j->unsealed_count -= sealed && !f->sealed;
        f->sealed = sealed;
        if (!drop)
            continue;
        list_remove(link);
        j->file_count--;
        jfile_remove(f, j->dir);
        jfile_close(f);
    }
}

/* A last file that is short or torn, or has holes that the disk cannot fill, is left as it is;
 * writing goes on in a new one. */
static void choose_current(struct journal *j)
{
    if (list_empty(&j->files))
        return;
    struct jfile *last = LIST_ITEM(j->files.prev, struct jfile, link);
    if (!last->sealed && !jfile_has_torn_tail(last) && jfile_reserve(last) == 0)
        j->current = last;
}

int journal_recover(struct journal *j, struct journal_report *report, struct errinfo *info)
{
    struct dirent **names = NULL;
    int64_t start = clock_mono_us();
    int err = 0;

    *report = (struct journal_report){0};
    int n = journal_list(j->dir, &names);
    if (n < 0)
        return err_set(info, n, "cannot list %s: %s", j->dir, err_text(n));
    for (int i = 0; i < n; i++) {
        if (err == 0)
            err = add_file(j, names[i]->d_name, report, info);
        free(names[i]);
    }
    free(names);
    tidy_set_aside(j);
    tidy_sealed(j);
    choose_current(j);
    report->took_us = clock_mono_us() - start;
    return err;
}
