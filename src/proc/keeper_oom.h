/* SPDX-License-Identifier: MIT
 *
 * keeper_oom.h - was it the kernel's out-of-memory killer?
 *
 * The kernel does not tell the parent. It counts its victims, per control group and for the whole
 * machine: when no counter moved during the child's life, the answer is no. When the counter of our
 * own group moved, and the child died by SIGKILL, it is taken for a yes.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_PROC_KEEPER_OOM_H
#define LM_PROC_KEEPER_OOM_H

#include "proc/cgroup.h"

#include <stdint.h>

enum { OOM_NO = 0, OOM_YES = 1, OOM_UNKNOWN = 2 }; /* as on the wire */

struct oom_watch {
    char path[CGROUP_PATH_MAX + sizeof "/memory.events"]; /* where its counter is */
    bool of_group;                                        /* not the one of the whole machine */
    int64_t count;                                        /* when it started; -1 = unknown */
};

/* When the child starts, which is in `group` (may not be made yet) or, NULL, in ours. */
void oom_watch_begin(struct oom_watch *w, const char *group);
/* For a child that SIGKILL ended. */
uint8_t oom_verdict(const struct oom_watch *w);

#endif
