/* SPDX-License-Identifier: MIT
 *
 * keeper_oom.c - reading the kernel's counters: memory.events of our control group (version 2), else
 * /proc/vmstat, which cannot say whose process it was.
 */
#include "proc/keeper_oom.h"

#include "base/str.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COUNT_UNKNOWN = -1 };

static bool read_text(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t n = 0;
    for (ssize_t got; n < size - 1 && (got = read(fd, out + n, size - 1 - n)) > 0;)
        n += (size_t)got;
    close(fd);
    out[n] = '\0';
    return n > 0;
}

/* The number behind "\noom_kill " in a file of such lines. */
static int64_t read_counter(const char *path)
{
    char text[8192] = "\n";

    if (!read_text(path, text + 1, sizeof text - 1))
        return COUNT_UNKNOWN;
    const char *at = strstr(text, "\noom_kill ");
    return at ? strtoll(at + strlen("\noom_kill "), NULL, 10) : COUNT_UNKNOWN;
}

/* "0::/path" is the line of version 2 in /proc/self/cgroup. */
static int64_t group_count(void)
{
    char groups[2048] = "\n", path[1024];

    if (!read_text("/proc/self/cgroup", groups + 1, sizeof groups - 1))
        return COUNT_UNKNOWN;
    char *at = strstr(groups, "\n0::");
    if (!at)
        return COUNT_UNKNOWN;
    at += strlen("\n0::");
    at[strcspn(at, "\n")] = '\0';
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.events", at);
    return read_counter(path);
}

uint64_t oom_kill_count(void)
{
    int64_t count = group_count();

    if (count == COUNT_UNKNOWN)
        count = read_counter("/proc/vmstat");
    return (uint64_t)count;
}

uint8_t oom_verdict(uint64_t count_at_start)
{
    uint64_t now = oom_kill_count();

    if (now == (uint64_t)COUNT_UNKNOWN || count_at_start == (uint64_t)COUNT_UNKNOWN)
        return OOM_UNKNOWN;
    if (now == count_at_start)
        return OOM_NO;
    return group_count() == COUNT_UNKNOWN ? OOM_UNKNOWN : OOM_YES;
}
