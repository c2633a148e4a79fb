/* SPDX-License-Identifier: MIT
 *
 * ring.c - reserving, committing, and making the file.
 */
#include "client/ring.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POPULATE_MAX = 64 * 1024 * 1024 };

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

static _Atomic uint64_t *word(struct ring *r, size_t at)
{
    return (_Atomic uint64_t *)(void *)(r->map + at);
}

/* --- making the file --- */

static int open_dir(const char *dir)
{
    struct stat st;

    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return -errno;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022)) {
        close(fd);
        return -EPERM;
    }
    return fd;
}

static int make_file(struct ring *r, int dir)
{
    char name[2 * FRAME_RUN_ID + 6];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

    if (getrandom(r->run, sizeof r->run, 0) != sizeof r->run)
        return -EAGAIN;
    for (size_t i = 0; i < FRAME_RUN_ID; i++)
        snprintf(name + 2 * i, 3, "%02x", r->run[i]);
    memcpy(name + 2 * FRAME_RUN_ID, ".ring", 6);
    r->fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (r->fd < 0)
        return -errno;
    if (fcntl(r->fd, F_SETLK, &lock) < 0)
        return -errno;
    /* Every page is there before it is written to: a full disk is an error here and no signal
     * later. */
    return -posix_fallocate(r->fd, 0, (off_t)(RING_DATA_AT + r->data_n));
}

static int map_file(struct ring *r, struct str source)
{
    r->map = mmap(NULL, RING_DATA_AT + r->data_n, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
    if (r->map == MAP_FAILED) {
        r->map = NULL;
        return -errno;
    }
    /* The first record should not pay for the pages. Older kernels do not know how; it still
     * works. */
    (void)madvise(r->map, RING_DATA_AT + (r->data_n < POPULATE_MAX ? r->data_n : POPULATE_MAX),
                  MADV_POPULATE_WRITE);
    struct ring_head head = {.magic = RING_MAGIC,
                             .version = RING_VERSION,
                             .source_n = (uint16_t)source.n,
                             .data_n = r->data_n,
                             .pid = getpid(),
                             .started_us = clock_wall_us()};
    memcpy(head.run, r->run, sizeof head.run);
    if (source.n)
        memcpy(r->map + RING_SOURCE_AT, source.p, source.n);
    memcpy(r->map, &head, sizeof head);
    return 0;
}

int ring_create(struct ring *r, const char *dir, struct str source, uint64_t data_n)
{
    int dir_fd = open_dir(dir);

    *r = (struct ring){.fd = -1, .data_n = data_n};
    if (dir_fd < 0)
        return dir_fd;
    int err = make_file(r, dir_fd);
    if (err == 0)
        err = map_file(r, source);
    close(dir_fd);
    if (err < 0)
        ring_close(r);
    return err;
}

void ring_close(struct ring *r)
{
    if (r->map)
        munmap(r->map, RING_DATA_AT + r->data_n);
    if (r->fd >= 0)
        close(r->fd);
    r->map = NULL;
    r->fd = -1;
}

/* --- records --- */

uint64_t ring_waiting(struct ring *r)
{
    if (!r->map)
        return 0;
    r->tail = atomic_load_explicit(word(r, RING_TAIL_AT), memory_order_acquire);
    return r->head - r->tail;
}

static bool fits(struct ring *r, uint64_t size)
{
    if (r->head + size - r->tail <= r->data_n)
        return true;
    return ring_waiting(r) + size <= r->data_n;
}

/* What is left before the end is too little: a pad takes it. */
static void put_pad(struct ring *r, uint64_t size)
{
    char *at = r->map + RING_DATA_AT + (r->head & (r->data_n - 1));
    uint32_t n = (uint32_t)size;

    memcpy(at, &n, sizeof n);
    memset(at + 4, 0, 4);
    at[5] = RING_PAD;
    r->head += size;
}

char *ring_reserve(struct ring *r, uint64_t size)
{
    if (!r->map)
        return NULL;
    uint64_t left = r->data_n - (r->head & (r->data_n - 1));
    uint64_t pad = left < size ? left : 0;
    if (!fits(r, size + pad)) {
        r->dropped++;
        atomic_store_explicit(word(r, RING_DROPPED_AT), r->dropped, memory_order_relaxed);
        return NULL;
    }
    if (pad)
        put_pad(r, pad);
    return r->map + RING_DATA_AT + (r->head & (r->data_n - 1));
}

/* The hub says that it sleeps, then looks at head once more; here head goes first, then the
 * question. One of the two sees the other. */
bool ring_commit(struct ring *r, uint64_t size)
{
    _Atomic uint32_t *wake = (_Atomic uint32_t *)(void *)(r->map + RING_WAKE_AT);

    r->head += size;
    r->written++;
    atomic_store_explicit(word(r, RING_HEAD_AT), r->head, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(wake, memory_order_relaxed))
        return false;
    return atomic_exchange(wake, 0) != 0;
}
