/* SPDX-License-Identifier: MIT
 *
 * self.h - this program and how it was called, as the kernel knows them.
 *
 * Threads: any. Owns: nothing; what comes back belongs to the caller.
 */
#ifndef LM_PROC_SELF_H
#define LM_PROC_SELF_H

#include "base/arena.h"
#include "base/err.h"

/* The path of the executable; of the one that lies there now when ours was replaced. NULL:
 * unknown. */
char *self_path(struct arena *arena);
/* The words of the command line, ends with NULL. NULL: memory is short. */
char **self_argv(struct arena *arena, int *ret_argc);

#endif
