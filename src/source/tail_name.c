/* SPDX-License-Identifier: MIT
 *
 * tail_name.c - names: which file each of them means now.
 *
 *     name ─▶ file      directly, or through a link: then the end of the link is watched as well
 *     name ─▶ nothing   a link that leads nowhere (looked at again), or what is not a file (said once)
 *
 * Looking at a name may be done again at any time: it compares what is there with what is known.
 *
 * Threads: loop thread. Owns: nothing; names are their folder's.
 */
#include "source/tail_impl.h"

#include "base/diag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Says once why a file that fits is not followed. */
static void refuse(struct tail *t, struct tail_dir *d, struct tail_name *n, const char *name,
                   const char *path, const struct stat *st, int err)
{
    int reason = err < 0 ? err : (int)(st->st_mode & S_IFMT);

    if (n && n->file) {
        followed_detach(t, n, false);
        n = NULL;
    }
    if (!n && !(n = followed_attach(t, d, name, NULL, NULL)))
        return;
    if (n->said == reason)
        return;
    n->said = reason;
    if (err == 0)
        diag_warn("%s is %s and not a file: it is not followed", path, follow_kind(st->st_mode));
    else if (err == -LM_E_REFUSED)
        diag_warn("%s is a link made by somebody who does not own what it leads to: it is not "
                  "followed",
                  path);
    else
        diag_warn("%s cannot be followed: %s", path, err_text(err));
}

/* The end of a link is watched as well: it is where writing and rotation happen. */
static void watch_end(struct tail *t, struct tail_file *f, const char *path)
{
    char end[PATH_MAX];

    if (!realpath(path, end))
        return;
    char *slash = strrchr(end, '/');
    *slash = '\0';
    const char *folder = slash == end ? "/" : end;
    struct tail_dir *d = dir_is_own(t, folder) ? NULL : dir_get(t, folder, true);
    if (d)
        d->has_ends = true;
    if (d && !dir_name(d, slash + 1) && !followed_attach(t, d, slash + 1, f, NULL))
        diag_error("No memory to follow %s", path);
}

static struct tail_file *find_file(struct tail *t, const struct stat *st, const char *path,
                                   const struct tail_pattern *p, const struct tail_was *was)
{
    struct tail_file *f = followed_find(t, st->st_dev, st->st_ino);
    char before[PATH_MAX], name[NAME_MAX + 1];

    if (f || (!p && (!was || !was->pattern)))
        return f;
    if (!p) { /* it goes by the name it had */
        snprintf(name, sizeof name, "%.*s", STR_FMT(was->name));
        path = dir_join(before, was->dir->path, name) ? before : path;
        p = was->pattern;
    }
    f = followed_new(t, p->kind, st, path);
    if (!f)
        diag_error("No memory to follow %s", path);
    return f;
}

/* A link that leads nowhere: it is looked at again when something comes to where it leads. */
static void await_end(struct tail *t, struct tail_dir *d, struct tail_name *n, const char *name,
                      const struct tail_pattern *p, const char *path)
{
    char end[PATH_MAX], folder[PATH_MAX];
    ssize_t len = readlink(path, end, sizeof end - 1);

    if (n && n->file) {
        followed_detach(t, n, false);
        n = NULL;
    }
    if (len <= 0 || (!n && !(n = followed_attach(t, d, name, NULL, p))))
        return;
    n->is_link = true;
    list_remove(&n->doubt);
    list_push(&t->dangling, &n->doubt);
    end[len] = '\0';
    char *slash = strrchr(end, '/');
    if (slash)
        *slash = '\0';
    if (end[0] == '/' || slash == end)
        snprintf(folder, sizeof folder, "%s", slash == end ? "/" : end);
    else if (!dir_join(folder, d->path, slash ? end : "."))
        return;
    if (!realpath(folder, end) || dir_is_own(t, end))
        return;
    struct tail_dir *at = dir_get(t, end, true);
    if (at)
        at->has_ends = true;
}

/* The name means this file from now on. */
static void assign(struct tail *t, struct tail_dir *d, const char *name, struct tail_file *f,
                   const struct tail_pattern *p, bool link, const char *path)
{
    struct tail_name *n = dir_name(d, name);
    struct tail_file *old = n ? n->file : NULL;
    bool fresh = followed_is_unread(f) && list_empty(&f->names);

    if (old == f)
        old = NULL;
    if (!n && fresh) /* whoever had the name before comes first */
        old = watch_last_left(t, d, name);
    if (n && n->file != f) {
        followed_detach(t, n, false);
        n = NULL;
    }
    if (!n)
        n = followed_attach(t, d, name, f, p);
    if (!n)
        return;
    n->is_link = link;
    if (old && fresh)
        followed_wait_for(t, f, old);
    if (link)
        watch_end(t, f, path);
    if (f->failing)
        f->retry_ms = 0;
    followed_kick(t, f);
}

struct tail_file *name_look(struct tail *t, struct tail_dir *d, const char *name, unsigned how,
                            const struct tail_was *was)
{
    char path[PATH_MAX];
    struct stat st;
    bool link = false;
    struct tail_name *n = dir_name(d, name);
    const struct tail_pattern *p = dir_fits(d, name);
    bool folder = dir_fits_folder(d, name);

    if (!n && !p && !folder && !was && !(how & LOOK_MOVED_IN))
        return NULL;
    if (!dir_join(path, d->path, name))
        return NULL;
    int err = follow_stat(path, &st, &link);
    if (err == -ENOENT && p && lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
        await_end(t, d, n, name, p, path);
        return NULL;
    }
    if (err == -ENOENT) {
        if (n)
            followed_detach(t, n, how & LOOK_DELETED);
        return NULL;
    }
    if (err == 0 && S_ISDIR(st.st_mode) && folder)
        dir_enter(t, d, name, path, link);
    if (err < 0 || !S_ISREG(st.st_mode)) {
        if (p)
            refuse(t, d, n, name, path, &st, err);
        else if (n)
            followed_detach(t, n, false);
        return NULL;
    }
    struct tail_file *f = find_file(t, &st, path, p, was);
    if (f)
        assign(t, d, name, f, p, link, path);
    else if (n)
        followed_detach(t, n, false);
    return f;
}

void name_settle(struct tail *t)
{
    for (int i = 0; i < 1000 && !list_empty(&t->doubts); i++) {
        struct tail_name *n = LIST_ITEM(t->doubts.next, struct tail_name, doubt);
        char name[NAME_MAX + 1];
        snprintf(name, sizeof name, "%s", n->name);
        list_remove(&n->doubt);
        name_look(t, n->dir, name, 0, NULL);
    }
}
