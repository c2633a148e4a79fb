/* SPDX-License-Identifier: MIT
 *
 * cgroup.h - limits for a process and everything it starts, by control groups (version 2).
 *
 *     BASE                 the hub's own group: only groups are in it from now on
 *     ├─ hub               the hub and the keepers
 *     └─ NAME              one child, with what it started; memory.max, pids.max, cpu.max
 *
 * The kernel lets nobody be in a group that hands its controllers on, so the hub moves into `hub`.
 * It needs a group that was handed to it (in a systemd unit: Delegate=yes). The hub finds the place
 * (cgroup_place), the child makes its group and goes there between fork and exec, the keeper
 * removes it.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_PROC_CGROUP_H
#define LM_PROC_CGROUP_H

#include "base/err.h"
#include "conf/process.h"

enum { CGROUP_PATH_MAX = 1024 };

/* Where control groups are mounted. */
extern const char *const cgroup_root;

/* Reads a small file of the kernel's: at most size - 1 bytes and a terminator. False: it cannot be
 * read, or is empty; out is "" then. */
bool cgroup_read(const char *path, char *out, size_t size);

/* The group of this process, below `root`; false when there is none of version 2. */
bool cgroup_own(const char *root, char out[CGROUP_PATH_MAX]);

/* Does this limit (struct process_limit) belong to a group? */
static inline bool cgroup_limits(int resource)
{
    return resource >= LIMIT_GROUP;
}

/* The hub: makes `base`, which is its own group, ready for groups with these limits below it, and
 * writes the path of the one called `name`. info says what is missing. */
int cgroup_place(const char *base, const char *name, const struct process_limit *limits,
                 size_t count, char out[CGROUP_PATH_MAX], struct errinfo *info) LM_MUST_CHECK;

/* The child: makes the group unless it is there, ... */
int cgroup_make(const char *group) LM_MUST_CHECK;
/* ... sets a limit (UINT64_MAX = none), and goes there. -errno. */
int cgroup_set(const char *group, int resource, uint64_t value) LM_MUST_CHECK;
int cgroup_join(const char *group) LM_MUST_CHECK;

/* The keeper: removes it, unless somebody is still in it. */
void cgroup_remove(const char *group);

#endif
