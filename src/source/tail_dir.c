/* SPDX-License-Identifier: MIT
 *
 * tail_dir.c - folders: where patterns have led so far, and what their names mean.
 *
 * A folder carries roles: "part 4 of this pattern is looked for here". The last part names files, the
 * others folders, which get the next role. Where a literal folder is missing the one above waits for
 * it. Everything here may be done again at any time: it compares what is there with what is known.
 */
#include "source/tail_impl.h"

#include "base/diag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool dir_join(char out[PATH_MAX], const char *dir, const char *name)
{
    const char *slash = dir[1] ? "/" : ""; /* the root has one already */
    int n = snprintf(out, PATH_MAX, "%s%s%s", dir, slash, name);
    return n > 0 && n < PATH_MAX;
}

/* --- folders --- */

struct tail_name *dir_name(const struct tail_dir *d, const char *name)
{
    return map_find(&d->names, str_from(name));
}

static bool is_excluded(const struct tail_kind *kind, const char *path)
{
    for (char *const *p = kind->exclude; p && *p; p++)
        if (glob_excludes(*p, path))
            return true;
    return false;
}

const struct tail_pattern *dir_fits(const struct tail_dir *d, const char *name)
{
    char path[PATH_MAX];

    for (uint32_t i = 0; i < d->role_count; i++) {
        const struct tail_role *r = &d->roles[i];
        if (dir_role_lists(r) && glob_fits(&r->pattern->glob, r->part, name) &&
            dir_join(path, d->path, name) && !is_excluded(r->pattern->kind, path))
            return r->pattern;
    }
    return NULL;
}

bool dir_fits_folder(const struct tail_dir *d, const char *name)
{
    for (uint32_t i = 0; i < d->role_count; i++) {
        const struct tail_role *r = &d->roles[i];
        const struct tail_glob *g = &r->pattern->glob;
        if (!dir_role_lists(r) &&
            ((g->parts[r->part].deep && name[0] != '.') || glob_fits(g, r->part, name)))
            return true;
    }
    return false;
}

static struct tail_dir *make_dir(const char *path)
{
    struct tail_dir *d = calloc(1, sizeof *d);

    if (d)
        d->path = strdup(path);
    if (!d || !d->path) {
        free(d);
        return NULL;
    }
    d->wd = -1;
    list_init(&d->link);
    return d;
}

/* Following what the hub writes itself would never end. */
static bool is_own(const struct tail *t, const char *path)
{
    const char *own[] = {t->opts.settings->log_dir, t->opts.settings->state_dir};
    struct stat st, other;

    if (stat(path, &st) < 0)
        return false;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (own[i] && stat(own[i], &other) == 0 && st.st_dev == other.st_dev &&
            st.st_ino == other.st_ino) {
            diag_warn("%s belongs to the hub itself: its files are not followed", path);
            return true;
        }
    }
    return false;
}

/* What led here has to lead here again. */
static void mark_astray(struct tail *t, const struct tail_dir *d)
{
    for (uint32_t i = 0; i < d->role_count; i++)
        d->roles[i].pattern->astray = t->astray = true;
    tail_tick_if_needed(t);
}

static struct tail_dir *add_dir(struct tail *t, const char *path, const struct stat *st, bool lists)
{
    struct tail_dir *d = make_dir(path);

    if (!d || map_put(&t->by_path, str_from(path), d) < 0) {
        if (d)
            free(d->path);
        free(d);
        return NULL;
    }
    d->dev = st->st_dev;
    d->ino = st->st_ino;
    d->lists = lists;
    list_push(&t->dirs, &d->link);
    if (watch_dir(t, d) == -ENOENT) {
        dir_free(t, d);
        return NULL;
    }
    return d;
}

struct tail_dir *dir_get(struct tail *t, const char *path, bool lists)
{
    struct tail_dir *d = map_find(&t->by_path, str_from(path));
    struct stat st;

    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return NULL;
    if (d && (d->dev != st.st_dev || d->ino != st.st_ino)) { /* that was another one */
        mark_astray(t, d);
        dir_free(t, d);
        d = NULL;
    }
    if (!d)
        return add_dir(t, path, &st, lists);
    if (lists && !d->lists) {
        d->lists = true;
        (void)!watch_dir(t, d);
    }
    return d;
}

