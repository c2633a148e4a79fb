/* SPDX-License-Identifier: MIT
 *
 * tailer.c - turns of reading, and the few things that wait for time to pass.
 *
 * Each turn of the loop reads a few pieces, one of each file that is ready in turn, so that a large
 * file holds up neither the others nor the clients.
 */
#include "source/tail_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum {
    PIECES_A_TURN = 4,
    BLOCKED_MS = 250, /* the journal has refused: until it is tried again */
    TICK_MS = 500,
    LAZY_TICK_MS = 10 * 1000, /* when there are only quiet files to close */
    OPEN_SHARE = 4,           /* of all descriptors a quarter is for followed files */
    OPEN_MAX = 1024,
};

struct tail_opts tail_defaults(void)
{
    struct rlimit limit = {.rlim_cur = 1024};
    struct tail_opts o = {.linger_ms = 10 * 1000, .quiet_ms = 60 * 1000, .poll_ms = 1000};

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    o.open_max =
        limit.rlim_cur / OPEN_SHARE < OPEN_MAX ? (uint32_t)(limit.rlim_cur / OPEN_SHARE) : OPEN_MAX;
    return o;
}

/* --- turns --- */

static void on_again(uv_timer_t *timer)
{
    struct tail *t = timer->data;

    t->blocked = false;
    turn_hook_ask(t->opts.loop, &t->hook);
}

static void has_ended(struct tail *t, struct tail_file *f)
{
    if (f->fd >= 0) {
        list_remove(&f->open);
        list_push(&t->open, &f->open);
    }
    followed_release(t, f);
    if (!followed_is_wanted(f))
        followed_linger(t, f);
}

static void read_one(struct tail *t, struct tail_file *f)
{
    list_remove(&f->ready);
    int n = tail_read(t, f);
    if (n > 0 || t->blocked)
        list_push(&t->ready, &f->ready);
    else if (n == 0)
        has_ended(t, f);
    else
        followed_fail(t, f, n);
}

static void on_turn(struct turn_hook *hook)
{
    struct tail *t = LIST_ITEM(hook, struct tail, hook);

    if (t->undrained || !list_empty(&t->doubts))
        watch_drain(t);
    for (int i = 0; i < PIECES_A_TURN && !list_empty(&t->ready) && !t->blocked; i++)
        read_one(t, LIST_ITEM(t->ready.next, struct tail_file, ready));
    batch_clear(&t->batch);
    if (t->blocked)
        uv_timer_start(&t->again, on_again, BLOCKED_MS, 0);
    else if (!list_empty(&t->ready) || !list_empty(&t->doubts))
        turn_hook_ask(t->opts.loop, hook);
}

/* --- time --- */

static void retry_failing(struct tail *t, int64_t now)
{
    LIST_FOR_EACH_SAFE (link, &t->failing) {
        struct tail_file *f = LIST_ITEM(link, struct tail_file, later);
        if (f->retry_us > now)
            continue;
        list_remove(&f->later);
        f->failing = false;
        followed_kick(t, f);
    }
}

/* A file that nothing leads to may be written on by who holds it open; there are no events that
 * would tell. When nothing has come for a while its unfinished line is finished, and it goes. */
static void see_off(struct tail *t, int64_t now)
{
    int64_t linger_us = (int64_t)t->opts.linger_ms * 1000;
    bool crowded = t->open_count > t->opts.open_max;

    LIST_FOR_EACH_SAFE (link, &t->leaving) {
        struct tail_file *f = LIST_ITEM(link, struct tail_file, later);
        if (!list_empty(&f->ready) || f->after)
            continue;
        if (now - f->active_us < linger_us && !crowded) {
            if (f->fd >= 0)
                followed_kick(t, f);
            continue;
        }
        if (tail_finish(t, f) < 0)
            return;
        list_remove(link);
        f->leaving = false;
        if (list_empty(&f->names))
            followed_let_go(t, f);
    }
}

static void close_quiet(struct tail *t, int64_t now)
{
    int64_t quiet_us = (int64_t)t->opts.quiet_ms * 1000;

    LIST_FOR_EACH_SAFE (link, &t->open) {
        struct tail_file *f = LIST_ITEM(link, struct tail_file, open);
        if (now - f->active_us >= quiet_us && list_empty(&f->ready) && !list_empty(&f->names))
            followed_close(t, f);
    }
}

/* Calls fn for the folders that are due; it may add and remove folders. */
static void each_due(struct tail *t, bool (*is_due)(const struct tail_dir *d),
                     void (*fn)(struct tail *t, struct tail_dir *d))
{
    struct list due;

    list_init(&due);
    LIST_FOR_EACH_SAFE (link, &t->dirs) {
        if (!is_due(LIST_ITEM(link, struct tail_dir, link)))
            continue;
        list_remove(link);
        list_push(&due, link);
    }
    while (!list_empty(&due)) {
        struct tail_dir *d = LIST_ITEM(due.next, struct tail_dir, link);
        list_remove(&d->link);
        list_push(&t->dirs, &d->link);
        fn(t, d);
    }
}

