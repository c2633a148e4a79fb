/* SPDX-License-Identifier: MIT
 *
 * tail_dir.c - folders: where patterns have led so far.
 *
 * A folder carries roles: "part 4 of this pattern is looked for here". The last part names files,
 * the others folders, which get the next role. Where a literal folder is missing the one above
 * waits for it. Everything here may be done again at any time: it compares what is there with what
 * is known.
 *
 * Threads: loop thread. Owns: struct tail_dir, and the names in it (tail_name.c).
 */
#include "source/tail_impl.h"

#include "base/diag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

bool dir_is_own(const struct tail *t, const char *path)
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

    if (lists && dir_is_own(t, path))
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

void dir_enter(struct tail *t, const struct tail_dir *d, const char *name, const char *path,
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
