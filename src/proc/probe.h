/* SPDX-License-Identifier: MIT
 *
 * probe.h - one question to a process, answered with yes or a reason: does its port take
 * connections, does it answer over HTTP, does a command say so?
 *
 *     probe_start ─▶ connect | request, status | command, exit code ─▶ done(why)
 *                      └─ timeout, or probe_cancel(): no done
 *
 * An HTTP answer is good from 200 to 399; only its first line is read. A command runs in a session
 * of its own with nothing as input and output; when its time is over the whole group is killed.
 *
 * Threads: loop thread only.
 * Owns:    a probe frees itself after `done` or probe_cancel(), once its handles are closed.
 */
#ifndef LM_PROC_PROBE_H
#define LM_PROC_PROBE_H

#include "conf/process.h"
#include "net/loop.h"

struct probe;

struct probe_opts {
    struct loop *loop;
    const struct process_check *check; /* CHECK_COMMAND, CHECK_TCP or CHECK_HTTP; must outlive it */
    uint32_t timeout_ms;
    const char
        *directory;   /* for commands, until probe_start() has returned; NULL = the present one */
    char *const *env; /* the same; ends with NULL */
    /* why is NULL for yes. Never called before probe_start() has returned. */
    void (*done)(void *ctx, const char *why);
    void *ctx;
};

/* -ENOMEM; everything else is an answer. */
int probe_start(struct probe **ret, const struct probe_opts *opts) LM_MUST_CHECK;
/* Forgets the question; done is not called any more. NULL is fine. */
void probe_cancel(struct probe *p);

#endif
