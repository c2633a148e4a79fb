/* SPDX-License-Identifier: MIT
 *
 * keeper_file.c - writing the plain file, whatever others do to it.
 *
 * The directory is opened once and everything below goes through its descriptor. Once a second, and
 * only when there is something to write, the name is looked up: if it no longer leads to the file
 * that is open (deleted, renamed by a rotation tool, replaced), a new one is made with O_EXCL. What
 * lies in its place is never opened; it stays there and we go on with the file we have.
 */
#include "proc/keeper_file.h"

#include "proc/runs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LOOK_EVERY_US = 1000000, RETRY_EVERY_US = 500000, REOPEN_EVERY_US = 5000000, MODE = 0640 };

static const int create_flags =
    O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;

/* Others must not be able to swap our file for a link between two looks at it. */
static int check_dir(int dir, const char *path, struct errinfo *info)
{
    struct stat st;

    if (fstat(dir, &st) < 0)
        return err_set(info, -errno, "%s: %s", path, err_text(-errno));
    if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
        return err_set(
            info, -LM_E_REFUSED,
            "the log directory %s may be changed by everybody; make it safe with chmod o-w", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return err_set(info, -LM_E_REFUSED,
                       "the log directory %s belongs to another user; choose another log_dir",
                       path);
    return 0;
}

int log_dir_open(const char *path, int *ret_dir, struct errinfo *info)
{
    int rc = 0, dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        rc = make_dirs(path, 0750);
        dir = rc < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (rc < 0)
        return err_set(info, rc, "the log directory %s cannot be made: %s", path, err_text(rc));
    if (dir < 0)
        return err_set(info, -errno, "the log directory %s cannot be opened: %s", path,
                       err_text(-errno));
    rc = check_dir(dir, path, info);
    if (rc < 0)
        close(dir);
    else
        *ret_dir = dir;
    return rc;
}

static int open_dir(struct keeper_file *f, struct errinfo *info)
{
    char path[1024];
    size_t n = f->base > f->path ? (size_t)(f->base - f->path) : 0;

    if (n >= sizeof path)
        return err_set(info, -ENAMETOOLONG, "the path of the log file is too long");
    memcpy(path, f->path, n);
    path[n] = '\0';
    if (n > 1)
        path[n - 1] = '\0'; /* without the slash */
    else if (n == 0)
        memcpy(path, ".", 2);
    return log_dir_open(path, &f->dir, info);
}

/* A regular file of ours with one name, or nothing: else bytes would land where nobody expects. */
static int open_to_append(struct keeper_file *f)
{
    struct stat st;

    int fd = openat(f->dir, f->base, create_flags & ~O_EXCL, MODE);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid()) {
        close(fd);
        return -LM_E_REFUSED;
    }
    char last = '\n';
    int reader = openat(f->dir, f->base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (st.st_size > 0 && reader >= 0 && pread(reader, &last, 1, st.st_size - 1) == 1)
        f->unfinished = last != '\n';
    if (reader >= 0)
        close(reader);
    f->size = (uint64_t)st.st_size;
    return fd;
}

/* "NAME.3" */
static bool old_name(const struct keeper_file *f, unsigned number, char out[300])
{
    int n = snprintf(out, 300, "%s.%u", f->base, number);
    return n > 0 && n < 300;
}

/* NAME.1 becomes NAME.2 and so on, from the oldest, so that a death in between costs none of
 * them. */
static void age(struct keeper_file *f)
{
    char from[300], to[300];

    for (unsigned i = f->how.kept - 1; i > 0; i--)
        if (old_name(f, i, from) && old_name(f, i + 1, to))
            (void)renameat(f->dir, from, f->dir, to); /* not there: nothing to age */
}

/* The previous file, be it a link, becomes PATH.1; nothing is written through it. */
static int open_afresh(struct keeper_file *f)
{
    char previous[300];

    if (!old_name(f, 1, previous))
        return -ENAMETOOLONG;
    for (int attempt = 0; attempt < 10; attempt++) {
        if (renameat(f->dir, f->base, f->dir, previous) < 0 && errno != ENOENT)
            return -errno;
        int fd = openat(f->dir, f->base, create_flags, MODE);
        if (fd >= 0 || errno != EEXIST)
            return fd >= 0 ? fd : -errno;
    }
    return -EEXIST;
}

int file_open(struct keeper_file *f, const char *path, const struct file_how *how,
              struct errinfo *info)
{
    const char *slash = strrchr(path, '/');

    *f = (struct keeper_file){
        .path = path, .base = slash ? slash + 1 : path, .how = *how, .dir = -1, .fd = -1};
    int rc = open_dir(f, info);
    if (rc < 0)
        goto failed;
    rc = how->append ? open_to_append(f) : open_afresh(f);
    if (rc < 0) {
        err_set(info, rc, "the log file %s cannot be opened: %s", path, err_text(rc));
        goto failed;
    }
    f->fd = rc;
    return 0;
failed:
    file_close(f);
    return rc;
}

void file_close(struct keeper_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->dir >= 0)
        close(f->dir);
    f->fd = f->dir = -1;
}

