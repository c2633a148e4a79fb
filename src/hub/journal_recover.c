/* SPDX-License-Identifier: MIT
 *
 * journal_recover.c - what is in the files after whatever happened (docs/journal-format.md, "Recovery").
 *
 * Every frame is checked once, here. Damage costs the frames it touches: reading goes on at the next
 * valid frame, and the ids between are known to be missing.
 */
#include "hub/journal_impl.h"

#include "base/clock.h"

#include <dirent.h>
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

/* The next multiple of 8 from `at` on that could be the start of a frame; `used` when there is none.
 * Nearly always it is `at` itself. */
static size_t find_frame(const struct jfile *f, size_t used, size_t at)
{
    static const uint32_t magic = JFRAME_MAGIC;

    while (at + JFRAME_HEAD <= used && !has_magic(f, at)) {
        const char *from = f->map + at + 8;
        const char *hit = memmem(from, used - at - 8, &magic, sizeof magic);
        at = hit ? (size_t)(hit - f->map) & ~(size_t)7 : used;
    }
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

/* Is there a sign that more was written behind the last valid frame than can be read? What a hub
 * was still writing when it was killed is none. */
static bool has_torn_tail(const struct jfile *f)
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

    while (jfile_next_frame(f, f->size, &at, &next_id, &frame, &skipped)) {
        report->frames++;
        report->damaged_places += skipped > 0;
        report->damaged_bytes += skipped;
        f->used = at;
        f->end_id = next_id;
        if (j->opts.on_frame)
            j->opts.on_frame(&frame, f->number, j->opts.ctx);
    }
    if (has_torn_tail(f))
        report->damaged_places++;
}

/* 16 digits; a twin has a dash and 8 more. */
static int is_journal_name(const struct dirent *e)
{
    static const char digits[] = "0123456789";
    const char *end = e->d_name + strspn(e->d_name, digits);

    return end - e->d_name == 16 &&
           (*end == '\0' || (*end == '-' && strspn(end + 1, digits) == 8 && end[9] == '\0'));
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

static int add_file(struct journal *j, const char *name, struct journal_report *report,
                    struct errinfo *info)
{
    struct jfile *f;
    int err = jfile_open(j->dir, name, j->opts.epoch, &f);

    if (err == -LM_E_DAMAGED) {
        report->damaged_files++;
        return set_aside(j, name, info);
    }
    if (err == -LM_E_VERSION)
        return err_set(info, err, "%s/%s was written by a later version of logmill: use that",
                       j->dir, name);
    if (err < 0)
        return err_set(info, err, "cannot open %s/%s: %s", j->dir, name, err_text(err));
    if (f->first_id < j->end_id) { /* a copy of older files was put back: its ids are taken */
        jfile_close(f);
        report->damaged_files++;
        return set_aside(j, name, info);
    }
    journal_add_file(j, f);
    report->files++;
    recover_file(j, f, report);
    if (f->end_id > j->end_id)
        j->end_id = f->end_id;
    return 0;
}

/* A last file that is short or torn, or has holes that the disk cannot fill, is left as it is; writing
 * goes on in a new one. */
static void choose_current(struct journal *j)
{
    if (list_empty(&j->files))
        return;
    struct jfile *last = LIST_ITEM(j->files.prev, struct jfile, link);
    if (!has_torn_tail(last) && jfile_reserve(last) == 0)
        j->current = last;
}

int journal_recover(struct journal *j, struct journal_report *report, struct errinfo *info)
{
    struct dirent **names = NULL;
    int64_t start = clock_mono_us();
    int err = 0;

    *report = (struct journal_report){0};
    int n = scandir(j->dir, &names, is_journal_name, alphasort);
    if (n < 0)
        return err_set(info, -errno, "cannot list %s: %s", j->dir, err_text(-errno));
    for (int i = 0; i < n; i++) {
        if (err == 0)
            err = add_file(j, names[i]->d_name, report, info);
        free(names[i]);
    }
    free(names);
    choose_current(j);
    report->took_us = clock_mono_us() - start;
    return err;
}
