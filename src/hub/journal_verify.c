/* SPDX-License-Identifier: MIT
 *
 * journal_verify.c - looking at every frame of a journal from outside, and naming what does not
 * hold. The same walk as at a start (journal_recover.c), but nothing is set aside, cut or begun.
 */
#include "hub/journal_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct looking {
    const struct journal_look *look;
    const char *name;
    journal_damage_fn *fn;
    void *ctx;
};

static void tell(const struct looking *l, uint64_t at, const char *what, uint64_t records)
{
    char file[300];

    snprintf(file, sizeof file, "journal/%s", l->name);
    l->fn(file, at, what, records, l->ctx);
}

/* How many ids lie between what was due and what was found. */
static uint64_t missing(uint64_t due, const struct jframe *found)
{
    uint64_t first = found->first_id - found->unstored;
    return first > due ? first - due : 0;
}

static void look_at_frames(const struct looking *l, struct jfile *f, struct journal_report *r)
{
    size_t at = JFILE_HEAD, from = at, skipped;
    uint64_t due = f->first_id, next_id = due;
    struct jframe frame;

    for (; jfile_next_frame(f, f->size, &at, &next_id, &frame, &skipped); from = at) {
        r->frames++;
        if (skipped)
            tell(l, from, "these bytes are no valid frame", missing(due, &frame));
        r->damaged_places += skipped > 0;
        due = next_id;
    }
    f->used = at;
    if (jfile_has_torn_tail(f)) {
        r->damaged_places++;
        tell(l, at, "what was written from here on does not hold", 0);
    }
}

/* A file is sealed as a whole, and then of no use any more, whatever became of it. */
static int look_at_file(const struct looking *l, struct journal_report *r)
{
    struct jfile *f;

    if (strtoull(l->name, NULL, 10) < l->look->sealed_end) /* the name is the first id */
        return 0;
    int err = jfile_open(l->look->dir, l->name, l->look->epoch, true, &f);
    if (err == -LM_E_DAMAGED) {
        r->damaged_files++;
        tell(l, 0, "the head does not hold, or is of another store or name", 0);
        return 0;
    }
    if (err < 0)
        return err;
    r->files++;
    look_at_frames(l, f, r);
    jfile_close(f);
    return 0;
}

int journal_settled(const struct journal_look *look, const char *name, uint64_t *ret)
{
    size_t at = JFILE_HEAD, skipped;
    uint64_t next_id;
    struct jframe frame;
    struct jfile *f;
    int err = jfile_open(look->dir, name, look->epoch, true, &f);

    if (err < 0)
        return err;
    next_id = f->first_id;
    while (jfile_next_frame(f, f->size, &at, &next_id, &frame, &skipped))
        continue;
    *ret = at;
    jfile_close(f);
    return 0;
}

int journal_verify(const struct journal_look *look, journal_damage_fn *fn, void *ctx,
                   struct journal_report *report)
{
    struct dirent **names = NULL;
    int n = journal_list(look->dir, &names), err = n < 0 && n != -ENOENT ? n : 0;

    *report = (struct journal_report){0};
    for (int i = 0; i < n; i++) {
        struct looking l = {look, names[i]->d_name, fn, ctx};
        if (err == 0)
            err = look_at_file(&l, report);
        free(names[i]);
    }
    free(names);
    return err;
}
