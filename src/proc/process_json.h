/* SPDX-License-Identifier: MIT
 *
 * process_json.h - a process as programs read it: one JSON object, the same wherever it is shown.
 *
 *     {"name":"web","state":"running","reason":"","pid":4712,"keeper_pid":4711,"run":"5f0c...",
 *      "started_at":"2026-01-15T10:30:45.123456Z","restarts":0,"log_file":"/.../web.log",
 *      "configured":true,"orphan_writers":false,"labels":{"job_run_id":"42"},"exit":null,
 *      "metrics":{"lines":10,"bytes":600,"errors":0,"suppressed":0,"cpu_ms":20,"rss_kb":3100}}
 *
 * Unknown numbers and times are null. `exit` is how the latest life ended: code or signal, core,
 * oom, ended_at, max_rss_kb, user_ms, system_ms. cpu_ms and rss_kb are those of the child itself,
 * asked of the kernel at this moment; of a process that has ended, what its whole life took.
 *
 * Threads: loop thread. Owns: nothing.
 */
#ifndef LM_PROC_PROCESS_JSON_H
#define LM_PROC_PROCESS_JSON_H

#include "base/buf.h"
#include "proc/supervise.h"

/* Appends the object. Lack of memory shows in buf_error(out). */
void process_add_json(struct buf *out, const struct process *p);

/* CPU time and memory of a process now; false when it is gone. */
struct process_usage {
    uint64_t cpu_ms, rss_kb;
};
bool process_usage(int32_t pid, struct process_usage *ret);

#endif
