/* SPDX-License-Identifier: MIT
 *
 * jfile.c - one journal file: made, mapped, named, used again.
 *
 * Threads: any one at a time; nothing here touches the journal.
 */
#include "hub/journal_impl.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

struct jfile_head {
    char magic[8];
    uint32_t compatible, incompatible;
    uint32_t epoch, size;
    uint64_t first_id;
    int64_t created_us;
    uint64_t seed;
    uint8_t zero[8];
    uint64_t check;
};
_Static_assert(sizeof(struct jfile_head) == JFILE_HEAD, "the head of a journal file is 64 bytes");

static const char magic[8] = "LMJRNL1\n";
enum { MAGIC_FAMILY = 6 }; /* what every version begins with */
enum { HEAD_AGAIN = 1 };   /* in `compatible`: see jfile_begin() */

/* Never onto a file that is there. */
static int rename_to(struct jfile *f, const char *dir, const char *name)
{
    char from[4096], to[4096];

    snprintf(from, sizeof from, "%s/%s", dir, f->name);
    snprintf(to, sizeof to, "%s/%s", dir, name);
    if (access(to, F_OK) == 0)
        return -EEXIST;
    if (rename(from, to) < 0)
        return -errno;
    snprintf(f->name, sizeof f->name, "%s", name);
    return 0;
}

static int map_file(struct jfile *f, bool look_only)
{
    struct stat st;

    if (fstat(f->fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size < JFILE_HEAD)
        return -LM_E_DAMAGED;
    f->size = (size_t)st.st_size < JOURNAL_FILE_SIZE ? (size_t)st.st_size & ~(size_t)7
                                                     : JOURNAL_FILE_SIZE;
    int access = look_only ? PROT_READ : PROT_READ | PROT_WRITE;
    void *map = mmap(NULL, f->size, access, MAP_SHARED, f->fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    f->map = map;
    return 0;
}

void jfile_rest(const struct jfile *f)
{
    (void)madvise(f->map, f->size, MADV_DONTNEED);
}

void jfile_remove(const struct jfile *f, const char *dir)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", dir, f->name);
    unlink(path);
}

int jfile_reserve(struct jfile *f)
{
    int err;

    do
        err = posix_fallocate(f->fd, 0, JOURNAL_FILE_SIZE);
    while (err == EINTR);
    return -err;
}

void jfile_close(struct jfile *f)
{
    if (!f)
        return;
    if (f->map)
        munmap(f->map, f->size);
    if (f->fd >= 0)
        close(f->fd);
    free(f);
}

/* Opens dir/name; the file is not mapped yet. */
static int new_jfile(const char *dir, const char *name, int flags, struct jfile **ret)
{
    char path[4096];
    struct jfile *f = calloc(1, sizeof *f);

    if (!f)
        return -ENOMEM;
    list_init(&f->link);
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    f->fd = open(path, O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    if (f->fd < 0) {
        int err = -errno;
        free(f);
        return err;
    }
    *ret = f;
    return 0;
}

/* Has the kernel set up the mapping, so that the loop need not wait for it. */
static void touch(struct jfile *f)
{
    for (size_t i = 0; i < f->size; i += 4096)
        f->map[i] = 0;
}

int jfile_create(const char *dir, uint32_t number, struct jfile **ret)
{
    char name[32];
    struct jfile *f = NULL;

    snprintf(name, sizeof name, "spare-%" PRIu32, number);
    int err = new_jfile(dir, name, O_RDWR | O_CREAT | O_TRUNC, &f);
    if (err < 0)
        return err;
    err = jfile_reserve(f);
    if (err == 0)
        err = map_file(f, false);
    if (err < 0) {
        jfile_remove(f, dir);
        jfile_close(f);
        return err;
    }
    touch(f);
    *ret = f;
    return 0;
}

static int read_head(struct jfile *f, uint32_t epoch)
{
    struct jfile_head h;

    memcpy(&h, f->map, sizeof h);
    if (memcmp(h.magic, magic, MAGIC_FAMILY) != 0 ||
        XXH3_64bits(&h, offsetof(struct jfile_head, check)) != h.check)
        return -LM_E_DAMAGED;
    if (memcmp(h.magic, magic, sizeof magic) != 0 || h.incompatible != 0)
        return -LM_E_VERSION;
    f->seed = h.seed;
    f->again = h.compatible & HEAD_AGAIN;
    return h.epoch == epoch && h.first_id == f->first_id ? 0 : -LM_E_DAMAGED;
}

int jfile_open(const char *dir, const char *name, uint32_t epoch, bool look_only,
               struct jfile **ret)
{
    struct jfile *f = NULL;
    int err = new_jfile(dir, name, look_only ? O_RDONLY : O_RDWR, &f);

    if (err < 0)
        return err;
    if (sscanf(name, "%16" SCNu64 "-%" SCNu32, &f->first_id, &f->twin) < 1)
        err = -LM_E_DAMAGED;
    f->end_id = f->first_id;
    f->used = JFILE_HEAD;
    if (err == 0)
        err = map_file(f, look_only);
    if (err == 0)
        err = read_head(f, epoch);
    if (err < 0)
        jfile_close(f);
    else
        *ret = f;
    return err;
}

int jfile_begin(struct jfile *f, const char *dir, uint32_t epoch, uint64_t first_id, uint32_t twin,
                bool again)
{
    char name[32];
    struct jfile_head h = {.compatible = again ? HEAD_AGAIN : 0,
                           .epoch = epoch,
                           .size = JOURNAL_FILE_SIZE,
                           .first_id = first_id,
                           .created_us = clock_wall_us()};

    if (getrandom(&h.seed, sizeof h.seed, 0) != sizeof h.seed)
        return -errno;
    memcpy(h.magic, magic, sizeof magic);
    h.check = XXH3_64bits(&h, offsetof(struct jfile_head, check));
    memset(f->map + JFILE_HEAD, 0, 8);
    memcpy(f->map, &h, sizeof h);
    int n = snprintf(name, sizeof name, "%016" PRIu64, first_id);
    if (twin)
        snprintf(name + n, sizeof name - (size_t)n, "-%08" PRIu32, twin);
    int err = rename_to(f, dir, name);
    if (err < 0)
        return err;
    f->first_id = f->end_id = first_id;
    f->twin = twin;
    f->seed = h.seed;
    f->used = JFILE_HEAD;
    f->synced = 0;
    f->began_us = 0;
    f->dirty = true;
    f->sealed = false;
    f->again = again;
    return 0;
}

int jfile_retire(struct jfile *f, const char *dir, uint32_t number)
{
    char name[32];

    snprintf(name, sizeof name, "spare-%" PRIu32, number);
    int err = rename_to(f, dir, name);
    if (err == 0)
        touch(f);
    return err;
}
