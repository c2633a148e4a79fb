/* SPDX-License-Identifier: MIT
 *
 * runs.h - the runs/ directory: which keepers there are, without asking them.
 *
 * A keeper writes one small text file named after its run before the child starts, fills in the pid
 * when it has started, holds an open file description lock on the file as long as it lives, and
 * removes it when the hub has everything. A hub that has just started reads them and knows what
 * will call soon. A file without a lock was left by a keeper that was killed.
 *
 *     child_pid 0000004712      zeros until there is a child
 *     name game_control
 *     keeper_pid 4711
 *     started_us 1768473045123456
 *     log /var/lib/logmill/logs/game_control.log
 *     command python3 -u game.py
 *     by_hand 0
 *
 * Unknown keys are skipped, so that later versions may add some.
 *
 * Threads: any. Owns: nothing; runs_create() returns a descriptor that is the caller's.
 */
#ifndef LM_PROC_RUNS_H
#define LM_PROC_RUNS_H

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

enum { RUN_ID = 16, RUN_HEX = 33 /* with terminator */ };

struct run_file {
    uint8_t run[RUN_ID];
    char name[65];
    int32_t keeper_pid, child_pid;
    int64_t started_us;
    char log[512]; /* empty = none could be written */
    char command[512];
    bool by_hand; /* started with `logmill run` */
    bool alive;   /* only when reading: its keeper holds the lock */
};

void run_to_hex(const uint8_t run[RUN_ID], char out[RUN_HEX]);
bool run_from_hex(const char *hex, uint8_t ret_run[RUN_ID]);

/* Creates `dir` and the parents that are missing, with this mode. */
int make_dirs(const char *dir, mode_t mode) LM_MUST_CHECK;

/* Writes and locks the file. Returns a descriptor, which holds the lock, or -errno. */
int runs_create(const char *dir, const struct run_file *run) LM_MUST_CHECK;
/* The child of this run, which had none when the file was made. */
void runs_set_child(int fd, pid_t child);
void runs_remove(const char *dir, const uint8_t run[RUN_ID]);

/* Calls fn for every file that can be understood, in no order. A missing directory has none. */
typedef void run_file_fn(const struct run_file *run, void *ctx);
int runs_each(const char *dir, run_file_fn *fn, void *ctx) LM_MUST_CHECK;

#endif
