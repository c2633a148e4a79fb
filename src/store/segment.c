/* SPDX-License-Identifier: MIT
 *
 * segment.c - writing a pair of files so that a crash at any moment leaves all or nothing.
 */
#include "store/segment_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void segment_day(int64_t wall_us, char day[11])
{
    char text[27];

    clock_rfc3339(wall_us, text);
    snprintf(day, 11, "%.10s", text);
}

uint64_t segment_disk_n(int fd, uint64_t most)
{
    struct stat st;
    uint64_t n = fstat(fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : most;
    return n < most ? n : most;
}

void segment_path(const char *dir, const char *day, const char *name, const char *ending,
                  char path[SEGMENT_PATH])
{
    snprintf(path, SEGMENT_PATH, "%s/%s/%s%s", dir, day, name, ending);
}

int segment_sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = fd < 0 || fsync(fd) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    return err;
}

int segment_write(int fd, const char *p, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t did = pwrite(fd, p, n, (off_t)at);
        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0)
            return did < 0 ? -errno : -EIO;
        p += did;
        at += (uint64_t)did;
        n -= (size_t)did;
    }
    return 0;
}

struct segment *segment_new(const char *day, const char *name)
{
    struct segment *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    list_init(&s->link);
    snprintf(s->day, sizeof s->day, "%s", day);
    snprintf(s->name, sizeof s->name, "%s", name);
    s->first_id = strtoull(name, NULL, 10);
    return s;
}

void segment_close(struct segment *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->count; i++)
        chunk_unref(s->chunks[i]);
    free(s->chunks);
    chunk_files_unref(s->files);
    free(s);
}

int segment_adopt(struct segment *s, int seg_fd, int idx_fd)
{
    s->files = seg_fd >= 0 && idx_fd >= 0 ? chunk_files_new(seg_fd, idx_fd) : NULL;
    if (s->files)
        return 0;
    if (seg_fd >= 0)
        close(seg_fd);
    if (idx_fd >= 0)
        close(idx_fd);
    return -ENOMEM;
}

int segment_reserve(struct segment *s)
{
    if (s->count < s->cap)
        return 0;
    uint32_t cap = s->cap ? s->cap * 2 : 16;
    struct chunk **chunks = realloc(s->chunks, cap * sizeof *chunks);
    if (!chunks)
        return -ENOMEM;
    s->chunks = chunks;
    s->cap = cap;
    return 0;
}

void segment_take(struct segment *s, struct chunk *c)
{
    lm_assert(s->count < s->cap && c->seg_at >= s->seg_n && c->idx_at == s->idx_n);
    s->chunks[s->count++] = c;
    s->seg_n = c->seg_at + c->seg_n;
    s->idx_n = c->idx_at + c->idx_n;
}

void segment_cut(struct segment *s, uint64_t floor)
{
    uint32_t n = 0;

    while (n < s->count && s->chunks[n]->end_id <= floor)
        chunk_unref(s->chunks[n++]);
    s->count -= n;
    memmove(s->chunks, s->chunks + n, s->count * sizeof s->chunks[0]);
}

/* --- a new pair --- */

static int make_dir(const char *dir, const char *day)
{
    char path[SEGMENT_PATH];

    snprintf(path, sizeof path, "%s/%s", dir, day);
    if (mkdir(path, 0700) == 0)
        return segment_sync_dir(dir);
    return errno == EEXIST ? 0 : -errno;
}

static int make_file(const char *dir, const char *day, const char *name, const char *ending,
                     int *ret)
{
    char path[SEGMENT_PATH];

    segment_path(dir, day, name, ending, path);
    *ret = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *ret < 0 ? -errno : 0;
}

enum { SEG, IDX, ENDINGS };

/* .idx comes first where files go: without it nothing exists. */
static const char *ending_of(const struct segment *s, int i)
{
    static const char *const endings[][ENDINGS] = {{".seg", ".idx"}, {".seg.new", ".idx.new"}};
    return endings[s->aside][i];
}

/* An empty pair becomes durable. */
static int sync_pair(const char *dir, const char *day, int seg_fd, int idx_fd)
{
    char path[SEGMENT_PATH];

    snprintf(path, sizeof path, "%s/%s", dir, day);
    return fsync(seg_fd) < 0 || fsync(idx_fd) < 0 ? -errno : segment_sync_dir(path);
}

static int make_pair(const char *dir, const char *day, const char *name, bool aside,
                     struct segment **ret)
{
    const struct segment named = {.aside = aside};
    char path[SEGMENT_PATH];
    int seg_fd = -1, idx_fd = -1;
    struct segment *s = NULL;
    int err = make_file(dir, day, name, ending_of(&named, SEG), &seg_fd);

