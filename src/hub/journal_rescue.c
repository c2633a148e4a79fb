/* SPDX-License-Identifier: MIT
 *
 * journal_rescue.c - after a sync that failed: what the disk may not have is written again,
 * elsewhere.
 *
 *     before:  [ synced ▮▮▮ | not known ▮▮▮ ]
 *     after:   [ synced ▮▮▮ ]  [ the same frames again ▮▮▮ ]   flag `again` in the head
 *
 * Should the first file turn out to have them all the same, recovery cuts it where the second
 * begins. The new file stands right behind the poisoned one, so ids go on rising from file to file.
 */
#include "hub/journal_impl.h"

#include <errno.h>

/* Copies the frames of f from `at` on. They were whole when they were written; a page that was
 * thrown away and read anew from the disk shows in the check. */
static int copy_frames(const struct jfile *f, size_t at, struct jfile *to)
{
    struct jframe frame;
    uint64_t next_id = 0;
    size_t skipped;

    while (jfile_next_frame(f, f->used, &at, &next_id, &frame, &skipped)) {
        if (skipped)
            return -EIO;
        jframe_copy(to->map + to->used, f->map + at - frame.length, frame.length, to->seed,
                    to->size - to->used - frame.length >= 8);
        to->used += frame.length;
        to->end_id = next_id;
    }
    return at == f->used ? 0 : -EIO;
}

static uint64_t first_id_from(const struct jfile *f, size_t at)
{
    struct jframe frame;
    uint64_t next_id = 0;
    size_t skipped;

    return jfile_next_frame(f, f->used, &at, &next_id, &frame, &skipped)
               ? frame.first_id - frame.unstored
               : f->end_id;
}

static int make_copy(struct journal *j, const struct jfile *f, size_t from, struct jfile **ret)
{
    uint64_t first_id = first_id_from(f, from);
    struct jfile *copy;
    int err = jfile_create(j->dir, ++j->spare_number, &copy);

    if (err < 0)
        return err;
    err = jfile_begin(copy, j->dir, j->opts.epoch, first_id,
                      first_id == f->first_id ? f->twin + 1 : 0, true);
    if (err == 0)
        err = copy_frames(f, from, copy);
    if (err < 0) {
        jfile_remove(copy, j->dir);
        jfile_close(copy);
        return err;
    }
    *ret = copy;
    return 0;
}

static int rescue_file(struct journal *j, struct jfile *f)
{
    size_t from = f->synced > JFILE_HEAD ? f->synced : JFILE_HEAD;
    struct jfile *copy = NULL;

    if (f->sealed || from == f->used) { /* nothing is owed */
        f->poisoned = f->dirty = false;
        if (f == j->current)
            journal_end_file(j);
        return 0;
    }
    int err = make_copy(j, f, from, &copy);
    if (err < 0)
        return err;
    f->used = from;
    f->end_id = copy->first_id;
    f->poisoned = f->dirty = false;
    j->dir_dirty = true;
    journal_add_file(j, copy);
    list_remove(&copy->link);
    list_push(f->link.next, &copy->link); /* behind f */
    if (f != j->current)
        return 0;
    journal_end_file(j);
    j->current = copy;
    return 0;
}

int journal_rescue(struct journal *j)
{
    int err = 0;

    LIST_FOR_EACH (link, &j->files) {
        struct jfile *f = LIST_ITEM(link, struct jfile, link);
        if (f->poisoned && err == 0)
            err = rescue_file(j, f);
    }
    return err;
}
