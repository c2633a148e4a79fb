/* SPDX-License-Identifier: MIT
 *
 * tail_file.c - a file from the first time it is seen to the last byte of it.
 *
 *     found ─▶ ready ⇄ read ─▶ quiet ─▶ closed (position kept; an event makes it ready again)
 *                │      └▶ nothing leads to it any more ─▶ lingering ─▶ let go
 *                └▶ failing (no permission, no descriptor): tried again later (tail_fd.c)
 *
 * Threads: loop thread. Owns: struct tail_file.
 */
#include "source/tail_impl.h"

#include "base/clock.h"
#include "record/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { STALE_EACH = 1024 };
static const int64_t STALE_US = 7 * 86400ll * 1000000;

struct tail_file *followed_find(const struct tail *t, uint64_t dev, uint64_t ino)
{
    struct inode_key k = {dev, ino};
    return map_find(&t->by_inode, inode_key(&k));
}

/* --- labels --- */

/* "app" of "/var/log/app.log", with what a source may not have replaced. */
static struct str source_of(const char *path, char out[PROCESS_NAME_MAX])
{
    struct str s = str_from(strrchr(path, '/') + 1);

    if (s.n > 4 && memcmp(s.p + s.n - 4, ".log", 4) == 0)
        s.n -= 4;
    if (s.n > PROCESS_NAME_MAX)
        s.n = PROCESS_NAME_MAX;
    for (size_t i = 0; i < s.n; i++)
        out[i] = conf_name_ok(str_of(s.p + i, 1)) || s.p[i] == '.' ? s.p[i] : '-';
    return str_of(out, s.n);
}

static int make_labels(struct tail *t, struct tail_file *f)
{
    struct label pairs[LABEL_COUNT_MAX + 2];
    char name[PROCESS_NAME_MAX];
    const struct tail_kind *kind = f->kind;
    struct str path = utf8_clean(&t->batch.scratch, str_from(f->path));
    struct str source = kind->source ? str_from(kind->source) : source_of(f->path, name);
    size_t n = 0;

    if (!path.p)
        return -ENOMEM;
    /* Names of the configuration win over `file`. */
    if (path.n <= LABEL_VALUE_MAX && kind->label_count < LABEL_COUNT_MAX)
        pairs[n++] = (struct label){STR("file"), path};
    if (kind->process && kind->label_count + n < LABEL_COUNT_MAX)
        pairs[n++] = (struct label){STR("process_id"), str_from(kind->process)};
    for (size_t i = 0; i < kind->label_count; i++)
        pairs[n++] =
            (struct label){str_from(kind->labels[i].name), str_from(kind->labels[i].value)};
    return labels_make(t->opts.intake.labels, source, pairs, n, &f->labels);
}

/* --- coming --- */

static void start_at(struct tail_file *f, const struct file_position *p)
{
    f->published = *p;
    f->fingerprint = p->fingerprint;
    f->fingerprint_n = p->fingerprint_n;
    f->skip = p->done;
    f->seen = f->counted = p->offset;
    line_start(&f->lines, p->offset);
}

/* It was followed before the reload that is under way, and nothing was in it then. */
static bool was_met(const struct tail *t, const struct tail_file *f)
{
    struct inode_key k = {f->dev, f->ino};
    return map_find(&t->met, inode_key(&k)) != NULL;
}

static void find_start(struct tail *t, struct tail_file *f, const struct stat *st)
{
    struct origin origin = file_origin(f->dev, f->ino);
    struct file_position p = {0};

    f->resumed = file_position_decode(t->opts.intake.position(t->opts.intake.hub, &origin), &p);
    if (!f->resumed && f->kind->from_end && t->starting && !was_met(t, f))
        p.offset = (uint64_t)st->st_size;
    f->unnoted = !f->resumed && p.offset > 0;
    start_at(f, &p);
}

static struct tail_file *make_file(const struct tail_kind *kind, const struct stat *st,
                                   const char *path)
{
    struct tail_file *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->path = strdup(path);
    f->kind = kind;
    f->dev = st->st_dev;
    f->ino = st->st_ino;
    f->fd = -1;
    f->parser.rules = &kind->rules;
    f->parser.joins = kind->joins;
    f->active_us = clock_mono_us();
    list_init(&f->ready);
    list_init(&f->open);
    list_init(&f->later);
    list_init(&f->names);
    list_init(&f->behind);
    list_init(&f->followers);
    if (!f->path) {
        free(f);
        return NULL;
    }
    return f;
}

struct tail_file *followed_new(struct tail *t, const struct tail_kind *kind, const struct stat *st,
                               const char *path)
{
    struct tail_file *f = make_file(kind, st, path);
    struct inode_key k = {st->st_dev, st->st_ino};

    if (!f)
        return NULL;
    if (make_labels(t, f) < 0 || map_put(&t->by_inode, inode_key(&k), f) < 0) {
        labels_unref(f->labels);
        free(f->path);
        free(f);
        return NULL;
    }
    find_start(t, f, st);
    t->undrained = true;
    t->opts.intake.metrics->files++;
    if (++t->made % STALE_EACH == 0)
        followed_forget_stale(t);
    return f;
}

void followed_not_later(struct tail_file *f)
{
    list_remove(&f->later);
    f->leaving = f->failing = false;
}

struct tail_name *followed_attach(struct tail *t, struct tail_dir *d, const char *name,
                                  struct tail_file *f, const struct tail_pattern *p)
{
    size_t size = strlen(name) + 1;
    struct tail_name *n = calloc(1, sizeof *n + size);

