/* SPDX-License-Identifier: MIT
 *
 * runs.c - the files of runs/. A file is written under another name, locked and then renamed, so a
 * reader never meets one that is half written or not locked yet.
 */
#include "proc/runs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 1200, FILE_BYTES = 2048 };

void run_to_hex(const uint8_t run[RUN_ID], char out[RUN_HEX])
{
    for (int i = 0; i < RUN_ID; i++)
        snprintf(out + 2 * i, 3, "%02x", run[i]);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool run_from_hex(const char *hex, uint8_t ret_run[RUN_ID])
{
    if (strlen(hex) != RUN_HEX - 1)
        return false;
    for (int i = 0; i < RUN_ID; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_run[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

int make_dirs(const char *dir, mode_t mode)
{
    char path[PATH_BYTES];
    size_t n = strlen(dir);

    if (n >= sizeof path)
        return -ENAMETOOLONG;
    memcpy(path, dir, n + 1);
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(path, mode) < 0 && errno != EEXIST)
            return -errno;
        *at = '/';
    }
    return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

/* ---- writing ---- */

static int path_of(char out[PATH_BYTES], const char *dir, const char *prefix, const uint8_t *run)
{
    char hex[RUN_HEX];

    run_to_hex(run, hex);
    int n = snprintf(out, PATH_BYTES, "%s/%s%s", dir, prefix, hex);
    return n < 0 || n >= PATH_BYTES ? -ENAMETOOLONG : 0;
}

/* One line per member: a line end inside a text becomes a space. */
static int text_of(char out[FILE_BYTES], const struct run_file *run)
{
    int n = snprintf(out, FILE_BYTES,
                     "child_pid %010" PRId32 "\nname %s\nkeeper_pid %" PRId32
                     "\nstarted_us %" PRId64 "\nby_hand %d\n",
                     run->child_pid, run->name, run->keeper_pid, run->started_us, run->by_hand);
    for (int i = 0; i < 2; i++) {
        const char *text = i ? run->command : run->log;
        n += snprintf(out + n, (size_t)(FILE_BYTES - n), i ? "command " : "log ");
        for (; *text; text++)
            out[n++] = *text == '\n' ? ' ' : *text;
        out[n++] = '\n';
    }
    return n;
}

static int lock_whole(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &whole) < 0 ? -errno : 0;
}

int runs_create(const char *dir, const struct run_file *run)
{
    char path[PATH_BYTES], temporary[PATH_BYTES], text[FILE_BYTES];
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd, rc, n = text_of(text, run);

    if ((rc = path_of(path, dir, "", run->run)) < 0 ||
        (rc = path_of(temporary, dir, ".", run->run)) < 0)
        return rc;
    fd = open(temporary, flags, 0600);
    if (fd < 0 && errno == ENOENT && (rc = make_dirs(dir, 0700)) == 0)
        fd = open(temporary, flags, 0600);
    if (fd < 0)
        return rc < 0 ? rc : -errno;
    if ((rc = lock_whole(fd)) < 0)
        goto out;
    errno = ENOSPC;
    if (write(fd, text, (size_t)n) != n || rename(temporary, path) < 0)
        rc = -errno;
out:
    if (rc < 0) {
        unlink(temporary);
        close(fd);
        return rc;
    }
    return fd;
}

/* It stands at the beginning, and its width is fixed: one write of a few bytes, which a reader sees
 * or not. */
void runs_set_child(int fd, pid_t child)
{
    char text[32];
    int n = snprintf(text, sizeof text, "child_pid %010" PRId32, child);

    (void)!pwrite(fd, text, (size_t)n, 0); /* without it a new hub waits until we call */
}

void runs_remove(const char *dir, const uint8_t run[RUN_ID])
{
    char path[PATH_BYTES];

    if (path_of(path, dir, "", run) == 0)
        unlink(path);
}

/* ---- reading ---- */

static void copy_text(char *out, size_t size, struct str value)
{
    size_t n = value.n < size ? value.n : size - 1;
    memcpy(out, value.p, n);
    out[n] = '\0';
}

static void set_member(struct run_file *run, struct str key, struct str value)
{
    char number[24];

    if (value.n == 0)
        return;
    copy_text(number, sizeof number, value);
    if (str_is(key, "name"))
        copy_text(run->name, sizeof run->name, value);
    else if (str_is(key, "log"))
        copy_text(run->log, sizeof run->log, value);
    else if (str_is(key, "command"))
        copy_text(run->command, sizeof run->command, value);
    else if (str_is(key, "keeper_pid"))
        run->keeper_pid = (int32_t)strtol(number, NULL, 10);
    else if (str_is(key, "child_pid"))
        run->child_pid = (int32_t)strtol(number, NULL, 10);
    else if (str_is(key, "started_us"))
        run->started_us = strtoll(number, NULL, 10);
    else if (str_is(key, "by_hand"))
        run->by_hand = str_is(value, "1");
}

static bool is_locked(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

/* False when it is gone meanwhile or no file of ours. */
static bool read_one(int dir, const char *file_name, struct run_file *run)
{
    char text[FILE_BYTES];

    *run = (struct run_file){0};
    if (!run_from_hex(file_name, run->run))
        return false;
    int fd = openat(dir, file_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text);
    run->alive = is_locked(fd);
    close(fd);
    for (struct str rest = str_of(text, n > 0 ? (size_t)n : 0); rest.n > 0;) {
        struct str line = str_cut(rest, '\n', &rest), value;
        struct str key = str_cut(line, ' ', &value);
        set_member(run, key, value);
    }
    return run->name[0] != '\0';
}

int runs_each(const char *dir, run_file_fn *fn, void *ctx)
{
    DIR *d = opendir(dir);
    struct run_file run;

    if (!d)
        return errno == ENOENT ? 0 : -errno;
    for (struct dirent *entry; (entry = readdir(d));)
        if (read_one(dirfd(d), entry->d_name, &run))
            fn(&run, ctx);
    closedir(d);
    return 0;
}