    if (err < 0)
        return err;
    err = make_file(dir, day, name, ending_of(&named, IDX), &idx_fd);
    if (err == 0 && !aside)
        err = sync_pair(dir, day, seg_fd, idx_fd);
    if (err == 0 && !(s = segment_new(day, name)))
        err = -ENOMEM;
    if (err == 0) {
        err = segment_adopt(s, seg_fd, idx_fd);
        seg_fd = idx_fd = -1;
    }
    if (err == 0) {
        s->aside = aside;
        *ret = s;
        return 0;
    }
    for (int i = 0; i < ENDINGS; i++) {
        segment_path(dir, day, name, ending_of(&named, i), path);
        unlink(path);
    }
    if (seg_fd >= 0)
        close(seg_fd);
    if (idx_fd >= 0)
        close(idx_fd);
    segment_close(s);
    return err;
}

int segment_create(const char *dir, const char *day, uint64_t first_id, struct segment **ret)
{
    char name[SEGMENT_NAME];
    int err = make_dir(dir, day);

    snprintf(name, sizeof name, "%016" PRIu64, first_id);
    if (err == 0)
        err = make_pair(dir, day, name, false, ret);
    /* A pair that was given up has the name. */
    for (uint32_t twin = 1; err == -EEXIST && twin < 1000; twin++) {
        snprintf(name, sizeof name, "%016" PRIu64 "-%08" PRIu32, first_id, twin);
        err = make_pair(dir, day, name, false, ret);
    }
    return err;
}

/* --- a pair that takes the place of another --- */

/* Its own number among those with the same first id; 0: it has none. */
static uint32_t twin_number(const struct segment *s)
{
    const char *dash = strchr(s->name, '-');
    return dash ? (uint32_t)strtoul(dash + 1, NULL, 10) : 0;
}

static bool is_free(const char *dir, const char *day, const char *name)
{
    char path[SEGMENT_PATH];
    struct stat st;

    segment_path(dir, day, name, ".seg", path);
    if (stat(path, &st) == 0)
        return false;
    segment_path(dir, day, name, ".idx", path);
    return stat(path, &st) < 0;
}

int segment_create_twin(const char *dir, const struct segment *of, struct segment **ret)
{
    char name[SEGMENT_NAME];
    uint32_t twin = twin_number(of);

    do
        snprintf(name, sizeof name, "%016" PRIu64 "-%08" PRIu32, of->first_id, ++twin);
    while (!is_free(dir, of->day, name));
    return make_pair(dir, of->day, name, true, ret);
}

int segment_show(const char *dir, struct segment *s)
{
    char from[SEGMENT_PATH], to[SEGMENT_PATH];

    if (fsync(s->files->seg_fd) < 0 || fsync(s->files->idx_fd) < 0)
        return -errno;
    /* The index goes last: it can be made anew from the chunks, they cannot from it. */
    for (int i = SEG; i <= IDX; i++) {
        segment_path(dir, s->day, s->name, i == SEG ? ".seg.new" : ".idx.new", from);
        segment_path(dir, s->day, s->name, i == SEG ? ".seg" : ".idx", to);
        if (rename(from, to) < 0)
            return -errno;
    }
    s->aside = false;
    snprintf(to, sizeof to, "%s/%s", dir, s->day);
    return segment_sync_dir(to);
}

int segment_remove(const char *dir, const struct segment *s)
{
    char path[SEGMENT_PATH];
    int err = 0;

    for (int i = IDX; i >= SEG; i--) {
        segment_path(dir, s->day, s->name, ending_of(s, i), path);
        if (unlink(path) < 0 && errno != ENOENT && err == 0)
            err = -errno;
    }
    snprintf(path, sizeof path, "%s/%s", dir, s->day);
    rmdir(path); /* when it was the last */
    return err;
}

/* --- committing --- */

static int write_and_sync(struct segment *s, int fd, struct str bytes, uint64_t at)
{
    int err = segment_write(fd, bytes.p, bytes.n, at);

    if (err == 0 && !s->aside && fdatasync(fd) < 0) {
        err = -errno;
        s->closed = true; /* nobody knows what the disk has */
    }
    s->closed |= err == -EIO;
    return err;
}

int segment_commit(struct segment *s, const struct chunk_image *image, struct chunk **ret)
{
    struct chunk *c = NULL;
    int err = write_and_sync(s, s->files->seg_fd, buf_str(&image->seg), s->seg_n);

    /* Opened before it exists, so that nothing can fail afterwards. */
    if (err == 0)
        err = chunk_open(s->files, buf_str(&image->idx), s->idx_n, &c);
    if (err < 0) {
        (void)!ftruncate(s->files->seg_fd, (off_t)s->seg_n);
        return err;
    }
    err = write_and_sync(s, s->files->idx_fd, buf_str(&image->idx), s->idx_n);
    if (err < 0) {
        chunk_unref(c);
        /* The record must not come to light later. When even this fails the ids, which another
         * segment has by then, show at the next start that it counts for nothing. */
        (void)!ftruncate(s->files->idx_fd, (off_t)s->idx_n);
        (void)!ftruncate(s->files->seg_fd, (off_t)s->seg_n);
        return err;
    }
    *ret = c;
    return 0;
}