/* Begins a new file. When that fails, the present one goes on until the next attempt. */
static void rotate(struct keeper_file *f)
{
    age(f);
    int fd = open_afresh(f);
    f->size = 0;
    if (fd < 0)
        return;
    close(f->fd);
    f->fd = fd;
}

static void take_over(struct keeper_file *f, int fd)
{
    close(f->fd);
    f->fd = fd;
    f->size = 0;
    f->unfinished = false;
}

/* Makes the file again when its name leads elsewhere. Where another regular file lies (of a second
 * run of this name) all is as it should be: each goes on with its own. */
static enum file_event look_after(struct keeper_file *f, int64_t now_us, struct errinfo *info)
{
    struct stat ours, theirs;
    bool was_astray = f->astray;

    f->look_at_us = now_us + LOOK_EVERY_US;
    if (fstat(f->fd, &ours) < 0)
        return FILE_OK;
    bool found = fstatat(f->dir, f->base, &theirs, AT_SYMLINK_NOFOLLOW) == 0;
    bool here = found && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
    if (found && !here && S_ISREG(theirs.st_mode))
        return FILE_OK;
    int fd = here ? -1 : openat(f->dir, f->base, create_flags, MODE);
    int rc = here || fd >= 0 ? 0 : -errno;
    if (fd >= 0)
        take_over(f, fd);
    f->astray = rc < 0;
    if (f->astray && !was_astray)
        err_set(info, rc, "the log file %s was removed or replaced, and cannot be made again: %s",
                f->path, rc == -EEXIST ? "something else has its name" : err_text(rc));
    return f->astray == was_astray ? FILE_OK : f->astray ? FILE_ASTRAY : FILE_BACK;
}

/* All of the pieces, or -errno. */
static int write_pieces(int fd, struct iovec *at, int count)
{
    while (count > 0) {
        ssize_t n = writev(fd, at, count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        for (; count > 0 && (size_t)n >= at->iov_len; at++, count--)
            n -= (ssize_t)at->iov_len;
        if (count > 0) {
            at->iov_base = (char *)at->iov_base + n;
            at->iov_len -= (size_t)n;
        }
    }
    return 0;
}

/* Perhaps what was in the way is gone. */
static enum file_event open_again(struct keeper_file *f, int64_t now_us)
{
    const struct file_how how = f->how;
    uint64_t missing = f->missing;
    struct errinfo unsaid;

    if (now_us < f->retry_at_us)
        return FILE_FAILED;
    int rc = file_open(f, f->path, &how, &unsaid);
    f->missing = missing;
    f->retry_at_us = rc < 0 ? now_us + REOPEN_EVERY_US : 0;
    return rc < 0 ? FILE_FAILED : FILE_BACK;
}

/* Whether bytes can be written now, and what there is to say about it. */
static bool prepare(struct keeper_file *f, int64_t now_us, enum file_event *ret,
                    struct errinfo *info)
{
    if (f->fd < 0) {
        enum file_event now = f->path ? open_again(f, now_us) : FILE_FAILED;
        *ret = now == FILE_BACK ? FILE_BACK : FILE_OK;
        return now == FILE_BACK;
    }
    if (f->retry_at_us && now_us < f->retry_at_us)
        return false;
    if (now_us >= f->look_at_us)
        *ret = look_after(f, now_us, info);
    if (f->how.rotate_bytes && f->size >= f->how.rotate_bytes && !f->unfinished && !f->retry_at_us)
        rotate(f);
    return true;
}

enum file_event file_write(struct keeper_file *f, uint32_t stream, struct str bytes, int64_t now_us,
                           struct errinfo *info)
{
    union {
        const char *from;
        void *to;
    } p = {.from = bytes.p}; /* writev() takes no const */
    char line_end[] = "\n";
    struct iovec pieces[2] = {{line_end, 1}, {p.to, bytes.n}};
    enum file_event event = FILE_OK;

    lm_assert(bytes.n > 0);
    if (!prepare(f, now_us, &event, info)) {
        f->missing += bytes.n;
        return event;
    }
    int skip = f->unfinished && (stream != f->stream || f->retry_at_us) ? 0 : 1;
    int rc = write_pieces(f->fd, pieces + skip, 2 - skip);
    bool was_failing = f->retry_at_us != 0;
    if (rc < 0) {
        f->missing += pieces[1].iov_len;
        f->unfinished = true;
        f->retry_at_us = now_us + RETRY_EVERY_US;
        err_set(info, rc, "the log file %s cannot be written: %s", f->path, err_text(rc));
        return was_failing ? FILE_OK : FILE_FAILED;
    }
    f->missing += f->astray ? bytes.n : 0;
    f->stream = stream;
    f->size += bytes.n;
    f->unfinished = bytes.p[bytes.n - 1] != '\n';
    f->retry_at_us = 0;
    return was_failing && !f->astray ? FILE_BACK : event;
}
