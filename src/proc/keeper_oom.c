/* SPDX-License-Identifier: MIT
 *
 * keeper_oom.c - reading the kernel's counters: memory.events of our control group (version 2),
 * else /proc/vmstat, which cannot say whose process it was.
 */
#include "proc/keeper_oom.h"

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

void oom_watch_begin(struct oom_watch *w, const char *group)
{
    char own[CGROUP_PATH_MAX];

    *w = (struct oom_watch){.of_group = group || cgroup_own(cgroup_root, own)};
    if (w->of_group)
        snprintf(w->path, sizeof w->path, "%s/memory.events", group ? group : own);
    if (group && access(group, F_OK) < 0)
        return; /* what is not made yet has killed nobody */
    w->count = w->of_group ? read_counter(w->path) : COUNT_UNKNOWN;
    if (w->count != COUNT_UNKNOWN)
        return;
    w->of_group = false;
    snprintf(w->path, sizeof w->path, "/proc/vmstat");
    w->count = read_counter(w->path);
}

uint8_t oom_verdict(const struct oom_watch *w)
{
    int64_t now = read_counter(w->path);

    if (now == COUNT_UNKNOWN || w->count == COUNT_UNKNOWN)
        return OOM_UNKNOWN;
    if (now == w->count)
        return OOM_NO;
    return w->of_group ? OOM_YES : OOM_UNKNOWN;
}
