/* SPDX-License-Identifier: MIT
 *
 * textfile.c - appending to the file of the day, whatever others do to it.
 */
#include "store/textfile.h"

#include "base/clock.h"
#include "proc/keeper_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_EVERY_US = 1000000, RETRY_EVERY_US = 5000000 };

void textfile_init(struct textfile *t, const char *dir_path, const char *name, uint64_t max_bytes)
{
    *t = (struct textfile){
        .dir_path = dir_path, .name = name, .max_bytes = max_bytes, .dir = -1, .fd = -1};
}

static void close_file(struct textfile *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

void textfile_fini(struct textfile *t)
{
    close_file(t);
    if (t->dir >= 0)
        close(t->dir);
    t->dir = -1;
}

static void stem_of(const struct textfile *t, char out[ROTATE_NAME_MAX])
{
    snprintf(out, ROTATE_NAME_MAX, "%s-%s", t->name, t->day);
}

static void name_of(const struct textfile *t, char out[ROTATE_NAME_MAX])
{
    snprintf(out, ROTATE_NAME_MAX, "%s-%s.log", t->name, t->day);
}

/* A line that was cut by a crash gets its end, so that the next one begins on its own. */
static int end_last_line(struct textfile *t)
{
    char last;

    if (t->size == 0 || pread(t->fd, &last, 1, (off_t)t->size - 1) != 1 || last == '\n')
        return 0;
    if (write(t->fd, "\n", 1) != 1)
        return -errno;
    t->size++;
    return 0;
}

static int open_file(struct textfile *t)
{
    char name[ROTATE_NAME_MAX], stem[ROTATE_NAME_MAX];
    struct stat st;

    name_of(t, name);
    stem_of(t, stem);
    t->fd = rotate_open(t->dir, name, 0);
    if (t->fd < 0)
        return t->fd;
    if (fstat(t->fd, &st) < 0)
        return -errno;
    t->size = (uint64_t)st.st_size;
    t->rotate = (struct rotate){.number = rotate_next_number(t->dir, stem)};
    return end_last_line(t);
}

/* Does the name still lead to the file that is open? Else a new one is made. */
static void look_at_name(struct textfile *t, int64_t now)
{
    char name[ROTATE_NAME_MAX];
    struct stat have, want;

    if (t->fd < 0 || now < t->look_at_us || t->rotate.state != ROTATE_REST)
        return;
    t->look_at_us = now + LOOK_EVERY_US;
    name_of(t, name);
    if (fstat(t->fd, &have) == 0 && fstatat(t->dir, name, &want, AT_SYMLINK_NOFOLLOW) == 0 &&
        have.st_ino == want.st_ino && have.st_dev == want.st_dev) {
        t->size = (uint64_t)have.st_size; /* somebody may have cut it */
        return;
    }
    close_file(t);
}

/* A rotation that fails is tried again later; meanwhile the file grows. */
static void rotate_when_full(struct textfile *t, size_t more, int64_t now)
{
    char stem[ROTATE_NAME_MAX];
    int fd;

    if (t->size == 0 || t->size + more <= t->max_bytes || now < t->rotate_at_us)
        return;
    stem_of(t, stem);
    if (rotate_run(&t->rotate, t->dir, stem, t->fd, &fd) < 0) {
        t->rotate_at_us = now + RETRY_EVERY_US;
        return;
    }
    close_file(t);
    t->fd = fd;
    t->size = 0;
    t->finished_one = true;
}

/* Whole or not at all: what was begun is cut off again. */
static int append(struct textfile *t, struct str lines)
{
    size_t done = 0;

    while (done < lines.n) {
        ssize_t n = write(t->fd, lines.p + done, lines.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int err = -errno;
            (void)!ftruncate(t->fd, (off_t)t->size);
            return err;
        }
        done += (size_t)n;
    }
    t->size += lines.n;
    return 0;
}

static int write_now(struct textfile *t, const char *day, struct str lines, int64_t now,
                     struct errinfo *info)
{
    int err = t->dir >= 0 ? 0 : log_dir_open(t->dir_path, &t->dir, info);

    if (err < 0)
        return err;
    if (strcmp(t->day, day) != 0) {
        t->finished_one |= t->fd >= 0;
        close_file(t);
        memcpy(t->day, day, sizeof t->day);
    }
    look_at_name(t, now);
    if (t->fd < 0)
        err = open_file(t);
    if (err < 0)
        return err;
    rotate_when_full(t, lines.n, now);
    return append(t, lines);
}

static void describe(const struct textfile *t, int err, struct errinfo *info)
{
    char name[ROTATE_NAME_MAX];

    name_of(t, name);
    if (err == -LM_E_REFUSED)
        err_set(info, err, "%s/%s is not a plain file of ours and is left alone", t->dir_path,
                name);
    else
        err_set(info, err, "%s/%s cannot be written: %s", t->dir_path, name, err_text(err));
}

int textfile_write(struct textfile *t, const char *day, struct str lines, struct errinfo *info)
{
    int64_t now = clock_mono_us();

    *info = (struct errinfo){0};
    if (t->err && now < t->retry_at_us) {
        t->missing += lines.n;
        return t->err;
    }
    int err = write_now(t, day, lines, now, info);
    if (err == 0) {
        t->err = 0;
        return 0;
    }
    if (t->err)
        *info = (struct errinfo){0};
    else if (!info->text[0])
        describe(t, err, info);
    close_file(t);
    t->err = err;
    t->missing += lines.n;
    t->retry_at_us = now + RETRY_EVERY_US;
    return err;
}
