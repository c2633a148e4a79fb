/* SPDX-License-Identifier: MIT
 *
 * parse.h - what a line says about itself.
 *
 * This first form finds the level: in a `level`, `severity`, `lvl` or `levelname` member of a JSON
 * line, or in a prefix such as `[WARN]`, `ERROR:`, `2026-01-02 10:00:00,123 INFO …`, colours
 * notwithstanding. A line that says nothing gets its stream's level: stdout info, stderr error.
 *
 * Threads: any.
 */
#ifndef LM_RECORD_PARSE_H
#define LM_RECORD_PARSE_H

#include "record/record.h"

/* LEVEL_NONE when the line names none. `line` is valid UTF-8. */
enum level parse_level(struct str line);

/* Fills r->message and r->level from the raw bytes of a line (r->stream must be set). Invalid UTF-8 is
 * replaced in scratch; otherwise the message is a view of `raw`. *ret_replaced says which. -ENOMEM. */
int parse_line(struct record *r, struct str raw, struct arena *scratch,
               bool *ret_replaced) LM_MUST_CHECK;

#endif