void dir_free(struct tail *t, struct tail_dir *d)
{
    struct map_slot *s;

    while ((s = map_next(&d->names, NULL)))
        followed_detach(t, s->value, false);
    watch_forget(t, d);
    for (int i = 0; i < TAIL_MOVED; i++)
        if (t->moved[i].dir == d)
            t->moved[i] = (struct tail_moved){0};
    map_remove(&t->by_path, str_from(d->path));
    list_remove(&d->link);
    map_fini(&d->names);
    free(d->roles);
    free(d->path);
    free(d);
}

void dir_drop(struct tail *t, struct tail_dir *d)
{
    struct tail_role *roles = d->roles;
    uint32_t n = d->role_count;

    d->roles = NULL;
    d->role_count = 0;
    dir_free(t, d);
    for (uint32_t i = 0; i < n; i++)
        dir_walk(t,
                 roles[i].pattern); /* it may be there anew, or has to be waited for further up */
    free(roles);
}

/* --- patterns --- */

static bool has_role(const struct tail_dir *d, const struct tail_role *role)
{
    for (uint32_t i = 0; i < d->role_count; i++)
        if (d->roles[i].pattern == role->pattern && d->roles[i].part == role->part)
            return true;
    return false;
}

static void add_role(struct tail *t, const char *path, struct tail_role role);

/* "**" may also stand for no folder at all. */
static void add_role_behind(struct tail *t, const char *path, struct tail_role role)
{
    if (role.pattern->glob.parts[role.part].deep)
        add_role(t, path, (struct tail_role){role.pattern, role.part + 1});
}

static void add_role(struct tail *t, const char *path, struct tail_role role)
{
    bool lists = dir_role_lists(&role);

    if (lists && is_own(t, path))
        return;
    struct tail_dir *d = dir_get(t, path, lists);
    if (!d) {
        role.pattern->astray = t->astray = true;
        tail_tick_if_needed(t);
    }
    if (!d || has_role(d, &role))
        return;
    struct tail_role *roles = realloc(d->roles, (d->role_count + 1) * sizeof *roles);
    if (!roles) {
        diag_error("No memory to follow %s", path);
        return;
    }
    d->roles = roles;
    d->roles[d->role_count++] = role;
    dir_scan(t, d);
    add_role_behind(t, path, role);
}

static bool is_folder(const char *path)
{
    struct stat st;
    bool link;
    return follow_stat(path, &st, &link) == 0 && S_ISDIR(st.st_mode);
}

/* From a folder that part `part` is looked for in: down the literal parts at once. */
static void walk_from(struct tail *t, struct tail_pattern *p, const char *from, uint32_t part)
{
    char path[PATH_MAX], next[PATH_MAX];

    snprintf(path, sizeof path, "%s", from);
    while (part + 1 < p->glob.count && p->glob.parts[part].literal &&
           dir_join(next, path, p->glob.parts[part].text) && is_folder(next)) {
        memcpy(path, next, sizeof path);
        part++;
    }
    add_role(t, path, (struct tail_role){p, part});
}

void dir_walk(struct tail *t, struct tail_pattern *p)
{
    walk_from(t, p, "/", 0);
}

/* A folder is at this name: it takes on what the roles of its parent say. */
static void enter(struct tail *t, const struct tail_dir *d, const char *name, const char *path,
                  bool link)
{
    struct tail_role next[32];
    uint32_t n = 0;

    for (uint32_t i = 0; i < d->role_count && n < sizeof next / sizeof *next; i++) {
        const struct tail_role *r = &d->roles[i];
        const struct tail_glob *g = &r->pattern->glob;
        if (dir_role_lists(r))
            continue;
        if (g->parts[r->part].deep && name[0] != '.' && !link) /* links could lead in circles */
            next[n++] = *r;
        else if (glob_fits(g, r->part, name))
            next[n++] = (struct tail_role){r->pattern, r->part + 1};
    }
    for (uint32_t i = 0; i < n; i++) /* `d` may move meanwhile */
        walk_from(t, next[i].pattern, path, next[i].part);
}

/* --- names --- */

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
    struct tail_dir *d = is_own(t, folder) ? NULL : dir_get(t, folder, true);
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
    if (!realpath(folder, end) || is_own(t, end))
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

struct tail_file *dir_look(struct tail *t, struct tail_dir *d, const char *name, unsigned how,
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
        enter(t, d, name, path, link);
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

void dir_settle(struct tail *t)
{
    for (int i = 0; i < 1000 && !list_empty(&t->doubts); i++) {
        struct tail_name *n = LIST_ITEM(t->doubts.next, struct tail_name, doubt);
        char name[NAME_MAX + 1];
        snprintf(name, sizeof name, "%s", n->name);
        list_remove(&n->doubt);
        dir_look(t, n->dir, name, 0, NULL);
    }
}
