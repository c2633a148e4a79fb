/* SPDX-License-Identifier: MIT
 *
 * daemon.h - the hub as a process.
 *
 * Threads: the main thread, which becomes the loop thread. Owns: everything, while daemon_run()
 * runs.
 */
#ifndef LM_DAEMON_H
#define LM_DAEMON_H

#include "conf/settings.h"

/* Runs the hub until it is asked to stop. Returns 0 after a clean stop; otherwise info has the
 * sentence that says why it could not start. */
int daemon_run(const struct settings *settings, struct errinfo *info) LM_MUST_CHECK;

#endif
