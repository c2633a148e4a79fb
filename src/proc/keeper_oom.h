/* SPDX-License-Identifier: MIT
 *
 * keeper_oom.h - was it the kernel's out-of-memory killer?
 *
 * The kernel does not tell the parent. It counts its victims, per control group and for the whole
 * machine: when no counter moved during the child's life, the answer is no. When the counter of our
 * own group moved, and the child died by SIGKILL, it is taken for a yes.
 *
 * Threads: any.
 */
#ifndef LM_PROC_KEEPER_OOM_H
#define LM_PROC_KEEPER_OOM_H

#include <stdint.h>

enum { OOM_NO = 0, OOM_YES = 1, OOM_UNKNOWN = 2 }; /* as on the wire */

/* Take one when the child starts. */
uint64_t oom_kill_count(const char *group);
/* For a child that SIGKILL ended. */
uint8_t oom_verdict(const char *group, uint64_t count_at_start);

#endif
