/* SPDX-License-Identifier: MIT
 *
 * store_load.c - reading the folder history/, and the row of its chunks.
 */
#include "store/store_impl.h"

#include "base/clock.h"
#include "store/segment_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the row --- */

void chunk_row_unref(struct chunk_row *row)
{
    if (!row || --row->refs > 0)
        return;
    for (uint32_t i = 0; i < row->count; i++)
        chunk_unref(row->at[i]);
    free(row);
}

struct chunk_row *chunk_row_new(const struct store *s, uint32_t more)
{
    size_t count = more;

    LIST_FOR_EACH (link, &s->segments)
        count += LIST_ITEM(link, struct segment, link)->count;
    struct chunk_row *row = malloc(sizeof *row + count * sizeof row->at[0]);
    if (row)
        *row = (struct chunk_row){.refs = 1};
    return row;
}

void store_set_row(struct store *s, struct chunk_row *row)
{
    LIST_FOR_EACH (link, &s->segments) {
        const struct segment *g = LIST_ITEM(link, struct segment, link);
        for (uint32_t i = 0; i < g->count; i++)
            row->at[row->count++] = chunk_ref(g->chunks[i]);
    }
    chunk_row_unref(s->row);
    s->row = row;
}

/* After segments have changed. -ENOMEM: the old one stays. */
static int make_row(struct store *s)
{
    struct chunk_row *row = chunk_row_new(s, 0);

    if (!row)
        return -ENOMEM;
    store_set_row(s, row);
    return 0;
}

/* --- tombs --- */

int store_write_tombs(const char *dir, const struct tombs *t, uint32_t epoch)
{
    char path[SEGMENT_PATH], made[SEGMENT_PATH];
    struct buf bytes = {0};

    snprintf(path, sizeof path, "%s/tomb", dir);
    snprintf(made, sizeof made, "%s/tomb.new", dir);
    tombs_encode(t, epoch, &bytes);
    int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int err = fd < 0 ? -errno : buf_error(&bytes);
    if (err == 0)
        err = segment_write(fd, bytes.p, bytes.n, 0);
    if (err == 0 && (fsync(fd) < 0 || rename(made, path) < 0))
        err = -errno;
    if (fd >= 0)
        close(fd);
    buf_fini(&bytes);
    return err < 0 ? err : segment_sync_dir(dir);
}

static int read_whole(const char *path, struct buf *out)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int err = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

    if (err == 0)
        err = buf_reserve(out, (size_t)st.st_size);
    if (err == 0) {
        ssize_t n = read(fd, out->p, (size_t)st.st_size);
        err = n < 0 ? -errno : 0;
        out->n = n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
    return err;
}

/* Without it cleared records would come back, so damage is for a person to decide on. */
static int load_tombs(struct store *s, struct errinfo *info)
{
    char path[SEGMENT_PATH];
    struct buf bytes = {0};
    struct tombs *t = NULL;

    snprintf(path, sizeof path, "%s/tomb", s->dir);
    int err = read_whole(path, &bytes);
    if (err == 0)
        err = tombs_decode(buf_str(&bytes), s->epoch, &t);
    buf_fini(&bytes);
    s->tombs = t;
    if (err == -ENOENT)
        return 0;
    if (err == -LM_E_VERSION)
        return err_set(info, err, "%s was written by a later version of logmill: use that", path);
    if (err == -LM_E_DAMAGED)
        return err_set(info, err,
                       "%s, which says what was cleared, is damaged: restore it from a backup, or "
                       "remove it (then records that were cleared and are still on the disk come "
                       "back)",
                       path);
    return err < 0 ? err_set(info, err, "cannot read %s: %s", path, err_text(err)) : 0;
}

/* --- segments --- */

static bool is_digits(const char *s, size_t n)
{
    return strspn(s, "0123456789") >= n;
}

/* 2026-11-26 */
static int is_day(const struct dirent *e)
{
    const char *n = e->d_name;
    return strlen(n) == 10 && is_digits(n, 4) && n[4] == '-' && is_digits(n + 5, 2) &&
           n[7] == '-' && is_digits(n + 8, 2);
}

