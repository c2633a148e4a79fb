/* SPDX-License-Identifier: MIT
 *
 * ring_in_folder.c - ring files where they lie: opened for a program that has called, and read for
 * those that have nobody to call, because no hub was there or the program had no connection.
 *
 * Threads: loop thread. Owns: the descriptors of the folder and of inotify, in struct ring_server.
 */
#include "source/ring_in_impl.h"

#include "base/diag.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

int ring_folder_open(struct ring_server *s, const char *socket, struct errinfo *info)
{
    char path[256];
    struct stat st;

    snprintf(path, sizeof path, "%s.rings", socket);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_set(info, -errno, "cannot make the folder %s: %s", path, err_text(-errno));
    s->dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->dir < 0)
        return err_set(info, -errno, "cannot open the folder %s: %s", path, err_text(-errno));
    if (fstat(s->dir, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 022))
        return 0;
    return err_set(info, -EPERM,
                   "the folder %s must belong to this user and be writable for nobody else", path);
}

bool ring_is_locked(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    return fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

/* Looked at before it is opened for writing: the end of that would be an event of the folder. */
int ring_attach(struct logger *l)
{
    const struct ring_server *s = l->server;
    int fd = openat(s->dir, l->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), both;

    if (fd < 0)
        return -errno;
    int err = ring_file_open(&l->file, fd, &s->intake);
    if (err < 0) {
        close(fd);
        return err;
    }
    both = openat(s->dir, l->name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (both < 0)
        return -errno;
    close(fd);
    l->file.fd = both;
    return 0;
}

/* What was left while no hub was. A program that lives learns with its next record that there is
 * one. */
static void read_left(struct ring_server *s, const char *name)
{
    struct logger *l = strlen(name) == NAME_N ? ring_logger_new(s, NULL) : NULL;

    if (!l)
        return;
    memcpy(l->name, name, NAME_N + 1);
    if (ring_attach(l) == 0) {
        ring_drain_all(l);
        if (ring_file_sleep(&l->file)) /* something came in between; what comes now calls us */
            ring_drain_all(l);
    }
    ring_settle(l);
}

static bool is_known(const struct ring_server *s, const char *name)
{
    LIST_FOR_EACH (link, &s->logs)
        if (strcmp(LIST_ITEM(link, struct logger, link)->name, name) == 0)
            return true;
    return false;
}

/* Somebody has closed a ring: a program that ends, or one of us. */
static void look_at(struct ring_server *s, const char *name)
{
    int fd = is_known(s, name)
                 ? -1
                 : openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return;
    bool lives = ring_is_locked(fd);
    close(fd);
    if (!lives)
        read_left(s, name);
}

static void on_folder(uv_poll_t *poll, int status, int events)
{
    struct ring_server *s = poll->data;
    char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;

    (void)status;
    (void)events;
    while ((n = read(s->inotify, bytes, sizeof bytes)) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const struct inotify_event *)(void *)(bytes + at);
            if (e->len)
                look_at(s, e->name);
            at += (ssize_t)(sizeof *e + e->len);
        }
}

void ring_folder_watch(struct ring_server *s, const char *socket)
{
    char path[256];

    snprintf(path, sizeof path, "%s.rings", socket);
    s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (s->inotify >= 0 && inotify_add_watch(s->inotify, path, IN_CLOSE_WRITE | IN_ONLYDIR) >= 0 &&
        uv_poll_init(&s->loop->uv, &s->watch, s->inotify) == 0) {
        s->watch.data = s;
        uv_poll_start(&s->watch, UV_READABLE, on_folder);
        return;
    }
    diag_warn("%s cannot be watched: rings of programs that had no connection are read at the next "
              "start",
              path);
}

void ring_server_look(struct ring_server *s)
{
    int fd = fcntl(s->dir, F_DUPFD_CLOEXEC, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(dir)))
        if (!is_known(s, entry->d_name))
            read_left(s, entry->d_name);
    closedir(dir);
}
