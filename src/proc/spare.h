/* SPDX-License-Identifier: MIT
 *
 * spare.h - one keeper in reserve, so that a restart need not wait until another one has been
 * started.
 *
 *     hub                                       keeper --spare RUNS
 *      │  socket pair on its standard input       │ waits
 *      ├─ length, directory, command line, env ──▶│ becomes the keeper that was asked for
 *      └─ end of file without a message ─────────▶│ ends: there is no hub any more
 *
 * It is a keeper like any other from then on (docs/adr/0070). RUNS only shows in a process list
 * whose it is.
 *
 *     message   u64 bytes that follow, in the byte order of the machine
 *               text directory (empty: stay), decimal number of words, the words, the environment
 *               (each text ends with a zero byte)
 *
 * Threads: loop thread (hub), the only one (keeper).
 * Owns:    our end of the pair; the process is a child like the other keepers.
 */
#ifndef LM_PROC_SPARE_H
#define LM_PROC_SPARE_H

#include "proc/spawn.h"

enum { SPARE_MESSAGE_MAX = 128 * 1024 }; /* less than an empty socket takes at once */

struct spare {
    pid_t pid; /* 0: there is none */
    int to;
};

/* Starts one, if there is none. -errno: then restarts take longer, nothing else. */
int spare_start(struct spare *s, char *runs_dir) LM_MUST_CHECK;
/* False when there is none or it cannot take this; the caller starts a keeper then. Otherwise
 * *ret_pid is the keeper of it. */
bool spare_use(struct spare *s, const struct spawn_program *p, pid_t *ret_pid) LM_MUST_CHECK;
/* It has ended, or is to. */
void spare_drop(struct spare *s);

/* In the keeper: waits for the message and returns when it has become that; false when nobody will
 * send one. */
bool spare_wait(int *ret_argc, char ***ret_argv) LM_MUST_CHECK;

#endif
