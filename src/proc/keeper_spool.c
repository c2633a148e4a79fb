/* SPDX-License-Identifier: MIT
 *
 * keeper_spool.c - slots in an unlinked file.
 *
 * A new slot takes the lowest free place, so that places written once are used again before the
 * file grows: on a full disk dropping the oldest slot makes room for sure.
 */
#include "proc/keeper_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void spool_init(struct spool *s, const char *dir, size_t slot_size, size_t cap)
{
    *s = (struct spool){
        .dir = dir,
        .slot_size = slot_size,
        .cap = cap < SPOOL_SLOTS_MAX ? (uint32_t)cap : SPOOL_SLOTS_MAX,
        .fd = -1,
    };
}

void spool_close(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->count = 0;
    s->places = 0;
}

/* A file without a name, by the old way where the file system does not know the new one. */
static int open_unlinked(const char *dir)
{
    char path[1100];

    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    int n = snprintf(path, sizeof path, "%s/spool.XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof path)
        return -ENAMETOOLONG;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    unlink(path);
    return fd;
}

static int write_at(int fd, const char *bytes, size_t n, off_t at)
{
    while (n > 0) {
        ssize_t w = pwrite(fd, bytes, n, at);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return w < 0 ? -errno : -EIO;
        bytes += w;
        n -= (size_t)w;
        at += w;
    }
    return 0;
}

int spool_push(struct spool *s, const char *bytes, size_t n, const uint64_t end[2])
{
    lm_assert(n <= s->slot_size);
    if (s->count == s->cap)
        return -LM_E_FULL;
    if (s->fd < 0) {
        int fd = open_unlinked(s->dir);
        if (fd < 0)
            return fd;
        s->fd = fd;
    }
    uint32_t place = (uint32_t)__builtin_ctzll(~s->places);
    int rc = write_at(s->fd, bytes, n, (off_t)(place * s->slot_size));
    if (rc < 0)
        return rc;
    s->places |= 1ull << place;
    s->slots[(s->first + s->count++) % SPOOL_SLOTS_MAX] =
        (struct spool_slot){.end = {end[0], end[1]}, .n = n, .place = place};
    return 0;
}

void spool_pop(struct spool *s)
{
    s->places &= ~(1ull << spool_at(s, 0)->place);
    s->first = (s->first + 1) % SPOOL_SLOTS_MAX;
    if (--s->count == 0)
        spool_close(s);
}

const struct spool_slot *spool_at(const struct spool *s, uint32_t i)
{
    lm_assert(i < s->count);
    return &s->slots[(s->first + i) % SPOOL_SLOTS_MAX];
}

ssize_t spool_read(const struct spool *s, uint32_t i, size_t at, char *out, size_t n)
{
    const struct spool_slot *slot = spool_at(s, i);
    lm_assert(at <= slot->n);
    if (n > slot->n - at)
        n = slot->n - at;
    ssize_t got = pread(s->fd, out, n, (off_t)(slot->place * s->slot_size + at));
    return got < 0 ? -errno : got;
}
