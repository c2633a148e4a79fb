/* SPDX-License-Identifier: MIT
 *
 * state_lock.c - see state_lock.h.
 */
#include "daemon/state_lock.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_PATIENCE_US = 1000 * 1000 };

int state_dir_make(const char *path, struct errinfo *info)
{
    char part[4096];

    for (size_t i = 1; i <= strlen(path); i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)i, path);
        if (mkdir(part, 0700) < 0 && errno != EEXIST)
            return err_set(info, -errno,
                           "cannot make the folder %s: %s; choose another with --state-dir", part,
                           err_text(-errno));
    }
    return 0;
}

/* A hub that was killed a moment ago may still be on its way out: the kernel takes up to some
 * tenths of a second to unmap a large journal, and gives the lock back last. */
static bool lock_within(int fd, int64_t patience_us)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int64_t until = clock_mono_us() + patience_us;

    while (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        if (clock_mono_us() > until)
            return false;
        usleep(10 * 1000);
    }
    return true;
}

int state_lock(const char *dir, int *ret_fd, struct errinfo *info)
{
    char path[4096], pid[16] = "";

    snprintf(path, sizeof path, "%s/lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(info, -errno, "cannot open %s: %s", path, err_text(-errno));
    if (lock_within(fd, LOCK_PATIENCE_US)) {
        int n = snprintf(pid, sizeof pid, "%d\n", getpid());
        if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) == n) {
            *ret_fd = fd;
            return 0;
        }
        close(fd);
        return err_set(info, -EIO, "cannot write %s", path);
    }
    ssize_t n = read(fd, pid, sizeof pid - 1);
    close(fd);
    return err_set(info, -LM_E_LOCKED,
                   "another hub (pid %.*s) is using %s: stop it first, or start this one with "
                   "another --state-dir",
                   n > 0 ? (int)strcspn(pid, "\n") : 1, n > 0 ? pid : "?", dir);
}
