/* SPDX-License-Identifier: MIT
 *
 * bad_disk.c - a disk that fails for a while; loaded into a hub with LD_PRELOAD.
 *
 *     BAD_DISK=/tmp/x/disk    while this file exists, everything below BAD_DISK_DIR that writes, makes room, names or
 *     BAD_DISK_DIR=/tmp/x/state    syncs a file fails with the errno that the file begins with; each refusal adds a
 *                                  byte to /tmp/x/disk.refused
 *
 * What is written through a mapping cannot be refused here, as it cannot by a disk: it shows at the sync.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALIAS(name) __attribute__((alias(#name)))

static int below(const char *path)
{
    const char *dir = getenv("BAD_DISK_DIR");
    size_t n = dir ? strlen(dir) : 0;
    return n && strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static int fd_below(int fd)
{
    char link[64], path[4096];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n < 0 ? 0 : n] = '\0';
    return below(path);
}

/* The errno to fail with; 0: the disk is fine. */
static int refusal(int concerned)
{
    const char *file = getenv("BAD_DISK");
    char text[16] = "", refused[4096];
    int saved = errno, fd = file && concerned ? open(file, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        (void)!read(fd, text, sizeof text - 1);
        close(fd);
        snprintf(refused, sizeof refused, "%s.refused", file);
        fd = open(refused, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        (void)!write(fd, ".", 1);
        close(fd);
    }
    errno = saved;
    return atoi(text);
}

/* Defines `name` as the real one, refused while the disk is bad. */
#define REFUSED(type, name, params, args, concerned)                                               \
    type name params;                                                                              \
    type name params                                                                               \
    {                                                                                              \
        type(*real) params = (type(*) params)dlsym(RTLD_NEXT, #name);                              \
        int err = refusal(concerned);                                                              \
        if (err == 0)                                                                              \
            return real args;                                                                      \
        errno = err;                                                                               \
        return -1;                                                                                 \
    }

REFUSED(ssize_t, pwrite64, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at), fd_below(fd))
REFUSED(int, fsync, (int fd), (fd), fd_below(fd))
REFUSED(int, fdatasync, (int fd), (fd), fd_below(fd))
REFUSED(int, ftruncate64, (int fd, off_t n), (fd, n), fd_below(fd))
REFUSED(int, rename, (const char *from, const char *to), (from, to), below(from))
REFUSED(int, mkdir, (const char *path, mode_t mode), (path, mode), below(path))

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) ALIAS(pwrite64);
int ftruncate(int fd, off_t n) ALIAS(ftruncate64);

/* Says what is wrong instead of setting errno. */
int posix_fallocate64(int fd, off_t at, off_t n)
{
    int (*real)(int, off_t, off_t) = (int (*)(int, off_t, off_t))dlsym(RTLD_NEXT, "posix_fallocate64");
    int err = refusal(fd_below(fd));
    return err ? err : real(fd, at, n);
}

int posix_fallocate(int fd, off_t at, off_t n) ALIAS(posix_fallocate64);