/* 16 digits, perhaps a dash and 8 more, .seg or .idx. */
static int is_segment(const struct dirent *e)
{
    const char *n = e->d_name;
    size_t name_n = strcspn(n, ".");

    return (name_n == 16 || (name_n == 25 && n[16] == '-' && is_digits(n + 17, 8))) &&
           is_digits(n, 16) && (strcmp(n + name_n, ".seg") == 0 || strcmp(n + name_n, ".idx") == 0);
}

/* By first id, then by name: the clock may have gone back between two folders. */
static void insert(struct store *s, struct segment *g)
{
    struct list *at = s->segments.prev;

    for (; at != &s->segments; at = at->prev) {
        const struct segment *other = LIST_ITEM(at, struct segment, link);
        if (other->first_id < g->first_id ||
            (other->first_id == g->first_id && strcmp(other->name, g->name) < 0))
            break;
    }
    list_push(at->next, &g->link);
}

/* What a compaction that did not come to its end has left: nothing of it counts. */
static int is_left_over(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return is_digits(e->d_name, 16) && n > 8 &&
           (strcmp(e->d_name + n - 8, ".seg.new") == 0 ||
            strcmp(e->d_name + n - 8, ".idx.new") == 0);
}

static void remove_left_over(const struct store *s, const char *day)
{
    char path[SEGMENT_PATH];
    struct dirent **names = NULL;

    snprintf(path, sizeof path, "%s/%s", s->dir, day);
    int n = s->opts.look_only ? 0 : scandir(path, &names, is_left_over, NULL);
    for (int i = 0; i < n; i++) {
        segment_path(s->dir, day, names[i]->d_name, "", path);
        unlink(path);
        free(names[i]);
    }
    free(names);
}

static int load_segment(struct store *s, const char *day, const char *name, struct errinfo *info)
{
    struct segment_report found = {0};
    struct segment *g;
    int err =
        segment_open(s->dir, day, name, s->epoch, s->opts.look_only, &found, &s->positions, &g);

    s->recovered.cut_bytes += found.cut_bytes;
    s->recovered.lost_bytes += found.lost_bytes;
    s->recovered.rebuilt += found.rebuilt;
    s->recovered.set_aside += found.set_aside;
    if (err == -LM_E_DAMAGED || err == -ENOENT)
        return 0;
    if (err == -LM_E_VERSION)
        return err_set(info, err, "%s/%s/%s was written by a later version of logmill: use that",
                       s->dir, day, name);
    if (err < 0)
        return err_set(info, err, "cannot open %s/%s/%s.seg: %s", s->dir, day, name, err_text(err));
    insert(s, g);
    return 0;
}

