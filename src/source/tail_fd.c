/* SPDX-License-Identifier: MIT
 *
 * tail_fd.c - which of the followed files are open, and what happens when one cannot be.
 *
 *     open ─▶ list of open files, the one read longest ago in front ─(too many)─▶ closed; an event opens it again
 *     failing ─▶ tried again after half a second, then after twice as long each time, to a minute
 *
 * Threads: loop thread. Owns: the descriptor of each file.
 */
#include "source/tail_impl.h"

#include "base/clock.h"
#include "base/diag.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { RETRY_FIRST_MS = 500, RETRY_MAX_MS = 60 * 1000 };

void followed_close(struct tail *t, struct tail_file *f)
{
    if (f->fd < 0)
        return;
    close(f->fd);
    f->fd = -1;
    list_remove(&f->open);
    t->open_count--;
    t->opts.intake.metrics->files_open--;
    if (f->kept.n == 0)
        buf_fini(&f->kept);
}

/* Closes the one that was read longest ago, if it can be opened again. */
static void make_room(struct tail *t)
{
    LIST_FOR_EACH (link, &t->open) {
        struct tail_file *f = LIST_ITEM(link, struct tail_file, open);
        if (list_empty(&f->ready) && !list_empty(&f->names)) {
            followed_close(t, f);
            return;
        }
    }
}

static int open_name(const struct tail_name *n, const struct tail_file *f)
{
    char path[PATH_MAX];
    struct stat st;

    if ((size_t)snprintf(path, sizeof path, "%s/%s", n->dir->path, n->name) >= sizeof path)
        return -ENAMETOOLONG;
    int fd = follow_open(path, &st);
    if (fd < 0 || (st.st_dev == f->dev && st.st_ino == f->ino))
        return fd;
    close(fd);
    return -ESTALE;
}

int followed_open(struct tail *t, struct tail_file *f)
{
    int fd = -ENOENT;

    if (t->open_count >= t->opts.open_max)
        make_room(t);
    LIST_FOR_EACH (link, &f->names) {
        struct tail_name *n = LIST_ITEM(link, struct tail_name, of_file);
        fd = open_name(n, f);
        if (fd >= 0)
            break;
        if (fd == -ESTALE || fd == -ENOENT) {
            list_remove(&n->doubt);
            list_push(&t->doubts, &n->doubt);
        }
    }
    if (fd < 0)
        return fd;
    if (f->said)
        diag_info("%s can be read again", f->path);
    f->said = 0;
    f->retry_ms = 0;
    f->fd = fd;
    list_push(&t->open, &f->open);
    t->open_count++;
    t->opts.intake.metrics->files_open++;
    tail_tick_if_needed(t);
    return 0;
}

void followed_fail(struct tail *t, struct tail_file *f, int err)
{
    bool gone = err == -ESTALE || err == -ENOENT;

    followed_close(t, f);
    followed_release(t, f);
    if (gone && list_empty(&f->names)) {
        followed_linger(t, f);
        return;
    }
    if (!gone && err != -EAGAIN && f->said != err) {
        f->said = err;
        diag_warn("%s cannot be read: %s; it is tried again", f->path, err_text(err));
    }
    f->retry_ms = f->retry_ms ? f->retry_ms * 2 : RETRY_FIRST_MS;
    if (f->retry_ms > RETRY_MAX_MS)
        f->retry_ms = RETRY_MAX_MS;
    f->retry_us = clock_mono_us() + (int64_t)f->retry_ms * 1000;
    followed_not_later(f);
    f->failing = true;
    list_push(&t->failing, &f->later);
    tail_tick_if_needed(t);
}
