/* SPDX-License-Identifier: MIT
 *
 * level.h - how grave a record is, and which of a process's voices it came from.
 */
#ifndef LM_RECORD_LEVEL_H
#define LM_RECORD_LEVEL_H

#include "base/str.h"

enum level {
    LEVEL_NONE = 0, /* not known (yet) */
#define LEVEL(name, NAME, number, long_name) LEVEL_##NAME = number,
#include "record/levels.def"
#undef LEVEL
    LEVEL_COUNT = 7,
};

enum stream { STREAM_NONE = 0, STREAM_STDOUT = 1, STREAM_STDERR = 2, STREAM_SYSTEM = 3 };

/* "warn"; "" for LEVEL_NONE and anything unknown. */
const char *level_name(enum level level);
/* "stdout". */
const char *stream_name(enum stream stream);

/* Understands our names and what others write: WARNING, critical, E, notice, panic … without case.
 * LEVEL_NONE when it is none of them. */
enum level level_from_text(struct str text);
/* Numbers as pino and bunyan write them (10 … 60); LEVEL_NONE outside 10–69. */
enum level level_from_number(uint64_t number);
/* STREAM_NONE when unknown. */
enum stream stream_from_text(struct str text);

#endif
