/* SPDX-License-Identifier: MIT
 *
 * spawn.h - starting a keeper: where it is, what it is told, and letting it go.
 *
 * `logmill run` becomes a keeper (exec); the hub starts one that is in a session of its own, holds
 * none of the hub's descriptors, and goes on when the hub ends.
 *
 * Threads: any.
 * Owns:    nothing; what it builds lives in the caller's arena.
 */
#ifndef LM_PROC_SPAWN_H
#define LM_PROC_SPAWN_H

#include "base/arena.h"
#include "conf/settings.h"
#include "proc/runs.h"

#include <sys/types.h>

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

/* <state_dir>/runs, in the arena. NULL when memory is short. */
char *spawn_runs_dir(const struct settings *settings, struct arena *arena);

/* The command line of the keeper; (*ret_argv)[0] is its path: LOGMILL_KEEPER, else `keeper` beside
 * this program, else in ../libexec/logmill. info says where it was looked for. */
int spawn_command(const struct spawn *what, struct arena *arena, char ***ret_argv,
                  struct errinfo *info) LM_MUST_CHECK;

/* The environment of the hub without its token, with `more` (ends with NULL, may be NULL), and with
 * HOME, USER and LOGNAME of `user` (may be NULL). In the arena; borrows what it was given. NULL:
 * memory is short. */
struct spawn_user;
char **spawn_environment(char *const *more, const struct spawn_user *user, struct arena *arena);

/* Where the keeper is. */
int spawn_find_keeper(struct arena *arena, char **ret_path, struct errinfo *info) LM_MUST_CHECK;

/* A keeper and how it is started. Borrowed. */
struct spawn_program {
    char **argv, **env;
    const char *directory; /* NULL: the present one */
    int input;             /* its standard input; -1 = nothing */
};
/* -errno. */
int spawn_execute(const struct spawn_program *p, pid_t *ret_pid) LM_MUST_CHECK;

/* Starts a keeper, or makes the spare one that keeper; what->conf must be given. It is a child of
 * this process, and its end is the caller's to collect. */
struct spare;
int spawn_keeper(const struct spawn *what, struct spare *spare, pid_t *ret_pid,
                 struct errinfo *info) LM_MUST_CHECK;

#endif
