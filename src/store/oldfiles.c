/* SPDX-License-Identifier: MIT
 *
 * oldfiles.c - a list of the directory, oldest first, and what is to be done with each.
 */
#include "store/oldfiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_HERE = 160, PIECE = 256 * 1024, MODE = 0640, NUMBER_MAX = 10000 };

struct old_file {
    char file[NAME_MAX_HERE];
    const char *name;
    char day[11];
    uint64_t number; /* 0: the last one of its day */
    uint64_t bytes;
    bool packed, present;
};

struct old_list {
    int dir;
    struct old_file *files;
    size_t count, cap;
};

static bool is_day(struct str s)
{
    for (size_t i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? s.p[i] != '-' : s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

/* ".log", ".3.log", ".log.gz" … */
static bool parse_ending(struct str rest, struct old_file *f)
{
    struct str number, tail;

    if (rest.n < 2 || rest.p[0] != '.')
        return false;
    number = str_cut(str_of(rest.p + 1, rest.n - 1), '.', &tail);
    if (str_to_u64(number, &f->number)) {
        if (f->number == 0 || !tail.p)
            return false;
        number = str_cut(tail, '.', &tail);
    }
    f->packed = tail.p && (str_is(tail, "gz") || str_is(tail, "zst"));
    return str_is(number, "log") && (!tail.p || f->packed);
}

static bool parse_name(struct str file, const char *name, struct old_file *f)
{
    size_t n = name ? strlen(name) : 0;

    if (!name || file.n < n + 15 || file.n >= NAME_MAX_HERE || memcmp(file.p, name, n) != 0 ||
        file.p[n] != '-' || !is_day(str_of(file.p + n + 1, 10)))
        return false;
    memcpy(f->day, file.p + n + 1, 10);
    f->day[10] = '\0';
    f->name = name;
    return parse_ending(str_of(file.p + n + 11, file.n - n - 11), f);
}

static int add_file(struct old_list *l, const struct old_file *f)
{
    if (l->count == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct old_file *files = realloc(l->files, cap * sizeof *files);
        if (!files)
            return -ENOMEM;
        l->files = files;
        l->cap = cap;
    }
    l->files[l->count++] = *f;
    return 0;
}

/* By day, then in the order they were written: 1, 2, …, and the one without a number. */
static int oldest_first(const void *a, const void *b)
{
    const struct old_file *x = a, *y = b;
    int days = strcmp(x->day, y->day);

    if (days != 0)
        return days;
    uint64_t left = x->number ? x->number : UINT64_MAX, right = y->number ? y->number : UINT64_MAX;
    return left < right ? -1 : left > right;
}

static bool is_part(struct str file)
{
    return file.n > 5 && memcmp(file.p + file.n - 5, ".part", 5) == 0;
}

static int look_at(struct old_list *l, const struct oldfiles_rules *rules, const char *entry)
{
    struct old_file f = {0};
    struct str file = str_from(entry), whole = file;
    struct stat st;

    if (is_part(file))
        file.n -= 5;
    if (!parse_name(file, rules->names[0], &f) && !parse_name(file, rules->names[1], &f))
        return 0;
    if (is_part(whole)) { /* somebody died while packing */
        unlinkat(l->dir, entry, 0);
        return 0;
    }
    if (fstatat(l->dir, entry, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return 0;
    snprintf(f.file, sizeof f.file, "%s", entry);
    f.bytes = (uint64_t)st.st_size;
    f.present = strcmp(f.day, rules->today) >= 0 && f.number == 0 && !f.packed;
    return add_file(l, &f);
}

static int list_files(struct old_list *l, const struct oldfiles_rules *rules)
{
    int err = 0, fd = open(rules->dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    l->dir = -1;
    if (!d) {
        err = -errno;
        if (fd >= 0)
            close(fd);
        return err;
    }
    l->dir = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    for (struct dirent *e; err == 0 && l->dir >= 0 && (e = readdir(d)) != NULL;)
        err = look_at(l, rules, e->d_name);
    closedir(d);
    if (l->count)
        qsort(l->files, l->count, sizeof *l->files, oldest_first);
    return l->dir < 0 ? -EMFILE : err;
}

static void free_list(struct old_list *l)
{
    if (l->dir >= 0)
        close(l->dir);
    free(l->files);
}

/* --- packing --- */

static int write_all(int fd, struct buf *out)
{
    for (size_t done = 0; done < out->n;) {
        ssize_t n = write(fd, out->p + done, out->n - done);
        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    buf_clear(out);
    return 0;
}

static int pack_bytes(int from, int to, enum pack_kind kind)
{
    struct pack *p = NULL;
    struct buf out = {0};
    char *piece = malloc(PIECE);
    int err = piece ? pack_new(&p, kind) : -ENOMEM;
    ssize_t n = 1;

    while (err == 0 && n > 0) {
        n = read(from, piece, PIECE);
        if (n < 0 && errno == EINTR) {
            n = 1;
            continue;
        }
        err = n < 0 ? -errno : pack_add(p, str_of(piece, (size_t)n), n == 0, &out);
        if (err == 0)
            err = write_all(to, &out);
    }
    if (err == 0 && fsync(to) < 0)
        err = -errno;
    pack_free(p);
    buf_fini(&out);
    free(piece);
    return err;
}

/* Gives the packed file its name: that of the plain one, or, when there is such a file already,
 * because the clock went back or we died after the last renaming, the next number that is free. */
static int name_packed(struct old_list *l, const struct old_file *f, const char *part,
                       const char *ending, char out[NAME_MAX_HERE + 8])
{
    snprintf(out, NAME_MAX_HERE + 8, "%s.%s", f->file, ending);
    for (int number = 1; number < NUMBER_MAX; number++) {
        if (renameat2(l->dir, part, l->dir, out, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
        snprintf(out, NAME_MAX_HERE + 8, "%s-%s.%d.log.%s", f->name, f->day, number, ending);
    }
    return -EEXIST;
}

static int pack_file(struct old_list *l, struct old_file *f, enum pack_kind kind)
{
    const char *ending = kind == PACK_GZIP ? "gz" : "zst";
    char whole[NAME_MAX_HERE + 8], part[NAME_MAX_HERE + 16];
    struct stat st;
    int from = openat(l->dir, f->file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), to, err;

    if (from < 0)
        return -errno;
    snprintf(part, sizeof part, "%s.%s.part", f->file, ending);
    to = openat(l->dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
    err = to < 0 ? -errno : pack_bytes(from, to, kind);
    if (err == 0 && fstat(to, &st) < 0)
        err = -errno;
    if (err == 0)
        err = name_packed(l, f, part, ending, whole);
    if (err == 0 && unlinkat(l->dir, f->file, 0) < 0)
        err = -errno;
    if (err < 0 && to >= 0)
        unlinkat(l->dir, part, 0);
    close(from);
    if (to >= 0)
        close(to);
    if (err == 0) {
        snprintf(f->file, sizeof f->file, "%.*s", NAME_MAX_HERE - 1, whole);
        f->bytes = (uint64_t)st.st_size;
        f->packed = true;
    }
    return err;
}

/* --- deleting --- */

static bool delete_file(struct old_list *l, struct old_file *f, struct oldfiles_report *report)
{
    if (f->present || f->file[0] == '\0' || unlinkat(l->dir, f->file, 0) < 0)
        return false;
    report->deleted++;
    report->deleted_bytes += f->bytes;
    f->file[0] = '\0';
    f->bytes = 0;
    return true;
}

int oldfiles_tend(const struct oldfiles_rules *rules, struct oldfiles_report *ret)
{
    struct old_list l = {0};
    uint64_t total = 0;
    int first_err = list_files(&l, rules);

    *ret = (struct oldfiles_report){0};
    for (size_t i = 0; i < l.count; i++) {
        struct old_file *f = &l.files[i];
        if (rules->oldest_day && strcmp(f->day, rules->oldest_day) < 0 && delete_file(&l, f, ret))
            continue;
        if (rules->pack == PACK_NONE || f->packed || f->present)
            continue;
        int err = pack_file(&l, f, rules->pack);
        ret->packed += err == 0;
        first_err = first_err ? first_err : err;
    }
    for (size_t i = 0; i < l.count; i++)
        total += l.files[i].bytes;
    for (size_t i = 0; i < l.count && total > rules->max_total; i++) {
        uint64_t bytes = l.files[i].bytes;
        if (delete_file(&l, &l.files[i], ret))
            total -= bytes;
    }
    free_list(&l);
    return first_err;
}

bool oldfiles_drop_oldest(const struct oldfiles_rules *rules, uint64_t *ret_bytes)
{
    struct old_list l = {0};
    struct oldfiles_report report = {0};
    bool dropped = false;

    if (list_files(&l, rules) == 0)
        for (size_t i = 0; i < l.count && !dropped; i++)
            dropped = delete_file(&l, &l.files[i], &report);
    *ret_bytes = report.deleted_bytes;
    free_list(&l);
    return dropped;
}

/* --- files of earlier runs --- */

/* "web.log.3" */
static bool is_rotated(const char *name)
{
    const char *dot = strrchr(name, '.');
    uint64_t number;

    return dot && dot - name > 4 && memcmp(dot - 4, ".log", 4) == 0 &&
           str_to_u64(str_from(dot + 1), &number) && number > 0 && number < NUMBER_MAX &&
           strlen(name) < ROTATED_NAME_MAX;
}

static bool is_older(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec < b->st_mtim.tv_sec
                                                  : a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

bool oldfiles_drop_rotated(const char *dir_path, char ret_name[ROTATED_NAME_MAX],
                           uint64_t *ret_bytes)
{
    DIR *d = opendir(dir_path);
    struct stat st, oldest = {0};

    ret_name[0] = '\0';
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (!is_rotated(e->d_name) || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
            (ret_name[0] && !is_older(&st, &oldest)))
            continue;
        oldest = st;
        snprintf(ret_name, ROTATED_NAME_MAX, "%s", e->d_name);
    }
    bool dropped = d && ret_name[0] && unlinkat(dirfd(d), ret_name, 0) == 0;
    *ret_bytes = dropped ? (uint64_t)oldest.st_size : 0;
    if (d)
        closedir(d);
    return dropped;
}
