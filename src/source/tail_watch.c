/* SPDX-License-Identifier: MIT
 *
 * tail_watch.c - inotify, raw, because cookies and overflows matter.
 *
 * One watch per folder. All events that wait are taken before a file is read that was found: its
 * name may have belonged to several others since the last look. Under a flood of events (each line
 * of a busy writer is one) the queue is left alone for a moment, in which the kernel folds equal
 * ones into one.
 */
#include "source/tail_impl.h"

#include "base/clock.h"
#include "base/diag.h"

#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { EVENTS = 64 * 1024, FLOOD_US = 1000, FLOOD_PAUSE_MS = 2 };

static const uint32_t folder_events =
    IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
static const uint32_t file_events = IN_MODIFY | IN_MOVED_FROM | IN_DELETE;

static struct str watch_key(const int *wd)
{
    return str_of((const char *)wd, sizeof *wd);
}

/* --- folders --- */

/* File systems whose files others write without this kernel's knowing. */
static bool is_remote(const char *path)
{
    static const uint32_t magics[] = {
        0x6969 /* NFS */,      0xff534d42 /* CIFS */, 0xfe534d42 /* SMB2 */, 0x517b /* SMB */,
        0x65735546 /* FUSE */, 0x01021997 /* 9P */,   0x00c36400 /* Ceph */, 0x5346414f /* AFS */};
    struct statfs fs;

    if (statfs(path, &fs) < 0)
        return false;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if ((uint32_t)fs.f_type == magics[i])
            return true;
    return false;
}

static void poll_it(struct tail *t, struct tail_dir *d)
{
    if (d->wd == -1) {
        d->wd = -2;
        t->polled_dirs++;
        t->opts.intake.metrics->folders_polled++;
    }
    tail_tick_if_needed(t);
}

static void stop_polling(struct tail *t, struct tail_dir *d)
{
    if (d->wd != -2)
        return;
    d->wd = -1;
    t->polled_dirs--;
    t->opts.intake.metrics->folders_polled--;
}

static void say_limit(struct tail *t, const char *path, int err)
{
    if (t->said_limit == err)
        return;
    t->said_limit = err;
    diag_warn("inotify cannot watch %s (%s): it and others like it are looked at every %u ms "
              "instead; raise the sysctl %s",
              path, err_text(err), t->opts.poll_ms,
              err == -ENOSPC ? "fs.inotify.max_user_watches" : "fs.inotify.max_user_instances");
}

