/* SPDX-License-Identifier: MIT
 *
 * rotate.c - the states of a rotation.
 */
#include "store/rotate.h"

#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0640, NUMBER_MAX = 100000 };

int rotate_open(int dir, const char *name, int exclusive)
{
    struct stat st;
    int flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    int fd = openat(dir, name, exclusive ? flags | O_EXCL : flags, MODE);

    if (fd < 0)
        return errno == ELOOP || errno == EISDIR || errno == ENXIO ? -LM_E_REFUSED : -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid()) {
        close(fd);
        return -LM_E_REFUSED;
    }
    return fd;
}

uint32_t rotate_next_number(int dir, const char *stem)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    uint32_t next = 1;

    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        struct str name = str_from(e->d_name), stem_text = str_from(stem), rest;
        uint64_t number;
        if (!str_starts(name, stem_text) || name.n < stem_text.n + 2 || name.p[stem_text.n] != '.')
            continue;
        name = str_of(name.p + stem_text.n + 1, name.n - stem_text.n - 1);
        if (str_to_u64(str_cut(name, '.', &rest), &number) && number >= next && number < NUMBER_MAX)
            next = (uint32_t)number + 1;
    }
    if (d)
        closedir(d);
    else if (fd >= 0)
        close(fd);
    return next;
}

static int sync_file(struct rotate *r, int fd)
{
    if (fdatasync(fd) < 0)
        return -errno;
    r->state = ROTATE_RENAME;
    return 1;
}

/* To the first number that is free; one that is taken is tried once. */
static int move_aside(struct rotate *r, int dir, const char *stem)
{
    char from[ROTATE_NAME_MAX], to[ROTATE_NAME_MAX];

    if (r->number == 0)
        r->number = 1;
    snprintf(from, sizeof from, "%s.log", stem);
    snprintf(to, sizeof to, "%s.%u.log", stem, r->number);
    if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0) {
        r->state = ROTATE_CREATE;
        r->number++; /* it may be packed and its name free again: numbers only rise */
    } else if (errno == EEXIST && r->number < NUMBER_MAX) {
        r->number++;
    } else if (errno == ENOENT) { /* somebody took it away: then only the new one is missing */
        r->state = ROTATE_CREATE;
    } else {
        return -errno;
    }
    return 1;
}

static int create(struct rotate *r, int dir, const char *stem, int *ret_fd)
{
    char name[ROTATE_NAME_MAX];

    snprintf(name, sizeof name, "%s.log", stem);
    int fd = rotate_open(dir, name, 1);
    if (fd < 0)
        return fd;
    *ret_fd = fd;
    r->state = ROTATE_REST;
    return 0;
}

int rotate_step(struct rotate *r, int dir, const char *stem, int fd, int *ret_fd)
{
    switch (r->state) {
    case ROTATE_REST:
        r->state = ROTATE_SYNC;
        return 1;
    case ROTATE_SYNC:
        return sync_file(r, fd);
    case ROTATE_RENAME:
        return move_aside(r, dir, stem);
    case ROTATE_CREATE:
        return create(r, dir, stem, ret_fd);
    }
    return -LM_E_INVALID;
}

int rotate_run(struct rotate *r, int dir, const char *stem, int fd, int *ret_fd)
{
    int rc;

    do
        rc = rotate_step(r, dir, stem, fd, ret_fd);
    while (rc > 0);
    return rc;
}
