/* SPDX-License-Identifier: MIT
 *
 * cgroup.c - a few small files of the kernel's.
 */
#include "proc/cgroup.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const cgroup_root = "/sys/fs/cgroup";

enum { CPU_PERIOD_US = 100000, PERCENT_US = CPU_PERIOD_US / 100 };

static const struct {
    int resource;
    const char *controller, *file;
} kinds[] = {
    {GROUP_MEMORY, "memory", "memory.max"},
    {GROUP_SWAP, "memory", "memory.swap.max"},
    {GROUP_PROCESSES, "pids", "pids.max"},
    {GROUP_CPU, "cpu", "cpu.max"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- files ---- */

static bool join_path(char out[CGROUP_PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(out, CGROUP_PATH_MAX, "%s/%s", dir, name);
    return n > 0 && n < CGROUP_PATH_MAX;
}

bool cgroup_read(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;

    for (ssize_t got; fd >= 0 && n < size - 1 && (got = read(fd, out + n, size - 1 - n)) > 0;)
        n += (size_t)got;
    if (fd >= 0)
        close(fd);
    out[n] = '\0';
    return n > 0;
}

static int write_file(const char *dir, const char *name, const char *text)
{
    char path[CGROUP_PATH_MAX];
    int rc = 0;

    if (!join_path(path, dir, name))
        return -ENAMETOOLONG;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* the kernel creates nothing here */
    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

/* ---- the hub ---- */

bool cgroup_own(const char *root, char out[CGROUP_PATH_MAX])
{
    char groups[2048] = "\n";

    (void)cgroup_read("/proc/self/cgroup", groups + 1, sizeof groups - 1);
    char *at = strstr(groups, "\n0::");
    if (!at)
        return false;
    at += strlen("\n0::");
    at[strcspn(at, "\n")] = '\0';
    if (strcmp(at, "/") == 0)
        at = groups + strlen(groups); /* the root itself */
    int n = snprintf(out, CGROUP_PATH_MAX, "%s%s", root, at);
    return n > 0 && n < CGROUP_PATH_MAX;
}

static bool has_word(const char *words, const char *word)
{
    for (struct str rest = str_from(words), one; rest.n > 0;) {
        one = str_cut(rest, ' ', &rest);
        while (one.n > 0 && one.p[one.n - 1] == '\n')
            one.n--;
        if (str_is(one, word))
            return true;
    }
    return false;
}

static const char *controller_of(int resource)
{
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].resource == resource)
            return kinds[i].controller;
    return NULL;
}

static int find_controllers(const char *base, const struct process_limit *limits, size_t count,
                            struct errinfo *info)
{
    char path[CGROUP_PATH_MAX], have[512] = "";

    if (join_path(path, base, "cgroup.controllers"))
        (void)cgroup_read(path, have, sizeof have);
    for (size_t i = 0; i < count; i++) {
        const char *needed =
            cgroup_limits(limits[i].resource) ? controller_of(limits[i].resource) : NULL;
        if (needed && !has_word(have, needed))
            return err_set(info, -ENOTSUP,
                           "its limits need the cgroup v2 controller '%s', which %s does not have; "
                           "in a systemd unit set Delegate=yes, else leave these limits out",
                           needed, base);
    }
    return 0;
}

/* Moves us out of the base, then lets it hand controllers on. */
static int hand_on(const char *base, const struct process_limit *limits, size_t count)
{
    char hub[CGROUP_PATH_MAX], text[32];

    if (!join_path(hub, base, "hub"))
        return -ENAMETOOLONG;
    if (mkdir(hub, 0755) < 0 && errno != EEXIST)
        return -errno;
    snprintf(text, sizeof text, "%d", (int)getpid());
    int rc = write_file(hub, "cgroup.procs", text);
    for (size_t i = 0; i < count && rc == 0; i++) {
        if (!cgroup_limits(limits[i].resource))
            continue;
        snprintf(text, sizeof text, "+%s", controller_of(limits[i].resource));
        rc = write_file(base, "cgroup.subtree_control", text);
    }
    return rc;
}

int cgroup_place(const char *base, const char *name, const struct process_limit *limits,
                 size_t count, char out[CGROUP_PATH_MAX], struct errinfo *info)
{
    char own[CGROUP_PATH_MAX];
    size_t n = strlen(base);
    bool moved = n > 4 && strcmp(base + n - 4, "/hub") == 0; /* by an earlier call */

    snprintf(own, sizeof own, "%.*s", (int)(moved ? n - 4 : n), base);
    int rc = find_controllers(own, limits, count, info);
    if (rc < 0)
        return rc;
    rc = hand_on(own, limits, count);
    if (rc < 0)
        return err_set(info, rc,
                       "the control group %s cannot be divided: %s; in a systemd unit set "
                       "Delegate=yes",
                       own, err_text(rc));
    int written = snprintf(out, CGROUP_PATH_MAX, "%s/process-%s", own, name);
    return written < CGROUP_PATH_MAX ? 0 : err_set(info, -ENAMETOOLONG, "its name is too long");
}

/* ---- the child ---- */

int cgroup_make(const char *group)
{
    return mkdir(group, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int cgroup_set(const char *group, int resource, uint64_t value)
{
    char text[64] = "max";

    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].resource != resource)
            continue;
        if (value != UINT64_MAX && resource == GROUP_CPU)
            snprintf(text, sizeof text, "%" PRIu64 " %d", value * PERCENT_US, CPU_PERIOD_US);
        else if (value != UINT64_MAX)
            snprintf(text, sizeof text, "%" PRIu64, value);
        return write_file(group, kinds[i].file, text);
    }
    return -EINVAL;
}

int cgroup_join(const char *group)
{
    return write_file(group, "cgroup.procs", "0");
}

void cgroup_remove(const char *group)
{
    if (group)
        (void)rmdir(group);
}
