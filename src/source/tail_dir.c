/* SPDX-License-Identifier: MIT
 *
 * tail_dir.c - folders: where patterns have led so far, and what their names mean.
 *
 * A folder carries roles: "part 4 of this pattern is looked for here". The last part names files, the
 * others folders, which get the next role. Where a literal folder is missing the one above waits for
 * it. Everything here may be done again at any time: it compares what is there with what is known.
 */
#include "source/tail_impl.h"

#include "base/clock.h"
#include "base/diag.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool role_lists_files(const struct tail_role *r)
{
    return r->part + 1 == r->pattern->glob.count;
}

static bool join_path(char out[PATH_MAX], const char *dir, const char *name)
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
        if (role_lists_files(r) && glob_fits(&r->pattern->glob, r->part, name) &&
            join_path(path, d->path, name) && !is_excluded(r->pattern->kind, path))
            return r->pattern;
    }
    return NULL;
}

static bool fits_folder(const struct tail_dir *d, const char *name)
{
    for (uint32_t i = 0; i < d->role_count; i++) {
        const struct tail_role *r = &d->roles[i];
        const struct tail_glob *g = &r->pattern->glob;
        if (!role_lists_files(r) &&
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
    bool lists = role_lists_files(&role);

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
           join_path(next, path, p->glob.parts[part].text) && is_folder(next)) {
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
        if (role_lists_files(r))
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
        path = join_path(before, was->dir->path, name) ? before : path;
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
    else if (!join_path(folder, d->path, slash ? end : "."))
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
    bool folder = fits_folder(d, name);

    if (!n && !p && !folder && !was && !(how & LOOK_MOVED_IN))
        return NULL;
    if (!join_path(path, d->path, name))
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

/* --- looking at a whole folder --- */

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
        size_t n = role_lists_files(r) ? glob_fits_rotated(&r->pattern->glob, name) : 0;
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
    if (!rotated && known)
        for (uint32_t i = 0; i < d->role_count && !c->pattern; i++)
            c->pattern = role_lists_files(&d->roles[i]) ? d->roles[i].pattern : NULL;
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

/* The one before it in its row of rotations. Only rotated files have one behind them, so that rows of
 * ten thousand files that have nothing to do with each other cost nothing. */
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
    c->file = dir_look(t, d, c->name, 0, &was);
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
        dir_look(t, d, name, 0, NULL);
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
        else if (n || (e->d_type != DT_REG && fits_folder(d, e->d_name)))
            buf_add(&folders, e->d_name, strlen(e->d_name) + 1);
    }
    closedir(dir);
    take_all(t, d, &all);
    for (size_t at = 0; at < folders.n; at += strlen(folders.p + at) + 1)
        dir_look(t, d, folders.p + at, 0, NULL);
    buf_fini(&folders);
    drop_missing(t, d);
    if (err < 0)
        diag_error("No memory to look at %s", d->path);
}