/* Names come sorted, .idx before .seg: each pair is opened once. */
static int load_day(struct store *s, const char *day, struct errinfo *info)
{
    char path[SEGMENT_PATH], last[SEGMENT_NAME] = "";
    struct dirent **names = NULL;
    int err = 0;

    remove_left_over(s, day);
    snprintf(path, sizeof path, "%s/%s", s->dir, day);
    int n = scandir(path, &names, is_segment, alphasort);
    if (n < 0)
        return err_set(info, -errno, "cannot list %s: %s", path, err_text(-errno));
    for (int i = 0; i < n; i++) {
        names[i]->d_name[strcspn(names[i]->d_name, ".")] = '\0';
        if (err == 0 && strcmp(names[i]->d_name, last) != 0)
            err = load_segment(s, day, names[i]->d_name, info);
        snprintf(last, sizeof last, "%.31s", names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return err;
}

/* Chunks whose ids another one has already: a commit that failed half-way and was done again in
 * another segment. The later one counts. */
static void drop_doubles(struct store *s)
{
    uint64_t next_first = UINT64_MAX;

    for (struct list *link = s->segments.prev; link != &s->segments; link = link->prev) {
        struct segment *g = LIST_ITEM(link, struct segment, link);
        while (g->count > 0 && g->chunks[g->count - 1]->end_id > next_first) {
            chunk_unref(g->chunks[--g->count]);
            g->closed = true; /* its files have more than counts */
        }
        if (g->count > 0)
            next_first = g->chunks[0]->first_id;
    }
}

/* What a hub that was killed has left may be in the page cache alone, and the journal will take it
 * for safe. It is in the last pair: before another one is begun, or a file of the journal used
 * again, all is synced. */
static int sync_last(const struct store *s)
{
    char path[SEGMENT_PATH];

    if (list_empty(&s->segments) || s->opts.look_only)
        return 0;
    const struct segment *g = LIST_ITEM(s->segments.prev, struct segment, link);
    if (fdatasync(g->files->seg_fd) < 0 || fdatasync(g->files->idx_fd) < 0)
        return -errno;
    snprintf(path, sizeof path, "%s/%s", s->dir, g->day);
    int err = segment_sync_dir(path);
    return err < 0 ? err : segment_sync_dir(s->dir);
}

/* What has taken its place, or says that it is gone, has its name on the disk first. */
static void remove_pair(const struct store *s, const struct segment *g)
{
    char path[SEGMENT_PATH];

    snprintf(path, sizeof path, "%s/%s", s->dir, g->day);
    if (segment_sync_dir(path) == 0 && segment_sync_dir(s->dir) == 0)
        (void)!segment_remove(s->dir, g);
}

/* Chunks below the floor are gone; their files, too, when nothing else is in them. */
static void drop_old(struct store *s)
{
    LIST_FOR_EACH_SAFE (link, &s->segments) {
        struct segment *g = LIST_ITEM(link, struct segment, link);
        segment_cut(g, tombs_floor(s->tombs));
        if (g->count > 0 || s->opts.look_only)
            continue;
        list_remove(link);
        remove_pair(s, g);
        segment_close(g);
    }
}

static void add_up(struct store *s)
{
    struct store_report *r = &s->recovered;

    LIST_FOR_EACH (link, &s->segments) {
        const struct segment *g = LIST_ITEM(link, struct segment, link);
        r->segments++;
        r->chunks += g->count;
        r->bytes += g->seg_n + g->idx_n;
        if (g->count && g->chunks[g->count - 1]->end_id > s->end_id)
            s->end_id = g->chunks[g->count - 1]->end_id;
    }
    if (tombs_floor(s->tombs) > s->end_id)
        s->end_id = tombs_floor(s->tombs);
    if (!list_empty(&s->segments)) {
        struct segment *last = LIST_ITEM(s->segments.prev, struct segment, link);
        s->current = last->closed ? NULL : last;
    }
}

static int load_days(struct store *s, struct errinfo *info)
{
    struct dirent **days = NULL;
    int n = scandir(s->dir, &days, is_day, alphasort);
    int err = n < 0 ? err_set(info, -errno, "cannot list %s: %s", s->dir, err_text(-errno)) : 0;

    if (n > 0 && s->epoch == 0)
        err = err_set(info, -LM_E_DAMAGED,
                      "%s has the history of a store whose file `store` is gone: restore it from a "
                      "backup, or move the folder away to start a new store",
                      s->dir);
    for (int i = 0; i < n; i++) {
        if (err == 0)
            err = load_day(s, days[i]->d_name, info);
        free(days[i]);
    }
    free(days);
    return err;
}

int store_load(struct store *s, struct errinfo *info)
{
    int64_t start = clock_mono_us();
    int err;

    if (!s->opts.look_only && mkdir(s->dir, 0700) < 0 && errno != EEXIST)
        return err_set(info, -errno, "cannot make the folder %s: %s", s->dir, err_text(-errno));
    s->epoch = numbers_peek_epoch(s->opts.state_dir);
    err = load_tombs(s, info);
    if (err == 0)
        err = load_days(s, info);
    if (err < 0)
        return err;
    err = sync_last(s);
    if (err < 0)
        return err_set(info, err, "cannot sync %s: %s", s->dir, err_text(err));
    drop_doubles(s);
    drop_old(s);
    add_up(s);
    s->recovered.took_us = clock_mono_us() - start;
    return make_row(s);
}
