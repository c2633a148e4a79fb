/* SPDX-License-Identifier: MIT
 *
 * tail_open.c - stat first, open without waiting, and look again at what was opened.
 */
#include "source/tail_open.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool may_follow(const struct stat *link, const struct stat *target)
{
    return link->st_uid == 0 || link->st_uid == geteuid() || link->st_uid == target->st_uid;
}

int follow_stat(const char *path, struct stat *ret, bool *ret_link)
{
    struct stat link, target;

    if (lstat(path, &link) < 0)
        return -errno;
    target = link;
    if (S_ISLNK(link.st_mode) && stat(path, &target) < 0)
        return -errno;
    if (S_ISLNK(link.st_mode) && !may_follow(&link, &target))
        return -LM_E_REFUSED;
    *ret = target;
    *ret_link = S_ISLNK(link.st_mode);
    return 0;
}

int follow_open(const char *path, struct stat *ret)
{
    struct stat expected;
    bool link;
    int err = follow_stat(path, &expected, &link);

    if (err < 0)
        return err;
    if (!S_ISREG(expected.st_mode))
        return -LM_E_INVALID;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (link ? 0 : O_NOFOLLOW));
    if (fd < 0)
        return -errno;
    /* Whatever was put there in between: what was looked at is what is read. */
    if (fstat(fd, ret) < 0 || ret->st_dev != expected.st_dev || ret->st_ino != expected.st_ino) {
        close(fd);
        return -EAGAIN;
    }
    return fd;
}

const char *follow_kind(mode_t mode)
{
    return S_ISDIR(mode)    ? "a folder"
           : S_ISFIFO(mode) ? "a FIFO"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}
