/* SPDX-License-Identifier: MIT
 *
 * keeper_rights.h - who the child is, and what the kernel allows it.
 *
 * Read in the keeper, taken on in the child between fork and exec. Limits and control group come
 * first, because a user that is not root could not set them.
 *
 * Threads: one. Owns: nothing.
 */
#ifndef LM_PROC_KEEPER_RIGHTS_H
#define LM_PROC_KEEPER_RIGHTS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { RIGHTS_GROUPS_MAX = 64, RIGHTS_LIMITS_MAX = 16 };

struct child_rights {
    bool as_user;
    uid_t uid;
    gid_t gid;
    gid_t groups[RIGHTS_GROUPS_MAX];
    size_t group_count;
    struct {
        int resource;   /* RLIMIT_... or GROUP_... */
        uint64_t value; /* UINT64_MAX = none */
    } limits[RIGHTS_LIMITS_MAX];
    size_t limit_count;
    const char *group; /* control group for the limits of one (proc/cgroup.h); NULL = none */
};

/* "UID:GID:G1,G2,..."; false when it is not. */
bool rights_set_user(struct child_rights *r, const char *text);
/* "RESOURCE:VALUE" */
bool rights_add_limit(struct child_rights *r, const char *text);

/* This process takes them on: 0, or -errno with *ret_what naming what was refused ("its
 * limits"). */
int rights_take_on(const struct child_rights *r, const char **ret_what) LM_MUST_CHECK;

#endif
