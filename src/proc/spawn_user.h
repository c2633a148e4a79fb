/* SPDX-License-Identifier: MIT
 *
 * spawn_user.h - who a process runs as: names of the configuration to numbers of the kernel.
 *
 * The hub asks the system's user database, so that the keeper need not.
 *
 * Threads: any; blocks as long as the database does. Owns: nothing; texts live in the arena.
 */
#ifndef LM_PROC_SPAWN_USER_H
#define LM_PROC_SPAWN_USER_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/process.h"

struct spawn_user {
    char *ids;  /* "UID:GID:G1,G2,..." for the keeper; NULL = nothing changes */
    char *home; /* NULL = unknown */
    char *name; /* the same */
};

/* Neither user nor group given: nothing changes. info says which name is not known, or that only
 * root may become somebody else. */
int spawn_user(const struct process_conf *conf, struct arena *arena, struct spawn_user *ret,
               struct errinfo *info) LM_MUST_CHECK;

#endif
