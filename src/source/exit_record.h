/* SPDX-License-Identifier: MIT
 *
 * exit_record.h - how a process ended, as people and as programs read it.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_SOURCE_EXIT_RECORD_H
#define LM_SOURCE_EXIT_RECORD_H

#include "ipc/frame.h"
#include "record/level.h"

/* Appends the sentence ("exited with code 3", "killed by signal 11 (SIGSEGV), core dumped") and the
 * fields (JSON object: code or signal, core, oom, max_rss_kb, user_ms, system_ms; last_stdout and
 * last_stderr when it wrote there). Returns the level:
 * info for code 0, else error. Check buf_error() of both. */
enum level exit_record(const struct frame_exit *ex, struct buf *message, struct buf *fields);

#endif
