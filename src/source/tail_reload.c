/* SPDX-License-Identifier: MIT
 *
 * tail_reload.c - other patterns, while the hub runs.
 *
 * Everything is let go and found anew, as by a hub that starts: positions are in the journal, so
 * each line still comes once, and a file may belong to another entry than before. Two things a new
 * hub could not know are kept: what a file without a name still holds is read before it goes, and a
 * file that was followed already is not taken for one that `start: end` leaves out.
 */
#include "source/tail_impl.h"

#include <errno.h>
#include <string.h>

void tail_let_all_go(struct tail *t)
{
    struct map_slot *s;

    while ((s = map_next(&t->by_inode, NULL)))
        followed_free(t, s->value);
    while (!list_empty(&t->dirs))
        dir_free(t, LIST_ITEM(t->dirs.next, struct tail_dir, link));
    memset(t->moved, 0, sizeof t->moved);
}

void tail_walk_all(struct tail *t)
{
    t->starting = true;
    for (size_t i = 0; i < t->wanted.pattern_count; i++)
        dir_walk(t, &t->wanted.patterns[i]);
    name_settle(t);
    t->starting = false;
    followed_forget_stale(t);
}

/* Nobody could find this file again. */
static bool read_to_its_end(struct tail *t, struct tail_file *f)
{
    int n;

    while ((n = tail_read(t, f)) > 0)
        continue;
    return !t->blocked && (n < 0 || tail_finish(t, f) == 0);
}

static bool read_nameless(struct tail *t)
{
    bool done = true;

    LIST_FOR_EACH_SAFE (link, &t->leaving) {
        struct tail_file *f = LIST_ITEM(link, struct tail_file, later);
        if (done && f->fd >= 0 && list_empty(&f->names))
            done = read_to_its_end(t, f);
    }
    batch_clear(&t->batch);
    return done;
}

bool tail_has_left(const struct tail *t, uint64_t dev, uint64_t ino)
{
    struct inode_key k = {dev, ino};
    return map_find(&t->left, inode_key(&k)) != NULL;
}

static bool has_position(const struct tail *t, const struct map_slot *inode)
{
    struct inode_key k;

    memcpy(&k, inode->key, sizeof k);
    struct origin o = file_origin(k.dev, k.ino);
    return t->opts.intake.position(t->opts.intake.hub, &o) != NULL;
}

/* What is followed now goes into `met`; and what patterns lead to, now or before an earlier reload,
 * into *left, as long as the journal remembers it. */
static int note_met(struct tail *t, struct map *left)
{
    int err = 0;

    for (struct map_slot *s = NULL; err == 0 && (s = map_next(&t->left, s));)
        if (has_position(t, s))
            err = map_put(left, str_of(s->key, s->key_n), t);
    for (struct map_slot *s = NULL; err == 0 && (s = map_next(&t->by_inode, s));) {
        err = map_put(&t->met, str_of(s->key, s->key_n), t);
        if (err == 0 && followed_is_wanted(s->value))
            err = map_put(left, str_of(s->key, s->key_n), t);
    }
    return err;
}

static void change(struct tail *t, const struct tail_wanted *wanted, const struct map *left)
{
    tail_let_all_go(t);
    wanted_fini(&t->wanted);
    map_fini(&t->left);
    t->wanted = *wanted;
    t->left = *left;
    tail_walk_all(t);
    tail_tick_if_needed(t);
}

int tail_reload(struct tail *t, const struct settings *settings, struct errinfo *info)
{
    struct tail_wanted wanted = {0};
    struct map left = {0};

    watch_drain(t);
    int err = wanted_read(&wanted, settings, info);
    if (err == 0 && (t->blocked || !read_nameless(t)))
        err = err_set(info, -EAGAIN, "the journal takes nothing at the moment; reload again");
    if (err == 0 && t->inotify < 0 && wanted.pattern_count > 0)
        err = watch_open(t);
    if (err == 0)
        err = note_met(t, &left);
    if (err == 0) {
        change(t, &wanted, &left);
    } else {
        wanted_fini(&wanted);
        map_fini(&left);
    }
    map_fini(&t->met);
    return err;
}
