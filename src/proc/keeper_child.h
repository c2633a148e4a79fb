/* SPDX-License-Identifier: MIT
 *
 * keeper_child.h - the child of a keeper: start, signals, death.
 *
 * child_start() returns when the command runs, or when it is known why it cannot: then the child
 * has ended with 126 or 127.
 *
 * Hub-started children lead a process group of their own and get signals as a group. A child run by
 * hand stays in the terminal's group and gets them alone, because its group is also the keeper's.
 *
 * Threads: one. Owns: the descriptors of the pipes until taken.
 */
#ifndef LM_PROC_KEEPER_CHILD_H
#define LM_PROC_KEEPER_CHILD_H

#include "ipc/frame.h"
#include "proc/keeper_oom.h"
#include "proc/keeper_rights.h"

#include <signal.h>
#include <sys/types.h>

struct child {
    pid_t pid;
    bool own_group;
    bool dead;
    int out[2];            /* read ends of stdout and stderr, non-blocking; -1 = none */
    struct frame_exit end; /* once dead, without the byte counts */
    int64_t kill_at_us;    /* after a stop: when patience ends; 0 = none */
    struct oom_watch oom;
};

struct child_opts {
    char **argv;
    const struct child_rights *rights;
    bool pty; /* both streams go through one terminal and come out as stdout */
    bool foreground;
    const sigset_t *mask; /* what was blocked when the keeper started */
    mode_t umask;         /* and its umask */
};

/* Why a child could not become its command. */
struct child_failure {
    int rc;           /* -errno; 0 = it has become the command */
    const char *what; /* what it could not take on ("its user"); NULL = exec itself failed */
};

/* Signals should be blocked by now. -errno: there is no child. */
int child_start(struct child *c, const struct child_opts *opts,
                struct child_failure *ret_failure) LM_MUST_CHECK;

void child_signal(const struct child *c, int number);
/* SIGTERM now, SIGKILL after grace_ms. */
void child_stop(struct child *c, uint32_t grace_ms, int64_t now_us);
/* Is anything left of it, dead or alive? What left its group but not the keeper (a daemon)
 * counts. */
bool child_leaves_any(void);
/* Asks all of that to end. */
void child_stop_left_behind(void);
/* When kill_at_us has come: SIGKILL to the group and to every process that was left to us. Sets the
 * next time, for those they leave. */
void child_kill(struct child *c, int64_t now_us);

/* Collects every dead process that is ours. True when the child itself was among them. */
bool child_reap(struct child *c);

#endif