int watch_dir(struct tail *t, struct tail_dir *d)
{
    uint32_t mask = folder_events | (d->lists ? file_events : 0);
    struct tail_dir *other;

    if (t->inotify < 0 || is_remote(d->path)) {
        poll_it(t, d);
        return 0;
    }
    int wd = inotify_add_watch(t->inotify, d->path, mask);
    if (wd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return -ENOENT;
    if (wd < 0 && errno == ENOSPC)
        say_limit(t, d->path, -errno);
    if (wd < 0) {
        poll_it(t, d);
        return 0;
    }
    if (wd == d->wd)
        return 0;
    other = map_find(&t->by_watch, watch_key(&wd));
    if (other && other != d) { /* the same folder by another path: one of them has to be polled */
        poll_it(t, d);
        return 0;
    }
    stop_polling(t, d);
    watch_forget(t, d);
    if (map_put(&t->by_watch, watch_key(&wd), d) < 0) {
        inotify_rm_watch(t->inotify, wd);
        poll_it(t, d);
        return 0;
    }
    d->wd = wd;
    return 0;
}

void watch_forget(struct tail *t, struct tail_dir *d)
{
    stop_polling(t, d);
    if (d->wd < 0)
        return;
    map_remove(&t->by_watch, watch_key(&d->wd));
    inotify_rm_watch(t->inotify, d->wd); /* fails when the folder is gone */
    d->wd = -1;
}

/* --- events --- */

static void on_overflow(struct tail *t)
{
    diag_warn("inotify lost events (its queue was full): all followed folders are looked at; raise "
              "the sysctl fs.inotify.max_queued_events if this happens often");
    t->opts.intake.metrics->inotify_overflows_total++;
    LIST_FOR_EACH_SAFE (link, &t->dirs) {
        struct tail_dir *d = LIST_ITEM(link, struct tail_dir, link);
        d->round = 0;
    }
    for (;;) { /* scanning may add and remove folders */
        struct tail_dir *due = NULL;
        LIST_FOR_EACH (link, &t->dirs) {
            struct tail_dir *d = LIST_ITEM(link, struct tail_dir, link);
            if (d->round == 0)
                due = d;
        }
        if (!due)
            return;
        due->round = UINT32_MAX;
        if (watch_dir(t, due) < 0)
            dir_drop(t, due);
        else
            dir_scan(t, due);
    }
}

void watch_has_left(struct tail *t, struct tail_dir *d, const char *name, struct tail_file *f)
{
    struct tail_moved *m = &t->moved[t->moved_next++ % TAIL_MOVED];

    *m = (struct tail_moved){.dir = d, .file = f};
    snprintf(m->name, sizeof m->name, "%s", name);
}

struct tail_file *watch_last_left(const struct tail *t, const struct tail_dir *d, const char *name)
{
    for (uint32_t i = 1; i <= TAIL_MOVED; i++) {
        const struct tail_moved *m = &t->moved[(t->moved_next - i) % TAIL_MOVED];
        if (m->dir == d && m->file && strcmp(m->name, name) == 0)
            return m->file;
    }
    return NULL;
}

static void remember_move(struct tail *t, struct tail_dir *d, const struct inotify_event *ev)
{
    const struct tail_name *n = dir_name(d, ev->name);
    const struct tail_pattern *p = dir_fits(d, ev->name);
    struct tail_moved *m = &t->moved[t->moved_next++ % TAIL_MOVED];

    *m = (struct tail_moved){.cookie = ev->cookie, .dir = d, .pattern = n ? n->pattern : NULL};
    if (!m->pattern)
        m->pattern = p; /* it came and went before anybody looked */
    if (!m->pattern)
        m->cookie = 0;
    memcpy(m->name, ev->name, strlen(ev->name) + 1);
}

static struct tail_moved *moved_from(struct tail *t, uint32_t cookie)
{
    for (int i = 0; i < TAIL_MOVED; i++)
        if (cookie && t->moved[i].cookie == cookie)
            return &t->moved[i];
    return NULL;
}

/* The file that left the same name before this one. */
static struct tail_file *moved_before(const struct tail *t, const struct tail_moved *m)
{
    for (uint32_t i = 1; i < TAIL_MOVED; i++) {
        const struct tail_moved *x =
            &t->moved[((uint32_t)(m - t->moved) + TAIL_MOVED - i) % TAIL_MOVED];
        if (x->cookie && x->dir == m->dir && x->file && x->file != m->file &&
            strcmp(x->name, m->name) == 0)
            return x->file;
    }
    return NULL;
}

/* Files that left one name one after another are read in that order, and the one that has the name
 * now comes last. */
static void put_in_row(struct tail *t, struct tail_moved *m, struct tail_file *f)
{
    const struct tail_name *n = dir_name(m->dir, m->name);

    m->file = f;
    struct tail_file *before = moved_before(t, m);
    if (before && followed_is_unread(f))
        followed_wait_for(t, f, before);
    if (n && n->file && n->file != f && followed_is_unread(n->file))
        followed_wait_for(t, n->file, f);
}

static void on_move(struct tail *t, struct tail_dir *d, const struct inotify_event *ev)
{
    struct tail_moved *m = moved_from(t, ev->cookie);
    struct tail_was was = {0};

    if (m)
        was = (struct tail_was){m->pattern, m->dir, str_from(m->name)};
    struct tail_file *f = name_look(t, d, ev->name, LOOK_MOVED_IN, &was);

    if (f && m)
        put_in_row(t, m, f);
}

/* What has come may be what a link leads to. */
static void doubt_dangling(struct tail *t)
{
    while (!list_empty(&t->dangling)) {
        struct list *link = t->dangling.next;
        list_remove(link);
        list_push(&t->doubts, link);
    }
}

static void on_event(struct tail *t, const struct inotify_event *ev)
{
    if (ev->mask & IN_Q_OVERFLOW) {
        on_overflow(t);
        return;
    }
    struct tail_dir *d = map_find(&t->by_watch, watch_key(&ev->wd));
    if (!d)
        return;
    if (ev->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
        dir_drop(t, d);
        return;
    }
    if (ev->len == 0)
        return;
    if (ev->mask & IN_MODIFY) {
        const struct tail_name *n = dir_name(d, ev->name);
        if (n && n->file && !n->file->failing)
            followed_kick(t, n->file);
    }
    if (d->has_ends && (ev->mask & (IN_CREATE | IN_MOVED_TO)))
        doubt_dangling(t);
    if (ev->mask & IN_MOVED_FROM)
        remember_move(t, d, ev);
    if (ev->mask & (IN_CREATE | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB))
        name_look(t, d, ev->name, ev->mask & IN_DELETE ? LOOK_DELETED : 0, NULL);
    if (ev->mask & IN_MOVED_TO)
        on_move(t, d, ev);
}

static void take_events(struct tail *t)
{
    _Alignas(struct inotify_event) char bytes[EVENTS];
    ssize_t n;

    while ((n = read(t->inotify, bytes, sizeof bytes)) > 0) {
        for (const char *at = bytes; at < bytes + n;) {
            const struct inotify_event *ev = (const struct inotify_event *)(const void *)at;
            on_event(t, ev);
            at += sizeof *ev + ev->len;
        }
    }
}

/* A file that was found now may have taken its name from another one that nobody has seen yet; the
 * events that say so are in the queue already. */
void watch_drain(struct tail *t)
{
    do {
        t->undrained = false;
        if (t->inotify >= 0)
            take_events(t);
        name_settle(t);
    } while (t->undrained);
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct tail *t = timer->data;

    uv_poll_start(&t->poll, UV_READABLE, on_readable);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct tail *t = poll->data;
    int64_t now = clock_mono_us();

    (void)events;
    if (status < 0)
        return;
    watch_drain(t);
    if (now - t->woken_us < FLOOD_US) {
        uv_poll_stop(&t->poll);
        uv_timer_start(&t->pause, on_pause_over, FLOOD_PAUSE_MS, 0);
    }
    t->woken_us = now;
}

int watch_open(struct tail *t)
{
    t->inotify = t->opts.no_inotify ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (t->inotify < 0) {
        if (!t->opts.no_inotify)
            say_limit(t, "any folder", -errno);
        return 0;
    }
    uv_timer_init(&t->opts.loop->uv, &t->pause);
    t->pause.data = t;
    int err = uv_poll_init(&t->opts.loop->uv, &t->poll, t->inotify);
    if (err < 0)
        return err;
    t->poll.data = t;
    t->polling = true;
    return uv_poll_start(&t->poll, UV_READABLE, on_readable);
}

static void on_closed(uv_handle_t *handle)
{
    struct tail *t = handle->data;

    close(t->inotify);
    t->inotify = -1;
}

void watch_close(struct tail *t)
{
    if (!t->polling)
        return;
    t->polling = false;
    uv_close((uv_handle_t *)&t->pause, NULL);
    uv_close((uv_handle_t *)&t->poll, on_closed);
}
