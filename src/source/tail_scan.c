/* SPDX-License-Identifier: MIT
 *
 * tail_scan.c - looking at a whole folder: at the start, after lost events, and where nothing is
 * watched.
 *
 * Files are taken in the order of their last writes, so that one that was rotated away while nobody
 * looked is read before the one that has its name now. Rotated files are recognised by their inode
 * (the journal has a position of it), or as relatives: their name is the followed one with numbers
 * or dates behind it, and an older one of the row is known.
 */
#include "source/tail_impl.h"

#include "base/diag.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A file in a folder that may have to be read, in the order of their last writes. */
struct candidate {
    char *name;
    struct timespec mtime;
    const struct tail_pattern *pattern; /* that it fits, or was rotated away from */
    size_t base_n;                      /* of the name it had before; its whole length otherwise */
    bool fits, known;
    struct tail_file *file;
};

struct candidates {
    struct candidate *list;
    size_t count, cap;
};

/* Rotation adds numbers and dates. */
static bool is_number_or_date(const char *suffix)
{
    return suffix[strspn(suffix, "0123456789.-_:T")] == '\0';
}

static bool has_position(const struct tail *t, uint64_t dev, uint64_t ino)
{
    struct origin o = file_origin(dev, ino);
    return t->opts.intake.position(t->opts.intake.hub, &o) != NULL;
}

static const struct tail_pattern *rotated_from(const struct tail_dir *d, const char *name,
                                               size_t *ret_n)
{
    for (uint32_t i = 0; i < d->role_count; i++) {
        const struct tail_role *r = &d->roles[i];
        size_t n = dir_role_lists(r) ? glob_fits_rotated(&r->pattern->glob, name) : 0;
        if (n > 0) {
            *ret_n = n;
            return r->pattern;
        }
    }
    return NULL;
}

/* Fills in c, and says whether the entry is one. Files that fit are; so are those that are known,
 * whatever their name, and those that look as if they were rotated away from a name that fits. */
static bool weigh(struct tail *t, const struct tail_dir *d, const struct dirent *e,
                  struct candidate *c)
{
    size_t n = strlen(e->d_name);
    const struct tail_pattern *rotated = rotated_from(d, e->d_name, &n);
    const struct tail_pattern *p = dir_fits(d, e->d_name);
    bool known = followed_find(t, d->dev, e->d_ino) || has_position(t, d->dev, e->d_ino);

    *c = (struct candidate){
        .pattern = p ? p : rotated, .base_n = n, .fits = p != NULL, .known = known};
    if (p)
        return true;
    if (!rotated && known && !tail_has_left(t, d->dev, e->d_ino))
        for (uint32_t i = 0; i < d->role_count && !c->pattern; i++)
            c->pattern = dir_role_lists(&d->roles[i]) ? d->roles[i].pattern : NULL;
    return c->pattern && (known || is_number_or_date(e->d_name + n));
}

static int add_candidate(struct candidates *all, int dir_fd, const struct candidate *c,
                         const char *name)
{
    struct stat st;

    if (all->count == all->cap) {
        size_t cap = all->cap ? all->cap * 2 : 64;
        struct candidate *list = realloc(all->list, cap * sizeof *list);
        if (!list)
            return -ENOMEM;
        all->list = list;
        all->cap = cap;
    }
    all->list[all->count] = *c;
    all->list[all->count].name = strdup(name);
    if (!all->list[all->count].name)
        return -ENOMEM;
    if (fstatat(dir_fd, name, &st, 0) == 0)
        all->list[all->count].mtime = st.st_mtim;
    all->count++;
    return 0;
}

static int by_mtime(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->mtime.tv_sec != y->mtime.tv_sec)
        return x->mtime.tv_sec < y->mtime.tv_sec ? -1 : 1;
    if (x->mtime.tv_nsec != y->mtime.tv_nsec)
        return x->mtime.tv_nsec < y->mtime.tv_nsec ? -1 : 1;
    /* Within one tick of the clock the name decides: the plain one is the newest. */
    bool x_plain = !x->name[x->base_n], y_plain = !y->name[y->base_n];
    return x_plain != y_plain ? (x_plain ? 1 : -1) : strverscmp(x->name, y->name);
}

