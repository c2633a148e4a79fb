/* SPDX-License-Identifier: MIT
 *
 * spawn.h - starting a keeper: where it is, what it is told, and letting it go.
 *
 * `logmill run` becomes a keeper (exec); the hub starts one that is in a session of its own, holds
 * none of the hub's descriptors, and goes on when the hub ends.
 *
 * Threads: the loop thread (spawn_keeper), any (the rest).
 * Owns:    nothing; what it builds lives in the caller's arena.
 */
#ifndef LM_PROC_SPAWN_H
#define LM_PROC_SPAWN_H

#include "base/arena.h"
#include "conf/settings.h"
#include "proc/runs.h"

#include <uv.h>

struct spawn {
    uint8_t run[RUN_ID];
    const char *name;
    const struct settings *settings; /* socket, log_dir and state_dir */
    const struct conf_label *labels;
    size_t label_count;
    const struct process_conf
        *conf; /* how it is run and what becomes of its output; NULL = plainly */
    bool foreground, quiet;
    uint64_t nofile;      /* soft limit of descriptors for keeper and child; 0 = the present one */
    char *const *argv;    /* of the child, ends with NULL */
    const char *user_ids; /* "UID:GID:G1,G2": whom the child becomes; NULL = nobody else */
    const char *group;    /* its control group; NULL = none of its own */
};

/* A new identity for one life of a process. */
int spawn_new_run(uint8_t ret_run[RUN_ID]) LM_MUST_CHECK;

/* <state_dir>/runs and <log_dir>/<name>.log, in the arena. NULL when memory is short. */
char *spawn_runs_dir(const struct settings *settings, struct arena *arena);
char *spawn_log_file(const struct settings *settings, const char *name, struct arena *arena);

/* The command line of the keeper; (*ret_argv)[0] is its path: LOGMILL_KEEPER, else `keeper` beside
 * this program, else in ../libexec/logmill. info says where it was looked for. */
int spawn_command(const struct spawn *what, struct arena *arena, char ***ret_argv,
                  struct errinfo *info) LM_MUST_CHECK;

/* The environment of the hub without its token, with `more` (ends with NULL, may be NULL), and with
 * HOME, USER and LOGNAME of `user` (may be NULL). In the arena; borrows what it was given. NULL: memory
 * is short. */
struct spawn_user;
char **spawn_environment(char *const *more, const struct spawn_user *user, struct arena *arena);

/* Starts it; what->conf must be given. `process` is the caller's: on success on_exit comes when the keeper ends, and the handle
 * must be closed; on failure it need not be. */
int spawn_keeper(uv_loop_t *loop, uv_process_t *process, const struct spawn *what,
                 uv_exit_cb on_exit, struct errinfo *info) LM_MUST_CHECK;

#endif