static bool is_polled(const struct tail_dir *d)
{
    return d->wd == -2;
}

/* Folders without a watch are watched as soon as that can be done; until then they are looked
 * at. */
static void look_at(struct tail *t, struct tail_dir *d)
{
    if (watch_dir(t, d) < 0)
        dir_drop(t, d);
    else
        dir_scan(t, d);
}

/* A folder that was removed tells nobody as long as a file that was in it is open. */
static bool is_elsewhere(const struct tail_dir *d)
{
    struct stat st;
    return stat(d->path, &st) < 0 || st.st_dev != d->dev || st.st_ino != d->ino;
}

static void walk_again(struct tail *t)
{
    t->astray = false;
    for (size_t i = 0; i < t->wanted.pattern_count; i++) {
        bool astray = t->wanted.patterns[i].astray;
        t->wanted.patterns[i].astray = false;
        if (astray)
            dir_walk(t, &t->wanted.patterns[i]);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct tail *t = timer->data;
    int64_t now = clock_mono_us();

    retry_failing(t, now);
    see_off(t, now);
    close_quiet(t, now);
    if (t->polled_dirs > 0)
        each_due(t, is_polled, look_at);
    if (t->vanished)
        each_due(t, is_elsewhere, dir_drop);
    t->vanished = t->vanished && !list_empty(&t->leaving);
    name_settle(t);
    if (t->astray)
        walk_again(t);
    if (t->blocked && !uv_is_active((uv_handle_t *)&t->again))
        uv_timer_start(&t->again, on_again, BLOCKED_MS, 0);
    tail_tick_if_needed(t);
}

void tail_tick_if_needed(struct tail *t)
{
    uint64_t ms = t->opts.poll_ms < TICK_MS ? t->opts.poll_ms : TICK_MS;
    bool lazy = list_empty(&t->failing) && list_empty(&t->leaving) && !t->astray;
    uint64_t lazy_ms = t->opts.quiet_ms < LAZY_TICK_MS ? t->opts.quiet_ms : LAZY_TICK_MS;

    if (t->closed || (lazy && list_empty(&t->open) && t->polled_dirs == 0))
        return;
    if (lazy)
        ms = t->polled_dirs > 0 ? t->opts.poll_ms : lazy_ms;
    if (!uv_is_active((uv_handle_t *)&t->tick) || uv_timer_get_due_in(&t->tick) > ms)
        uv_timer_start(&t->tick, on_tick, ms, 0);
}

/* --- life --- */

static void init(struct tail *t, const struct tail_opts *opts)
{
    t->opts = *opts;
    t->inotify = -1;
    list_init(&t->dirs);
    list_init(&t->ready);
    list_init(&t->open);
    list_init(&t->failing);
    list_init(&t->leaving);
    list_init(&t->doubts);
    list_init(&t->dangling);
    turn_hook_init(&t->hook, on_turn);
    uv_timer_init(&opts->loop->uv, &t->tick);
    uv_timer_init(&opts->loop->uv, &t->again);
    t->tick.data = t->again.data = t;
}

/* Its pages come with use: only a long line takes more than the first piece. */
static int map_buffer(struct tail *t)
{
    void *p = mmap(NULL, TAIL_BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return -ENOMEM;
    t->buffer = p;
    return 0;
}

int tail_new(struct tail **ret, const struct tail_opts *opts, struct errinfo *info)
{
    struct tail *t = calloc(1, sizeof *t);

    if (!t)
        return -ENOMEM;
    init(t, opts);
    int err = map_buffer(t);
    if (err == 0)
        err = wanted_read(&t->wanted, opts->settings, info);
    if (err == 0 && t->wanted.pattern_count > 0)
        err = watch_open(t);
    if (err < 0) {
        tail_close(t);
        uv_run(&opts->loop->uv, UV_RUN_NOWAIT);
        tail_free(t);
        return err;
    }
    tail_walk_all(t);
    *ret = t;
    return 0;
}

void tail_close(struct tail *t)
{
    if (!t || t->closed)
        return;
    t->closed = true;
    turn_hook_cancel(&t->hook);
    watch_close(t);
    uv_close((uv_handle_t *)&t->tick, NULL);
    uv_close((uv_handle_t *)&t->again, NULL);
}

void tail_free(struct tail *t)
{
    if (!t)
        return;
    t->blocked = true; /* nothing is read any more */
    tail_let_all_go(t);
    map_fini(&t->left);
    map_fini(&t->by_inode);
    map_fini(&t->by_path);
    map_fini(&t->by_watch);
    wanted_fini(&t->wanted);
    batch_fini(&t->batch);
    if (t->buffer)
        munmap(t->buffer, TAIL_BUFFER);
    free(t);
}
