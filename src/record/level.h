/* SPDX-License-Identifier: MIT
 *
 * level.h - how grave a record is, and which of a process's voices it came from.
 *
 * Other people's words and numbers for levels are in level_words.def. Looking one up is on the path
 * of every line, so the table is a perfect hash that the compiler lays out: two words in one slot
 * do not compile.
 *
 * Threads: any. Owns: nothing.
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

/* Where a word may stand to count as a level; see level_words.def. */
enum level_place { LEVEL_VALUE = 1, LEVEL_LEADING, LEVEL_MARKED, LEVEL_ANYWHERE };

struct level_word {
    const char *text; /* lower case */
    uint8_t n;
    uint8_t level;
    uint8_t place;
    bool folded; /* it says more than our level: notice is info, but not every info is a notice */
};

/* "warn"; "" for LEVEL_NONE and anything unknown. */
const char *level_name(enum level level);
/* "stdout". */
const char *stream_name(enum stream stream);

/* The entry of a word, without case; NULL when it is none. */
const struct level_word *level_word_find(struct str word);
/* Understands our names and what others write: WARNING, critical, E, notice, panic … without case.
 * LEVEL_NONE when it is none of them. */
enum level level_from_text(struct str text);

/* Numbers: 0-7 as syslog counts severities, 10-69 as pino and bunyan do, 100-600 as Monolog does.
 * LEVEL_NONE for others. *ret_folded (may be NULL): the number says more than our level. */
enum level level_from_number(uint64_t number, bool *ret_folded);
/* A syslog severity, 0 (emergency) to 7 (debug). */
enum level level_from_severity(uint64_t severity, bool *ret_folded);

/* STREAM_NONE when unknown. */
enum stream stream_from_text(struct str text);

#endif
