/* SPDX-License-Identifier: MIT
 *
 * backup.c - the files of a store, in the order that makes a copy whole.
 */
#include "store/backup.h"

#include "hub/journal.h"
#include "hub/number.h"
#include "store/segment_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TIMES_MAX = 20, PIECE = 1 << 20, FOLDER_MAX = 2048 };
static const off_t WHOLE = INT64_MAX;

struct copying {
    const char *from, *to;
    uint32_t epoch; /* of the store */
    char *piece;
    uint64_t bytes;
    char at[256]; /* what failed, below `to` */
};

/* Both are known to fit: backup_copy() has looked at the folders, and the names in them are
 * short. */
static void join(char path[SEGMENT_PATH], const char *dir, const char *name)
{
    lm_assert(snprintf(path, SEGMENT_PATH, "%s/%s", dir, name) < SEGMENT_PATH);
}

/* --- one file --- */

static int copy_range(struct copying *c, int in, int out, off_t at, off_t end)
{
    while (at < end) {
        size_t n = end - at < PIECE ? (size_t)(end - at) : PIECE;
        ssize_t did = pread(in, c->piece, n, at);
        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0)
            return did < 0 ? -errno : 0; /* it has become shorter: what is gone was not committed */
        int err = segment_write(out, c->piece, (size_t)did, (uint64_t)at);
        if (err < 0)
            return err;
        at += did;
        c->bytes += (uint64_t)did;
    }
    return 0;
}

/* Up to `end`; what lies behind becomes zeros. Holes stay holes. */
static int copy_data(struct copying *c, int in, int out, off_t end)
{
    struct stat st;
    int err = fstat(in, &st) < 0 || ftruncate(out, st.st_size) < 0 ? -errno : 0;

    end = end < st.st_size ? end : st.st_size;
    for (off_t at = 0; err == 0 && at < end;) {
        off_t data = lseek(in, at, SEEK_DATA);
        if (data < 0)
            return errno == ENXIO ? 0 : -errno;
        off_t hole = lseek(in, data, SEEK_HOLE);
        at = hole < 0 || hole > end ? end : hole;
        err = copy_range(c, in, out, data, at);
    }
    return err;
}

/* At most `end` bytes of it. -ENOENT: it is gone from where it was. */
static int copy_file(struct copying *c, const char *name, off_t end)
{
    char path[SEGMENT_PATH];

    snprintf(c->at, sizeof c->at, "%.255s", name);
    join(path, c->from, name);
    int in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return -errno;
    join(path, c->to, name);
    int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int err = out < 0 ? -errno : copy_data(c, in, out, end);
    if (err == 0 && fsync(out) < 0)
        err = -errno;
    if (out >= 0)
        close(out);
    close(in);
    return err;
}

/* --- folders --- */

typedef int name_fn(struct copying *c, const char *dir, const char *name);

/* Calls fn for every name in from/dir, sorted, until it returns something. -ENOENT: there is no
 * such folder. */
