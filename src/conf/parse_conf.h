/* SPDX-License-Identifier: MIT
 *
 * parse_conf.h - how the lines of a source are to be understood, as a person says it.
 *
 * The keys are those of parsing.def; entries of `processes:` and of `files:` have them.
 *
 * Threads: read-only once read.
 * Owns:    every text in it, until parse_conf_fini().
 */
#ifndef LM_CONF_PARSE_CONF_H
#define LM_CONF_PARSE_CONF_H

#include <stddef.h>

/* What lines may be. From DOCKER on, anything inside a container's line. */
enum line_format {
    LINES_AUTO,
    LINES_JSON,
    LINES_LOGFMT,
    LINES_SYSLOG,
    LINES_TEXT,
    LINES_DOCKER,
    LINES_CRI,
};

struct level_conf {
    char *match;    /* text, or "/.../" */
    unsigned level; /* 1 trace to 6 fatal */
};

/* Zeroed: nothing was said. */
struct parse_conf {
    enum line_format format;
    char *timezone; /* NULL: none */
    struct level_conf *levels;
    size_t level_count;
    unsigned stdout_level, stderr_level; /* 0: the usual ones */
};

/* Safe on a zeroed struct. */
void parse_conf_fini(struct parse_conf *p);

#endif
