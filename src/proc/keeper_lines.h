/* SPDX-License-Identifier: MIT
 *
 * keeper_lines.h - the plain file as lines for people: "HH:MM:SS LEVEL: message" (file_format:
 * line).
 *
 *     bytes ─▶ split ─▶ level at the front of the text? ─▶ one harmless line each ─▶ file
 *
 * Lines for machines (JSON, logfmt) are not taken apart here: they stand in the file as they were
 * written, with the level of their stream (stdout info, stderr error). An unfinished line waits for
 * its end, for 1 MiB, or for the end of the stream. The hub gets the bytes as they are; only the
 * file is written so.
 *
 * Threads: one. Owns: what waits.
 */
#ifndef LM_PROC_KEEPER_LINES_H
#define LM_PROC_KEEPER_LINES_H

#include "proc/keeper_file.h"
#include "record/line.h"

struct keeper_lines {
    struct line_splitter splitters[2]; /* stdout, stderr */
    struct buf clean, out;
};

/* A zeroed struct is ready. */
void keeper_lines_fini(struct keeper_lines *l);

/* Writes the lines that end in `bytes`; with last, also what waits. Answers as file_write();
 * without memory the lines of this piece are counted as missing. */
enum file_event keeper_lines_write(struct keeper_lines *l, struct keeper_file *f, uint32_t stream,
                                   struct str bytes, bool last, int64_t now_us,
                                   struct errinfo *info);

#endif
