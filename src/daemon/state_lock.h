/* SPDX-License-Identifier: MIT
 *
 * state_lock.h - one hub per state directory.
 *
 * The lock is that of an open file: it goes when the process does, however it ends, and stays
 * through an upgrade, which hands the descriptor on.
 *
 * Threads: any; at start. Owns: nothing, the caller closes the descriptor.
 */
#ifndef LM_DAEMON_STATE_LOCK_H
#define LM_DAEMON_STATE_LOCK_H

#include "base/err.h"

/* Makes the folder and those above it, 0700. -errno with a sentence in info. */
int state_dir_make(const char *path, struct errinfo *info) LM_MUST_CHECK;

/* Locks dir and writes our pid into dir/lock; *ret_fd holds the lock until it is closed.
 * -LM_E_LOCKED: another hub is using it, info says which. */
int state_lock(const char *dir, int *ret_fd, struct errinfo *info) LM_MUST_CHECK;

#endif