static bool same_base(const struct candidate *a, const struct candidate *b)
{
    return a->pattern == b->pattern && a->base_n == b->base_n &&
           memcmp(a->name, b->name, a->base_n) == 0;
}

/* The one before it in its row of rotations. Only rotated files have one behind them, so that rows
 * of ten thousand files that have nothing to do with each other cost nothing. */
static struct candidate *predecessor(const struct candidates *all, size_t i, size_t rotated_from)
{
    for (size_t j = i; j-- > rotated_from;)
        if (same_base(&all->list[i], &all->list[j]))
            return &all->list[j];
    return NULL;
}

static void take_candidate(struct tail *t, struct tail_dir *d, struct candidate *c,
                           const struct candidate *before)
{
    /* Never seen, and no relative of a file that is followed. */
    if (!c->fits && !c->known && !(before && before->known))
        return;
    struct tail_was was = {c->pattern, d, str_of(c->name, c->base_n)};
    c->known = c->known || (before && before->known);
    c->file = name_look(t, d, c->name, 0, &was);
    if (before && before->file && c->file && c->file != before->file &&
        (before->file->after || !list_empty(&before->file->ready)))
        followed_wait_for(t, c->file, before->file);
}

static void take_all(struct tail *t, struct tail_dir *d, struct candidates *all)
{
    size_t first_rotated = SIZE_MAX;

    if (all->count > 1)
        qsort(all->list, all->count, sizeof *all->list, by_mtime);
    for (size_t i = 0; i < all->count; i++) {
        struct candidate *c = &all->list[i];
        take_candidate(t, d, c, first_rotated < i ? predecessor(all, i, first_rotated) : NULL);
        if (c->name[c->base_n] != '\0' && first_rotated == SIZE_MAX)
            first_rotated = i;
    }
    for (size_t i = 0; i < all->count; i++)
        free(all->list[i].name);
    free(all->list);
}

/* Names that were not met: they are gone. */
static void drop_missing(struct tail *t, struct tail_dir *d)
{
    struct buf gone = {0};

    for (struct map_slot *s = map_next(&d->names, NULL); s; s = map_next(&d->names, s)) {
        struct tail_name *n = s->value;
        if (n->round != d->round)
            buf_add(&gone, &n, sizeof(struct tail_name *));
    }
    for (size_t at = 0; at < gone.n; at += sizeof(struct tail_name *)) {
        struct tail_name *n;
        char name[NAME_MAX + 1];
        memcpy(&n, gone.p + at, sizeof(struct tail_name *));
        snprintf(name, sizeof name, "%s", n->name);
        name_look(t, d, name, 0, NULL);
    }
    buf_fini(&gone);
}

static void say_trouble(struct tail_dir *d, int err)
{
    if (d->said == err)
        return;
    d->said = err;
    diag_warn("The folder %s cannot be read: %s; it is tried again", d->path, err_text(err));
}

void dir_scan(struct tail *t, struct tail_dir *d)
{
    struct candidates all = {0};
    struct candidate c;
    DIR *dir = opendir(d->path);
    int err = dir ? 0 : -errno;

    if (err < 0) {
        if (err != -ENOENT)
            say_trouble(d, err);
        return;
    }
    d->said = 0;
    d->round = ++t->round;
    struct buf folders = {0};
    for (struct dirent *e = readdir(dir); e && err == 0; e = readdir(dir)) {
        struct tail_name *n = dir_name(d, e->d_name);
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (n)
            n->round = d->round;
        if (d->lists && (n || e->d_type != DT_DIR) && weigh(t, d, e, &c))
            err = add_candidate(&all, dirfd(dir), &c, e->d_name);
        else if (n || (e->d_type != DT_REG && dir_fits_folder(d, e->d_name)))
            buf_add(&folders, e->d_name, strlen(e->d_name) + 1);
    }
    closedir(dir);
    take_all(t, d, &all);
    for (size_t at = 0; at < folders.n; at += strlen(folders.p + at) + 1)
        name_look(t, d, folders.p + at, 0, NULL);
    buf_fini(&folders);
    drop_missing(t, d);
    if (err < 0)
        diag_error("No memory to look at %s", d->path);
}