    if (!n || map_put(&d->names, str_of(name, size - 1), n) < 0) {
        free(n);
        return NULL;
    }
    memcpy(n->name, name, size);
    n->dir = d;
    n->file = f;
    n->pattern = p;
    n->round = t->round;
    list_init(&n->doubt);
    list_init(&n->of_file);
    if (f) {
        list_push(&f->names, &n->of_file);
        f->deleted = false;
        if (p && f->leaving)
            followed_not_later(f);
    }
    return n;
}

/* --- reading is due --- */

void followed_kick(struct tail *t, struct tail_file *f)
{
    if (!list_empty(&f->ready) || f->after)
        return;
    list_push(&t->ready, &f->ready);
    if (!t->blocked)
        turn_hook_ask(t->opts.loop, &t->hook);
}

bool followed_is_unread(const struct tail_file *f)
{
    return f->seen == 0 && !f->resumed;
}

void followed_wait_for(struct tail *t, struct tail_file *f, struct tail_file *first)
{
    for (const struct tail_file *x = first; x; x = x->after)
        if (x == f)
            return;
    list_remove(&f->ready);
    list_remove(&f->behind);
    f->after = first;
    list_push(&first->followers, &f->behind);
    followed_kick(t, first); /* it lets f go on when it has been read to its end once more */
}

void followed_release(struct tail *t, struct tail_file *f)
{
    LIST_FOR_EACH_SAFE (link, &f->followers) {
        struct tail_file *follower = LIST_ITEM(link, struct tail_file, behind);
        list_remove(link);
        follower->after = NULL;
        followed_kick(t, follower);
    }
}

/* --- going --- */

bool followed_is_wanted(const struct tail_file *f)
{
    LIST_FOR_EACH (link, &f->names)
        if (LIST_ITEM(link, struct tail_name, of_file)->pattern)
            return true;
    return false;
}

void followed_linger(struct tail *t, struct tail_file *f)
{
    if (f->leaving)
        return;
    followed_not_later(f);
    f->leaving = true;
    list_push(&t->leaving, &f->later);
    tail_tick_if_needed(t);
}

void followed_detach(struct tail *t, struct tail_name *n, bool deleted)
{
    struct tail_file *f = n->file;

    if (f && n->pattern)
        watch_has_left(t, n->dir, n->name, f);
    map_remove(&n->dir->names, str_from(n->name));
    list_remove(&n->of_file);
    list_remove(&n->doubt);
    free(n);
    if (!f)
        return;
    LIST_FOR_EACH (link, &f->names) {
        struct tail_name *other = LIST_ITEM(link, struct tail_name, of_file);
        if (other->is_link && list_empty(&other->doubt))
            list_push(&t->doubts, &other->doubt);
    }
    f->deleted = deleted && list_empty(&f->names);
    t->vanished = t->vanished || list_empty(&f->names);
    if (followed_is_wanted(f))
        return;
    f->active_us = clock_mono_us();
    followed_linger(t, f);
    followed_kick(t, f);
}

static void forget_position(struct tail *t, const struct origin *origin)
{
    const struct intake *in = &t->opts.intake;

    if (!in->position(in->hub, origin))
        return;
    batch_begin(&t->batch, origin, clock_wall_us());
    t->batch.or_live = true;
    if (in->publish(in->hub, &t->batch) == 0)
        in->forget(in->hub, origin);
    batch_clear(&t->batch);
}

void followed_free(struct tail *t, struct tail_file *f)
{
    struct inode_key k = {f->dev, f->ino};

    followed_close(t, f);
    followed_release(t, f);
    list_remove(&f->ready);
    list_remove(&f->behind);
    followed_not_later(f);
    for (int i = 0; i < TAIL_MOVED; i++)
        if (t->moved[i].file == f)
            t->moved[i].file = NULL;
    LIST_FOR_EACH_SAFE (link, &f->names) {
        struct tail_name *n = LIST_ITEM(link, struct tail_name, of_file);
        list_remove(link);
        n->file = NULL;
    }
    map_remove(&t->by_inode, inode_key(&k));
    parser_fini(&f->parser);
    line_fini(&f->lines);
    buf_fini(&f->kept);
    labels_unref(f->labels);
    free(f->path);
    free(f);
    t->opts.intake.metrics->files--;
}

void followed_let_go(struct tail *t, struct tail_file *f)
{
    struct origin origin = file_origin(f->dev, f->ino);
    struct stat st;
    bool gone = f->fd >= 0 ? fstat(f->fd, &st) == 0 && st.st_nlink == 0 : f->deleted;

    followed_free(t, f);
    if (gone)
        forget_position(t, &origin);
}

struct stale {
    struct tail *tail;
    struct buf origins;
    int64_t before_us;
};

static void collect_stale(const struct origin *o, const struct position *pos, int64_t arrival_us,
                          void *ctx)
{
    struct stale *s = ctx;

    (void)pos;
    if (arrival_us < s->before_us &&
        !map_find(&s->tail->by_inode, str_of((const char *)o->key, 16)))
        buf_add(&s->origins, o, sizeof *o);
}

void followed_forget_stale(struct tail *t)
{
    struct stale s = {.tail = t, .before_us = clock_wall_us() - STALE_US};

    if (!t->opts.intake.each_file)
        return;
    t->opts.intake.each_file(t->opts.intake.hub, collect_stale, &s);
    for (size_t at = 0; at < s.origins.n; at += sizeof(struct origin)) {
        struct origin o;
        memcpy(&o, s.origins.p + at, sizeof o);
        forget_position(t, &o);
    }
    buf_fini(&s.origins);
}
