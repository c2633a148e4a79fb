/* SPDX-License-Identifier: MIT
 *
 * processes.h - what other routes need of the processes.
 *
 * Threads: loop thread only. Owns: nothing.
 */
#ifndef LM_API_PROCESSES_H
#define LM_API_PROCESSES_H

#include "base/buf.h"
#include "proc/supervise.h"

/* Appends the metrics by process, in the format of Prometheus. */
void processes_add_metrics(const struct supervise *supervise, struct buf *out);

#endif
