/* SPDX-License-Identifier: MIT
 *
 * keeper_oom.c - reading the kernel's counters: memory.events of our control group (version 2), else
 * /proc/vmstat, which cannot say whose process it was.
 */
#include "proc/keeper_oom.h"

#include "proc/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COUNT_UNKNOWN = -1 };

/* The number behind "\noom_kill " in a file of such lines. */
static int64_t read_counter(const char *path)
{
    char text[8192] = "\n";

    if (!cgroup_read(path, text + 1, sizeof text - 1))
        return COUNT_UNKNOWN;
    const char *at = strstr(text, "\noom_kill ");
    return at ? strtoll(at + strlen("\noom_kill "), NULL, 10) : COUNT_UNKNOWN;
}

/* Of the child's control group, else our own. One that is not made yet has killed nobody. */
static int64_t group_count(const char *group)
{
    char path[CGROUP_PATH_MAX + sizeof "/memory.events"], own[CGROUP_PATH_MAX];

    if (!group && !cgroup_own(cgroup_root, own))
        return COUNT_UNKNOWN;
    snprintf(path, sizeof path, "%s/memory.events", group ? group : own);
    if (group && access(group, F_OK) < 0)
        return 0;
    return read_counter(path);
}

uint64_t oom_kill_count(const char *group)
{
    int64_t count = group_count(group);

    if (count == COUNT_UNKNOWN)
        count = read_counter("/proc/vmstat");
    return (uint64_t)count;
}

uint8_t oom_verdict(const char *group, uint64_t count_at_start)
{
    uint64_t now = oom_kill_count(group);

    if (now == (uint64_t)COUNT_UNKNOWN || count_at_start == (uint64_t)COUNT_UNKNOWN)
        return OOM_UNKNOWN;
    if (now == count_at_start)
        return OOM_NO;
    return group_count(group) == COUNT_UNKNOWN ? OOM_UNKNOWN : OOM_YES;
}
