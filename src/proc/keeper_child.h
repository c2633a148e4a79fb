/* SPDX-License-Identifier: MIT
 *
 * keeper_child.h - the child of a keeper: start, signals, death.
 *
 * child_fork() makes a process that waits; child_exec() lets it become the command. In between the
 * keeper writes down the pid where others find it.
 *
 * Hub-started children lead a process group of their own and get signals as a group. A child run by
 * hand stays in the terminal's group and gets them alone, because its group is also the keeper's.
 *
 * Threads: one. Owns: the descriptors of the pipes until taken.
 */
#ifndef LM_PROC_KEEPER_CHILD_H
#define LM_PROC_KEEPER_CHILD_H

#include "ipc/frame.h"
#include "proc/keeper_rights.h"

#include <signal.h>
#include <sys/types.h>

struct child {
    pid_t pid;
    bool own_group;
    bool dead;
    int out[2];            /* read ends of stdout and stderr, non-blocking; -1 = none */
    int gate;              /* our end of the pair over which the child waits and reports */
    struct frame_exit end; /* once dead, without the byte counts */
    int64_t kill_at_us;    /* after a stop: when patience ends; 0 = none */
    uint64_t oom_kills;    /* the counter when it started */
    const char *group;     /* its control group; NULL = none of its own */
};

struct child_opts {
    char **argv;
    const struct child_rights *rights;
    bool pty; /* both streams go through one terminal and come out as stdout */
    const char *run_hex;
    bool foreground;
    const sigset_t *mask; /* what was blocked when the keeper started */
    mode_t umask;         /* and its umask */
};

/* The child exists and waits. Signals should be blocked by now. */
int child_fork(struct child *c, const struct child_opts *opts) LM_MUST_CHECK;
/* It becomes the command. Otherwise -errno, *ret_what is what it could not take on ("its user"; NULL =
 * exec itself failed), and it is dying with status 126 or 127. */
int child_exec(struct child *c, const char **ret_what) LM_MUST_CHECK;

void child_signal(const struct child *c, int number);
/* SIGTERM now, SIGKILL after grace_ms. */
void child_stop(struct child *c, uint32_t grace_ms, int64_t now_us);
/* When kill_at_us has come: SIGKILL to the group and to every process that was left to us. Sets the
 * next time, for those they leave. */
void child_kill(struct child *c, int64_t now_us);

/* Collects every dead process that is ours. True when the child itself was among them. */
bool child_reap(struct child *c);

#endif
