/* SPDX-License-Identifier: MIT
 *
 * line_in.h - a line of a splitter becomes a record: what all sources of raw bytes share.
 *
 * Threads: loop thread. Owns: nothing.
 */
#ifndef LM_SOURCE_LINE_IN_H
#define LM_SOURCE_LINE_IN_H

#include "metrics/metrics.h"
#include "record/line.h"
#include "record/parse.h"

/* Fills in r, which has the time of the read, labels and stream, from a line: parse_line() or
 * parse_part(), and what the splitter knows. New texts go to the scratch of `b`. PARSE_RECORD,
 * PARSE_WAITS, or -ENOMEM. */
int line_in(struct parser *parser, struct batch *b, const struct line *line, struct record *r,
            struct metrics *m) LM_MUST_CHECK;

#endif