static int each_name(struct copying *c, const char *dir, name_fn *fn)
{
    char path[SEGMENT_PATH];
    struct dirent **names = NULL;
    int err = 0;

    snprintf(c->at, sizeof c->at, "%.255s", dir);
    join(path, c->from, dir);
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        if (err == 0)
            err = fn(c, dir, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return err;
}

static int make_dir(struct copying *c, const char *dir)
{
    char path[SEGMENT_PATH];

    snprintf(c->at, sizeof c->at, "%.255s", dir);
    join(path, c->to, dir);
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int sync_dir(struct copying *c, const char *dir)
{
    char path[SEGMENT_PATH];

    join(path, c->to, dir);
    return segment_sync_dir(path);
}

static size_t digits(const char *name)
{
    return strspn(name, "0123456789");
}

/* Of a file that is being written what is settled now: a later frame may be read whole while the one before
 * was not. A file that is used again meanwhile has been sealed: the history, which comes later, has
 * it. */
static int copy_journal_file(struct copying *c, const char *dir, const char *name)
{
    char path[SEGMENT_PATH], from[SEGMENT_PATH];
    struct journal_look look = {.dir = from, .epoch = c->epoch};
    uint64_t settled = WHOLE;

    if (digits(name) != 16 || (name[16] && name[16] != '-'))
        return 0;
    join(from, c->from, dir);
    int err = journal_settled(&look, name, &settled);
    if (err < 0 && err != -LM_E_DAMAGED)
        return err == -ENOENT ? 0 : err;
    join(path, dir, name);
    err = copy_file(c, path, (off_t)settled);
    return err == -ENOENT ? 0 : err;
}

/* For an .idx file both of the pair: what the index speaks of is in the other by then. */
static int copy_pair(struct copying *c, const char *dir, const char *name)
{
    char path[SEGMENT_PATH];
    size_t n = strlen(name);

    if (digits(name) != 16 || n < 20 || strcmp(name + n - 4, ".idx") != 0)
        return 0;
    join(path, dir, name);
    int err = copy_file(c, path, WHOLE);
    memcpy(path + strlen(path) - 4, ".seg", 4);
    return err < 0 ? err : copy_file(c, path, WHOLE);
}

static int copy_day(struct copying *c, const char *dir, const char *name)
{
    char path[SEGMENT_PATH];

    if (strlen(name) != 10 || digits(name) != 4 || name[4] != '-')
        return 0;
    join(path, dir, name);
    int err = make_dir(c, path);
    if (err == 0)
        err = each_name(c, path, copy_pair);
    return err < 0 ? err : sync_dir(c, path);
}

/* --- has something gone? --- */

static int check_file(struct copying *c, const char *dir, const char *name)
{
    char path[SEGMENT_PATH], below[SEGMENT_PATH];

    join(below, dir, name);
    join(path, c->to, below);
    return *name == '.' || access(path, F_OK) == 0 ? 0 : -ENOENT;
}

static int check_day(struct copying *c, const char *dir, const char *name)
{
    char path[SEGMENT_PATH];

    if (digits(name) != 4)
        return 0;
    join(path, dir, name);
    return each_name(c, path, check_file);
}

/* -ENOENT: what was copied is not there any more. */
static int check_history(const struct copying *c)
{
    struct copying back = {.from = c->to, .to = c->from};
    return each_name(&back, "history", check_day);
}

static int remove_file(struct copying *c, const char *dir, const char *name)
{
    char path[SEGMENT_PATH], below[SEGMENT_PATH];

    join(below, dir, name);
    join(path, c->from, below);
    return *name == '.' || unlink(path) == 0 ? 0 : -errno;
}

static int remove_day(struct copying *c, const char *dir, const char *name)
{
    char path[SEGMENT_PATH];

    if (digits(name) != 4)
        return *name == '.' ? 0 : remove_file(c, dir, name);
    join(path, dir, name);
    return each_name(c, path, remove_file);
}

static int remove_history(const struct copying *c)
{
    struct copying back = {.from = c->to};
    return each_name(&back, "history", remove_day);
}

/* --- the whole --- */

/* -ENOENT: something went meanwhile. */
static int copy_history_once(struct copying *c)
{
    int err = make_dir(c, "history");

    if (err == 0)
        err = each_name(c, "history", copy_day);
    if (err < 0)
        return err;
    err = copy_file(c, "history/tomb", WHOLE);
    if (err == -ENOENT) /* nothing was ever cleared */
        err = 0;
    return err < 0 ? err : check_history(c);
}

static int copy_history(struct copying *c)
{
    int err = copy_history_once(c);

    for (int i = 1; err == -ENOENT && i < TIMES_MAX; i++) {
        err = remove_history(c);
        if (err == 0)
            err = copy_history_once(c);
    }
    return err < 0 ? err : sync_dir(c, "history");
}

static bool is_used(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n > 2;
}

static int copy_all(struct copying *c, struct errinfo *info)
{
    int err = make_dir(c, "");

    if (err == 0)
        err = make_dir(c, "journal");
    if (err == 0)
        err = each_name(c, "journal", copy_journal_file);
    if (err == 0)
        err = sync_dir(c, "journal");
    if (err == 0)
        err = copy_history(c);
    if (err < 0)
        return err_set(info, err, "cannot copy %s of %s to %s, where the copy is not whole now: %s",
                       c->at, c->from, c->to, err_text(err));
    return numbers_copy(c->from, c->to, info);
}

/* What can be said before anything is written. */
static int check_folders(const char *from, const char *to, struct errinfo *info)
{
    if (strlen(from) > FOLDER_MAX || strlen(to) > FOLDER_MAX)
        return err_set(info, -ENAMETOOLONG, "the name of the folder is too long");
    if (is_used(to))
        return err_set(info, -EEXIST, "%s is not empty", to);
    if (access(from, R_OK | X_OK) < 0 && errno == EACCES)
        return err_set(info, -EACCES, "%s may be read only by its owner: copy as that user", from);
    if (numbers_peek_epoch(from) == 0)
        return err_set(info, -ENOENT, "there is no store in %s", from);
    return 0;
}

int backup_copy(const char *from, const char *to, uint64_t *ret_bytes, struct errinfo *info)
{
    int err = check_folders(from, to, info);

    if (err < 0)
        return err;
    struct copying c = {
        .from = from, .to = to, .epoch = numbers_peek_epoch(from), .piece = malloc(PIECE)};
    err = c.piece ? copy_all(&c, info) : err_set(info, -ENOMEM, "no memory for a copy");
    if (err == 0)
        *ret_bytes = c.bytes;
    free(c.piece);
    return err;
}
