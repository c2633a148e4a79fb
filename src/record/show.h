/* SPDX-License-Identifier: MIT
 *
 * show.h - a record as one line for a terminal or a pipe: "HH:MM:SS LEVEL: message".
 *
 * What a process wrote may try to move the cursor, change the title or hide text. Shown text never
 * can: control characters become visible signs, escape sequences are taken out, and so are the
 * characters that reorder text (bidirectional controls). On a terminal colours (SGR) may stay; the
 * line then ends with a reset.
 *
 * Threads: any. Owns: nothing.
 */
#ifndef LM_RECORD_SHOW_H
#define LM_RECORD_SHOW_H

#include "base/buf.h"
#include "record/level.h"

enum show_colours { SHOW_PLAIN, SHOW_COLOURS };

/* Appends valid UTF-8 text made harmless. Tabs stay. */
void show_text(struct buf *out, struct str text, enum show_colours colours);

/* "WARN"; "" when the level is not known. */
const char *show_level(enum level level);

/* Appends the line with its end. `source` may be empty; time in the local zone. */
void show_line(struct buf *out, int64_t time_us, enum level level, struct str source,
               struct str message, enum show_colours colours);

#endif
